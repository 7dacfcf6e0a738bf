/** Upgrades: the member's stream and the console's hints. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { type WebSocket, WebSocketServer } from 'ws'
import { parseWatermark } from '../channels/directline/service.ts'
import { keepAlive, stream } from '../channels/directline/stream.ts'
import { TICKET_SECONDS, type Tokens } from '../channels/directline/tokens.ts'
import type { Hub } from '../conversation/hub.ts'
import type { Store } from '../conversation/store.ts'
import type { Desk } from '../desk/desk.ts'
import type { Presence } from '../desk/presence.ts'
import { AppError } from '../errors.ts'
import type { DeskHint } from '../wire/desk.ts'
import { REPLACED } from '../wire/socket.ts'
import { readerOf } from './desk-routes.ts'
import type { DeskSessions } from './desk-session.ts'
import { SAFE_HEADERS } from './headers.ts'
import type { Limits } from './limits.ts'
import type { Networks } from './network.ts'
import type { Origins } from './origins.ts'
import { toAppError } from './respond.ts'
import { createSeats, type Seats } from './seats.ts'

/** Source: threats-and-faults of ws: bounded frames and fragments, no compression state a socket. */
const LIMITS = { maxPayload: 16_384, maxFragments: 16, maxBufferedChunks: 64, perMessageDeflate: false }
/** When the service stops its sockets are closed one after another: each this long after the one before, ms, all of them within
 *  SPREAD_MS. A thousand clients that come back at once would meet a service that is just starting. */
const APART_MS = 5
const SPREAD_MS = 3_000
/** How often a console's session is looked at while its socket is open, ms. */
const SESSION_CHECK_MS = 15_000

/** Frames a minute that a socket may send. Members' send a keep-alive every 20 s, consoles also what is looked at. */
const FRAMES = { member: 100, console: 600 }

/** Close code: the token that the socket was opened with is over; another one may open it again. */
const ENDED = 4403

export interface SocketOptions {
  store: Store
  hub: Hub
  tokens: Tokens
  sessions: DeskSessions
  desk: Pick<Desk, 'mayRead'>
  presence: Pick<Presence, 'sign' | 'everyMs'>
  origins: Origins
  limits: Pick<Limits, 'request'>
  /** Absent: no network is told from another. */
  networks?: Networks
  now: () => number
}

/** @returns a function that closes all sockets, spread over a few seconds; until then each is served. Clients come back by themselves. */
export function mountSockets(server: Server, o: SocketOptions): () => Promise<void> {
  const sockets = new WebSocketServer({ noServer: true, ...LIMITS })
  const seats = createSeats()
  // Some HTTP clients offer "Upgrade: h2c" with every request: who does not ask for a socket is answered as usual.
  Object.assign(server, {
    shouldUpgradeCallback: (req: IncomingMessage) => /^websocket$/i.test(req.headers.upgrade ?? ''),
  })
  server.on('upgrade', (req, socket, head) => {
    // Node lets go of this socket: an error that nobody hears would end the process.
    socket.on('error', () => socket.destroy())
    admit(req, o, seats).then(
      (open) => sockets.handleUpgrade(req, socket, head, (ws) => open(ws)),
      (error) => refuse(socket, error),
    )
  })
  return async () => {
    const together = Math.ceil((sockets.clients.size * APART_MS) / SPREAD_MS)
    let closed = 0
    for (const socket of sockets.clients) {
      socket.close(1012, 'restarting')
      if (++closed % together === 0) await pause(APART_MS)
    }
    sockets.close()
  }
}

type Open = (socket: WebSocket) => void

async function admit(req: IncomingMessage, o: SocketOptions, seats: Seats): Promise<Open> {
  const url = URL.parse(req.url ?? '/', 'http://localhost')
  if (url === null) throw new AppError('not_found')
  if (url.pathname === '/desk/api/stream') return admitConsole(req, o)
  const id = /^\/v3\/directline\/conversations\/([\w-]{1,64})\/stream$/.exec(url.pathname)?.[1]
  if (!id) throw new AppError('not_found')
  const { origin } = req.headers
  if (origin !== undefined && !o.origins.widget(origin)) throw new AppError('origin_refused')
  const network = o.networks?.of(req)
  seats.check(network)
  await o.limits.request(network)
  const ticket = await o.tokens.verifyTicket(url.searchParams.get('t') ?? '')
  if (ticket.conversationId !== id) throw new AppError('conversation_unknown')
  // The URL works once: whoever finds it later in a log of the network learns nothing.
  const fresh = await o.store.allow(`ticket:${ticket.id}`, randomUUID(), o.now(), [
    { most: 1, ms: 2 * TICKET_SECONDS * 1000 },
  ])
  if (!fresh) throw new AppError('token_invalid')
  // Others may have come while this was looked at.
  seats.check(network)
  const after = parseWatermark(url.searchParams.get('watermark') ?? undefined)
  return (socket) => {
    if (ticket.member !== undefined) endAt(socket, (ticket.endsAt ?? 0) - o.now())
    const leave = seats.take(id, network, () => socket.close(REPLACED, 'replaced'))
    socket.once('close', leave)
    bound(socket, FRAMES.member)
    stream(socket, id, after, o)
  }
}

