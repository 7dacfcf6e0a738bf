/** What every scenario is, and what they share. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Verdict } from './checker.ts'
import type { Random } from './random.ts'
import type { Row } from './report.ts'
import type { Rig, RigOptions } from './rig.ts'
import type { Sabotage } from './sabotage.ts'
import { statusesOf } from './tally.ts'

export type StoreName = RigOptions['store']
export type Length = 'short' | 'long' | 'soak'

/** What a run gives to a scenario. */
export interface Context {
  store: StoreName
  length: Length
  random: Random
  /** Set in a negative control: the scenario is expected to fail. */
  sabotage?: Sabotage | undefined
  /** One line for whoever watches. */
  say(line: string): void
}

export interface Scenario {
  name: string
  stores: readonly StoreName[]
  /** What it measures is blurred by whatever runs beside it. `named`: it runs when it is named, and in a soak. `last`: after the others,
   *  alone, unless the run is short, where such figures are not judged. */
  when?: 'named' | 'last'
  run(context: Context): Promise<Row>
}

/** The figure for this length; soak is three times long unless given. */
export function byLength(length: Length, short: number, long: number, soak = long * 3): number {
  return { short, long, soak }[length]
}

/** How long a service may need to catch up once all faults are over, ms. A sabotaged one never will. */
export const settleMs = ({ sabotage }: Context): number => (sabotage ? 6_000 : 60_000)

/** A row from a verdict; `breaches` are faults that the checker does not know of. */
export function toRow(
  name: string,
  { store, sabotage }: Pick<Context, 'store' | 'sabotage'>,
  o: { injected: number; verdict: Verdict; notes?: readonly string[]; breaches?: readonly string[] },
): Row {
  const { acked, lost, doubled, inverted, faults } = o.verdict
  const breaches = [...(acked === 0 ? ['nothing was acknowledged'] : []), ...(o.breaches ?? [])]
  const ok = lost + doubled + inverted === 0 && breaches.length === 0
  const title = `${name} (${store}${sabotage ? `, ${sabotage}` : ''})`
  const notes = [...breaches.map((b) => `BREACH ${b}`), ...faults, ...(o.notes ?? [])]
  return { name: title, injected: o.injected, acked, lost, doubled, inverted, notes, ok }
}

/** What no run may have, whatever was done to it. */
export function commonBreaches({ fleet, clients: { tally } }: Rig): string[] {
  const breaches = fleet.crashes().map((line) => `the service ended by itself: ${line}`)
  if (tally.errorsShown.length > 0)
    breaches.push(`${tally.errorsShown.length} errors shown to members: ${tally.errorsShown[0]}`)
  if (tally.withoutRetryAfter > 0) breaches.push(`${tally.withoutRetryAfter} answers 503 or 429 without Retry-After`)
  if (tally.silentSockets > 0) breaches.push(`${tally.silentSockets} sockets fell silent`)
  return breaches
}

export const answersOf = ({ clients: { tally } }: Rig): string => `answers ${statusesOf(tally)}`

/** A breach unless `value` is at most `most`. */
export function limit(what: string, value: number, most: number, unit = 'ms'): string[] {
  return value <= most ? [] : [`${what} ${Math.round(value)} ${unit}, at most ${most}`]
}

/** Limits of time are so many times wider in the short form, which runs among the tests: it has few values, on a machine that does other
 *  things and may stand still. There they find what takes for ever, not what is slow. */
export const slack = ({ length }: Pick<Context, 'length'>): number => (length === 'short' ? 5 : 1)

/** Waits for a condition, not for a time. @returns ms waited. @throws Error naming `what` after `withinMs`. */
export async function waitFor(
  what: string,
  condition: () => boolean | Promise<boolean>,
  withinMs = 30_000,
): Promise<number> {
  const began = Date.now()
  while (!(await condition())) {
    if (Date.now() - began > withinMs) throw new Error(`waited ${withinMs} ms in vain for ${what}`)
    await pause(10)
  }
  return Date.now() - began
}

/** Runs at the end whatever happened. */
export async function using<T extends { end(): Promise<void> }, R>(make: Promise<T>, use: (made: T) => Promise<R>) {
  const made = await make
  try {
    return await use(made)
  } finally {
    await made.end()
  }
}
