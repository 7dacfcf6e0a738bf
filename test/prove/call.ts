/** HTTP as a client does it: kept connections, a limit of time, and no answer counted as such. */
import { Agent, request } from 'node:http'

/** Longest wait for an answer, ms. */
const TIMEOUT_MS = 15_000

export interface Answer {
  /** 0: there was no answer, or it was cut. */
  status: number
  // biome-ignore lint/suspicious/noExplicitAny: bodies of every shape; the checker reads them
  body: any
  headers: Readonly<Record<string, string | string[] | undefined>>
  /** Time until it was read, ms. */
  took: number
}

export interface Ask {
  method?: 'GET' | 'POST'
  token?: string
  body?: unknown
  headers?: Readonly<Record<string, string>>
  timeoutMs?: number
}

export type Call = (url: string, ask?: Ask) => Promise<Answer>

/** Never throws. @param most connections to one process at a time. */
export function createCall(most = 256): { call: Call; end(): void } {
  const agent = new Agent({ keepAlive: true, maxSockets: most, scheduling: 'lifo' })
  const call: Call = (url, ask = {}) => {
    const began = performance.now()
    return new Promise((resolve) => {
      const none = () => resolve({ status: 0, body: undefined, headers: {}, took: performance.now() - began })
      const text = ask.body === undefined ? undefined : JSON.stringify(ask.body)
      const method = ask.method ?? (text === undefined ? 'GET' : 'POST')
      const req = request(url, { method, agent, headers: headersOf(ask, text) })
      // One limit for the whole of it: a server that trickles does not stretch it.
      const limit = setTimeout(() => {
        req.destroy()
        none()
      }, ask.timeoutMs ?? TIMEOUT_MS)
      req.on('close', () => clearTimeout(limit))
      req.on('error', none)
      req.on('response', (res) => {
        let read = ''
        res.setEncoding('utf8')
        res.on('data', (chunk) => {
          read += chunk
        })
        res.on('error', none)
        res.on('close', none)
        res.on('end', () => {
          const body = parse(read)
          if (!res.complete || body === BROKEN) return none()
          resolve({ status: res.statusCode ?? 0, body, headers: res.headers, took: performance.now() - began })
        })
      })
      req.end(text)
    })
  }
  return { call, end: () => agent.destroy() }
}

const BROKEN = Symbol('no JSON')

function parse(text: string): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return BROKEN
  }
}

function headersOf({ token, headers }: Ask, text: string | undefined): Record<string, string> {
  return {
    ...(text === undefined
      ? { 'content-length': '0' }
      : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) }),
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...headers,
  }
}
