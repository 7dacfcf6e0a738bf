/** Can two samples be told apart? Rank statistics that assume nothing about how times are spread. Pure. */
import type { Random } from '../random.ts'

/** How well one number tells two classes apart: the chance that one of `ones` is greater than one of `others`, ties half.
 *  0.5: not at all. Mann and Whitney's U over its greatest value. */
export function auc(ones: readonly number[], others: readonly number[]): number {
  const all = [...ones.map((value) => ({ value, one: true })), ...others.map((value) => ({ value, one: false }))]
  all.sort((a, b) => a.value - b.value)
  let ranks = 0
  for (let from = 0; from < all.length; ) {
    let to = from
    while (to < all.length && all[to]?.value === all[from]?.value) to++
    const rank = (from + 1 + to) / 2
    for (let i = from; i < to; i++) if (all[i]?.one) ranks += rank
    from = to
  }
  const [n, m] = [ones.length, others.length]
  return n * m === 0 ? 0.5 : (ranks - (n * (n + 1)) / 2) / (n * m)
}

/** Standard error of `auc` when there is no difference. Exact without ties, too wide with them. */
export const aucError = (n: number, m: number): number => (n * m === 0 ? 0.5 : Math.sqrt((n + m + 1) / (12 * n * m)))

/** Share of pairs whose first is greater, ties left out, and its standard error when there is no difference. */
export function signTest(pairs: readonly (readonly [number, number])[]): { share: number; error: number } {
  const unequal = pairs.filter(([a, b]) => a !== b)
  const wins = unequal.filter(([a, b]) => a > b).length
  const n = Math.max(1, unequal.length)
  return { share: unequal.length === 0 ? 0.5 : wins / n, error: 0.5 / Math.sqrt(n) }
}

/** How many standard errors chance alone exceeds, either way, at most once in `1 / chance` runs that look `looks` times
 *  (Bonferroni). */
export function deviations(chance: number, looks: number): number {
  const tail = chance / (2 * looks)
  let [low, high] = [0, 10]
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2
    if (upperTail(middle) > tail) low = middle
    else high = middle
  }
  return high
}

/** P(Z > z) of the normal distribution: continued fraction of Laplace, good where it is used (z > 1). */
function upperTail(z: number): number {
  if (z < 1) return 0.5 - z * 0.3413447460685429
  let fraction = z
  for (let k = 60; k > 0; k--) fraction = z + k / fraction
  return Math.exp((-z * z) / 2) / (Math.sqrt(2 * Math.PI) * fraction)
}

export interface Sample {
  features: readonly number[]
  label: boolean
}

const ROUNDS = 80
const BINS = 24
const RATE = 0.2

/** Learns from one half of the samples to tell the labels apart by all features, and is judged on the other half.
 *  @returns the AUC of what it says there, with the sizes of its classes. */
export function classify(samples: readonly Sample[], random: Random): { auc: number; error: number } {
  const shuffled = samples.map((sample) => ({ sample, key: random.next() })).sort((a, b) => a.key - b.key)
  const half = Math.floor(shuffled.length / 2)
  const score = boost(shuffled.slice(0, half).map(({ sample }) => sample))
  const tests = shuffled.slice(half).map(({ sample }) => sample)
  const [ones, others] = [true, false].map((label) =>
    tests.filter((sample) => sample.label === label).map((sample) => score(sample.features)),
  )
  return { auc: auc(ones ?? [], others ?? []), error: aucError(ones?.length ?? 0, others?.length ?? 0) }
}

interface Stump {
  feature: number
  cut: number
  below: number
  above: number
}

/** Gradient boosting of one-cut trees on the logistic loss: heavy tails of times don't bother it. */
function boost(samples: readonly Sample[]): (features: readonly number[]) => number {
  const cuts = cutsOf(samples)
  const sums = new Float64Array(samples.length)
  const stumps: Stump[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const stump = bestStump(samples, sums, cuts)
    if (!stump) break
    stumps.push(stump)
    samples.forEach(({ features }, i) => {
      sums[i] = (sums[i] ?? 0) + sayOf(stump, features)
    })
  }
  return (features) => stumps.reduce((sum, stump) => sum + sayOf(stump, features), 0)
}

const sayOf = ({ feature, cut, below, above }: Stump, features: readonly number[]): number =>
  (features[feature] ?? 0) <= cut ? below : above

/** Quantiles of each feature. */
function cutsOf(samples: readonly Sample[]): number[][] {
  const width = samples[0]?.features.length ?? 0
  return Array.from({ length: width }, (_, feature) => {
    const sorted = Float64Array.from(samples, (sample) => sample.features[feature] ?? 0).sort()
    const picks = Array.from({ length: BINS - 1 }, (_, i) => sorted[Math.floor(((i + 1) * sorted.length) / BINS)] ?? 0)
    return [...new Set(picks)]
  })
}

function bestStump(samples: readonly Sample[], sums: Float64Array, cuts: readonly number[][]): Stump | undefined {
  const slopes = samples.map(({ label }, i) => (label ? 1 : 0) - 1 / (1 + Math.exp(-(sums[i] ?? 0))))
  const total = slopes.reduce((sum, slope) => sum + slope, 0)
  let best: (Stump & { gain: number }) | undefined
  cuts.forEach((own, feature) => {
    for (const cut of own) {
      let [n, sum] = [0, 0]
      samples.forEach(({ features }, i) => {
        if ((features[feature] ?? 0) > cut) return
        n++
        sum += slopes[i] ?? 0
      })
      const rest = samples.length - n
      if (n === 0 || rest === 0) continue
      const gain = (sum * sum) / n + (total - sum) ** 2 / rest
      if (best && gain <= best.gain) continue
      // Four times the mean slope is Newton's step where the odds are even.
      best = { gain, feature, cut, below: (4 * RATE * sum) / n, above: (4 * RATE * (total - sum)) / rest }
    }
  })
  return best
}
