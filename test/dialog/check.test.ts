import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { checkContent, loadContent, SAMPLE_VALUES } from '../../src/content.ts'
import { type CheckOptions, checkTrees } from '../../src/dialog/check.ts'
import { ContentError, FAULT_CODES, type Fault, type FaultCode } from '../../src/dialog/faults.ts'
import { parseDialog } from '../../src/dialog/parse.ts'
import { explain, terminalWords } from '../../src/terminal.ts'
import { LOCALES } from '../../src/wire/activity.ts'
import { tempFolder } from '../support/folder.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const content = loadContent({ root: ROOT, always: SAMPLE_VALUES })

/** A tree without a fault; `change` breaks one thing in it. Lines are counted from 1 with `dialog:`. */
const MAIN = `dialog: main
start: hello
nodes:
  hello: { type: say, next: question }
  question:
    type: ask
    options: { yes: sending, no: helped }
    unclear: { max: 2, go: person }
  sending: { type: do, effect: resend_code, with: [email], next: wait }
  wait: { type: await, event: mail, seconds: 5, on: {}, timeout: done }
  helped: { type: call, dialog: help, next: done }
  person: { type: handoff, reason: stuck, next: done }
  done: { type: end, outcome: done }
`
const HELP = `dialog: help
start: first
nodes:
  first: { type: branch, cases: [{ when: { slot: email, set: true }, go: second }], else: second }
  second: { type: collect, slot: email, as: email, options: { skip: out }, otherwise: out, next: out }
  out: { type: end, outcome: helped }
`

type Files = Readonly<Record<string, string>>
const GOOD: Files = { 'dialogs/main.yaml': MAIN, 'dialogs/help.yaml': HELP }
const main = (from: string, to: string): Files => ({ ...GOOD, 'dialogs/main.yaml': MAIN.replace(from, to) })
const added = (lines: string): Files => main('  done:', `${lines}\n  done:`)

/** Every key has a text of its own, but for what `text` says. */
function faultsOf(
  files: Files,
  text: CheckOptions['text'] = (_, key) => key,
  more: Partial<CheckOptions> = {},
): Fault[] {
  const parsed = Object.entries(files).map(([path, source]) => parseDialog(path, source))
  const faults = parsed.flatMap((p) => p.faults)
  if (faults.length > 0) return faults
  const dialogs = parsed.flatMap(({ dialog }) => (dialog ? [dialog] : []))
  return checkTrees(dialogs, { entries: ['main.hello'], effects: ['resend_code'], locales: LOCALES, text, ...more })
}

/** The real content in a folder of its own, with some files changed. */
function inFolder(changes: Readonly<Record<string, (text: string) => string>>): Fault[] {
  const folder = tempFolder()
  try {
    for (const part of ['dialogs', 'locales']) cpSync(join(ROOT, part), join(folder.path, part), { recursive: true })
    for (const [path, change] of Object.entries(changes)) {
      const file = join(folder.path, path)
      writeFileSync(file, change(existsSync(file) ? readFileSync(file, 'utf8') : ''))
    }
    return checkContent(folder.path)
  } catch (error) {
    if (error instanceof ContentError) return [...error.faults]
    throw error
  } finally {
    folder.remove()
  }
}

const both = new Set<string>(LOCALES)
const topics = (line: string) => main('nodes:', `topics: { ${line} }\nnodes:`)
const person = { entry: 'main.person', words: ['un agent'] }

const brief = (faults: readonly Fault[]) => faults.map(({ file, line, code }) => `${file}:${line} ${code}`)
const without = (gone: string, locale?: string) => (l: string, key: string) =>
  key === gone && (locale === undefined || l === locale) ? undefined : key

test('a good tree has no fault', () => {
  expect(faultsOf(GOOD)).toEqual([])
})

type Case = readonly [FaultCode, string, () => Fault[]]

