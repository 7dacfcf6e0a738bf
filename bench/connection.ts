/** One kept-alive HTTP/1.1 connection, one request at a time. Written out because a general client costs more processor
 *  time than the fastest server it measures, and would be what limits the figures. Knows only what these servers send. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface Connection {
  /** @throws Error when the connection ends or the answer has no content-length. */
  post(path: string, body: unknown, bearer?: string): Promise<HttpAnswer>
  close(): void
}

export interface HttpAnswer {
  status: number
  body: string
}

interface Waiting {
  resolve(answer: HttpAnswer): void
  reject(error: Error): void
}

const NOTHING = Buffer.alloc(0)

export async function openConnection(url: URL): Promise<Connection> {
  const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true })
  await once(socket, 'connect')
  const next = readAnswers(socket)
  return {
    post(path, body, bearer) {
      const text = JSON.stringify(body)
      const authorization = bearer === undefined ? '' : `authorization: Bearer ${bearer}\r\n`
      socket.write(
        `POST ${path} HTTP/1.1\r\nhost: ${url.host}\r\n${authorization}content-type: application/json\r\n` +
          `content-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
      )
      return next()
    },
    close: () => socket.destroy(),
  }
}

/** @returns a function that waits for the next answer on this socket. */
function readAnswers(socket: Socket): () => Promise<HttpAnswer> {
  let held: Buffer = NOTHING
  let waiting: Waiting | undefined
  const fail = (error: Error) => {
    socket.destroy()
    waiting?.reject(error)
    waiting = undefined
  }
  socket.on('data', (chunk: Buffer) => {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk])
    const answer = parseAnswer(held)
    if (answer instanceof Error) return fail(answer)
    if (answer === undefined || waiting === undefined) return
    const { resolve } = waiting
    held = NOTHING
    waiting = undefined
    resolve(answer)
  })
  socket.on('error', fail)
  socket.on('close', () => fail(new Error('the server closed the connection')))
  return () =>
    new Promise((resolve, reject) => {
      if (socket.destroyed) reject(new Error('the server closed the connection'))
      waiting = { resolve, reject }
    })
}

/** @returns undefined while it is not whole. */
function parseAnswer(held: Buffer): HttpAnswer | Error | undefined {
  const end = held.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const head = held.toString('latin1', 0, end)
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
  if (length === undefined) return new Error(`an answer without content-length: ${head.slice(0, 200)}`)
  const start = end + 4
  if (held.length < start + Number(length)) return undefined
  return { status: Number(head.slice(9, 12)), body: held.toString('utf8', start, start + Number(length)) }
}
