/** The data that authors write, read from disk and checked: trees, texts, phrases. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Content } from './bot/bot.ts'
import { EFFECTS } from './bot/effects.ts'
import { ENTRIES } from './bot/stepper.ts'
import { type CheckOptions, checkTrees, keysOf, ownKeys } from './dialog/check.ts'
import { ContentError, type Fault } from './dialog/faults.ts'
import { parseDialog, RESERVED, type SourceDialog } from './dialog/parse.ts'
import { linesOf, yamlFault } from './dialog/yaml.ts'
import { loadClassifier, readPhrases } from './intents.ts'
import { SMALL_TALK } from './language/small-talk.ts'
import { createTexts, type Resources, type Texts } from './language/texts.ts'
import { LOCALES, type Locale } from './wire/activity.ts'

const COMMAND_KEYS =
  'person back restart french english yes no not_sure correct labels.person labels.back labels.restart'.split(' ')

/** Values for tools and tests, where no service gives them. */
export const SAMPLE_VALUES = { orgName: 'Sésame Santé', supportEmail: 'soutien@example.com', keepDays: '30' }

export interface ContentOptions {
  /** Folder that holds `dialogs/` and `locales/`. */
  root: string
  /** Values every text may use. */
  always: Readonly<Record<string, string>>
}

/** @throws ContentError with every fault that would harm a member, file and line. */
export function loadContent({ root, always }: ContentOptions): Content {
  const resources = readResources(root)
  const texts = createTexts(resources, always)
  const { dialogs, faults } = readDialogs(root)
  faults.push(...checkCommands(texts))
  if (faults.length > 0) throw new ContentError(faults)
  const classifier = loadClassifier(root)
  const intents = new Map(classifier.intents.map((intent) => [intent, new Set<string>(LOCALES)]))
  const wrong = checkTrees(dialogs, optionsOf(texts, resources, intents))
  if (wrong.length > 0) throw new ContentError(wrong)
  return { trees: new Map(dialogs.map((d) => [d.name, d])), texts, resources, classifier }
}

/** Everything that an author may have got wrong, whether it would harm a member or not. */
export function checkContent(root: string): Fault[] {
  const resources = readResources(root)
  const { dialogs, faults } = readDialogs(root)
  if ('commands' in resources.fr || 'commands' in resources.en)
    faults.push(...checkCommands(createTexts(resources, {})))
  // Targets in a file that can't be read would all be reported as unknown: mend the file first.
  if (faults.length > 0) return faults
  const { phrases, faults: wrongPhrases } = readPhrases(root)
  const intents = new Map<string, Set<string>>()
  for (const { intent, locale } of phrases) intents.set(intent, (intents.get(intent) ?? new Set()).add(locale))
  // Phrases that can't be read would all be missing: mend the file first.
  const known = wrongPhrases.every(({ code }) => code === 'phrase_twice') ? intents : undefined
  const trees = checkTrees(dialogs, optionsOf(createTexts(resources, {}), resources, known))
  return [...trees, ...checkUnused(root, dialogs, resources), ...checkFrench(root, resources), ...wrongPhrases]
}

/** What the bot reads at start to know a person, back, yes and the like by. */
function checkCommands(texts: Texts): Fault[] {
  const small = SMALL_TALK.map((kind) => `small_talk.${kind}`)
  const keys = [...COMMAND_KEYS, ...small].map((key) => `commands:${key}`)
  return LOCALES.flatMap((locale) =>
    keys
      .filter((key) => !texts.find(locale, key))
      .map(
        (key) =>
          ({
            file: `locales/${locale}/commands.json`,
            line: 1,
            code: 'missing_language',
            facts: { key, locale },
          }) as const,
      ),
  )
}

function optionsOf(texts: Texts, resources: Resources, intents: CheckOptions['intents'] | undefined): CheckOptions {
  const text = (locale: string, key: string) => texts.find(locale as Locale, key)
  const words = LOCALES.flatMap((locale) => [
    text(locale, 'commands:labels.person') ?? '',
    ...(text(locale, 'commands:person') ?? '').split('|'),
  ]).filter((word) => word !== '')
  const person = 'commands' in resources.fr ? { person: { entry: ENTRIES.person, words } } : {}
  return {
    entries: Object.values(ENTRIES),
    effects: EFFECTS,
    locales: LOCALES,
    text,
    ...person,
    ...(intents ? { intents } : {}),
  }
}

