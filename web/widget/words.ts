/** The widget's words and how it writes times, in both languages. */
import en from '../../locales/en/widget.json'
import fr from '../../locales/fr/widget.json'
import { LOCALE_TAGS, type Locale } from '../../src/wire/activity.ts'

export type Words = typeof fr

const WORDS: Record<Locale, Words> = { fr, en }

export function wordsFor(locale: Locale): Words {
  return WORDS[locale]
}

/** Puts values in place of `{{name}}`, as i18next does; a missing value leaves nothing. */
export function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{\{(\w+)\}\}/g, (_all, name: string) => String(values[name] ?? ''))
}

type Counted<K extends string> = Record<`${K}_one` | `${K}_many` | `${K}_other`, string>

/** The plural form for `count` among `key_one`, `key_many` and `key_other`. */
export function counted<K extends string>(group: Counted<K>, key: K, count: number, locale: Locale): string {
  const tag = LOCALE_TAGS[locale]
  const rule = new Intl.PluralRules(tag).select(count)
  const form = rule === 'one' || rule === 'many' ? rule : 'other'
  return fill(group[`${key}_${form}`], { count: new Intl.NumberFormat(tag).format(count) })
}

/** Clock time in the member's own zone: "14 h 32", "2:32 p.m.". */
export function clockTime(iso: string, locale: Locale): string {
  return new Intl.DateTimeFormat(LOCALE_TAGS[locale], { hour: 'numeric', minute: '2-digit' }).format(new Date(iso))
}

/** Full date and time, for the title of a `<time>`. */
export function fullTime(iso: string, locale: Locale): string {
  return new Intl.DateTimeFormat(LOCALE_TAGS[locale], { dateStyle: 'full', timeStyle: 'short' }).format(new Date(iso))
}

/** The member's calendar day, for comparing: "2026-3-9". */
export function dayKey(iso: string): string {
  const date = new Date(iso)
  return `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}`
}

/** "Aujourd’hui", "Hier", or "lundi 9 mars". */
export function dayName(iso: string, locale: Locale, now = new Date()): string {
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1)
  if (dayKey(iso) === dayKey(now.toISOString())) return WORDS[locale].log.today
  if (dayKey(iso) === dayKey(yesterday.toISOString())) return WORDS[locale].log.yesterday
  const options: Intl.DateTimeFormatOptions = { weekday: 'long', day: 'numeric', month: 'long' }
  return new Intl.DateTimeFormat(LOCALE_TAGS[locale], options).format(new Date(iso))
}