/** Each code with what makes it, and all the lines that are named for it. */
const CASES: readonly Case[] = [
  ['yaml_invalid', 'main:9', () => faultsOf(main('with: [email]', 'with: [email}'))],
  [
    'json_invalid',
    'en/spam.json:3',
    () => inFolder({ 'locales/en/spam.json': () => '{\n"title": "a"\n"look": {}\n}' }),
  ],
  ['shape_invalid', 'main:10', () => faultsOf(main('seconds: 5', 'seconds: soon'))],
  ['name_mismatch', 'main:1', () => faultsOf(main('dialog: main', 'dialog: other'))],
  ['name_reserved', 'mail:1', () => faultsOf({ ...GOOD, 'dialogs/mail.yaml': 'dialog: mail\nstart: a\nnodes: {}' })],
  ['dialog_twice', 'help:1', () => faultsOf({ ...GOOD, 'dialogs/b/help.yaml': HELP })],
  ['unknown_target', 'main:4', () => faultsOf(main('next: question', 'next: nowhere'))],
  ['unknown_effect', 'main:9', () => faultsOf(main('effect: resend_code', 'effect: fireworks'))],
  ['unreachable_node', 'main:13', () => faultsOf(added('  island: { type: say, next: done }'))],
  [
    'no_way_out',
    'main:14',
    () => {
      const tree = MAIN.replace('no: helped', 'no: helped, odd: trap')
      return faultsOf({ ...GOOD, 'dialogs/main.yaml': `${tree}  trap: { type: ask, options: { again: trap } }\n` })
    },
  ],
  [
    'endless_loop',
    'help:4',
    () => faultsOf({ ...GOOD, 'dialogs/help.yaml': HELP.replace('else: second', 'else: first') }),
  ],
  ['unknown_text', 'main:7', () => faultsOf(GOOD, without('main:question.aliases.no'))],
  ['missing_language', 'main:4', () => faultsOf(GOOD, without('main:hello.say', 'en'))],
  ['same_button_text', 'main:5', () => faultsOf(GOOD, (_, key) => (key.includes('question.options') ? 'Oui' : key))],
  [
    'entry_missing',
    'main:1',
    () => faultsOf({ 'dialogs/main.yaml': MAIN.replaceAll('hello', 'hallo'), 'dialogs/help.yaml': HELP }),
  ],
  [
    'unused_text',
    'en/spam.json:2',
    () => inFolder({ 'locales/en/spam.json': (t) => t.replace('{', '{\n"odd": "x",') }),
  ],
  [
    'person_far',
    'main:5',
    () => faultsOf(GOOD, (_, key) => (key.endsWith('question.aliases.no') ? 'rien|un agent' : key), { person }),
  ],
  [
    'intent_twice',
    'help:3',
    () =>
      faultsOf(
        { ...topics('lost: hello'), 'dialogs/help.yaml': HELP.replace('nodes:', 'digressions: { lost: out }\nnodes:') },
        undefined,
        { intents: new Map([['lost', both]]) },
      ),
  ],
  ['intent_without_phrases', 'main:3', () => faultsOf(topics('lost: hello'), undefined, { intents: new Map() })],
  [
    'intent_without_answer',
    'intents/lost.fr:1',
    () => faultsOf(GOOD, undefined, { intents: new Map([['lost', both]]) }),
  ],
  ['phrases_name', 'intents/yes.de:1', () => inFolder({ 'dialogs/intents/yes.de.yaml': () => '- ja\n' })],
  ['phrases_shape', 'intents/yes.fr:3', () => inFolder({ 'dialogs/intents/yes.fr.yaml': () => '- oui\n- si\n- 12\n' })],
  ['phrase_twice', 'intents/yes.fr:2', () => inFolder({ 'dialogs/intents/yes.fr.yaml': () => '- oui\n- Merci!\n' })],
  [
    'french_marks',
    'fr/spam.json:2',
    () => inFolder({ 'locales/fr/spam.json': (t) => t.replace(/"title": "[^"]*"/, '"title": "L\'autre"') }),
  ],
]

