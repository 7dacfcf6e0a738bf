/** The calls of Direct Line 3.0 that a member's client makes. No state: the connection is `link.ts`. */
import type { Activity, ActivitySet, WidgetToken } from '../../src/wire/activity.ts'

/** Longest wait for one answer, in milliseconds. */
const TIMEOUT_MS = 15_000

/** An answer that was not a success. `status` 0: there was no answer at all. */
export class CallFailure extends Error {
  override readonly name = 'CallFailure'
  readonly status: number
  readonly code: string
  /** How long the server asked to wait, in milliseconds; 0 when it did not say. */
  readonly waitMs: number

  constructor(status: number, code: string, waitMs = 0) {
    super(`${status} ${code}`)
    this.status = status
    this.code = code
    this.waitMs = waitMs
  }

  /** The token is refused; another one may help. */
  get isDenied(): boolean {
    return this.status === 401 || this.status === 403
  }

  /** Trying the very same again may succeed. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500
  }
}

/** Where to read a conversation from. `expires_in` in seconds. */
export interface Stream {
  conversationId: string
  token: string
  expires_in: number
  streamUrl: string
}

/** What a member's client posts. The server sets everything else. */
export type Outgoing = Pick<Activity, 'type' | 'from'> &
  Partial<Pick<Activity, 'text' | 'locale' | 'name' | 'value' | 'channelData'>>

export interface DirectLine {
  /** A new conversation, or with an old token a fresh token of the same one. @param identity what the page vouches with. */
  issue(oldToken?: string, identity?: string): Promise<WidgetToken>
  start(token: string, locale: string, identity?: string): Promise<Stream>
  resume(token: string, conversationId: string, watermark: string): Promise<Stream>
  refresh(token: string): Promise<Pick<Stream, 'token' | 'expires_in'>>
  post(token: string, conversationId: string, activity: Outgoing): Promise<{ id: string }>
  read(token: string, conversationId: string, watermark: string): Promise<ActivitySet>
}

async function failureOf(response: Response): Promise<CallFailure> {
  const body = (await response.json().catch(() => ({}))) as { code?: string; error?: { code?: string } } | null
  const seconds = Number(response.headers.get('retry-after'))
  return new CallFailure(response.status, body?.error?.code ?? body?.code ?? '', seconds > 0 ? seconds * 1000 : 0)
}

/** @param server origin of the service, without a slash at the end. Every call throws `CallFailure`. */
export function createDirectLine(server: string): DirectLine {
  async function call<T>(method: 'GET' | 'POST', path: string, token?: string, body?: unknown): Promise<T> {
    const headers: Record<string, string> = {}
    if (token) headers.Authorization = `Bearer ${token}`
    if (body !== undefined) headers['Content-Type'] = 'application/json'
    const init: RequestInit = { method, headers, credentials: 'omit', signal: AbortSignal.timeout(TIMEOUT_MS) }
    if (body !== undefined) init.body = JSON.stringify(body)
    const response = await fetch(server + path, init).catch(() => undefined)
    if (!response) throw new CallFailure(0, 'no_answer')
    if (!response.ok) throw await failureOf(response)
    return (await response.json().catch(() => {
      throw new CallFailure(0, 'answer_cut')
    })) as T
  }

  const base = '/v3/directline'
  const one = (id: string) => `${base}/conversations/${encodeURIComponent(id)}`
  const after = (watermark: string) => `?watermark=${encodeURIComponent(watermark)}`
  return {
    // What is undefined is not sent.
    issue: (token, identity) => call('POST', '/widget/token', undefined, { token, identity }),
    start: (token, locale, identity) => call('POST', `${base}/conversations`, token, { locale, identity }),
    resume: (token, id, watermark) => call('GET', one(id) + after(watermark), token),
    refresh: (token) => call('POST', `${base}/tokens/refresh`, token),
    post: (token, id, activity) => call('POST', `${one(id)}/activities`, token, activity),
    read: (token, id, watermark) => call('GET', `${one(id)}/activities${after(watermark)}`, token),
  }
}
