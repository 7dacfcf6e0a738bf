/** Places for members' sockets: a few for each conversation and for each network, in this process. */
import { AppError } from '../errors.ts'

/** Three tabs, or a phone and two. */
const OF_CONVERSATION = 3
/** More than these read by asking again and again, which the widget does by itself when sockets are refused. */
const OF_NETWORK = 20
/** Before a network's next socket may be free, s. */
const RETRY_SECONDS = 5

export interface Seats {
  /** Refused before the socket opens. @throws AppError `too_many`. */
  check(network: string | undefined): void
  /** Whoever comes last stays: the socket that is open longest may be one of a network that this phone has left, which we don't
   *  know yet, so it is asked to leave. @returns a function that gives the place back; call it once. */
  take(conversationId: string, network: string | undefined, leave: () => void): () => void
}

export function createSeats(): Seats {
  const conversations = new Map<string, Set<() => void>>()
  const networks = new Map<string, number>()

  function changeNetwork(network: string | undefined, by: 1 | -1): void {
    if (network === undefined) return
    const count = (networks.get(network) ?? 0) + by
    if (count > 0) networks.set(network, count)
    else networks.delete(network)
  }

  return {
    check(network) {
      if (network !== undefined && (networks.get(network) ?? 0) >= OF_NETWORK)
        throw new AppError('too_many', { retryAfter: RETRY_SECONDS })
    },
    take(conversationId, network, leave) {
      const seated = conversations.get(conversationId) ?? new Set()
      conversations.set(conversationId, seated.add(leave))
      changeNetwork(network, 1)
      const [oldest] = seated
      if (seated.size > OF_CONVERSATION && oldest) {
        seated.delete(oldest)
        oldest()
      }
      return () => {
        seated.delete(leave)
        if (seated.size === 0 && conversations.get(conversationId) === seated) conversations.delete(conversationId)
        changeNetwork(network, -1)
      }
    },
  }
}
