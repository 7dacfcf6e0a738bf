/** JSON in, bounded while it is read and again before it is parsed. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { parse } from 'secure-json-parse'
import { AppError } from '../errors.ts'

/** Largest request body, in bytes. A message has at most 2,000 characters. */
export const MAX_BODY = 16_384
/** Objects and lists within each other. What members' clients and the console send has three. */
export const MAX_DEPTH = 8
/** A sender that does not stop after it was told that it is too much is heard, and forgotten, for so long, ms: cut off at once
 *  it would not get to read the answer. */
const LINGER_MS = 1_000

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Reads the body of a request. @returns undefined when there is none.
 *  @throws AppError `too_large`, `unsupported_media_type`, or `bad_json` for what is no JSON object or list, no UTF-8, or too deep. */
export async function readBody(req: IncomingMessage, res: ServerResponse): Promise<object | undefined> {
  if (Number(req.headers['content-length'] ?? 0) > MAX_BODY) throw tooLarge(req)
  // Asked for only now: whoever was refused before has sent nothing.
  if (/^100-continue$/i.test(req.headers.expect ?? '')) res.writeContinue()
  const bytes = await collect(req)
  if (bytes.length === 0) return undefined
  if (!isJson(req.headers['content-type'])) throw new AppError('unsupported_media_type')
  return parseBody(bytes)
}

function collect(req: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    const take = (chunk: Buffer) => {
      length += chunk.length
      if (length <= MAX_BODY) return void chunks.push(chunk)
      req.off('data', take)
      reject(tooLarge(req))
    }
    req.on('data', take)
    req.once('end', () => resolve(Buffer.concat(chunks)))
    // Cut off on the way: nobody is there to read an answer.
    const cutOff = () => {
      if (!req.complete) reject(new AppError('bad_json'))
    }
    req.once('error', cutOff)
    req.once('close', cutOff)
  })
}

function tooLarge(req: IncomingMessage): AppError {
  req.resume()
  setTimeout(() => {
    if (!req.complete) req.socket.destroy()
  }, LINGER_MS).unref()
  return new AppError('too_large')
}

/** `application/json`, in UTF-8 as it must be. */
function isJson(contentType: string | undefined): boolean {
  return /^application\/json\s*(?:;\s*charset="?utf-8"?\s*)?$/i.test(contentType?.trim() ?? '')
}

/** Keys that would reach into a prototype (`__proto__`, `constructor.prototype`) are taken out.
 *  @throws AppError `bad_json`. */
export function parseBody(bytes: Buffer): object {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    const body: unknown = isDeep(text) ? undefined : parse(text, { protoAction: 'remove', constructorAction: 'remove' })
    if (typeof body === 'object' && body !== null) return body
  } catch {
    // Falls through: what is wrong with it is the sender's to find out.
  }
  throw new AppError('bad_json')
}

/** Looked at before parsing, which would climb down whatever depth there is. Linear. */
function isDeep(text: string): boolean {
  let depth = 0
  let inString = false
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (inString && c === BACKSLASH) i++
    else if (c === QUOTE) inString = !inString
    else if (!inString && isOpening(c) && ++depth > MAX_DEPTH) return true
    else if (!inString && isClosing(c)) depth--
  }
  return false
}

const isOpening = (c: number): boolean => c === 0x7b || c === 0x5b
const isClosing = (c: number): boolean => c === 0x7d || c === 0x5d
