/** Lets requests in, network by network: whoever sends a thousand at once holds up themselves, and hardly anybody else. */
import { AppError } from '../errors.ts'

/** Networks of which one that waits is let in, in each turn of the event loop. With a millisecond or so for each, others wait 8 ms a
 *  turn; with more of them a single turn would take longer than a person's whole reply. */
const AT_ONCE = 8
/** Requests of one network that may wait, some KB each. They would wait for seconds. */
const MOST_IN_LINE = 500
/** Before a network's next request may find a place, s. */
const RETRY_SECONDS = 1

/** Resolves when it is the request's turn; without a network at once. @throws AppError `too_many`: the line is full. */
export type Turnstile = (network: string | undefined) => Promise<void>

/** A network's first request is let in at once, those behind it wait for their turns. Otherwise the loop would take all that arrived
 *  together before it looks at anybody else. */
export function createTurnstile(): Turnstile {
  const lines = new Map<string, (() => void)[]>()

  function next(): void {
    for (let left = Math.min(AT_ONCE, lines.size); left > 0; left--) letIn()
    if (lines.size > 0) setImmediate(next)
  }

  /** The first of the network that has waited longest, which then stands behind the others. */
  function letIn(): void {
    const [first] = lines
    if (first === undefined) return
    const [network, line] = first
    const enter = line.shift()
    lines.delete(network)
    if (enter === undefined) return
    lines.set(network, line)
    enter()
  }

  return async (network) => {
    if (network === undefined) return
    const line = lines.get(network)
    if (line && line.length >= MOST_IN_LINE) throw new AppError('too_many', { retryAfter: RETRY_SECONDS })
    if (line) return new Promise((resolve) => line.push(resolve))
    if (lines.size === 0) setImmediate(next)
    lines.set(network, [])
  }
}
