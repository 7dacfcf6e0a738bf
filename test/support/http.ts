import type { Origins } from '../../src/http/origins.ts'

/** What came back: the body parsed when it is JSON. Fields are read freely by tests. */
export interface Reply {
  status: number
  headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape, also wrong ones
  body: any
}

export interface Ask {
  method?: string
  /** Sent as JSON; a string goes as it is. */
  body?: unknown
  token?: string
  headers?: Readonly<Record<string, string>>
}

/** One HTTP call. `content-type: application/json` unless `headers` say otherwise. */
export async function ask(url: string, { method, body, token, headers }: Ask = {}): Promise<Reply> {
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
  const res = await fetch(url, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(text === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(text === undefined ? {} : { body: text }),
  })
  const raw = await res.text()
  return { status: res.status, headers: res.headers, body: parse(raw) }
}

function parse(raw: string): unknown {
  try {
    return JSON.parse(raw)
  } catch {
    return raw
  }
}

/** No page may call. */
export const NO_ORIGINS: Origins = {
  own: () => false,
  ownHost: () => false,
  widget: () => false,
  secure: false,
  sockets: [],
}
