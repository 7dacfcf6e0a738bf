/** JSON out; every fault as problem details (RFC 9457), or in Direct Line's own shape on Direct Line's routes. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { AppError, CODES, type Code } from '../errors.ts'
import type { Texts } from '../language/texts.ts'
import { parseLocale } from '../wire/activity.ts'
import type { Problem } from '../wire/desk.ts'

export interface Answer {
  status: number
  body?: unknown
  headers?: Readonly<Record<string, string>>
}

/** When a fault that passes does not say itself how long it takes. */
const RETRY_SECONDS = 2

export const DIRECT_LINE = '/v3/directline/'

export function sendJson(res: ServerResponse, { status, body, headers }: Answer, type = 'application/json'): void {
  const text = body === undefined ? '' : JSON.stringify(body)
  res.writeHead(status, {
    ...(body === undefined ? {} : { 'content-type': type }),
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    ...headers,
  })
  res.end(text)
}

export function sendError(req: IncomingMessage, res: ServerResponse, error: unknown, texts: Texts): void {
  const fault = toAppError(error)
  const title = texts.say(parseLocale(req.headers['accept-language']) ?? 'fr', `errors:${fault.code}`)
  const { by, retryAfter = RETRY_SECONDS, ...facts } = fault.facts
  const mayRetry = fault.statusCode === 429 || fault.statusCode === 503
  const headers: Record<string, string> = mayRetry ? { 'retry-after': String(retryAfter) } : {}
  const common = { status: fault.statusCode, headers }
  if (req.url?.startsWith(DIRECT_LINE)) {
    return sendJson(res, { ...common, body: { error: { code: directLineCode(fault), message: title } } })
  }
  const detail = Object.entries(facts)
    .map(([key, value]) => `${key}: ${value}`)
    .join(', ')
  const body: Problem = {
    type: 'about:blank',
    title,
    status: fault.statusCode,
    code: fault.code,
    ...(typeof by === 'string' ? { by } : {}),
    ...(detail && fault.statusCode < 500 ? { detail } : {}),
  }
  sendJson(res, { ...common, body }, 'application/problem+json')
}

/** restify's own faults (body too large, bad JSON, no such route) carry a status; everything else unknown is internal. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error
  const status = (error as { statusCode?: unknown } | undefined)?.statusCode
  const code = BY_STATUS.find(([s]) => s === status)?.[1] ?? 'internal'
  return new AppError(code, {}, { cause: error })
}

const BY_STATUS: readonly (readonly [number, Code])[] = [
  [400, 'bad_json'],
  [404, 'not_found'],
  [405, 'method_not_allowed'],
  [413, 'too_large'],
  [415, 'unsupported_media_type'],
  [429, 'too_many'],
]

/** Codes that Direct Line clients know; ours for the rest. */
function directLineCode({ code, facts }: AppError): string {
  if (code === 'token_expired') return 'TokenExpired'
  if (code === 'bad_request')
    return facts.where === 'from' || facts.where === 'type' ? 'MissingProperty' : 'BadArgument'
  if (code === 'too_large' || code === 'text_too_long') return 'MessageSizeTooBig'
  return CODES[code] === 400 ? 'BadSyntax' : code
}
