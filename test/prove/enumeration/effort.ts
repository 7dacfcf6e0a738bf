/** The cause behind every attack by time: what the thread that serves everybody does for an address. It is read off the kernel's own
 *  counts, which tell microseconds also on a machine that does other things; whoever measures from outside sees less. */
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { CONTENT } from '../../support/conversation.ts'
import { percentile } from '../report.ts'
import { byLength, type Context, commonBreaches, type Scenario, toRow, using } from '../scenario.ts'
import type { Class } from './addresses.ts'
import { type Ground, startGround, useUp } from './ground.ts'
import { findPlaces, type Place, wordsOf } from './places.ts'
import { auc, aucError, deviations } from './statistics.ts'
import type { Visitor } from './visitor.ts'

/** What the serving thread of a process did so far. */
interface Effort {
  /** Processor time, ms. */
  cpu: number
  /** Calls that wrote, to files or to sockets. */
  writes: number
  reads: number
}

const EFFORTS = ['cpu', 'writes', 'reads'] as const
type EffortName = (typeof EFFORTS)[number]

/** What one address may cost more than another, beside what chance does: ms, and calls. */
const MOST: Readonly<Record<EffortName, number>> = { cpu: 0.25, writes: 1, reads: 1 }
/** Chance alone exceeds that in one of so many runs. */
const RUNS = 10_000
/** Batches of each class that say enough; calls for each address beyond the usual that are no address's doing. */
const ENOUGH = 8
const TIDYING = 15
/** Addresses that are asked for at once. */
const BATCH = 8

/** Where an address is given: for the code's mail, and for the one with a one-time number. */
const CODE = 'welcome.menu'
const NUMBER = 'verify.address'

interface Pair {
  at: string
  one: Class
  other: Class
}

const PAIRS: readonly Pair[] = [
  { at: CODE, one: 'pending', other: 'unknown' },
  { at: NUMBER, one: 'pending', other: 'unknown' },
  { at: CODE, one: 'limited', other: 'unknown' },
  { at: CODE, one: 'claimed', other: 'pending' },
]

export const effort: Scenario = {
  name: 'enumeration-effort',
  stores: ['sqlite', 'redis'],
  run(context) {
    if (process.platform !== 'linux') return Promise.resolve(notRun(context))
    const batches = byLength(context.length, 14, 40)
    const pairs = context.length === 'short' ? PAIRS.slice(0, 1) : PAIRS.filter(({ at }) => placeOf(at))
    const classes = pairs.flatMap(({ one, other }) => [one, other])
    const counts = Object.fromEntries(classes.map((each) => [each, classes.length * BATCH * (batches + 1)]))
    return using(startGround(context, counts), async (ground) => {
      const compared = []
      for (const pair of pairs) compared.push(await comparePair(context, ground, pair, batches))
      const asked = 2 * pairs.length * batches * BATCH
      return toRow('enumeration-effort', context, {
        injected: asked,
        verdict: { acked: asked, lost: 0, doubled: 0, inverted: 0, faults: [] },
        notes: compared.map(({ note }) => note),
        breaches: [...commonBreaches(ground.rig), ...compared.flatMap(({ breaches }) => breaches)],
      })
    })
  },
}

const notRun = (context: Context) => ({
  ...toRow('enumeration-effort', context, {
    injected: 0,
    verdict: { acked: 0, lost: 0, doubled: 0, inverted: 0, faults: [] },
  }),
  notRun: 'it reads /proc, which is of Linux',
})

/** Batches of both classes in an order by chance. The first two warm up. */
async function comparePair(context: Context, ground: Ground, { at, one, other }: Pair, batches: number) {
  const overMs = byLength(context.length, 1_000, 2_500, 2_500)
  const prepared = new Map([one, other].map((each) => [each, prepare(ground, each, (batches + 1) * BATCH)]))
  await useUp(ground, [one, other].includes('limited') ? (prepared.get('limited') ?? []) : [])
  const batch = (each: Class) => effortFor(ground, at, prepared.get(each)?.splice(0, BATCH) ?? [], overMs)
  for (const each of [one, other]) await batch(each)
  const efforts = new Map<Class, Effort[]>([one, other].map((each) => [each, []]))
  for (let n = 0; n < batches; n++) {
    const order = context.random.next() < 0.5 ? [one, other] : [other, one]
    for (const each of order) efforts.get(each)?.push(await batch(each))
  }
  return judge(`${one} and ${other} at ${at}`, one, other, efforts)
}

