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
import { AppError } from '../errors.ts'
import type { DeskHint } from '../wire/desk.ts'
import type { DeskSessions } from './desk-session.ts'
import { toAppError } from './respond.ts'
import type { Origins } from './server.ts'

/** Source: threats-and-faults of ws: bounded frames and fragments, no compression state a socket. */
const LIMITS = { maxPayload: 16_384, maxFragments: 16, maxBufferedChunks: 64, perMessageDeflate: false }
/** When the service stops its sockets are closed one after another: each this long after the one before, ms, all of them within
 *  SPREAD_MS. A thousand clients that come back at once would meet a service that is just starting. */
const APART_MS = 5
const SPREAD_MS = 3_000
/** How often a console's session is looked at while its socket is open, ms. */
const SESSION_CHECK_MS = 60_000

export interface SocketOptions {
  store: Store
  hub: Hub
  tokens: Tokens
  sessions: DeskSessions
  origins: Origins
  now: () => number
}

/** @returns a function that closes all sockets, spread over a few seconds; until then each is served. Clients come back by themselves. */
export function mountSockets(server: Server, o: SocketOptions): () => Promise<void> {
  const sockets = new WebSocketServer({ noServer: true, ...LIMITS })
  // Some HTTP clients offer "Upgrade: h2c" with every request: who does not ask for a socket is answered as usual.
  Object.assign(server, {
    shouldUpgradeCallback: (req: IncomingMessage) => /^websocket$/i.test(req.headers.upgrade ?? ''),
  })
  server.on('upgrade', (req, socket, head) => {
    // Node lets go of this socket: an error that nobody hears would end the process.
    socket.on('error', () => socket.destroy())
    admit(req, o).then(
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

async function admit(req: IncomingMessage, o: SocketOptions): Promise<Open> {
  const url = new URL(req.url ?? '/', 'http://localhost')
  if (url.pathname === '/desk/api/stream') return admitConsole(req, o)
  const id = /^\/v3\/directline\/conversations\/([\w-]{1,64})\/stream$/.exec(url.pathname)?.[1]
  if (!id) throw new AppError('not_found')
  const { origin } = req.headers
  if (origin !== undefined && !o.origins.widget(origin)) throw new AppError('origin_refused')
  const ticket = await o.tokens.verifyTicket(url.searchParams.get('t') ?? '')
  if (ticket.conversationId !== id) throw new AppError('conversation_unknown')
  // The URL works once: whoever finds it later in a log of the network learns nothing.
  const fresh = await o.store.reserve(`ticket:${ticket.id}`, randomUUID(), o.now(), 2 * TICKET_SECONDS * 1000)
  if (!fresh) throw new AppError('token_invalid')
  const after = parseWatermark(url.searchParams.get('watermark') ?? undefined)
  return (socket) => stream(socket, id, after, o)
}

async function admitConsole(req: IncomingMessage, o: SocketOptions): Promise<Open> {
  const { origin, cookie } = req.headers
  if (origin === undefined || !o.origins.own(origin)) throw new AppError('origin_refused')
  await o.sessions.require(cookie)
  return (socket) => hints(socket, cookie, o)
}

/** Tells a console that there is something to read: the queue, or the conversation it last named. */
function hints(socket: WebSocket, cookie: string | undefined, { hub, sessions }: SocketOptions): void {
  const tell = (hint: DeskHint) => {
    if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(hint))
  }
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
    unwatch = hub.watch(conversationId, () => tell({ type: 'conversation', conversationId }))
    tell({ type: 'conversation', conversationId })
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
  const { statusCode, code } = toAppError(error)
  // A client that never closes its side would keep the socket for ever.
  socket.once('finish', () => socket.destroy())
  socket.end(`HTTP/1.1 ${statusCode} ${code}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
}
