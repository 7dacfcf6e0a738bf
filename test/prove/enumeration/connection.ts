/** One kept-alive HTTP connection with one request at a time, written out: it costs little, says every byte of an answer, and times
 *  it by the clock that it was read at. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface Reply {
  status: number
  /** Status line and headers, as they came. */
  head: string
  body: string
  /** Time until it was read, ms. */
  took: number
}

export interface Connection {
  /** @throws Error when the connection ends. */
  get(path: string, token?: string): Promise<Reply>
  post(path: string, body: unknown, token?: string): Promise<Reply>
  close(): void
}

export async function openConnection(base: string): Promise<Connection> {
  const { hostname, port, host } = new URL(base)
  const socket = connect({ host: hostname, port: Number(port), noDelay: true })
  await once(socket, 'connect')
  const next = readReplies(socket)
  const bearer = (token: string | undefined) => (token === undefined ? '' : `authorization: Bearer ${token}\r\n`)
  async function ask(request: string): Promise<Reply> {
    const began = performance.now()
    const reply = next()
    socket.write(request)
    const { at, ...read } = await reply
    return { ...read, took: at - began }
  }
  return {
    get: (path, token) => ask(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\n${bearer(token)}\r\n`),
    post(path, body, token) {
      const text = JSON.stringify(body)
      return ask(
        `POST ${path} HTTP/1.1\r\nhost: ${host}\r\n${bearer(token)}content-type: application/json\r\n` +
          `content-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
      )
    },
    close: () => socket.destroy(),
  }
}

interface Read extends Omit<Reply, 'took'> {
  at: number
}

function readReplies(socket: Socket): () => Promise<Read> {
  let held: Buffer = Buffer.alloc(0)
  let waiting: { resolve(read: Read): void; reject(error: Error): void } | undefined
  const fail = (error: Error) => {
    socket.destroy()
    waiting?.reject(error)
    waiting = undefined
  }
  socket.on('data', (chunk: Buffer) => {
    const at = performance.now()
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk])
    const read = parse(held)
    if (!read) return
    held = Buffer.alloc(0)
    waiting?.resolve({ ...read, at })
    waiting = undefined
  })
  socket.on('error', fail)
  socket.on('close', () => fail(new Error('the service closed the connection')))
  return () =>
    new Promise((resolve, reject) => {
      if (socket.destroyed) reject(new Error('the connection is closed'))
      waiting = { resolve, reject }
    })
}

/** @returns undefined while it is not whole. */
function parse(held: Buffer): Omit<Reply, 'took'> | undefined {
  const end = held.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const head = held.toString('latin1', 0, end)
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
  const start = end + 4
  if (held.length < start + length) return undefined
  return { status: Number(head.slice(9, 12)), head, body: held.toString('utf8', start, start + length) }
}
