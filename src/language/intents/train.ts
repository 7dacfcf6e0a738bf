/** Phrases -> model: softmax regression over sparse features, fitted with AdaGrad. The same phrases give the same model on
 *  every machine: the order is fixed by a seed, and nothing else is random. */
import type { Locale } from '../../wire/activity.ts'
import { type Features, featuresOf } from './features.ts'

export interface Example {
  intent: string
  locale: Locale
  text: string
}

/** What was fitted. Row `i` of `weights` belongs to the feature `keys[i]`; a row has one weight for each intent. */
export interface Fitted {
  /** In alphabetical order. */
  intents: readonly string[]
  /** Ascending. */
  keys: Uint32Array
  weights: Float32Array
  bias: Float32Array
  /** One weight for each feature: positive for French, negative for English. */
  french: Float32Array
}

/** Found by cross-validation; see docs/adr/0008. */
export const TRAINING = { epochs: 12, rate: 0.35, decay: 1e-3, leastCount: 2, smoothing: 0, seed: 20 }
export type Training = typeof TRAINING
const LANGUAGE_EPOCHS = 4

interface Sparse {
  rows: Uint32Array
  values: Float32Array
  label: number
  /** 1 for French, 0 for English. */
  french: number
}

export function train(examples: readonly Example[], training: Training = TRAINING): Fitted {
  const intents = [...new Set(examples.map(({ intent }) => intent))].sort()
  const read = examples.map(({ text }) => featuresOf(text))
  const keys = frequent(read, training.leastCount)
  const rowOf = new Map([...keys].map((key, row) => [key, row]))
  const data = read.map((features, i): Sparse => {
    const known = [...features.keys.keys()].filter((at) => rowOf.has(features.keys[at] ?? 0))
    return {
      rows: Uint32Array.from(known, (at) => rowOf.get(features.keys[at] ?? 0) ?? 0),
      values: Float32Array.from(known, (at) => features.weights[at] ?? 0),
      label: intents.indexOf(examples[i]?.intent ?? ''),
      french: examples[i]?.locale === 'fr' ? 1 : 0,
    }
  })
  return {
    intents,
    keys,
    ...descend(data, keys.length, intents.length, training),
    french: tellApart(data, keys.length, training),
  }
}

/** Features that several phrases share; the others would be learned by heart. Sorted, so that the model does not depend on
 *  the order of files. */
function frequent(read: readonly Features[], least: number): Uint32Array {
  const counts = new Map<number, number>()
  for (const { keys } of read) for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1)
  return Uint32Array.from([...counts].filter(([, count]) => count >= least).map(([key]) => key)).sort()
}

function descend(data: readonly Sparse[], rows: number, size: number, training: Training) {
  const { epochs, rate, decay, smoothing, seed } = training
  const weights = new Float32Array(rows * size)
  const squares = new Float32Array(rows * size).fill(1e-4)
  const bias = new Float32Array(size)
  const random = seeded(seed)
  const order = Uint32Array.from(data.keys())
  const errors = new Float64Array(size)
  const importance = importanceOf(data, size)
  for (let epoch = 0; epoch < epochs; epoch++) {
    shuffle(order, random)
    for (const index of order) {
      const example = data[index]
      if (!example) continue
      probabilities(example, weights, bias, errors)
      for (let k = 0; k < size; k++) {
        const wanted = (k === example.label ? 1 - smoothing : 0) + smoothing / size
        errors[k] = ((errors[k] ?? 0) - wanted) * (importance[example.label] ?? 1)
        bias[k] = (bias[k] ?? 0) - 0.02 * rate * (errors[k] ?? 0)
      }
      update(example, errors, weights, squares, rate, decay)
    }
  }
  return { weights, bias }
}

/** Logistic regression for the language, in a few rounds: it is far easier than the intent. */
function tellApart(data: readonly Sparse[], rows: number, { rate, decay, seed }: Training): Float32Array {
  const weights = new Float32Array(rows)
  const squares = new Float32Array(rows).fill(1e-4)
  const random = seeded(seed)
  const order = Uint32Array.from(data.keys())
  for (let epoch = 0; epoch < LANGUAGE_EPOCHS; epoch++) {
    shuffle(order, random)
    for (const index of order) {
      const example = data[index]
      if (!example) continue
      let score = 0
      example.rows.forEach((row, i) => {
        score += (example.values[i] ?? 0) * (weights[row] ?? 0)
      })
      update(example, Float64Array.of(1 / (1 + Math.exp(-score)) - example.french), weights, squares, rate, decay)
    }
  }
  return weights
}

function update(
  { rows, values }: Sparse,
  errors: Float64Array,
  weights: Float32Array,
  squares: Float32Array,
  rate: number,
  decay: number,
): void {
  const size = errors.length
  for (let i = 0; i < rows.length; i++) {
    const at = (rows[i] ?? 0) * size
    const value = values[i] ?? 0
    for (let k = 0; k < size; k++) {
      const weight = weights[at + k] ?? 0
      const slope = (errors[k] ?? 0) * value + decay * weight
      const square = (squares[at + k] ?? 0) + slope * slope
      squares[at + k] = square
      weights[at + k] = weight - (rate * slope) / Math.sqrt(square)
    }
  }
}

/** Intents with few phrases count for more, by the root of how few. */
function importanceOf(data: readonly Sparse[], size: number): Float64Array {
  const counts = new Float64Array(size)
  for (const { label } of data) counts[label] = (counts[label] ?? 0) + 1
  const mean = data.length / size
  return counts.map((count) => (count === 0 ? 1 : Math.sqrt(mean / count)))
}

/** Softmax of the example's scores, into `out`. */
function probabilities({ rows, values }: Sparse, weights: Float32Array, bias: Float32Array, out: Float64Array): void {
  const size = out.length
  out.set(bias)
  for (let i = 0; i < rows.length; i++) {
    const at = (rows[i] ?? 0) * size
    const value = values[i] ?? 0
    for (let k = 0; k < size; k++) out[k] = (out[k] ?? 0) + value * (weights[at + k] ?? 0)
  }
  softmax(out)
}

/** In place. */
export function softmax(scores: Float64Array, temperature = 1): void {
  const highest = Math.max(...scores)
  let sum = 0
  for (let k = 0; k < scores.length; k++) {
    scores[k] = Math.exp(((scores[k] ?? 0) - highest) / temperature)
    sum += scores[k] ?? 0
  }
  for (let k = 0; k < scores.length; k++) scores[k] = (scores[k] ?? 0) / sum
}

function shuffle(order: Uint32Array, random: () => number): void {
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const kept = order[i] ?? 0
    order[i] = order[j] ?? 0
    order[j] = kept
  }
}

/** Mulberry32. */
function seeded(seed: number): () => number {
  let a = seed
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
