/** Who the page says its member is: asked for when it is needed, never kept. */
import { CallFailure } from './directline.ts'

/** @returns a short-lived JWT that the page's own server signed; undefined when nobody is signed in there. @throws CallFailure when
 *  that can't be told now: nothing must be concluded from it. */
export type AskIdentity = () => Promise<string | undefined>

/** Longest wait for the page's server, in milliseconds. */
const TIMEOUT_MS = 5_000

/** @param url of the page's own server; answers `{ "identity": "<JWT>" }`, or 204 or 401 when nobody is signed in. */
export function askAt(url: string): AskIdentity {
  return async () => {
    const init: RequestInit = { credentials: 'include', cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MS) }
    const response = await fetch(url, init).catch(() => undefined)
    if (response && [204, 401, 403].includes(response.status)) return undefined
    if (!response?.ok) throw new CallFailure(0, 'no_identity')
    const body = (await response.json().catch(() => undefined)) as { identity?: unknown } | undefined
    return typeof body?.identity === 'string' ? body.identity : undefined
  }
}
