/** When people answer. `SUPPORT_HOURS` is in OpenStreetMap's opening_hours syntax; PH are the holidays of all of Canada. */
import { createRequire } from 'node:module'
import type OpeningHours from 'opening_hours'

export type Hours = (at: Date) => 'open' | 'closed'

/** The library reads a date by its local fields; none of them is the process's own time zone. */
const CANADA = { lat: 45.5, lon: -73.6, address: { country_code: 'ca', state: '' } }

/** @param spec undefined: always open. @throws when it can't be read; the message says where. */
export function createHours(spec: string | undefined, timeZone: string): Hours {
  if (spec === undefined) return () => 'open'
  // Loaded only when there are hours: it takes 10 MB.
  const Reader: typeof OpeningHours = createRequire(import.meta.url)('opening_hours')
  const read = new Reader(spec, CANADA)
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    hourCycle: 'h23',
  })
  return (at) => (read.getState(wallClock(format, at)) ? 'open' : 'closed')
}

/** A date whose local fields are what the clocks show in the time zone. */
function wallClock(format: Intl.DateTimeFormat, at: Date): Date {
  const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]))
  return new Date(part.year ?? 0, (part.month ?? 1) - 1, part.day ?? 1, part.hour ?? 0, part.minute ?? 0)
}
