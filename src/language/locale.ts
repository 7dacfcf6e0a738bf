import type { Locale } from '../wire/activity.ts'
import { emailSpans } from './email.ts'
import { normalize } from './normalize.ts'
import { CLEAR_EN, CLEAR_FR, HINT_EN, HINT_FR } from './wordlists.ts'
import { wordsOf } from './words.ts'

const FRENCH_LETTERS = /[àâçèéêëîïôùûüœ]/gi
/** Points that a language must have, and be ahead of the other by, to be told. */
const LEAST_POINTS = 2
const LEAST_RATIO = 2

/** How sure the model must be of a language that the word list does not tell, and of how many words. */
const LEAST_SURE = 0.8
const LEAST_WORDS = 3

/** The language of a chat line: by the word list, which is never surprised by a name, else by the model.
 *  @param guess the model's. @returns undefined when unsure. */
export function tellLocale(
  text: string,
  guess: (text: string) => { locale: Locale; confidence: number },
): Locale | undefined {
  const told = detectLocale(text)
  if (told) return told
  const plain = withoutAddresses(normalize(text)).trim()
  if (plain.split(' ').length < LEAST_WORDS || wordsOf(plain).length < LEAST_WORDS) return undefined
  const { locale, confidence } = guess(plain)
  return confidence >= LEAST_SURE ? locale : undefined
}

/** The language of a chat line, from the small words that only one of them has, and accents. Loan words ("email", "spam",
 *  "login", "code") count for neither.
 *  @returns undefined when unsure: one word, mixed, or only an address. Then keep the language that is spoken. */
export function detectLocale(text: string): Locale | undefined {
  const plain = withoutAddresses(normalize(text)).trim()
  // Something in one piece is a name or a code ("CA-QC"), whatever it is cut into.
  if (!plain.includes(' ')) return undefined
  const words = wordsOf(plain)
  if (words.length < 2) return undefined
  const fr = points(words, CLEAR_FR, HINT_FR) + 1.5 * Math.min(2, plain.match(FRENCH_LETTERS)?.length ?? 0)
  const en = points(words, CLEAR_EN, HINT_EN)
  if (fr >= LEAST_POINTS && fr >= en * LEAST_RATIO) return 'fr'
  return en >= LEAST_POINTS && en >= fr * LEAST_RATIO ? 'en' : undefined
}

function points(words: readonly string[], clear: ReadonlySet<string>, hints: ReadonlySet<string>): number {
  return words.reduce((sum, word) => sum + (clear.has(word) ? 2 : hints.has(word) ? 1 : 0), 0)
}

function withoutAddresses(text: string): string {
  let rest = ''
  let from = 0
  for (const span of emailSpans(text)) {
    rest += `${text.slice(from, span.start)} `
    from = span.end
  }
  return rest + text.slice(from)
}
