/** Places of a network in this process: for its connections, and for its requests under way, which behind a proxy hold a connection
 *  each. Nobody takes them all. */
import type { EventEmitter } from 'node:events'
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Networks } from './network.ts'

/** Open connections of one network, and requests of it that wait for their answers; all networks together may have 10,000. Forty people who write at a time behind one address
 *  (src/http/limits.ts) have 280 when each browser opens the six that it may, and a socket. */
export const CONNECTIONS_OF_NETWORK = 300

/** @returns whether `holder` has a place of the network now, until it closes. What is counted is no longer than what is open. */
export type TakePlace = (network: string, holder: Pick<EventEmitter, 'once'>) => boolean

export function createPlaces(): TakePlace {
  const taken = new Map<string, number>()

  function giveBack(network: string): void {
    const left = (taken.get(network) ?? 1) - 1
    if (left > 0) taken.set(network, left)
    else taken.delete(network)
  }

  return (network, holder) => {
    const count = taken.get(network) ?? 0
    if (count >= CONNECTIONS_OF_NETWORK) return false
    taken.set(network, count + 1)
    holder.once('close', () => giveBack(network))
    return true
  }
}

/** Lets a network's connections beyond its places go before a byte of them is read: reset, so that nothing of them is left to wait for.
 *  Those of trusted proxies carry everybody and are not counted; what comes through them is, request by request.
 *  @param onFull somebody was let go. */
export function boundConnections(
  server: Server,
  networks: Pick<Networks, 'ofPeer'>,
  onFull: () => void = () => {},
): void {
  const take = createPlaces()
  // Node's own, which gets a parser ready; restify's, which hands on.
  const serving = server.listeners('connection')
  server.removeAllListeners('connection')

  server.on('connection', (socket: Socket) => {
    const network = networks.ofPeer(socket)
    if (network !== undefined && !take(network, socket)) {
      onFull()
      socket.resetAndDestroy()
    } else for (const serve of serving) serve.call(server, socket)
  })
}
