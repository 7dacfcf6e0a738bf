import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import restify, { type Request, type Response, type Server } from 'restify'
import { AppError } from '../errors.ts'
import type { Texts } from '../language/texts.ts'
import type { Log } from '../log.ts'
import { type Answer, DIRECT_LINE, sendError, sendJson, toAppError } from './respond.ts'

/** Largest request body, in bytes. A message has at most 2,000 characters. */
const MAX_BODY = 16_384
/** Slow senders are cut off, in milliseconds. */
const REQUEST_TIMEOUT_MS = 10_000

export type Method = 'get' | 'post' | 'del'

/** A request as handlers see it: nothing of the framework. */
export interface Call {
  params: Readonly<Record<string, string>>
  query: URLSearchParams
  /** Parsed JSON; undefined when there was no body. */
  body: unknown
  headers: Readonly<Record<string, string | undefined>>
}

export type Handle = (call: Call) => Promise<Answer> | Answer

export interface Http {
  server: Server
  /** False once it stops: a balancer should send people elsewhere. */
  isOpen(): boolean
  /** Accepts no more connections; resolves when those there are have ended, each after the answer under way. */
  stop(): Promise<void>
  route(method: Method, path: string, handle: Handle): void
}

export interface HttpOptions {
  texts: Texts
  log: Log
  /** Origins whose pages may call; a request that names another is refused. */
  origins: Origins
}

export interface Origins {
  /** True for pages that may hold a widget. */
  widget(origin: string): boolean
  /** True for our own pages. */
  own(origin: string): boolean
}

/** restify with our limits, our faults and our cross-origin rule. */
export function createHttp({ texts, log, origins }: HttpOptions): Http {
  const server = restify.createServer({ name: 'sesame', noWriteContinue: false } as restify.ServerOptions)
  server.server.requestTimeout = REQUEST_TIMEOUT_MS
  server.server.headersTimeout = REQUEST_TIMEOUT_MS
  server.server.keepAliveTimeout = 65_000
  let open = true
  server.pre((req: Request, res: Response, next) => {
    if (!open) res.setHeader('connection', 'close')
    if (admit(req, res, origins, texts)) next()
    else next(false)
  })
  server.use(restify.plugins.jsonBodyParser({ maxBodySize: MAX_BODY, mapParams: false } as never) as never)
  // Its callback is not called: restify would answer a second time, which ends the process.
  server.on('restifyError', (req: Request, res: Response, error: unknown) => {
    if (!res.headersSent) sendError(req, res, error, texts)
  })

  function route(method: Method, path: string, handle: Handle): void {
    server[method](path, async (req: Request, res: Response) => {
      try {
        sendJson(res, await handle(toCall(req)))
      } catch (error) {
        const fault = toAppError(error)
        if (fault.statusCode >= 500) log.error({ path, code: fault.code, where: originOf(error) }, 'http.failed')
        sendError(req, res, error, texts)
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
  return { server, route, stop, isOpen: () => open }
}

function toCall(req: Request): Call {
  const body: unknown = req.body
  const isJson = typeof body === 'object' && body !== null && !Buffer.isBuffer(body)
  const isEmpty = body === undefined || body === '' || (Buffer.isBuffer(body) && body.length === 0)
  if (!isJson && (!isEmpty || isUnread(req))) {
    throw new AppError(req.contentType() === 'application/json' ? 'bad_json' : 'unsupported_media_type')
  }
  const url = req.url ?? '/'
  const mark = url.indexOf('?')
  return {
    params: req.params as Record<string, string>,
    query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)),
    body: isJson ? body : undefined,
    headers: req.headers as Record<string, string | undefined>,
  }
}

/** Kinds that restify leaves alone look as if nothing had been sent. */
function isUnread(req: Request): boolean {
  return Number(req.headers['content-length'] ?? 0) > 0 && req.contentType() !== 'application/json'
}

/** Cross-origin rule, before anything is read. @returns false when it was answered. */
function admit(req: IncomingMessage, res: ServerResponse, origins: Origins, texts: Texts): boolean {
  const { origin } = req.headers
  const forWidget = req.url?.startsWith(DIRECT_LINE) || req.url?.startsWith('/widget/')
  res.setHeader('x-content-type-options', 'nosniff')
  res.setHeader('referrer-policy', 'no-referrer')
  if (req.headers['content-encoding'] !== undefined) return refuse(req, res, 'unsupported_media_type', texts)
  if (origin === undefined) return true
  if (forWidget && origins.widget(origin)) {
    allowOrigin(res, origin)
    if (req.method !== 'OPTIONS') return true
    // Not chained: restify's own `writeHead` returns nothing.
    res.writeHead(204)
    res.end()
    return false
  }
  return (!forWidget && (origins.own(origin) || req.method === 'GET')) || refuse(req, res, 'origin_refused', texts)
}

function refuse(
  req: IncomingMessage,
  res: ServerResponse,
  code: 'origin_refused' | 'unsupported_media_type',
  texts: Texts,
): false {
  sendError(req, res, new AppError(code), texts)
  return false
}

function allowOrigin(res: ServerResponse, origin: string): void {
  res.setHeader('access-control-allow-origin', origin)
  res.setHeader('vary', 'origin')
  res.setHeader('access-control-allow-methods', 'GET, POST, OPTIONS')
  res.setHeader('access-control-allow-headers', 'authorization, content-type, accept, x-ms-bot-agent, x-requested-with')
  res.setHeader('access-control-max-age', '7200')
}

/** Where a fault of ours began, without any text that might hold a person's words. */
function originOf(error: unknown): string {
  return error instanceof Error ? (error.stack?.split('\n')[1]?.trim() ?? error.name) : typeof error
}
