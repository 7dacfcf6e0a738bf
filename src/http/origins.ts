import type { Origins } from './server.ts'

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
  const widget = new Set([...own, ...o.widgetOrigins])
  return { own: (origin) => own.has(origin), widget: (origin) => widget.has(origin) }
}
