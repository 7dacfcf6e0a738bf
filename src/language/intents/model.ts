/** The trained model as a file, and what it makes of a message. */
import { AppError } from '../../errors.ts'
import type { Locale } from '../../wire/activity.ts'
import { fold } from '../normalize.ts'
import { wordsOf } from '../words.ts'
import { FEATURES_VERSION, featuresOf, hash } from './features.ts'
import { type Example, type Fitted, softmax } from './train.ts'

/** Sharpens what the decay of the training made too modest, so that 80 % sure is right about 80 times in 100. Fitted by
 *  cross-validation on the training phrases; see docs/adr/0008. */
const TEMPERATURE = 0.6
/** What an author wrote in so many words. */
const KNOWN = 0.99

export interface Ranked {
  intent: string
  /** Probability, 0 to 1. */
  confidence: number
}

export interface Classifier {
  intents: readonly string[]
  /** Every intent, the likeliest first. Looks at the first 512 signs; takes well under a millisecond. */
  rank(text: string): Ranked[]
  /** The language that the text is likelier in. */
  locale(text: string): { locale: Locale; confidence: number }
}

interface Header {
  format: 2
  features: number
  /** Of the phrases it was trained on. */
  fingerprint: string
  intents: string[]
  rows: number
  phrases: number
}

/** Header, then arrays in little endian order: keys, scales, biases, phrases, weights for French (32 bits each), weights,
 *  intents of phrases (8 bits each). */
export function packModel(fitted: Fitted, examples: readonly Example[], fingerprint: string): Buffer {
  const { intents, keys, bias } = fitted
  const known = knownPhrases(examples, intents)
  const { scales, weights } = quantize(fitted)
  const header: Header = {
    format: 2,
    features: FEATURES_VERSION,
    fingerprint,
    intents: [...intents],
    rows: keys.length,
    phrases: known.size,
  }
  const head = Buffer.from(JSON.stringify(header))
  const padded = Buffer.concat([head, Buffer.alloc((4 - (head.length % 4)) % 4, ' ')])
  const length = Buffer.alloc(4)
  length.writeUInt32LE(padded.length)
  const phrases = Uint32Array.from(known.keys()).sort()
  const owners = Uint8Array.from(phrases, (key) => known.get(key) ?? 0)
  const arrays = [keys, scales, bias, phrases, fitted.french, weights, owners].map((a) =>
    Buffer.from(a.buffer, a.byteOffset, a.byteLength),
  )
  return Buffer.concat([length, padded, ...arrays])
}

/** One scale a row: 8 bits a weight lose nothing that can be measured. */
function quantize({ intents, keys, weights }: Fitted): { scales: Float32Array; weights: Int8Array } {
  const size = intents.length
  const scales = new Float32Array(keys.length)
  const small = new Int8Array(weights.length)
  for (let row = 0; row < keys.length; row++) {
    let highest = 0
    for (let k = 0; k < size; k++) highest = Math.max(highest, Math.abs(weights[row * size + k] ?? 0))
    const scale = highest / 127 || 1
    scales[row] = scale
    for (let k = 0; k < size; k++) small[row * size + k] = Math.round((weights[row * size + k] ?? 0) / scale)
  }
  return { scales, weights: small }
}

function knownPhrases(examples: readonly Example[], intents: readonly string[]): Map<number, number> {
  return new Map(examples.map(({ text, intent }) => [phraseKey(text), intents.indexOf(intent)]))
}

/** Texts that differ in accents, capitals and punctuation only have the same key. */
export const phraseKey = (text: string): number => hash(wordsOf(text).join(' ') || fold(text))

/** @returns what the phrases were, as far as the file tells; undefined when it is no model that this code can use. */
export function fingerprintOf(file: Buffer): string | undefined {
  const header = readHeader(file)
  return header?.features === FEATURES_VERSION ? header.fingerprint : undefined
}

function readHeader(file: Buffer): Header | undefined {
  const length = file.length < 4 ? 0 : file.readUInt32LE(0)
  if (length === 0 || length > file.length - 4) return undefined
  try {
    const header = JSON.parse(file.toString('utf8', 4, 4 + length)) as Header
    return header.format === 2 ? header : undefined
  } catch {
    return undefined
  }
}

