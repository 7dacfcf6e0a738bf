/** Danger said in a part of a message: beside a wish for a person, or at the end of a long story. */
import { clean } from '../normalize.ts'
import { wordsOf } from '../words.ts'
import type { Ranked } from './model.ts'

/** How plain danger must be in a part of a message. A part has less to judge by than the whole. */
const PLAIN = 0.92
/** UTF-16 units of a message that are looked through, and how many of its parts: the first and the last ones. Bounds the time. */
const MOST_TEXT = 8000
const MOST_PARTS = 12
/** Words that a part must have: "dead", "911" alone may be about anything. */
const LEAST_WORDS = 3
/** UTF-16 units of a part, where nothing separates. */
const LONGEST = 240

/** The intents of a message, ranked, where plain danger in one of its parts counts for the whole. */
export function rankWithDanger(text: string, rank: (text: string) => Ranked[]): Ranked[] {
  const whole = rank(text)
  const own = whole.find(({ intent }) => intent === 'crisis')
  if (!own || own.confidence >= PLAIN) return whole
  const parts = partsOf(text)
  // One sentence is the whole.
  if (parts.length === 1 && (parts[0]?.length ?? 0) >= text.trim().length - 1) return whole
  const highest = Math.max(
    ...parts.map((part) => rank(part).find(({ intent }) => intent === 'crisis')?.confidence ?? 0),
  )
  if (highest < PLAIN) return whole
  return [{ ...own, confidence: highest }, ...whole.filter((each) => each !== own)]
}

function partsOf(text: string): string[] {
  const sentences = text
    .slice(0, MOST_TEXT)
    .split(/[,.!?;:()\n]+|\b(?:mais|but|pis|et|and)\b/i)
    .flatMap((part) => pieces(clean(part)))
    .filter((part) => wordsOf(part).length >= LEAST_WORDS)
  if (sentences.length <= MOST_PARTS) return sentences
  return [...sentences.slice(0, MOST_PARTS / 2), ...sentences.slice(-MOST_PARTS / 2)]
}

/** Whole words, up to LONGEST in a piece; a word that is longer is cut. */
function pieces(text: string): string[] {
  const found: string[] = []
  for (let from = 0; from < text.length; ) {
    const most = from + LONGEST
    const blank = most >= text.length ? text.length : text.lastIndexOf(' ', most)
    const end = blank > from ? blank : most
    found.push(text.slice(from, end))
    from = end
  }
  return found
}
