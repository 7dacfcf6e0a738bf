/** A message as the classifier sees it: hashed words, pairs of words and pieces of words. No stems: the pieces know as much,
 *  and stemming took half the time; see docs/adr/0008. */
import { emailSpans } from '../email.ts'
import { MASKED_CODE } from '../mask.ts'
import { fold, normalize, pictures } from '../normalize.ts'
import { NEGATIONS, splitWords } from '../words.ts'

/** Raise it with every change of what a message is turned into: a model made by other features is made anew. */
export const FEATURES_VERSION = 3

/** Words beyond this tell no more. Bounds the time that one message takes. */
const MAX_WORDS = 90
/** Pieces of words, letters long. */
const PIECES = [3, 4] as const
/** Words that stand behind a negation and are turned by it. */
const NEGATED = 3

/** Features and their weights, side by side. */
export interface Features {
  keys: number[]
  weights: number[]
}

/** Words and pieces have the same total weight each, whatever the message's length. */
export function featuresOf(text: string): Features {
  const plain = normalize(text)
  const words = wordsIn(plain).slice(0, MAX_WORDS).map(known)
  const features: Features = { keys: [], weights: [] }
  addGroup(features, wholes(plain, words))
  const pieces: number[] = []
  for (const word of words) for (const piece of word.pieces) pieces.push(piece)
  addGroup(features, pieces)
  return features
}

/** A word with what does not depend on its neighbours. */
interface Word {
  text: string
  isNegation: boolean
  own: number
  pieces: readonly number[]
}

/** Words that were read before: people use few. */
const MOST_KNOWN = 5000
const knownWords = new Map<string, Word>()

function known(text: string): Word {
  const found = knownWords.get(text)
  if (found) return found
  const word = { text, isNegation: NEGATIONS.has(text), own: hash(`w ${text}`), pieces: piecesOf(text) }
  if (knownWords.size >= MOST_KNOWN) knownWords.clear()
  knownWords.set(text, word)
  return word
}

/** Folded words; an address, a masked code and a number each become one sign. */
function wordsIn(plain: string): string[] {
  let marked = ''
  let from = 0
  for (const span of emailSpans(plain)) {
    marked += `${plain.slice(from, span.start)} xaddress `
    from = span.end
  }
  marked = (marked + plain.slice(from)).replaceAll(MASKED_CODE, ' xcode ')
  return splitWords(fold(marked)).map((word) => word.replace(/\d+/g, '0').replace(/(.)\1{2,}/g, '$1$1'))
}

/** Words, pairs, what stands behind a negation, and what the words alone do not show: how long, asked or shouted, drawn. */
function wholes(plain: string, words: readonly Word[]): number[] {
  const found: number[] = []
  let negated = 0
  for (const [i, word] of words.entries()) {
    found.push(word.own, hash(`b ${words[i - 1]?.text ?? '^'} ${word.text}`))
    if (i > 1) found.push(hash(`s ${words[i - 2]?.text} ${word.text}`))
    if (negated-- > 0) found.push(hash(`n ${word.text}`))
    if (word.isNegation) negated = NEGATED
  }
  if (words.length > 0) found.push(hash(`b ${words.at(-1)?.text} $`))
  found.push(hash(`l ${Math.min(words.length, 4 + Math.floor(Math.max(0, words.length - 4) / 6))}`))
  if (plain.includes('?')) found.push(hash('p ?'))
  if (plain.includes('!')) found.push(hash('p !'))
  if (/[A-ZÀ-Ý]{4}/.test(plain) && plain === plain.toUpperCase()) found.push(hash('p caps'))
  for (const drawn of pictures(plain)) found.push(hash(`d ${drawn}`))
  return found
}

function piecesOf(word: string): number[] {
  const padded = `<${word}>`
  return PIECES.flatMap((size) =>
    Array.from({ length: Math.max(0, padded.length - size + 1) }, (_, i) => hash(padded.slice(i, i + size))),
  )
}

/** Weights by the root of how often, scaled so that the squares of a group sum to 1. Sorted, because counting so is quicker than
 *  with a map. */
function addGroup({ keys, weights }: Features, found: readonly number[]): void {
  const sorted = Uint32Array.from(found).sort()
  const scale = Math.sqrt(1 / Math.max(1, sorted.length))
  for (let from = 0; from < sorted.length; ) {
    const key = sorted[from] as number
    let to = from + 1
    while (sorted[to] === key) to++
    keys.push(key)
    weights.push(Math.sqrt(to - from) * scale)
    from = to
  }
}

/** FNV-1a with a final mix, 32 bits. Never 0, which marks an empty place in the model. */
export function hash(name: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193)
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d)
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39)
  return (h ^ (h >>> 15)) >>> 0 || 1
}
