/** Which scenarios there are, and running them. */

import { stalls } from '../fuzz/stalls.ts'
import { canary } from './canary.ts'
import { clusterAsk, clusterCutOff, clusterKill } from './cluster.ts'
import { clusterService } from './cluster-service.ts'
import { CONTROLS, type Control } from './controls.ts'
import { diskFull } from './disk.ts'
import { ENUMERATION } from './enumeration/scenarios.ts'
import { flood } from './flood.ts'
import { powerCut } from './power.ts'
import { createRandom } from './random.ts'
import type { Row, SabotageRow } from './report.ts'
import type { Sabotage } from './sabotage.ts'
import type { Context, Length, Scenario, StoreName } from './scenario.ts'
import { claims } from './scenarios/claims.ts'
import { coverage } from './scenarios/coverage.ts'
import { duplicates } from './scenarios/duplicates.ts'
import { frozenOwner, lostOwner } from './scenarios/frozen-owner.ts'
import { halfOpen } from './scenarios/half-open.ts'
import { killRedis } from './scenarios/kill-redis.ts'
import { killService } from './scenarios/kill-service.ts'
import { lostAnswers, lostReplies } from './scenarios/lost-replies.ts'
import { order } from './scenarios/order.ts'
import { pauseRedis } from './scenarios/pause-redis.ts'
import { poison } from './scenarios/poison.ts'
import { rolling } from './scenarios/rolling.ts'
import { skew } from './scenarios/skew.ts'
import { smtp } from './scenarios/smtp.ts'
import { takeover } from './scenarios/takeover.ts'
import { watermarks } from './scenarios/watermarks.ts'

/** The longest first: what is left at the end then keeps nobody waiting. */
export const SCENARIOS: readonly Scenario[] = [
  ...ENUMERATION,
  lostReplies,
  killService,
  takeover,
  claims,
  lostOwner,
  smtp,
  frozenOwner,
  rolling,
  powerCut,
  pauseRedis,
  halfOpen,
  killRedis,
  order,
  poison,
  diskFull,
  duplicates,
  clusterService,
  clusterKill,
  clusterAsk,
  clusterCutOff,
  skew,
  coverage,
  canary,
  watermarks,
  lostAnswers,
  flood,
  stalls,
]

export interface Suite {
  seed: number
  length: Length
  /** Scenarios, `sabotage`, or a sabotage's name; none: all but those that run when they are named. */
  names: readonly string[]
  stores: readonly StoreName[]
  /** Of every service that is started. */
  sabotage?: Sabotage
  /** Scenarios at a time. */
  lanes: number
  say(line: string): void
}

export interface Results {
  rows: Row[]
  sabotages: SabotageRow[]
}

/** @throws Error for a name that is not known. */
export async function runAll(suite: Suite): Promise<Results> {
  const { names } = suite
  const known = [...SCENARIOS.map((s) => s.name), 'sabotage', ...CONTROLS.map((c) => c.name)]
  const unknown = names.find((name) => !known.some((one) => isCalled(one, name)))
  if (unknown !== undefined) throw new Error(`no such scenario: ${unknown}; there are ${known.join(', ')}`)
  const isWanted = (...any: string[]) =>
    names.length === 0 || any.some((one) => names.some((name) => isCalled(one, name)))
  const isLeftOut = ({ when }: Scenario) => when === 'named' && names.length === 0 && suite.length !== 'soak'
  const scenarios = pairs(suite, SCENARIOS, (one) => isWanted(one.name) && !isLeftOut(one))
  const controls = pairs(suite, CONTROLS, ({ name }) => isWanted('sabotage', name))
  const rows: Row[] = []
  const sabotages: SabotageRow[] = []
  const runs = scenarios.map(([scenario, store], n) => ({
    isLast: scenario.when === 'last' && suite.length !== 'short',
    run: async () => {
      rows[n] = await runOne(suite, scenario, store)
    },
  }))
  const jobs = [
    ...runs.filter(({ isLast }) => !isLast).map(({ run }) => run),
    ...controls.map(([control, store], n) => async () => {
      sabotages[n] = await runControl(suite, control, store)
    }),
  ]
  await Promise.all(Array.from({ length: suite.lanes }, () => drain(jobs)))
  await drain(runs.filter(({ isLast }) => isLast).map(({ run }) => run))
  return { rows, sabotages }
}

/** By its whole name, or by the beginning that it shares with others of its kind. */
const isCalled = (one: string, name: string): boolean => one === name || one.startsWith(`${name}-`)

/** Each with each of the stores that it is for and that are wanted. */
function pairs<T extends { stores: readonly StoreName[] }>(
  { stores }: Suite,
  all: readonly T[],
  isWanted: (one: T) => boolean,
): [T, StoreName][] {
  const wanted = all.filter(isWanted)
  return wanted.flatMap((one) =>
    stores.filter((store) => one.stores.includes(store)).map((store): [T, StoreName] => [one, store]),
  )
}

async function drain(jobs: (() => Promise<void>)[]): Promise<void> {
  for (let job = jobs.shift(); job; job = jobs.shift()) await job()
}

async function runOne(suite: Suite, scenario: Scenario, store: StoreName): Promise<Row> {
  const row = await attempt(suite, scenario, { store, length: suite.length, sabotage: suite.sabotage })
  const state = row.notRun ? `not run, ${row.notRun}` : row.ok ? 'ok' : 'BREACH'
  suite.say(`${row.name}: ${[state, ...row.notes].join('; ')}`)
  return row
}

/** A sabotaged service in the scenario that has to notice it, at the shortest length. */
async function runControl(suite: Suite, control: Control, store: StoreName): Promise<SabotageRow> {
  const { name, sabotage, scenario, isCaught } = control
  const row = await attempt(suite, scenario, { store, length: 'short', sabotage })
  const caught = !row.ok && isCaught(row)
  suite.say(`${row.name}: ${row.notRun ? 'not run' : caught ? 'red, as it must be' : 'NOT CAUGHT'}`)
  const { lost, doubled, inverted, notes, notRun } = row
  return {
    sabotage: `${name} (${store})`,
    scenario: scenario.name,
    caught,
    notes: [`lost ${lost}, doubled ${doubled}, inverted ${inverted}`, ...notes.slice(0, 2)],
    ...(notRun === undefined ? {} : { notRun }),
  }
}

/** A scenario that breaks off is a breach, and the others still run. */
async function attempt(
  { seed, say }: Suite,
  scenario: Scenario,
  part: Pick<Context, 'store' | 'length' | 'sabotage'>,
): Promise<Row> {
  const began = performance.now()
  try {
    const row = await scenario.run({ ...part, random: createRandom(seed), say })
    return { ...row, notes: [...row.notes, `${Math.round((performance.now() - began) / 1000)} s`] }
  } catch (error) {
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error)
    const none = { injected: 0, acked: 0, lost: 0, doubled: 0, inverted: 0 }
    return { name: `${scenario.name} (${part.store})`, ...none, notes: [`BROKEN OFF ${why}`], ok: false }
  }
}
