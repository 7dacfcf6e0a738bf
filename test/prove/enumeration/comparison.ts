/** Two classes of address, compared by interleaved pairs: what disturbs the machine disturbs both alike. */
import type { Random } from '../random.ts'
import { auc, aucError, classify, deviations, type Sample, signTest } from './statistics.ts'

export interface Comparison {
  title: string
  /** Names of what is measured. */
  features: readonly string[]
  pairs: number
  /** Trials at a time. */
  lanes: number
  random: Random
  /** @returns one number a feature. */
  trial(known: boolean): Promise<readonly number[]>
}

export interface Bounds {
  /** Farthest from 0.5 that an AUC may be, and the one of the classifier, when there are enough pairs to tell. */
  auc: number
  classifier: number
  /** Tests that one run makes, in all scenarios and stores together. */
  looks: number
}

/** What an attacker may not exceed, and tests that a whole long run makes at most. */
export const BOUNDS: Bounds = { auc: 0.03, classifier: 0.05, looks: 1_000 }
/** Chance alone exceeds the bounds in one of so many runs. */
const RUNS = 10_000

export interface Compared {
  title: string
  pairs: number
  /** AUC and sign test of each feature, and the classifier; then those beyond their bounds. */
  lines: readonly string[]
  breaches: readonly string[]
  /** Distance of the worst AUC from 0.5, of one feature or of the classifier. */
  worst: number
}

interface Measured {
  pair: number
  known: boolean
  features: readonly number[]
}

/** @throws Error of the first trial that fails. */
export async function compare(o: Comparison, bounds = BOUNDS): Promise<Compared> {
  return judge(o, await measure(o), bounds)
}

/** Each pair stands together, in an order of its own by chance. */
async function measure({ pairs, lanes, random, trial }: Comparison): Promise<Measured[]> {
  const jobs = Array.from({ length: pairs }, (_, pair) => {
    const first = random.next() < 0.5
    return [first, !first].map((known) => ({ pair, known }))
  }).flat()
  const measured: Measured[] = []
  const lane = async () => {
    for (let job = jobs.shift(); job; job = jobs.shift()) measured.push({ ...job, features: await trial(job.known) })
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return measured
}

function judge(o: Comparison, measured: readonly Measured[], bounds: Bounds): Compared {
  const z = deviations(1 / RUNS, bounds.looks)
  const [ones, others] = [true, false].map((known) => byPair(measured, known))
  const lines: string[] = []
  const breaches: string[] = []
  let worst = 0
  const check = (what: string, value: number, most: number) => {
    lines.push(`${what} ${value.toFixed(3)}`)
    if (Math.abs(value - 0.5) > most)
      breaches.push(`${o.title}: ${what} ${value.toFixed(3)}, at most ${most.toFixed(3)} from 0.5`)
  }
  o.features.forEach((name, k) => {
    const [a, b] = [ones, others].map((side) => (side ?? []).map((one) => one.features[k] ?? 0)) as [number[], number[]]
    const area = auc(a, b)
    worst = Math.max(worst, Math.abs(area - 0.5))
    check(`${name}: AUC`, area, Math.max(bounds.auc, z * aucError(a.length, b.length)))
    const sign = signTest(a.map((value, i) => [value, b[i] ?? 0] as const))
    check(`${name}: sign`, sign.share, Math.max(bounds.auc, z * sign.error))
  })
  const learned = classify(measured.map(toSample), o.random)
  worst = Math.max(worst, learned.auc - 0.5)
  check('classifier: AUC', learned.auc, Math.max(bounds.classifier, z * learned.error))
  return { title: o.title, pairs: o.pairs, lines, breaches, worst }
}

const toSample = ({ features, known }: Measured): Sample => ({ features, label: known })

const byPair = (measured: readonly Measured[], known: boolean): Measured[] =>
  measured.filter((one) => one.known === known).sort((a, b) => a.pair - b.pair)
