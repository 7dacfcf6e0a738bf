/** A TCP proxy on loopback that holds back what comes from its target: each piece for a time of its own. A connection keeps its
 *  order, so what comes by one connection overtakes what comes by another. */
import { once } from 'node:events'
import { createConnection, createServer, type Socket } from 'node:net'
import { stablePort } from '../support/ports.ts'

export interface Holder {
  readonly port: number
  /** From now on nothing more is held; what is held comes when it would have come. */
  release(): void
  end(): Promise<void>
}

/** @param holdMs how long this piece of what the target at `port` sends is held, ms. */
export async function startHolder(port: number, holdMs: (piece: Buffer) => number): Promise<Holder> {
  const own = await stablePort()
  const sockets = new Set<Socket>()
  let holds = true
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
  }
  const server = createServer({ noDelay: true }, (client) => {
    const target = createConnection({ host: '127.0.0.1', port, noDelay: true })
    keep(client)
    keep(target)
    client.pipe(target)
    client.on('close', () => target.destroy())
    const pass = createLane(client)
    target.on('data', (piece: Buffer) => pass(piece, holds ? holdMs(piece) : 0))
    target.on('close', () => pass(undefined, 0))
  }).listen(own, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: own,
    release() {
      holds = false
    },
    async end() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** Passes pieces on in their order, none before its time; `undefined` is the end. */
function createLane(to: Socket): (piece: Buffer | undefined, ms: number) => void {
  const queue: { due: number; piece: Buffer | undefined }[] = []
  function put(piece: Buffer | undefined): void {
    if (piece === undefined) to.end()
    else if (to.writable) to.write(piece)
  }
  function drain(): void {
    const now = performance.now()
    while (queue[0] && queue[0].due <= now) put(queue.shift()?.piece)
    if (queue[0]) setTimeout(drain, Math.ceil(queue[0].due - now))
  }
  return (piece, ms) => {
    if (ms === 0 && queue.length === 0) put(piece)
    else if (queue.push({ due: performance.now() + ms, piece }) === 1) setTimeout(drain, ms)
  }
}
