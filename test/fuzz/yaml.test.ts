import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { checkContent } from '../../src/content.ts'
import { checkTrees } from '../../src/dialog/check.ts'
import { ContentError, FAULT_CODES, type Fault } from '../../src/dialog/faults.ts'
import { parseDialog, type SourceDialog } from '../../src/dialog/parse.ts'
import { yamlFault } from '../../src/dialog/yaml.ts'
import { parsePhrases } from '../../src/language/intents/phrases.ts'
import { createTexts } from '../../src/language/texts.ts'
import { ROOT } from '../support/conversation.ts'
import { tempFolder } from '../support/folder.ts'
import { deep, hostileJson, hostileText, toObject } from './corpus/json.ts'
import { HOSTILE, PUMPS, pumped } from './corpus/texts.ts'
import { tooSteep } from './cost.ts'

const TREES = readdirSync(join(ROOT, 'dialogs')).filter((name) => name.endsWith('.yaml'))
const sources = new Map(TREES.map((name) => [name, readFileSync(join(ROOT, 'dialogs', name), 'utf8')]))
const SMALL = 'dialog: a\nstart: x\nnodes:\n  x: { type: close }\n'

/** A text gives a tree or tells what is wrong, with a line that there is. */
function judge(source: string, faults: readonly Fault[], isRead: boolean): void {
  const lines = source.split(/\r\n?|\n/).length
  for (const fault of faults) {
    expect(FAULT_CODES).toContain(fault.code)
    expect({ fault, ok: Number.isInteger(fault.line) && fault.line >= 1 && fault.line <= lines }).toMatchObject({
      ok: true,
    })
  }
  expect(isRead || faults.length > 0).toBe(true)
}

function readBoth(source: string): SourceDialog | undefined {
  const { dialog, faults } = parseDialog('dialogs/a.yaml', source)
  judge(source, faults, dialog !== undefined)
  const phrases = parsePhrases('dialogs/intents/a.fr.yaml', source)
  // An empty list is one.
  judge(source, phrases.faults, true)
  return dialog
}

const ten = (n: number) => `a${n + 1}: &a${n + 1} [${Array(10).fill(`*a${n}`).join(', ')}]`
const TRICKS = [
  ...[
    '',
    ' ',
    '\n',
    '\ufeff',
    `\ufeff${SMALL}`,
    '\0',
    `${SMALL}\0`,
    SMALL.replaceAll('\n', '\r\n'),
    SMALL.replaceAll('\n', '\r'),
    '\t',
    `${SMALL}\t- x`,
  ],
  ...[
    '&a',
    '*a',
    '&a *a',
    '- &a [*a]',
    '&a {b: *a}',
    `${SMALL}y: &a [*a]`,
    'nodes: &n\n  x: *n\n',
    `a0: &a0 [x]\n${Array.from({ length: 30 }, (_, n) => ten(n)).join('\n')}`,
  ],
  ...[
    '<<: {a: 1}',
    '<<: [1]',
    '<<: *a',
    'a: &a {b: 1}\nc: {<<: *a}',
    '? [a, b]\n: c',
    '? {a: 1}\n: c',
    '!!js/function x',
    '!!python/object:os.system x',
  ],
  ...[
    '!!binary x',
    '!!timestamp 2020-01-01',
    '!!set {a}',
    '!!omap [a: 1]',
    '!<tag:a> b',
    '! a',
    '!!str',
    '%YAML 9.9\n---\na',
    '%TAG ! x\n---\n!a b',
    '--- a\n--- b',
    '...\n',
  ],
  ...[
    'dialog: a\ndialog: b',
    '{a: 1, a: 2}',
    '__proto__: {x: 1}',
    'constructor: {prototype: {x: 1}}',
    `${SMALL}__proto__: { polluted: 1 }`,
  ],
  ...[
    'idle: 1e400',
    'idle: -0',
    'idle: .inf',
    'idle: .nan',
    `idle: ${'9'.repeat(5_000)}`,
    `idle: 0x${'f'.repeat(5_000)}`,
    'idle: 0b2',
    'idle: 1_000',
    'idle: 2026-02-30',
  ],
  ...[
    '|',
    '>',
    '|9',
    '|-',
    '|99999999999\n a',
    '"',
    "'",
    '"\\x',
    '"\\ud800"',
    '"\\U00110000"',
    '[',
    '{',
    '- ',
    '? ',
    ': ',
    '@',
    '`',
    '%',
    '# ',
    '- - - -',
    '"\\\n',
    '>\n\n\n a',
  ],
  ...[
    deep(99),
    deep(100),
    deep(100_000),
    deep(100_000, '{a: ', '}'),
    '['.repeat(100_000),
    '- '.repeat(100_000),
    '? '.repeat(100_000),
  ],
  Array.from({ length: 500 }, (_, n) => `${' '.repeat(n)}a:`).join('\n'),
]

