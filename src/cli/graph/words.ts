/** Text keys -> words in one language. */
import type { Value, Words } from '../../dialog/graph-words.ts'
import type { Texts } from '../../language/texts.ts'
import type { Locale } from '../../wire/activity.ts'

/** Words of a key of `graph.json`, or of a part of the graph. */
export type Speak = (words: Words | string, values?: Words['values']) => string

/** What a member's conversation fills in later stands between ‹ ›. */
export function speaker(texts: Texts, locale: Locale): Speak {
  const speak: Speak = (words, values) => {
    if (typeof words === 'string') return speak({ key: `graph:${words}`, ...(values && { values }) })
    const found = texts.find(locale, words.key)
    if (found === undefined && words.plain !== undefined)
      return typeof words.plain === 'string' ? words.plain : speak(words.plain)
    if (!words.values) return (found ?? words.key).replace(/\{\{\s*(\w+)[^}]*\}\}/g, '‹$1›')
    const filled = Object.entries(words.values).map(([name, value]) => [name, say(value)] as const)
    return texts.say(locale, words.key, Object.fromEntries(filled))
  }
  const say = (value: Value): string | number =>
    typeof value !== 'object' ? value : 'key' in value ? speak(value) : value.map((one) => speak(one)).join(', ')
  return speak
}
