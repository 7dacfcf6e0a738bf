import { fold, pictures } from './normalize.ts'
import { ordinalOf } from './ordinal.ts'
import { buildVocabulary, nearWords, type Vocabulary } from './vocabulary.ts'
import { clausesOf, NEGATIONS, STOPWORDS, wordsOf } from './words.ts'

/** An option that an answer is compared with. `texts`: the button's text and other ways to say it, in one language or both. */
export interface OptionTexts {
  id: string
  texts: readonly string[]
}

export interface Match {
  id: string
  /** 0.65 to 1; 1 = the very words. */
  score: number
}

/** Options made ready by `compileOptions`. Keep it as long as the question's words stay the same. */
export interface CompiledOptions {
  ids: readonly string[]
  /** Folded text -> option; undefined when two options share the text. */
  exact: ReadonlyMap<string, string | undefined>
  vocabulary: Vocabulary
  phrases: readonly Phrase[]
  verbatim: readonly Verbatim[]
}

/** A text of two words or more as it stands, to be found whole within an answer. */
interface Verbatim {
  id: string
  /** " pas encore ", ready to be searched for. */
  text: string
  length: number
  negated: boolean
  /** Made of small words only ("pas encore"), so that no phrase can stand for it. */
  isSmall: boolean
}

interface Phrase {
  id: string
  /** Places in the vocabulary, with whether the word stands in a negated clause. */
  words: readonly { word: number; negated: boolean }[]
  weight: number
  /** Only "yes"/"no" words: a longer answer that turns ("oui mais ...") is not this. */
  isBare: boolean
}

interface Token {
  word: string
  negated: boolean
}

/** Content words beyond this make a story, not an answer. */
const MAX_CONTENT = 12
const LEAST_SCORE = 0.65
/** Two options nearer to each other than this: ask again. */
const LEAST_LEAD = 0.12
/** More than a lone "non" beside it: "non, pas encore" is "pas encore". */
const SMALL_SCORE = 1.15
const YES: ReadonlySet<string> = new Set('oui ouais ouin ok yes yep yeah yup daccord accord'.split(' '))
const NO: ReadonlySet<string> = new Set('non nan nope no'.split(' '))
const BARE: ReadonlySet<string> = new Set([...YES, ...NO])
const INTERROGATIVES = new Set(
  'pourquoi comment quoi combien quand pk pkoi quel quelle quels quelles why how what which who where when'.split(' '),
)
/** After "no" these begin a sentence of their own; before anything else it denies ("no email"). */
const AFTER_NO = new Set('i it its im ive we they he she that thats there this not nothing never but'.split(' '))

/** Does once what `matchOption` needs for every answer to the same question. */
export function compileOptions(options: readonly OptionTexts[]): CompiledOptions {
  const exact = new Map<string, string | undefined>()
  const drafts: { id: string; tokens: Token[] }[] = []
  const verbatim: Verbatim[] = []
  for (const { id, texts } of options) {
    for (const text of texts) {
      for (const key of keysOf(text)) exact.set(key, exact.has(key) && exact.get(key) !== id ? undefined : id)
      const tokens = contentOf(text)
      if (tokens.length > 0) drafts.push({ id, tokens })
      const words = wordsOf(text)
      if (words.length > 1) verbatim.push(buildVerbatim(id, words, tokens.length === 0))
    }
  }
  const vocabulary = buildVocabulary(drafts)
  const phrases = drafts.map((draft) => buildPhrase(draft, vocabulary))
  return { ids: options.map((option) => option.id), exact, vocabulary, phrases, verbatim }
}

/** The option that a typed answer means: its very words, its number, its words within a short sentence, or nearly (typos,
 *  accents, other endings). A word in a negated clause ("pas dans mes pourriels") never stands for the plain one.
 *  @returns undefined when none fits or two do: a wrong pick is worse than asking again. */
export function matchOption(text: string, options: CompiledOptions): Match | undefined {
  const key = exactKey(text, options)
  if (key !== undefined) return matchExact(text, options)
  const place = ordinalOf(text, options.ids.length)
  const numbered = place === undefined ? undefined : options.ids[place]
  const worded = bestPhrase(text, options)
  if (numbered === undefined) return worded
  return worded === undefined || worded.id === numbered ? { id: numbered, score: 0.95 } : undefined
}

/** The option whose very words the answer is. Cheap: a look-up. */
export function matchExact(text: string, options: CompiledOptions): Match | undefined {
  const id = options.exact.get(exactKey(text, options) ?? '')
  return id === undefined ? undefined : { id, score: 1 }
}

function exactKey(text: string, options: CompiledOptions): string | undefined {
  return keysOf(text).find((key) => options.exact.has(key))
}

/** What a text is looked up by: its words, and its pictures when it has any ("😀 Oui" is found by "😀" too). */
function keysOf(text: string): string[] {
  const words = wordsOf(text).join(' ')
  const drawn = pictures(text)
  const other = words === '' && drawn === '' ? fold(text) : ''
  if (words !== '') return drawn === '' ? [words] : [words, drawn]
  return drawn === '' ? (other === '' ? [] : [other]) : [drawn]
}