/** Texts of dialogs that no node shows: left behind by a change, or misspelled. */
function checkUnused(root: string, dialogs: readonly SourceDialog[], resources: Resources): Fault[] {
  const needed = new Set(
    dialogs.flatMap((dialog) => [
      ...ownKeys(dialog),
      ...Object.keys(dialog.digressions).map((intent) => `${dialog.name}:intents.${intent}`),
      ...[...dialog.nodes].flatMap(([node, each]) => keysOf(each, { dialog: dialog.name, node })),
    ]),
  )
  const names = new Set(dialogs.map(({ name }) => name))
  return LOCALES.flatMap((locale) =>
    Object.entries(resources[locale])
      .filter(([namespace]) => !RESERVED.includes(namespace))
      .flatMap(([namespace, texts]) => {
        const file = `locales/${locale}/${namespace}.json`
        if (!names.has(namespace)) return [{ file, line: 1, code: 'unused_text', facts: { key: namespace } } as const]
        const unused = leaves(texts).filter((path) => !needed.has(`${namespace}:${path.join('.')}`))
        return unused.length === 0 ? [] : unusedFaults(root, file, unused)
      }),
  )
}

function leaves(texts: object, path: readonly string[] = []): string[][] {
  return Object.entries(texts).flatMap(([key, value]) =>
    typeof value === 'object' && value !== null ? leaves(value, [...path, key]) : [[...path, key]],
  )
}

/** What French is not set with: straight quotes and apostrophes, and marks without their non-breaking space. */
const NOT_FRENCH = /"|\p{L}'\p{L}|[^\u00a0\u202f]»|«[^\u00a0\u202f]|[^\u00a0\u202f\d]:(?=\s|$)/u

function checkFrench(root: string, { fr }: Resources): Fault[] {
  return Object.entries(fr)
    .filter(([namespace]) => !RESERVED.includes(namespace))
    .flatMap(([namespace, texts]) => {
      const prose = leaves(texts).filter((path) => !path.includes('aliases'))
      const wrong = prose.filter((path) => NOT_FRENCH.test(String(path.reduce<unknown>(valueAt, texts))))
      if (wrong.length === 0) return []
      const file = `locales/fr/${namespace}.json`
      const lineOf = linesOf(readFileSync(join(root, file), 'utf8'))
      return wrong.map(
        (path) => ({ file, line: lineOf(path), code: 'french_marks', facts: { key: path.join('.') } }) as const,
      )
    })
}

const valueAt = (node: unknown, key: string): unknown => (node as Readonly<Record<string, unknown>> | undefined)?.[key]

function unusedFaults(root: string, file: string, unused: readonly string[][]): Fault[] {
  const lineOf = linesOf(readFileSync(join(root, file), 'utf8'))
  return unused.map((path) => ({ file, line: lineOf(path), code: 'unused_text', facts: { key: path.join('.') } }))
}

function readDialogs(root: string): { dialogs: SourceDialog[]; faults: Fault[] } {
  const folder = join(root, 'dialogs')
  const names = readdirSync(folder).filter((name) => /\.ya?ml$/.test(name))
  const parsed = names.sort().map((name) => parseDialog(`dialogs/${name}`, readFileSync(join(folder, name), 'utf8')))
  return { dialogs: parsed.flatMap(({ dialog }) => dialog ?? []), faults: parsed.flatMap((each) => each.faults) }
}

function readResources(root: string): Resources {
  const read = (locale: Locale) => {
    const folder = join(root, 'locales', locale)
    const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : []
    return Object.fromEntries(
      files.map((name) => [name.slice(0, -'.json'.length), readJson(root, `locales/${locale}/${name}`)]),
    )
  }
  return { fr: read('fr'), en: read('en') }
}

/** @throws ContentError with the line. */
function readJson(root: string, file: string): object {
  const text = readFileSync(join(root, file), 'utf8')
  try {
    const read: unknown = JSON.parse(text)
    if (typeof read === 'object' && read !== null && !Array.isArray(read)) return read
    throw new SyntaxError('{ ... }')
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const why = message.split(/, "| in JSON/)[0] ?? message
    throw new ContentError([{ file, line: lineIn(text, message), code: 'json_invalid', facts: { why } }])
  }
}

/** The reader of JSON does not always name the place; that of YAML does, as far as it disagrees too. */
function lineIn(text: string, message: string): number {
  const at = /position (\d+)/.exec(message)?.[1]
  if (at !== undefined) return text.slice(0, Number(at)).split('\n').length
  return yamlFault(text)?.line ?? text.trimEnd().split('\n').length
}
