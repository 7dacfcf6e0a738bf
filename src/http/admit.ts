/** What is looked at before anything is read: who asks from where, and whether the address is one of ours at all. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { AppError } from '../errors.ts'
import { setSafeHeaders } from './headers.ts'
import type { Origins } from './origins.ts'
import { DIRECT_LINE } from './respond.ts'

/** Longest path with its query, in characters. A socket's address, the longest of ours, has about 500. */
const MAX_URL = 2_048
/** Parameters of a query; ours have two. */
const MAX_PARAMETERS = 16

/** Sets the headers that the answer carries whatever it will be. @returns true for a preflight, which is to be answered at once.
 *  @throws AppError `origin_refused`, `unsupported_media_type` for a packed body, `bad_request` for an address out of bounds. */
export function admit(req: IncomingMessage, res: ServerResponse, origins: Origins): boolean {
  setSafeHeaders(res, origins.secure)
  const { origin } = req.headers
  const url = req.url ?? '/'
  // restify ends the process over a request of which it can make no URL, and it makes one of the Host header too.
  if (!URL.canParse(`http://${req.headers.host || 'localhost'}${url}`))
    throw new AppError('bad_request', { where: 'host' })
  if (isOutOfBounds(url)) throw new AppError('bad_request', { where: 'url' })
  // It could unpack to anything.
  if (req.headers['content-encoding'] !== undefined) throw new AppError('unsupported_media_type')
  if (origin === undefined) return false
  const forWidget = url.startsWith(DIRECT_LINE) || url.startsWith('/widget/')
  if (forWidget && origins.widget(origin)) {
    allowOrigin(res, origin)
    return req.method === 'OPTIONS'
  }
  if (!forWidget && (origins.own(origin) || req.method === 'GET')) return false
  throw new AppError('origin_refused')
}

/** Nobody but a proxy has reason to write a whole URL (`http://...`), or `//`, which would read as one. */
function isOutOfBounds(url: string): boolean {
  const isPath = url.startsWith('/') && !url.startsWith('//')
  return !isPath || url.length > MAX_URL || url.split('&', MAX_PARAMETERS + 1).length > MAX_PARAMETERS
}

function allowOrigin(res: ServerResponse, origin: string): void {
  res.setHeader('access-control-allow-origin', origin)
  res.setHeader('vary', 'origin')
  res.setHeader('access-control-allow-methods', 'GET, POST, OPTIONS')
  res.setHeader('access-control-allow-headers', 'authorization, content-type, accept, x-ms-bot-agent, x-requested-with')
  res.setHeader('access-control-expose-headers', 'retry-after')
  res.setHeader('access-control-max-age', '7200')
  res.setHeader('cross-origin-resource-policy', 'cross-origin')
}