/** @throws AppError `model_unreadable` for a file that `packModel` did not make. */
export function openModel(file: Buffer): Classifier {
  const header = readHeader(file)
  if (!header || header.features !== FEATURES_VERSION) throw new AppError('model_unreadable')
  const { intents, rows, phrases } = header
  const size = intents.length
  // Typed arrays want their place in the file to be a multiple of their width.
  const bytes = new Uint8Array(file.subarray(4 + file.readUInt32LE(0))).buffer
  if (bytes.byteLength !== 12 * rows + 4 * size + 5 * phrases + rows * size) throw new AppError('model_unreadable')
  let at = 0
  const next = <T>(Kind: new (b: ArrayBuffer, at: number, length: number) => T, length: number, width: number): T => {
    const made = new Kind(bytes, at, length)
    at += length * width
    return made
  }
  const keys = next(Uint32Array, rows, 4)
  const scales = next(Float32Array, rows, 4)
  const bias = next(Float32Array, size, 4)
  const known = next(Uint32Array, phrases, 4)
  const french = next(Float32Array, rows, 4)
  const weights = next(Int8Array, rows * size, 1)
  const owners = next(Uint8Array, phrases, 1)
  const scores = new Float64Array(size)
  const rowOf = createIndex(keys)

  function score(text: string): void {
    scores.set(bias)
    const found = featuresOf(text)
    for (let i = 0; i < found.keys.length; i++) {
      const row = rowOf(found.keys[i] as number)
      if (row < 0) continue
      const by = (found.weights[i] as number) * (scales[row] as number)
      const at = row * size
      // The hot loop: indices are in range, so nothing is asked.
      for (let k = 0; k < size; k++) (scores[k] as number) += by * (weights[at + k] as number)
    }
    softmax(scores, TEMPERATURE)
  }

  return {
    intents,
    rank(text) {
      score(text)
      const phrase = find(known, phraseKey(text))
      if (phrase >= 0) insist(scores, owners[phrase] ?? 0)
      const ranked = intents.map((intent, k) => ({ intent, confidence: scores[k] ?? 0 }))
      return ranked.sort((a, b) => b.confidence - a.confidence)
    },
    locale(text) {
      let score = 0
      const found = featuresOf(text)
      found.keys.forEach((key, i) => {
        const row = rowOf(key)
        if (row >= 0) score += (found.weights[i] as number) * (french[row] as number)
      })
      const confidence = 1 / (1 + Math.exp(-Math.abs(score)))
      return { locale: score > 0 ? 'fr' : 'en', confidence }
    },
  }
}

/** Gives one intent at least the probability of a known phrase, and shares the rest out as it was. */
function insist(scores: Float64Array, k: number): void {
  const own = scores[k] ?? 0
  if (own >= KNOWN) return
  for (let i = 0; i < scores.length; i++) scores[i] = ((scores[i] ?? 0) * (1 - KNOWN)) / (1 - own)
  scores[k] = KNOWN
}

/** Key -> its place in the list, by open addressing: a message asks for hundreds. @returns -1 when it is not there. */
function createIndex(keys: Uint32Array): (key: number) => number {
  const bits = Math.ceil(Math.log2(keys.length + 1)) + 1
  const mask = 2 ** bits - 1
  const places = new Int32Array(mask + 1)
  for (let row = 0; row < keys.length; row++) {
    let at = (keys[row] as number) & mask
    while (places[at] !== 0) at = (at + 1) & mask
    places[at] = row + 1
  }
  return (key) => {
    for (let at = key & mask; ; at = (at + 1) & mask) {
      const row = (places[at] as number) - 1
      if (row < 0 || keys[row] === key) return row
    }
  }
}

/** Binary search. @returns -1 when it is not there. */
function find(sorted: Uint32Array, key: number): number {
  let low = 0
  let high = sorted.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const found = sorted[middle] ?? 0
    if (found === key) return middle
    if (found < key) low = middle + 1
    else high = middle - 1
  }
  return -1
}