function bestPhrase(text: string, options: CompiledOptions): Match | undefined {
  const tokens = contentOf(text)
  if (tokens.length > MAX_CONTENT) return undefined
  const read = tokens.map((token) => ({ ...token, near: nearWords(token.word, options.vocabulary) }))
  if (read.some((token) => token.near.length === 0 && INTERROGATIVES.has(token.word))) return undefined
  const best = new Map<string, number>()
  const raise = (id: string, score: number) => best.set(id, Math.max(score, best.get(id) ?? 0))
  const said = new Set(read.flatMap((token) => token.near.map((each) => each.word)))
  for (const phrase of options.phrases) {
    // Most of a hundred phrases share no word with the answer: they score nothing, and cost nothing.
    if (phrase.words.some((each) => said.has(each.word)))
      raise(phrase.id, scorePhrase(phrase, read, options.vocabulary))
  }
  for (const { id, isSmall, negated } of contained(text, options.verbatim)) {
    const small = tokens.some((token) => (negated ? YES : NO).has(token.word)) ? 1 : SMALL_SCORE
    raise(id, isSmall ? small : (best.get(id) ?? 0) + LEAST_LEAD)
  }
  const [first, second] = [...best].sort((a, b) => b[1] - a[1])
  if (first === undefined || first[1] < LEAST_SCORE || first[1] - (second?.[1] ?? 0) < LEAST_LEAD) return undefined
  return { id: first[0], score: Math.min(first[1], 0.94) }
}

/** Texts that stand whole in the answer, neither turned round by it nor lost in it. At most one an option. */
function contained(text: string, verbatim: readonly Verbatim[]): Verbatim[] {
  const words = wordsOf(text)
  const padded = ` ${words.join(' ')} `
  const negated = isNegated(words)
  const found = verbatim.filter(
    (each) => each.negated === negated && words.length <= each.length + 3 && padded.includes(each.text),
  )
  return found.filter((each, i) => found.findIndex((other) => other.id === each.id) === i)
}

function isNegated(words: readonly string[]): boolean {
  return words.some((word, i) => NEGATIONS.has(word) || (word === 'no' && !isAnswerWord(word, words[i + 1])))
}

function buildVerbatim(id: string, words: readonly string[], isSmall: boolean): Verbatim {
  return { id, text: ` ${words.join(' ')} `, length: words.length, negated: isNegated(words), isSmall }
}

type ReadToken = Token & { near: readonly { word: number; credit: number }[] }

/** Mean of how much of the phrase was said and how much of what was said is in the phrase, by weight. */
function scorePhrase(phrase: Phrase, tokens: readonly ReadToken[], { weights }: Vocabulary): number {
  if (phrase.isBare && tokens.length > 1 && tokens.some((token) => token.negated)) return 0
  let inPhrase = 0
  let inText = 0
  let textWeight = 0
  const used: number[] = []
  for (const token of tokens) {
    const hit = token.near.find(({ word }) => holds(phrase, word, token.negated))
    const nearest = hit ?? token.near[0]
    const weight = nearest === undefined ? 1 : (weights[nearest.word] ?? 1)
    textWeight += weight
    if (hit === undefined) continue
    inText += weight * hit.credit
    if (!used.includes(hit.word)) inPhrase += weight * hit.credit
    used.push(hit.word)
  }
  return textWeight === 0 ? 0 : (inPhrase / phrase.weight + inText / textWeight) / 2
}

function holds(phrase: Phrase, word: number, negated: boolean): boolean {
  return phrase.words.some((each) => each.word === word && each.negated === negated)
}

function buildPhrase({ id, tokens }: { id: string; tokens: readonly Token[] }, vocabulary: Vocabulary): Phrase {
  const words = tokens.map(({ word, negated }) => ({ word: vocabulary.words.indexOf(word), negated }))
  const weight = words.reduce((sum, { word }) => sum + (vocabulary.weights[word] ?? 1), 0)
  return { id, words, weight, isBare: tokens.every((token) => BARE.has(token.word)) }
}

/** The words that carry meaning, each with whether its clause is negated. A leading yes or no is a clause of its own. */
function contentOf(text: string): Token[] {
  const tokens: Token[] = []
  for (const clause of clausesOf(text)) {
    const rest = [...clause]
    const lead = rest[0]
    if (lead !== undefined && isAnswerWord(lead, rest[1])) {
      tokens.push({ word: lead, negated: false })
      rest.shift()
    }
    const negated = rest.some((word) => NEGATIONS.has(word) || word === 'no' || word === 'non')
    for (const word of rest) if (isContent(word)) tokens.push({ word, negated })
  }
  return tokens
}

function isAnswerWord(word: string, next: string | undefined): boolean {
  if (word === 'no') return next === undefined || AFTER_NO.has(next)
  return BARE.has(word)
}

function isContent(word: string): boolean {
  return !STOPWORDS.has(word) && !NEGATIONS.has(word) && word !== 'non' && word !== 'no'
}
