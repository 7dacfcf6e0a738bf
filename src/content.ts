/** The data that authors write, read from disk and checked: trees and texts. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { EFFECTS, ENTRIES } from './bot/support-bot.ts'
import { checkTrees } from './dialog/check.ts'
import { ContentError, type Fault, parseDialog, type SourceDialog } from './dialog/parse.ts'
import type { Trees } from './dialog/types.ts'
import { createTexts, type Resources, type Texts } from './language/texts.ts'
import { starting } from './terminal.ts'
import { LOCALES, type Locale } from './wire/activity.ts'

export interface Content {
  trees: Trees
  texts: Texts
  resources: Resources
}

export interface ContentOptions {
  /** Folder that holds `dialogs/` and `locales/`. */
  root: string
  /** Values every text may use. */
  always: Readonly<Record<string, string>>
}

/** @throws ContentError with every fault, file and line. */
export function loadContent({ root, always }: ContentOptions): Content {
  const resources = readResources(root)
  const texts = createTexts(resources, always)
  const parsed = yamlFiles(root).map((path) => parseDialog(path, readFileSync(join(root, path), 'utf8')))
  const dialogs = parsed.flatMap(({ dialog }) => (dialog ? [dialog] : []))
  const faults = parsed.flatMap((p) => p.faults)
  // Targets in a file that can't be read would all be reported as unknown: mend the file first.
  if (faults.length === 0) faults.push(...check(dialogs, texts))
  if (faults.length > 0) throw new ContentError(faults)
  return { trees: new Map(dialogs.map((d) => [d.name, d])), texts, resources }
}

function check(dialogs: readonly SourceDialog[], texts: Texts): Fault[] {
  const text = (locale: string, key: string) => texts.find(locale as Locale, key)
  return checkTrees(dialogs, { entries: Object.values(ENTRIES), effects: EFFECTS, locales: LOCALES, text })
}

function yamlFiles(root: string): string[] {
  const names = readdirSync(join(root, 'dialogs')).filter((name) => /\.ya?ml$/.test(name))
  return names.sort().map((name) => `dialogs/${name}`)
}

function readResources(root: string): Resources {
  const read = (locale: Locale) => {
    const folder = join(root, 'locales', locale)
    const files = readdirSync(folder).filter((name) => name.endsWith('.json'))
    return Object.fromEntries(files.map((name) => [name.slice(0, -'.json'.length), readJson(join(folder, name))]))
  }
  return { fr: read('fr'), en: read('en') }
}

function readJson(path: string): object {
  return starting('locales', { file: path }, () => JSON.parse(readFileSync(path, 'utf8')))
}
