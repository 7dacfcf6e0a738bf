/** Calls of `/desk/api`. Every answer is what `src/wire/desk.ts` says, or an `ApiError`. */
import type { Problem } from '../../src/wire/desk.ts'

const TIMEOUT_MS = 15_000

/** `status` 0: the service was not reached. */
export class ApiError extends Error {
  readonly status: number
  readonly code: string
  readonly by: string | undefined

  constructor(status: number, code: string, by?: string) {
    super(code)
    this.status = status
    this.code = code
    this.by = by
  }
}

type Method = 'GET' | 'POST' | 'DELETE'

/** @throws ApiError */
export async function call<T>(method: Method, path: string, body?: unknown): Promise<T> {
  const response = await reach(method, path, body)
  if (!response.ok) throw await toError(response)
  if (response.status === 204) return undefined as T
  return (await response.json().catch(() => {
    throw new ApiError(0, 'unreachable')
  })) as T
}

export const get = <T>(path: string): Promise<T> => call<T>('GET', path)
export const post = <T>(path: string, body: unknown): Promise<T> => call<T>('POST', path, body)

export function conversationPath(id: string, rest = ''): string {
  return `/conversations/${encodeURIComponent(id)}${rest}`
}

async function reach(method: Method, path: string, body: unknown): Promise<Response> {
  const changes = method !== 'GET'
  const headers: Record<string, string> = { accept: 'application/json' }
  // No foreign page can send this header without being asked first: what changes something needs it.
  if (changes) headers['x-sesame-desk'] = '1'
  if (body !== undefined) headers['content-type'] = 'application/json'
  try {
    return await fetch(`/desk/api${path}`, {
      method,
      headers,
      credentials: 'same-origin',
      cache: 'no-store',
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  } catch {
    throw new ApiError(0, 'unreachable')
  }
}

async function toError(response: Response): Promise<ApiError> {
  const problem = (await response.json().catch(() => ({}))) as Partial<Problem>
  return new ApiError(response.status, problem.code ?? `http_${response.status}`, problem.by)
}

/** Worth trying again as it is: not reached, overloaded or broken on the other side. */
export function isTransient(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 0 || error.status === 429 || error.status >= 500)
}