/** A member's own conversation is shown only as long as the host page vouches for them. */
function endAt(socket: WebSocket, inMs: number): void {
  const end = setTimeout(() => socket.close(ENDED, 'token ended'), Math.max(0, inMs)).unref()
  socket.once('close', () => clearTimeout(end))
}

/** Lets go of a socket that sends more than `most` frames in a minute. */
function bound(socket: WebSocket, most: number): void {
  let count = 0
  const minute = setInterval(() => {
    count = 0
  }, 60_000).unref()
  socket.on('message', () => {
    if (++count > most) socket.close(1008, 'too many frames')
  })
  socket.once('close', () => clearInterval(minute))
}

async function admitConsole(req: IncomingMessage, o: SocketOptions): Promise<Open> {
  const { origin, cookie } = req.headers
  if (origin === undefined || !o.origins.own(origin)) throw new AppError('origin_refused')
  const { agent } = await o.sessions.require(cookie)
  return (socket) => {
    bound(socket, FRAMES.console)
    listenFor(socket, agent.id, o.presence)
    hints(socket, cookie, o)
  }
}

/** A socket that is open may be dead: only what it answers is a sign. */
function listenFor(socket: WebSocket, agentId: string, { sign, everyMs }: SocketOptions['presence']): void {
  const asking = setInterval(() => socket.ping(), everyMs).unref()
  for (const answer of ['pong', 'message'] as const) socket.on(answer, () => sign(agentId))
  socket.once('close', () => clearInterval(asking))
  sign(agentId)
}

/** Tells a console that there is something to read: the queue, or the conversation it last named. */
function hints(socket: WebSocket, cookie: string | undefined, { hub, sessions, desk }: SocketOptions): void {
  const tell = (hint: DeskHint) => {
    if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(hint))
  }
  /** Of a conversation only who may read it now is told, also that somebody wrote in it. */
  async function tellOf(conversationId: string): Promise<void> {
    const session = await sessions.read(cookie, false)
    if (session && (await desk.mayRead(readerOf(session), conversationId)))
      tell({ type: 'conversation', conversationId })
  }
  // The store is away: the console comes back, and reads everything.
  const told = (conversationId: string) => void tellOf(conversationId).catch(() => socket.close(1013, 'try again'))
  let unwatch = () => {}
  const unwatchDesk = hub.watchDesk(() => tell({ type: 'queue' }))
  const check = setInterval(() => {
    sessions.read(cookie, false).then(
      (session) => session ?? socket.close(4401, 'signed out'),
      () => undefined,
    )
  }, SESSION_CHECK_MS)
  check.unref()
  socket.on('message', (data) => {
    const conversationId = watched(String(data))
    if (conversationId === undefined) return
    unwatch()
    unwatch = hub.watch(conversationId, () => told(conversationId))
    told(conversationId)
  })
  socket.on('error', () => socket.terminate())
  socket.on('close', () => {
    clearInterval(check)
    unwatch()
    unwatchDesk()
  })
  keepAlive(socket)
}

/** `{"watch": "<conversationId>"}`; anything else is a keep-alive. */
function watched(text: string): string | undefined {
  try {
    const frame: unknown = JSON.parse(text)
    const id = typeof frame === 'object' && frame !== null && 'watch' in frame ? frame.watch : undefined
    return typeof id === 'string' ? id : undefined
  } catch {
    return undefined
  }
}

function refuse(socket: Duplex, error: unknown): void {
  const { statusCode, code, facts } = toAppError(error)
  const headers = { ...SAFE_HEADERS, 'cache-control': 'no-store', connection: 'close', 'content-length': '0' }
  const later = facts.retryAfter === undefined ? {} : { 'retry-after': String(facts.retryAfter) }
  const lines = Object.entries({ ...headers, ...later }).map(([name, value]) => `${name}: ${value}\r\n`)
  // A client that never closes its side would keep the socket for ever.
  socket.once('finish', () => socket.destroy())
  socket.end(`HTTP/1.1 ${statusCode} ${code}\r\n${lines.join('')}\r\n`)
}
