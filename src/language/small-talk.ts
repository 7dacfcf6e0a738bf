import type { Locale } from '../wire/activity.ts'
import { wordsOf } from './words.ts'

/** What people say beside their answer and is no intent of its own, the most telling first. */
export const SMALL_TALK = [
  /** It works now, or the code was found. */
  'solved',
  /** Is anyone there, how long will it take. */
  'there',
  /** A cry for help that says nothing more. */
  'help',
  'noted',
] as const
export type SmallTalk = (typeof SMALL_TALK)[number]
export type SmallTalkPhrases = Readonly<Record<SmallTalk, string>>

const FILLERS = new Set(
  [
    'et a la merci bcp beaucoup bonjour allo vous toi tu te moi bon ben bin euh ah oh donc pour tout tous c d j l m en now finalement enfin vraiment pantoute svp stp s il plait',
    'and thanks thank thx hello hi you your so oh well all of the please pls plz really then',
  ]
    .join(' ')
    .split(' '),
)
/** "Yes, it works" says that it works; "yes, thanks" is a yes. */
const YES = new Set('oui ouais ouin yes yeah yep yup'.split(' '))
const MAX_WORDS = 12

/** Finds small talk in either language. The whole message must be made of such phrases. */
export function createSmallTalk(lists: Readonly<Record<Locale, SmallTalkPhrases>>) {
  const phrases = SMALL_TALK.flatMap((kind) =>
    Object.values(lists)
      .flatMap((list) => list[kind].split('|'))
      .map((phrase) => ({ kind, text: padded(wordsOf(phrase)) }))
      // A picture has no words.
      .filter(({ text }) => text.trim() !== ''),
  )
  const whole = phrases.sort((a, b) => b.text.length - a.text.length)
  return (text: string): SmallTalk | undefined => {
    const words = wordsOf(text).map((word) => word.replace(/(.)\1{2,}/g, '$1'))
    const said = padded(words)
    if (words.length > MAX_WORDS) return undefined
    const kind = covering(said, whole)
    if (kind || !YES.has(words[0] ?? '')) return kind
    return covering(padded(words.slice(1)), whole) === 'solved' ? 'solved' : undefined
  }
}

function covering(said: string, phrases: readonly { kind: SmallTalk; text: string }[]): SmallTalk | undefined {
  const kinds = new Set<SmallTalk>()
  let rest = said
  for (const { kind, text } of phrases) {
    if (!rest.includes(text)) continue
    kinds.add(kind)
    rest = rest.replaceAll(text, ' | ')
  }
  const isAll = rest.split(' ').every((word) => word === '' || word === '|' || FILLERS.has(word))
  return isAll ? SMALL_TALK.find((kind) => kinds.has(kind)) : undefined
}

const padded = (words: readonly string[]): string => ` ${words.join(' ')} `
