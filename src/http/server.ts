import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import restify, { type Request, type Response, type Server } from 'restify'
import { AppError, placeOf } from '../errors.ts'
import type { Texts } from '../language/texts.ts'
import type { Log } from '../log.ts'
import { admit } from './admit.ts'
import { readBody } from './body.ts'
import { boundConnections, createPlaces } from './connections.ts'
import { setSafeHeaders } from './headers.ts'
import { createLimits, type Limits } from './limits.ts'
import type { Networks } from './network.ts'
import type { Origins } from './origins.ts'
import { type Answer, sendError, sendJson, toAppError } from './respond.ts'
import { createTurnstile } from './turnstile.ts'

/** Slow senders are cut off, in milliseconds. */
const REQUEST_TIMEOUT_MS = 10_000
/** How often they are looked for, ms. */
const LOOK_MS = 2_000
/** Silence on a connection that an answer is on its way over, ms. */
const SILENCE_MS = 30_000
/** Silence on a connection whose requests are answered, ms; Node adds a second. Longer than proxies keep theirs (60 s), which would
 *  else send the next request into a connection that is just being closed. */
const IDLE_MS = 65_000
/** Requests of one connection that may wait for their answers. No client of ours sends the second before the first is answered. */
const MOST_PIPELINED = 8
/** Connections of a process; of a socket's memory, some 20 KB, that many are 200 MB. */
const MAX_CONNECTIONS = 10_000
/** Who is told that it is too much is told so after this long, and up to three times that, ms: asking on costs them time, and
 *  those who began together don't come back together. */
const HOLD_MS = 1_000
/** Before a network whose requests all wait for their answers may have a place again, s. */
const FULL_SECONDS = 2
/** Answers held back at a time, some 10 KB each; more are given at once. */
const MAX_HELD = 5_000

export type Method = 'get' | 'post' | 'del'

/** A request as handlers see it: nothing of the framework. */
export interface Call {
  params: Readonly<Record<string, string>>
  query: URLSearchParams
  /** Parsed JSON; undefined when there was no body. */
  body: unknown
  headers: Readonly<Record<string, string | undefined>>
  /** The client's network as a keyed hash; undefined when it can't be told: then nothing is limited by it. */
  network?: string
}

export type Handle = (call: Call) => Promise<Answer> | Answer

export interface Http {
  server: Server
  limits: Limits
  origins: Origins
  /** False once it stops: a balancer should send people elsewhere. */
  isOpen(): boolean
  /** Accepts no more connections; resolves when those there are have ended, each after the answer under way. */
  stop(): Promise<void>
  route(method: Method, path: string, handle: Handle): void
}

/** How long what is borne, ms. */
interface Times {
  /** A request, until all of it is there; also a connection that never says anything. */
  request: number
  /** Between two looks for those that take longer. */
  look: number
  /** A refusal, before it is told. */
  hold: number
  /** A connection whose requests are answered. */
  idle: number
}
const TIMES: Times = { request: REQUEST_TIMEOUT_MS, look: LOOK_MS, hold: HOLD_MS, idle: IDLE_MS }

export interface HttpOptions {
  texts: Texts
  log: Log
  /** Origins whose pages may call; a request that names another is refused. */
  origins: Origins
  /** Absent: no network is told from another. */
  networks?: Networks
  /** A network has as many connections as it may, or requests under way, and one more was refused. */
  onFull?: () => void
  limits?: Limits
  /** Shorter ones for tests. */
  times?: Times
}

