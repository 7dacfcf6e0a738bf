export interface Origins {
  /** True for pages that may hold a widget. */
  widget(origin: string): boolean
  /** True for our own pages. */
  own(origin: string): boolean
  /** True for a `Host` header with the name of our own pages, at any port: a page of another name that was made to lead here (DNS
   *  rebinding) still asks by its own. */
  ownHost(host: string | undefined): boolean
  /** People reach us by HTTPS. */
  secure: boolean
  /** Where our own pages open sockets: `ws://` or `wss://`. */
  sockets: readonly string[]
}

/** @param development adds the other names of this machine: people type `127.0.0.1` for `localhost`. */
export function createOrigins(o: { publicUrl: URL; widgetOrigins: readonly string[]; development: boolean }): Origins {
  const own = new Set([o.publicUrl.origin])
  if (o.development) {
    for (const host of ['localhost', '127.0.0.1', '[::1]']) {
      const other = new URL(o.publicUrl)
      other.hostname = host
      own.add(other.origin)
    }
  }
  const names = new Set([...own].map((origin) => new URL(origin).hostname))
  const widget = new Set([...own, ...o.widgetOrigins])
  return {
    own: (origin) => own.has(origin),
    ownHost: (host) => names.has(URL.parse(`http://${host ?? ''}`)?.hostname ?? ''),
    widget: (origin) => widget.has(origin),
    secure: o.publicUrl.protocol === 'https:',
    // A policy can't name an IPv6 address; there 'self' has to do.
    sockets: [...own].filter((origin) => !origin.includes('[')).map((origin) => origin.replace(/^http/, 'ws')),
  }
}
