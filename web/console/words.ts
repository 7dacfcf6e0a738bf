/** The console's words, and how it writes times, in both languages. */
import en from '../../locales/en/desk.json'
import enTerms from '../../locales/en/terms.json'
import fr from '../../locales/fr/desk.json'
import frTerms from '../../locales/fr/terms.json'
import { LOCALE_TAGS, type Locale } from '../../src/wire/activity.ts'

export type Words = typeof fr

const WORDS: Record<Locale, Words> = { fr, en }
const TERMS: Record<Locale, Readonly<Record<string, unknown>>> = { fr: frTerms, en: enTerms }

export function wordsFor(locale: Locale): Words {
  return WORDS[locale]
}

/** Puts values in place of `{{name}}`, in one pass, so that a value is never read as a template. */
export function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{\{(\w+)\}\}/g, (_all, name: string) => String(values[name] ?? ''))
}

type Counted<K extends string> = Record<`${K}_one` | `${K}_many` | `${K}_other`, string>

/** The plural form for `count` among `key_one`, `key_many` and `key_other`. */
export function counted<K extends string>(
  group: Counted<K>,
  key: K,
  count: number,
  locale: Locale,
  more: Readonly<Record<string, string>> = {},
): string {
  const tag = LOCALE_TAGS[locale]
  const rule = new Intl.PluralRules(tag).select(count)
  const form = rule === 'one' || rule === 'many' ? rule : 'other'
  return fill(group[`${key}_${form}`], { ...more, count: new Intl.NumberFormat(tag).format(count) })
}

/** A word that the service names by key, e.g. `term('fr', 'reasons', 'member_asked')`; the key itself when there is none. */
export function term(locale: Locale, group: 'reasons' | 'receipts' | 'ratings', key: string): string {
  const words = TERMS[locale][group]
  if (typeof words !== 'object' || words === null || !Object.hasOwn(words, key)) return key
  const word: unknown = Reflect.get(words, key)
  return typeof word === 'string' ? word : key
}

/** "14 h 32", "2:32 p.m." */
export function clockTime(iso: string, locale: Locale): string {
  return new Intl.DateTimeFormat(LOCALE_TAGS[locale], { hour: 'numeric', minute: '2-digit' }).format(new Date(iso))
}

export function fullTime(iso: string, locale: Locale): string {
  return new Intl.DateTimeFormat(LOCALE_TAGS[locale], { dateStyle: 'full', timeStyle: 'short' }).format(new Date(iso))
}

/** The agent's calendar day, for comparing. */
export function dayKey(iso: string): string {
  const date = new Date(iso)
  return `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}`
}

/** "Aujourd’hui", "Hier", or "lundi 9 mars". */
export function dayName(iso: string, locale: Locale, now: number): string {
  const today = new Date(now)
  const yesterday = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1)
  if (dayKey(iso) === dayKey(today.toISOString())) return WORDS[locale].log.today
  if (dayKey(iso) === dayKey(yesterday.toISOString())) return WORDS[locale].log.yesterday
  const options: Intl.DateTimeFormatOptions = { weekday: 'long', day: 'numeric', month: 'long' }
  return new Intl.DateTimeFormat(LOCALE_TAGS[locale], options).format(new Date(iso))
}

/** Minutes after which a wait is shown as long, and as very long. */
const LONG_MINUTES = 5
const LATE_MINUTES = 15

export type WaitLevel = 'ok' | 'long' | 'late'

/** How long someone has waited: a level for the colour, and words that say the same. */
export function waited(iso: string, now: number, locale: Locale): { level: WaitLevel; time: string; text: string } {
  const { wait } = WORDS[locale]
  const minutes = Math.max(0, Math.floor((now - Date.parse(iso)) / 60_000))
  const level = minutes >= LATE_MINUTES ? 'late' : minutes >= LONG_MINUTES ? 'long' : 'ok'
  const time = duration(minutes, wait)
  return { level, time, text: fill(wait[level], { time }) }
}

function duration(minutes: number, wait: Words['wait']): string {
  if (minutes < 1) return wait.now
  if (minutes < 60) return fill(wait.minutes, { count: minutes })
  const hours = Math.floor(minutes / 60)
  if (hours >= 48) return fill(wait.days, { count: Math.floor(hours / 24) })
  return fill(wait.hours, { hours, minutes: String(minutes % 60).padStart(2, '0') })
}
