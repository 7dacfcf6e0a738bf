/** Which of a question's options words name. */
import type { Option } from '../dialog/types.ts'
import type { Language } from '../language/commands.ts'
import { type CompiledOptions, compileOptions, type Match, matchExact, matchOption } from '../language/match.ts'
import type { Texts } from '../language/texts.ts'
import { wordsOf } from '../language/words.ts'
import { LOCALES } from '../wire/activity.ts'

/** The score of an answer that leaves no doubt. */
export const EXACT = 1
/** Shortest way to say an option by which it is recognised in the middle of a story. */
const NAME = 4
/** Options whose words answer many questions: they answer the one that was asked only. */
const GENERAL: ReadonlySet<string> = new Set(
  'yes no not_yet not_sure other another elsewhere something_else all_tried go_on try_one skip menu done'.split(' '),
)

export function createOptionReader(texts: Texts, language: Language) {
  const kept = new Map<string, CompiledOptions>()

  /** @param isPassing put together for once, not worth keeping. */
  function compile(options: readonly Option[], isPassing = false): CompiledOptions {
    const key = options.map((option) => option.key).join(' ')
    const known = kept.get(key)
    if (known) return known
    const made = compileOptions(options.map((option) => ({ id: option.id, texts: waysToSay(texts, option) })))
    if (!isPassing) kept.set(key, made)
    return made
  }

  const none = (options: readonly Option[]): boolean => options.length === 0

  return {
    /** By the very words of a button or an alias. */
    exact: (text: string, options: readonly Option[], isPassing = false): string | undefined =>
      none(options) ? undefined : matchExact(text, compile(options, isPassing))?.id,

    /** By its words within a short sentence, or nearly. */
    worded: (text: string, options: readonly Option[], isPassing = false): Match | undefined =>
      none(options) ? undefined : matchOption(text, compile(options, isPassing)),

    /** By one of the usual ways to say yes, no, or that one does not know. */
    yesNo(text: string, options: readonly Option[]): Match | undefined {
      const answer = language.yesNo(text)
      return answer && options.some((option) => option.id === answer) ? { id: answer, score: EXACT } : undefined
    },

    /** The option of the next question whose very words the answer to this one was. A mere yes says nothing about it. */
    alsoSaid(text: string, options: readonly Option[]): string | undefined {
      if (none(options) || language.yesNo(text) !== undefined) return undefined
      const id = matchExact(text, compile(options))?.id
      return id === undefined || GENERAL.has(id) ? undefined : id
    },

    /** The one option that is named whole in a story. "Yes" stands in many stories, "I asked twice" does not. */
    named(text: string, options: readonly Option[]): string | undefined {
      const said = ` ${wordsOf(text).join(' ')} `
      const isNamed = (option: Option) => (way: string) => {
        const words = wordsOf(way)
        if (way.length < NAME || (GENERAL.has(option.id) && words.length < 3)) return false
        return said.includes(` ${words.join(' ')} `)
      }
      const found = options.filter((option) => waysToSay(texts, option).some(isNamed(option)))
      return found.length === 1 ? found[0]?.id : undefined
    },
  }
}

/** The button's text and its aliases, in both languages: a member may type either. */
function waysToSay(texts: Texts, option: Option): string[] {
  const aliases = option.key.replace('.options.', '.aliases.').replace(':options.', ':aliases.')
  const ways = aliases === option.key ? [] : LOCALES.flatMap((locale) => texts.find(locale, aliases)?.split('|') ?? [])
  return [...LOCALES.map((locale) => texts.find(locale, option.key) ?? ''), ...ways].filter(
    (text) => text.trim() !== '',
  )
}
