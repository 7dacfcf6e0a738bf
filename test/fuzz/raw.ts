/** HTTP by hand: what a well-behaved client would never send. */
import { connect } from 'node:net'

export interface RawReply {
  /** 0: the connection ended without an answer. */
  status: number
  head: string
  body: string
}

/** Longest wait for an answer, ms. */
const DEADLINE_MS = 15_000

/** Sends bytes as they are and reads until the body is whole or the other side closes. @param end says that no more will come.
 *  @throws Error when nothing comes. */
export function sendRaw(port: number, bytes: Uint8Array, { end = false } = {}): Promise<RawReply> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect(port, '127.0.0.1')
    const done = () => {
      socket.destroy()
      resolve(parseReply(final(Buffer.concat(chunks))))
    }
    socket.setTimeout(DEADLINE_MS, () => {
      socket.destroy()
      reject(new Error(`no answer to ${JSON.stringify(Buffer.from(bytes).toString('latin1').slice(0, 500))}`))
    })
    socket.on('connect', () => (end ? socket.end(bytes) : socket.write(bytes)))
    socket.on('data', (chunk) => {
      chunks.push(chunk)
      if (isWhole(final(Buffer.concat(chunks)))) done()
    })
    socket.on('end', done)
    socket.on('error', done)
  })
}

/** What was received without "go on" answers, one sign a byte. */
function final(bytes: Buffer): string {
  return bytes.toString('latin1').replace(/^(?:HTTP\/1\.1 1\d\d [^\r]*\r\n\r\n)+/, '')
}

function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n')
  const length = /^content-length: (\d+)$/im.exec(text.slice(0, end))?.[1]
  return end >= 0 && length !== undefined && text.length >= end + 4 + Number(length)
}

function parseReply(text: string): RawReply {
  const end = text.indexOf('\r\n\r\n')
  const head = end < 0 ? text : text.slice(0, end)
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? 0)
  return { status, head, body: Buffer.from(end < 0 ? '' : text.slice(end + 4), 'latin1').toString() }
}

export interface RawRequest {
  method: string
  target: string
  headers: readonly (readonly [string, string])[]
  body: string
}

/** The request's bytes, with a fitting `content-length` unless the headers bring their own framing. */
export function toBytes({ method, target, headers, body }: RawRequest): Buffer {
  const framed = headers.some(([name]) => /^(content-length|transfer-encoding)$/i.test(name))
  const length = framed || body === '' ? [] : [`content-length: ${Buffer.byteLength(body)}`]
  const lines = headers.map(([name, value]) => `${name}: ${value}`)
  return Buffer.from([`${method} ${target} HTTP/1.1`, ...lines, ...length, '', body].join('\r\n'))
}
