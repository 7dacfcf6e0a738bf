/** The data that authors write, read from disk and checked: trees, texts, phrases. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Content } from './bot/bot.ts'
import { EFFECTS, ENTRIES } from './bot/stepper.ts'
import { type CheckOptions, checkTrees, keysOf, ownKeys } from './dialog/check.ts'
import { ContentError, type Fault } from './dialog/faults.ts'
import { parseDialog, RESERVED, type SourceDialog } from './dialog/parse.ts'
import { linesOf } from './dialog/yaml.ts'
import { loadClassifier, readPhrases } from './intents.ts'
import { createTexts, type Resources, type Texts } from './language/texts.ts'
import { starting } from './terminal.ts'
import { LOCALES, type Locale } from './wire/activity.ts'

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
  // Targets in a file that can't be read would all be reported as unknown: mend the file first.
  if (faults.length > 0) return faults
  const { phrases, faults: wrongPhrases } = readPhrases(root)
  const intents = new Map<string, Set<string>>()
  for (const { intent, locale } of phrases) intents.set(intent, (intents.get(intent) ?? new Set()).add(locale))
  // Phrases that can't be read would all be missing: mend the file first.
  const known = wrongPhrases.every(({ code }) => code === 'phrase_twice') ? intents : undefined
  const trees = checkTrees(dialogs, optionsOf(createTexts(resources, {}), resources, known))
  return [...trees, ...checkUnused(root, dialogs, resources), ...wrongPhrases]
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
    return Object.fromEntries(files.map((name) => [name.slice(0, -'.json'.length), readJson(join(folder, name))]))
  }
  return { fr: read('fr'), en: read('en') }
}

function readJson(path: string): object {
  return starting('locales', { file: path }, () => JSON.parse(readFileSync(path, 'utf8')))
}
