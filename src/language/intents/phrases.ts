/** `dialogs/intents/<intent>.<language>.yaml`: what members type, a list of phrases for each intent and language. */
import { z } from 'zod'
import type { Fault } from '../../dialog/faults.ts'
import { type Path, readYaml } from '../../dialog/yaml.ts'
import { LOCALES, type Locale, parseLocale } from '../../wire/activity.ts'
import { phraseKey } from './model.ts'

/** Longest phrase, UTF-16 units: no more is looked at in a message. */
const MAX_LENGTH = 512
const list = z.array(z.string().trim().min(1).max(MAX_LENGTH))

export interface Phrase {
  intent: string
  locale: Locale
  text: string
  file: string
  /** Place in the file's list, from 0. */
  at: number
  lineOf: (path: Path) => number
}

/** @param path shown in faults; its base name says intent and language. */
export function parsePhrases(path: string, source: string): { phrases: Phrase[]; faults: Fault[] } {
  const fault = (line: number, code: Fault['code'], facts: Fault['facts'] = {}) => ({
    phrases: [],
    faults: [{ file: path, line, code, facts }],
  })
  const [, intent, language] = /([a-z][a-z0-9_]*)\.([a-z]{2})\.ya?ml$/.exec(path) ?? []
  const locale = parseLocale(language)
  if (!intent || !locale) return fault(1, 'phrases_name', { languages: LOCALES.join(', ') })
  const read = readYaml(path, source, list)
  if (!read.ok) return { phrases: [], faults: read.faults.map(asPhraseFault) }
  return {
    phrases: read.value.map((text, i) => ({ intent, locale, text, file: path, at: i, lineOf: read.lineOf })),
    faults: [],
  }
}

const asPhraseFault = (fault: Fault): Fault =>
  fault.code === 'shape_invalid' ? { ...fault, code: 'phrases_shape', facts: {} } : fault

const lineOf = ({ at, lineOf }: Phrase): number => lineOf([at])

/** One phrase under two intents would teach the model nothing. */
export function checkPhrases(phrases: readonly Phrase[]): Fault[] {
  const first = new Map<number, Phrase>()
  const faults: Fault[] = []
  for (const phrase of phrases) {
    const key = phraseKey(phrase.text)
    const other = first.get(key)
    if (!other) first.set(key, phrase)
    else if (other.intent !== phrase.intent) {
      const facts = { intent: other.intent, where: `${other.file}:${lineOf(other)}` }
      faults.push({ file: phrase.file, line: lineOf(phrase), code: 'phrase_twice', facts })
    }
  }
  return faults
}