describe('files that authors write', () => {
  test.each(TRICKS.map((source) => [JSON.stringify(source.slice(0, 40)), source]))('%s', (_name, source) => {
    readBoth(source)
    yamlFault(source)
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  test('any text at all', () => {
    const sign = fc.constantFrom(
      ...'-?:,[]{}#&*!|>\'"%@` \n\t\0\r\ufeffa1~<='.split(''),
      '\n  ',
      ': ',
      '- ',
      '<<',
      'dialog',
      'nodes',
      'type',
      'null',
      '\u2028',
      '😀',
    )
    const text = fc.oneof(
      hostileText,
      fc.array(sign, { maxLength: 60 }).map((all) => all.join('')),
    )
    fc.assert(
      fc.property(text, (source) => void readBoth(source)),
      { numRuns: 1_500 },
    )
  })

  test('a tree of ours with a few signs changed', () => {
    const change = fc.tuple(
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.nat(12),
      fc.oneof(fc.constantFrom(...HOSTILE), fc.constantFrom(...PUMPS), fc.constantFrom(...TRICKS.slice(0, 60))),
    )
    const known = TREES.map((name) => parseDialog(`dialogs/${name}`, sources.get(name) ?? '').dialog)
    const options = { entries: ['welcome.menu'], effects: ['resend'], locales: ['fr', 'en'], text: () => 'x' }
    fc.assert(
      fc.property(fc.constantFrom(...TREES), fc.array(change, { minLength: 1, maxLength: 3 }), (name, changes) => {
        let source = sources.get(name) ?? ''
        for (const [place, cut, put] of changes) {
          const at = Math.floor(place * source.length)
          source = source.slice(0, at) + put + source.slice(at + cut)
        }
        const { dialog, faults } = parseDialog(`dialogs/${name}`, source)
        judge(source, faults, dialog !== undefined)
        if (!dialog) return
        const dialogs = known.flatMap((each) => (each && each.file !== dialog.file ? [each] : [])).concat(dialog)
        for (const fault of checkTrees(dialogs, options)) expect(FAULT_CODES).toContain(fault.code)
      }),
      { numRuns: 250 },
    )
  })

  test('an item that is empty is told where it stands', () => {
    const faults = parsePhrases('dialogs/intents/a.fr.yaml', '- a\n# b\n-\n- c\n-\n').faults
    expect(faults.map(({ line }) => line)).toEqual([3, 5])
  })

  test('names that objects have of their own are names like others', () => {
    const names = 'constructor valueof then length name prototype x'.split(' ')
    const name = fc.constantFrom(...names)
    const option = fc.constantFrom('constructor', 'toString', 'hasOwnProperty', 'valueOf', 'isPrototypeOf', 'yes')
    fc.assert(
      fc.property(name, name, name, option, (dialog, node, slot, id) => {
        const source = `dialog: ${dialog}
start: ${node}
topics: { ${slot}: ${node} }
nodes:
  ${node}: { type: ask, options: { ${id}: done_it }, slot: ${slot}, means: { ${slot}: ${id} } }
  done_it: { type: branch, cases: [{ when: { slot: ${slot}, set: true }, go: close_it }], else: close_it }
  close_it: { type: close }
`
        const read = parseDialog(`dialogs/${dialog}.yaml`, source)
        expect(read.faults).toEqual([])
        const intents = new Map([[slot, new Set(['fr', 'en'])]])
        const options = {
          entries: [`${dialog}.${node}`],
          effects: [],
          locales: ['fr', 'en'],
          text: (_: string, key: string) => key,
          intents,
        }
        expect(checkTrees(read.dialog ? [read.dialog] : [], options)).toEqual([])
      }),
      { numRuns: 100 },
    )
  })
})

describe('a large file costs as much more as it is larger', () => {
  const lines = (line: (n: number) => string) => (size: number) =>
    Array.from({ length: size / 10 }, (_, n) => line(n)).join('\n')
  const MAKERS: Readonly<Record<string, (size: number) => string>> = {
    'a fault on every line': lines(() => '- 1'),
    'a bad node on every line': (size) => SMALL + lines((n) => `  n${n}: 1`)(size),
    'nodes that lead nowhere': (size) => SMALL + lines((n) => `  n${n}: { type: go, to: m${n} }`)(size),
    'a chain of nodes': (size) => SMALL + lines((n) => `  n${n}: { type: go, to: n${n + 1} }`)(size),
    'unknown keys': (size) => SMALL + lines((n) => `k${n}: 1`)(size),
    'the same node by a name': (size) =>
      `dialog: a\nstart: x\nnodes:\n  x: &n { type: branch, cases: [${Array(Math.floor(size / 40))
        .fill('{when: {slot: s, set: true}, go: x}')
        .join(',')}], else: x }\n${lines((n) => `  n${n}: *n`)(size / 4)}`,
    'long scalars': (size) => `- "${'a\\n'.repeat(size)}"`,
    comments: (size) => '# a\n'.repeat(size),
    'blank lines': (size) => `- a${'\n'.repeat(size * 5)}`,
    ...Object.fromEntries(PUMPS.map((pump) => [JSON.stringify(pump), (size: number) => pumped(pump, size)])),
  }
  test.each(Object.entries(MAKERS))('%s', (name, make) => {
    const size = 12_000
    const [large, small] = [make(size), make(size / 4)]
    expect(tooSteep(name, size, (n) => void readBoth(n === size ? large : small))).toBeUndefined()
  })
})

describe('texts', () => {
  let folder: ReturnType<typeof tempFolder>
  beforeAll(() => {
    folder = tempFolder()
    for (const part of ['dialogs', 'locales']) cpSync(join(ROOT, part), join(folder.path, part), { recursive: true })
  })
  afterAll(() => folder.remove())

  const put = (file: string, text: string) => {
    mkdirSync(dirname(join(folder.path, file)), { recursive: true })
    writeFileSync(join(folder.path, file), text)
  }
  const check = () => {
    try {
      return checkContent(folder.path)
    } catch (error) {
      expect(error).toBeInstanceOf(ContentError)
      return (error as ContentError).faults
    }
  }

  test('of any shape are read, or refused with file and line', () => {
    const file = fc.constantFrom(
      'locales/fr/commands.json',
      'locales/en/welcome.json',
      'locales/fr/__proto__.json',
      'locales/fr/talk.json',
    )
    const texts = fc.oneof(
      hostileJson.map((value) => JSON.stringify(value)),
      hostileText,
      fc.constantFrom(
        '',
        '[]',
        'null',
        '{"a":',
        '\ufeff{}',
        '{"__proto__":{"a":"b"}}',
        `{"a":${deep(100)}}`,
        '{"a":1,"a":2}',
        '{"person":7,"labels":[]}',
      ),
    )
    fc.assert(
      fc.property(file, texts, (name, text) => {
        const path = join(ROOT, name)
        put(name, text)
        for (const fault of check()) expect(fault).toMatchObject({ file: expect.any(String), line: expect.any(Number) })
        put(name, name.includes('__proto__') ? '{}' : readFileSync(path, 'utf8'))
      }),
      { numRuns: 60 },
    )
  })

  test('take a value as it is, whatever stands in it', () => {
    const texts = createTexts(
      { fr: { a: { b: 'Bonjour {{name}}.', c: '{{name}} $t(a:b) {{name}}' } }, en: {} },
      { orgName: 'secret' },
    )
    fc.assert(
      fc.property(hostileText, (name) => expect(texts.say('fr', 'a:b', { name })).toBe(`Bonjour ${name}.`)),
      { numRuns: 500 },
    )
  })

  test('a key of any shape finds a text or nothing', () => {
    const texts = createTexts({ fr: toObject([['a', { b: 'x' }]]) as never, en: {} }, {})
    fc.assert(fc.property(hostileText, hostileText, (a, b) => expect(texts.find('fr', `${a}:${b}`)).toBeUndefined()))
    expect(texts.find('fr', 'a:b')).toBe('x')
  })
})
