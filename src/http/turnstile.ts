/** Lets requests in, network by network: whoever sends a thousand at once holds up themselves, and hardly anybody else. */
import { AppError } from '../errors.ts'

/** Requests of one network that may wait, some KB each. They would wait for seconds. */
const MOST_IN_LINE = 500
/** Before a network's next request may find a place, s. */
const RETRY_SECONDS = 1

/** Resolves when it is the request's turn; without a network at once. @throws AppError `too_many`: the line is full. */
export type Turnstile = (network: string | undefined) => Promise<void>

/** In each turn of the event loop one request of a network is let in at once. What else came of it waits, and of all that wait one is let
 *  in a turn, of one network after the other. Otherwise the loop would take all that arrived together before it looks at anybody else. */
export function createTurnstile(): Turnstile {
  const lines = new Map<string, (() => void)[]>()
  /** Had theirs in this turn. */
  const entered = new Set<string>()
  let isTurning = false

  function next(): void {
    entered.clear()
    letIn()
    isTurning = entered.size > 0
    if (isTurning) setImmediate(next)
  }

  /** The first of the network that has waited longest, which then stands behind the others. */
  function letIn(): void {
    const [first] = lines
    if (first === undefined) return
    const [network, line] = first
    lines.delete(network)
    line.shift()?.()
    if (line.length > 0) lines.set(network, line)
    entered.add(network)
  }

  return async (network) => {
    if (network === undefined) return
    if (!isTurning) setImmediate(next)
    isTurning = true
    const line = lines.get(network)
    if (line && line.length >= MOST_IN_LINE) throw new AppError('too_many', { retryAfter: RETRY_SECONDS })
    if (line) return new Promise((resolve) => line.push(resolve))
    if (entered.has(network)) return new Promise((resolve) => lines.set(network, [resolve]))
    entered.add(network)
  }
}
