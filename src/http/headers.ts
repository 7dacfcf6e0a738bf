/** What every answer carries, whatever it is, so that no browser reads more into it than we meant. */
import type { ServerResponse } from 'node:http'

/** For everything that is not a page: it is no place to run, load or frame anything. Pages bring their own. */
const NOT_A_PAGE = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

export const SAFE_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': NOT_A_PAGE,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

/** A year. The name of this host only: what else its domain serves is not ours to decide. */
const HTTPS_ONLY = 'max-age=31536000'

/** @param secure people reach us by HTTPS. */
export function setSafeHeaders(res: ServerResponse, secure: boolean): void {
  for (const [name, value] of Object.entries(SAFE_HEADERS)) res.setHeader(name, value)
  if (secure) res.setHeader('strict-transport-security', HTTPS_ONLY)
}

/** For our own pages: nothing inline, nothing from elsewhere, and no text may become markup or code (Trusted Types).
 *  @param sockets origins (`ws://`, `wss://`) that pages open sockets to: not every browser counts them to 'self'. */
export function pagePolicy(sockets: readonly string[]): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    `connect-src ${["'self'", ...sockets].join(' ')}`,
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ')
}
