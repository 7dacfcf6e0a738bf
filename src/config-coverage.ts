/** `COVERAGE_URL` and what goes with it -> the provider's coverage system. */

export interface CoverageTarget {
  /** Base of the API, with or without `/` at its end. */
  readonly url: URL
  readonly auth: CoverageAuth
}

export type CoverageAuth =
  | { readonly kind: 'bearer'; readonly token: string }
  /** OAuth 2 client credentials. */
  | {
      readonly kind: 'client'
      readonly tokenUrl: URL
      readonly clientId: string
      readonly clientSecret: string
      readonly scope: string | undefined
    }

/** An address that secrets and members' addresses may be sent to: HTTPS, or plain HTTP on this machine itself. No credentials, query or
 *  fragment. */
export function parseSafeUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || url.username || url.password || url.search || url.hash) return undefined
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url))) return undefined
  return url
}

const isLoopback = ({ hostname }: URL): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