/** restify with our limits, our faults and our cross-origin rule. */
export function createHttp(o: HttpOptions): Http {
  const { texts, log, origins, networks, onFull, limits = createLimits() } = o
  const times = o.times ?? TIMES
  const server = restify.createServer({ name: 'sesame', noWriteContinue: true } as restify.ServerOptions)
  bound(server, times)
  if (networks) boundConnections(server.server, networks, onFull)
  const takePlace = createPlaces()
  const turnstile = createTurnstile()
  const late = createHold(times.hold)
  let open = true

  /** @returns false when it was answered: a preflight, or one too many of its network. */
  async function enter(req: Request, res: Response): Promise<boolean> {
    const network = networks?.of(req)
    if (network !== undefined && !takePlace(network, res)) {
      onFull?.()
      // At once: an answer that is held back would take a place too.
      setSafeHeaders(res, origins.secure)
      sendError(req, res, new AppError('too_many', { retryAfter: FULL_SECONDS }), texts)
      return false
    }
    const isPreflight = admit(req, res, origins)
    await turnstile(network)
    await limits.request(network)
    // Not chained: restify's own `writeHead` returns nothing.
    if (isPreflight) res.writeHead(204)
    if (isPreflight) res.end()
    return !isPreflight
  }

  /** Says what is wrong, late to those who were told too often. */
  async function fail(req: Request, res: Response, error: unknown): Promise<void> {
    const fault = toAppError(error)
    const isTheirs = fault.statusCode < 500 && fault.facts.retryAfter === undefined
    const told = isTheirs ? ((await refusalOf(limits.fault(networks?.of(req)))) ?? fault) : fault
    if (told.facts.retryAfter !== undefined) await late()
    if (!res.headersSent && !res.destroyed) sendError(req, res, told, texts)
  }

  server.pre((req: Request, res: Response, next) => {
    if (isPiledUp(req, res)) return next(false)
    if (!open) res.setHeader('connection', 'close')
    enter(req, res).then((goesOn) => next(goesOn ? undefined : false), next)
  })
  server.on('restifyError', (req: Request, res: Response, error: unknown) => void fail(req, res, error))

  function route(method: Method, path: string, handle: Handle): void {
    server[method](path, async (req: Request, res: Response) => {
      const network = networks?.of(req)
      try {
        await limits.request(network, `${method} ${path}`)
        sendJson(res, await handle(toCall(req, await readBody(req, res), network)))
      } catch (error) {
        const fault = toAppError(error)
        if (fault.statusCode >= 500) log.error({ path, code: fault.code, where: placeOf(error) }, 'http.failed')
        await fail(req, res, fault)
      }
    })
  }
  async function stop(): Promise<void> {
    open = false
    const closed = once(server.server, 'close')
    server.server.close()
    // Connections that were busy become idle a moment later.
    const sweep = setInterval(() => server.server.closeIdleConnections(), 50)
    await closed
    clearInterval(sweep)
  }
  return { server, limits, origins, route, stop, isOpen: () => open }
}

const underWay = new WeakMap<Socket, number>()

/** Requests that were sent before the answers of others were read take memory for each answer: their sender is let go. */
function isPiledUp({ socket }: Request, res: Response): boolean {
  const count = (underWay.get(socket) ?? 0) + 1
  underWay.set(socket, count)
  res.once('close', () => underWay.set(socket, (underWay.get(socket) ?? 1) - 1))
  if (count > MOST_PIPELINED) socket.destroy()
  return count > MOST_PIPELINED
}

/** Before it listens: Node looks at these then. */
function bound({ server }: Server, { request, look, idle }: Times): void {
  server.requestTimeout = request
  server.headersTimeout = request
  server.keepAliveTimeout = idle
  // Whoever does not take their answers is let go.
  server.timeout = SILENCE_MS
  server.maxConnections = MAX_CONNECTIONS
  Object.assign(server, { connectionsCheckingInterval: look })
}

/** @returns a function that resolves late, unless too many wait already. */
function createHold(ms: number): () => Promise<void> {
  let held = 0
  return async () => {
    if (held >= MAX_HELD) return
    held++
    await pause(ms * (1 + 2 * Math.random()))
    held--
  }
}

async function refusalOf(done: Promise<void>): Promise<AppError | undefined> {
  try {
    await done
    return undefined
  } catch (error) {
    return toAppError(error)
  }
}

function toCall(req: Request, body: unknown, network: string | undefined): Call {
  const url = req.url ?? '/'
  const mark = url.indexOf('?')
  return {
    params: req.params as Record<string, string>,
    query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)),
    body,
    headers: req.headers as Record<string, string | undefined>,
    ...(network === undefined ? {} : { network }),
  }
}
