/** A small TCP proxy on loopback that does to a link what networks do. Faults add up until `heal`. Nothing of Jest: commands use it too. */
import { once } from 'node:events'
import { createConnection, createServer, type Server, type Socket } from 'node:net'
import { stablePort } from './ports.ts'

/** `up`: from the client to the target; `down`: back. */
export type Direction = 'up' | 'down'

export interface TcpProxy {
  readonly port: number
  /** Clients connected now. */
  connections(): number
  /** Everything takes so long each way, ms. */
  delay(ms: number): void
  /** Each connection is cut when so many more bytes went in this direction; new ones count from their beginning. */
  cutAfter(bytes: number, direction: Direction): void
  /** What the client sends reaches the target, but no answer comes back, and the connection is cut when there would be one.
   *  @param whether asked for each chunk that clients send (mostly one write), numbered from 1 over all connections. */
  swallowReplies(whether: (nth: number, chunk: Buffer) => boolean): void
  /** What goes in this direction (also that the other side is gone) is lost without a sign, on connections that exist;
   *  @param fresh also on new ones. */
  halfOpen(direction: Direction, fresh?: 'works' | 'too'): void
  /** New connections are refused; those that exist go on. */
  refuse(): void
  /** No fault any more. Connections that lost bytes by `halfOpen` are cut: a stream with a hole can't go on. */
  heal(): Promise<void>
  /** Resets every connection. */
  closeAll(): void
  end(): Promise<void>
}

interface Faults {
  delay: number
  cut?: { bytes: number; direction: Direction }
  swallow?: (chunk: Buffer) => boolean
  /** Direction in which new connections lose everything. */
  lossy?: Direction | undefined
}

interface Pair {
  client: Socket
  target: Socket
  /** Bytes that may still go before the cut. */
  left: number
  lossy: Set<Direction>
  hasHole: boolean
  isSwallowing: boolean
}

/** @param target `host` is 127.0.0.1 unless given. */
export async function startProxy(target: { host?: string; port: number }): Promise<TcpProxy> {
  const port = await stablePort()
  const pairs = new Set<Pair>()
  let faults: Faults = { delay: 0 }
  const accept = (client: Socket) => {
    const pair = newPair(client, createConnection({ host: '127.0.0.1', ...target, allowHalfOpen: true }), faults)
    pairs.add(pair)
    client.on('close', () => pair.target.destroyed && pairs.delete(pair))
    pair.target.on('close', () => client.destroyed && pairs.delete(pair))
    joinUp(pair, () => faults)
  }
  let server: Server | undefined = await listen(port, accept)
  const refuse = () => {
    server?.close()
    server = undefined
  }
  const closeAll = () => {
    for (const pair of pairs) reset(pair)
  }
  return {
    port,
    connections: () => [...pairs].filter(({ client }) => !client.destroyed).length,
    delay(ms) {
      faults.delay = ms
    },
    cutAfter(bytes, direction) {
      faults.cut = { bytes, direction }
      for (const pair of pairs) pair.left = bytes
    },
    swallowReplies(whether) {
      let nth = 0
      faults.swallow = (chunk) => whether(++nth, chunk)
    },
    halfOpen(direction, fresh = 'works') {
      for (const pair of pairs) pair.lossy.add(direction)
      faults.lossy = fresh === 'too' ? direction : undefined
    },
    refuse,
    async heal() {
      faults = { delay: 0 }
      for (const pair of pairs) {
        if (pair.hasHole) reset(pair)
        pair.lossy.clear()
      }
      server ??= await listen(port, accept)
    },
    closeAll,
    async end() {
      refuse()
      closeAll()
    },
  }
}

async function listen(port: number, accept: (client: Socket) => void): Promise<Server> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, accept).listen(port, '127.0.0.1')
  await once(server, 'listening')
  return server
}

function newPair(client: Socket, target: Socket, { cut, lossy }: Faults): Pair {
  target.setNoDelay(true)
  return {
    client,
    target,
    left: cut?.bytes ?? 0,
    lossy: new Set(lossy && [lossy]),
    hasHole: false,
    isSwallowing: false,
  }
}

function joinUp(pair: Pair, faults: () => Faults): void {
  const { client, target } = pair
  const lanes = { up: createLane(client, target), down: createLane(target, client) }
  const lose = (direction: Direction) => {
    if (!pair.lossy.has(direction)) return false
    pair.hasHole = true
    return true
  }
  /** What is on its way still arrives: what was sent to the target is carried out. */
  const cut = () => {
    for (const side of [client, target]) side.removeAllListeners('data').resume()
    client.once('finish', () => client.destroy())
    lanes.up(undefined, faults().delay)
    lanes.down(undefined, faults().delay)
  }
  const pass = (direction: Direction, chunk: Buffer) => {
    const { delay, cut: limit, swallow } = faults()
    if (direction === 'down' && pair.isSwallowing) return cut()
    if (direction === 'up' && swallow?.(chunk)) pair.isSwallowing = true
    if (limit?.direction !== direction) return lanes[direction](chunk, delay)
    lanes[direction](chunk.subarray(0, pair.left), delay)
    pair.left -= chunk.length
    if (pair.left <= 0) cut()
  }
  for (const [direction, from, to] of [['up', client, target] as const, ['down', target, client] as const]) {
    from.on('data', (chunk) => lose(direction) || pass(direction, chunk))
    from.on('end', () => lose(direction) || lanes[direction](undefined, faults().delay))
    from.on('error', () => lose(direction) || to.resetAndDestroy())
  }
}

/** One direction of one connection: passes on chunks in order, each after its delay, `undefined` as the end.
 *  Who sends faster than the other side reads has to wait. */
function createLane(from: Socket, to: Socket): (chunk: Buffer | undefined, delay: number) => void {
  const queue: { due: number; chunk: Buffer | undefined }[] = []
  function put(chunk: Buffer | undefined): void {
    if (!to.writable) return
    if (chunk === undefined) return void to.end()
    if (to.write(chunk)) return
    from.pause()
    to.once('drain', () => from.resume())
  }
  function drain(): void {
    const now = performance.now()
    while (queue[0] && queue[0].due <= now) put(queue.shift()?.chunk)
    if (queue[0]) setTimeout(drain, Math.ceil(queue[0].due - now))
  }
  return (chunk, delay) => {
    if (delay === 0 && queue.length === 0) return put(chunk)
    if (queue.push({ due: performance.now() + delay, chunk }) === 1) setTimeout(drain, delay)
  }
}

function reset({ client, target }: Pair): void {
  client.resetAndDestroy()
  target.resetAndDestroy()
}