describe('each fault', () => {
  test.each(CASES)('%s is found, at %s', (code, place, find) => {
    const [dialog, line] = place.split(':')
    const faults = find()
    const file = dialog?.endsWith('.json') ? `locales/${dialog}` : `dialogs/${dialog}.yaml`
    expect(faults.map((f) => `${f.file.replace('b/', '')}:${f.line} ${f.code}`)).toContain(`${file}:${line} ${code}`)
    expect(new Set(faults.map((f) => f.code))).toEqual(new Set([code]))
  })

  test('there is a case for every code', () => {
    expect(CASES.map(([code]) => code)).toEqual([...FAULT_CODES])
  })

  test('each is told as a sentence of its own, in both languages, with all its facts', () => {
    for (const [, , find] of CASES) {
      for (const locale of LOCALES) {
        const told = explain(new ContentError(find()), terminalWords(locale))
        for (const line of told) expect(line).toMatch(/^(dialogs|locales)\/\S+\.(yaml|json):\d+ {2}\S.*\S$/)
        expect(told.join()).not.toMatch(/\{\{|authoring:|undefined/)
      }
    }
  })
})

describe('endless loops', () => {
  const sub = (name: string, first: string) =>
    `dialog: ${name}\nstart: s\nnodes:\n  s: ${first}\n  e: { type: end, outcome: done }\n`
  const calling = (first: string) => ({
    'dialogs/main.yaml':
      'dialog: main\nstart: hello\nnodes:\n  hello: { type: call, dialog: one, next: more, on: { done: hello } }\n' +
      '  more: { type: end, outcome: done }\n',
    'dialogs/one.yaml': sub('one', '{ type: call, dialog: two, next: e }'),
    'dialogs/two.yaml': sub('two', first),
  })
  const loops = (files: Files) => brief(faultsOf(files).filter((f) => f.code === 'endless_loop'))

  test('are found through sub-dialogs that ask nothing', () => {
    expect(loops(calling('{ type: say, next: e }'))).toEqual(['dialogs/main.yaml:4 endless_loop'])
  })

  test('are none where a sub-dialog, however deep, asks', () => {
    expect(loops(calling('{ type: ask, options: { yes: e } }'))).toEqual([])
  })

  test('are found where dialogs call each other', () => {
    const faults = loops(calling('{ type: call, dialog: one, next: e }'))
    expect(faults).toEqual(['dialogs/one.yaml:4 endless_loop', 'dialogs/two.yaml:4 endless_loop'])
  })
})

describe('YAML that can not be read is a fault, never a crash', () => {
  test.each([
    ['', 'yaml_invalid', 1],
    ['null', 'shape_invalid', 1],
    ['- a list', 'shape_invalid', 1],
    ['\u0000', 'yaml_invalid', 1],
    ['dialog: main\nstart: [', 'yaml_invalid', 2],
    ['dialog: main\ndialog: main', 'yaml_invalid', 2],
    ['dialog: main\n\tstart: a', 'yaml_invalid', 2],
    ['dialog: main\n---\ndialog: main', 'yaml_invalid', 1],
    ['dialog: main\nstart: *nowhere\nnodes: {}', 'yaml_invalid', 2],
    [`a: &a [${'1,'.repeat(20)}]\nb: &b [${'*a,'.repeat(20)}]\nc: [${'*b,'.repeat(20)}]`, 'shape_invalid', 1],
    ['dialog: main\nstart: a\nnodes:\n  a: { type: shout }', 'shape_invalid', 4],
    ['dialog: main\nstart: a\nnodes:\n  a: { type: end, outcome: x, text: Bonjour }', 'shape_invalid', 4],
    ['dialog: main\nstart: a\nnodes:\n  "a b": { type: end, outcome: x }', 'shape_invalid', 4],
  ])('%j', (source, code, line) => {
    const { dialog, faults } = parseDialog('dialogs/main.yaml', source)
    expect(dialog).toBeUndefined()
    expect(faults[0]).toMatchObject({ file: 'dialogs/main.yaml', line, code })
  })

  test('all faults of a file are named at once', () => {
    const bad = MAIN.replace('seconds: 5', 'seconds: soon')
      .replace('max: 2', 'max: 99')
      .replace('type: say', 'type: sing')
    expect(parseDialog('dialogs/main.yaml', bad).faults.map((f) => f.line)).toEqual([4, 8, 10])
  })
})

test('no dialog may take the name of a file of texts that is not its own', () => {
  const names = readdirSync(join(ROOT, 'locales/fr')).map((file) => file.replace('.json', ''))
  const taken = names.filter((name) => !content.trees.has(name))
  expect(taken.length).toBeGreaterThan(5)
  for (const name of taken) {
    const { faults } = parseDialog(`dialogs/${name}.yaml`, `dialog: ${name}\nstart: a\nnodes: {}`)
    expect({ name, codes: faults.map((f) => f.code) }).toEqual({ name, codes: ['name_reserved'] })
  }
})