const prepare = ({ book }: Ground, each: Class, count: number): string[] =>
  Array.from({ length: count }, () => book.next(each))

/** Without the batches in which the service tidied up: it does so every few seconds, with thousands of calls, whatever is asked. Which
 *  those are is told without looking at the class. */
function calmOf(efforts: ReadonlyMap<Class, readonly Effort[]>, each: Class): Effort[] {
  const usual = percentile([...efforts.values()].flat().map(callsOf), 0.5)
  return (efforts.get(each) ?? []).filter((effort) => callsOf(effort) <= usual + TIDYING)
}

const callsOf = ({ writes, reads }: Effort): number => writes + reads

/** Medians, because a store tidies up now and then; and ranks, because a median alone may differ by chance. */
function judge(title: string, one: Class, other: Class, efforts: ReadonlyMap<Class, readonly Effort[]>) {
  const notes: string[] = []
  const breaches: string[] = []
  const [mine, others] = [one, other].map((each) => calmOf(efforts, each)) as [Effort[], Effort[]]
  if (Math.min(mine.length, others.length) < ENOUGH) breaches.push(`${title}: too few batches went undisturbed`)
  for (const name of EFFORTS) {
    const [a, b] = [mine, others].map((side) => side.map((effort) => effort[name])) as [number[], number[]]
    const [high, low] = [percentile(a, 0.5), percentile(b, 0.5)]
    const area = auc(a, b)
    const z = deviations(1 / RUNS, EFFORTS.length)
    const isSure = Math.abs(area - 0.5) >= Math.min(0.5, z * aucError(a.length, b.length))
    const line = `${name} ${high.toFixed(2)} and ${low.toFixed(2)} (AUC ${area.toFixed(2)})`
    notes.push(line)
    if (isSure && Math.abs(high - low) > MOST[name]) breaches.push(`${title} cost differently: ${line}`)
  }
  return { note: `${title}: ${notes.join(', ')}`, breaches }
}

/** @param addresses of one class, asked for at once by as many conversations. @param overMs when everything that they start is over.
 *  @returns what the service did for each of them from the asking on, on average. */
async function effortFor(ground: Ground, at: string, addresses: readonly string[], overMs: number): Promise<Effort> {
  const visitors: Visitor[] = []
  for (const _ of addresses) visitors.push(await visitAt(ground, at))
  // What the conversations' own beginning left to do is over too.
  await pause(overMs / 10)
  const before = effortsOf(ground)
  await Promise.all(visitors.map((visitor, n) => visitor.post(addresses[n] ?? '')))
  await pause(overMs)
  const after = effortsOf(ground)
  for (const visitor of visitors) visitor.close()
  const each = (name: EffortName) => (after[name] - before[name]) / addresses.length
  return { cpu: each('cpu'), writes: each('writes'), reads: each('reads') }
}

const placeOf = (at: string): Place | undefined => findPlaces(CONTENT.trees).find(({ node }) => node === at)

/** A conversation that stands there. */
async function visitAt(ground: Ground, at: string): Promise<Visitor> {
  const visitor = await ground.visit({ locale: 'fr', way: 'polling' })
  for (const move of placeOf(at)?.way ?? [])
    await visitor.say(wordsOf(move, 'fr', CONTENT.texts, () => ground.book.next('unknown')))
  return visitor
}

/** All processes together. */
function effortsOf({ folder }: Ground): Effort {
  const all = childrenOf(process.pid)
    .filter((pid) => isServing(pid, folder))
    .map(effortOf)
  if (all.length === 0) throw new Error('no process of the service is to be seen in /proc')
  const sum = (name: EffortName) => all.reduce((total, one) => total + one[name], 0)
  return { cpu: sum('cpu'), writes: sum('writes'), reads: sum('reads') }
}

const childrenOf = (pid: number): number[] =>
  readIfThere(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number)

const isServing = (pid: number, folder: string): boolean =>
  readIfThere(`/proc/${pid}/environ`).split('\0').includes(`DATA_DIR=${folder}`)

/** Another scenario's process may end while it is looked at. */
function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** The main thread has its process's number. */
function effortOf(pid: number): Effort {
  const task = `/proc/${pid}/task/${pid}`
  const io = readFileSync(`${task}/io`, 'utf8')
  const count = (name: string) => Number(new RegExp(`^${name}: (\\d+)`, 'm').exec(io)?.[1] ?? 0)
  const [cpu = '0'] = readFileSync(`${task}/schedstat`, 'utf8').split(' ')
  return { cpu: Number(cpu) / 1e6, writes: count('syscw'), reads: count('syscr') }
}
