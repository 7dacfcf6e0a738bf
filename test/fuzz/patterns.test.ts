import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { parseSync } from '@swc/core'
import { type Doubt, doubtsOf } from './patterns.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.ts'),
)

interface Found {
  file: string
  source: string
  flags: string
}

/** Every regular expression that stands in the code, and where one is made of a text. */
const found = files.flatMap((file): Found[] => {
  const text = readFileSync(join(ROOT, 'src', file), 'utf8')
  if (!text.includes('/')) return []
  return literals(parseSync(text, { syntax: 'typescript', target: 'es2024' })).map((each) => ({
    file: `src/${file}`,
    ...each,
  }))
})

function literals(node: unknown): Omit<Found, 'file'>[] {
  if (typeof node !== 'object' || node === null) return []
  const { type, pattern, flags, callee } = node as Record<string, unknown>
  if (type === 'RegExpLiteral') return [{ source: String(pattern), flags: String(flags) }]
  const isMade = type === 'NewExpression' && (callee as { value?: unknown }).value === 'RegExp'
  return [...(isMade ? [{ source: 'new RegExp', flags: '' }] : []), ...Object.values(node).flatMap(literals)]
}

describe('what is in doubt', () => {
  test.each<[string, Doubt[]]>([
    ['^(a+)+$', ['nested']],
    ['^(?:[a-z]*,?)*$', ['nested']],
    ['^(a|ab)+$', ['choice']],
    ['^(\\w|\\d)*$', ['choice']],
    ['^\\s*\\s*x', ['row']],
    ['^\\d+-?\\d+$', ['row']],
    ['^.*foo.*bar', ['row']],
    ['\\s+$', ['anywhere']],
    ['[a-z]+!', ['anywhere']],
    ["x?[^']*'", ['anywhere']],
    ['^[\\w.-]{1,64}@[a-z]{1,64}$', []],
    ['^[\\w.]{1,128}[a-z]{1,128}$', ['row']],
    ['^a{2,3}(?:b|c)*$', []],
    ['\\s+', []],
    [' {2,}', []],
    ['(.)\\1{2,}', []],
    ['^(\\d{1,3}\\.){3}\\d{1,3}$', []],
    ['(?<![a-z])[a-z]+!', []],
  ])('%s', (source, doubts) => expect(doubtsOf(source, 'u')).toEqual(doubts))
})

/** Looked at, and why each is harmless all the same. Whoever adds one has looked at it too. Commands are left out: they read what whoever
 *  runs them wrote. */
const JUDGED: readonly { file: string; source: string; because: string }[] = [
  { file: 'src/config.ts', source: '^[^\\s@<>,;"]+@[^\\s@<>,;"]+\\.[^\\s@<>,;"]+$', because: 'the operator writes it' },
  {
    file: 'src/dialog/check.ts',
    source: '\\.(?:options|aliases)\\.(.+)$',
    because: 'our own keys; .+ takes all, so nothing fails',
  },
  {
    file: 'src/language/commands.ts',
    source: '(.)\\1{2,}|(.)\\2+$',
    because: 'a run of three or more is taken by the first way, so the second sees two signs',
  },
  {
    file: 'src/language/intents/phrases.ts',
    source: '([a-z][a-z0-9_]*)\\.([a-z]{2})\\.ya?ml$',
    because: 'names of files in dialogs/intents',
  },
  { file: 'src/language/words.ts', source: "([a-z]+)'(?=[a-z])", because: 'of a folded text, 512 signs at most' },
  { file: 'src/language/intents/danger.ts', source: 'new RegExp', because: 'made of a figure' },
  { file: 'src/mail/compose.ts', source: 'new RegExp', because: 'our own addresses, every sign of theirs escaped' },
]

describe('the code', () => {
  test('no expression repeats a repeat, or a choice that can be made two ways', () => {
    const bad = found.filter(({ source, flags }) =>
      doubtsOf(source, flags).some((doubt) => doubt === 'nested' || doubt === 'choice'),
    )
    expect(bad).toEqual([])
  })

  test('every expression that might take more than linear time was judged, and every one made of a text', () => {
    const served = found.filter(({ file }) => !file.startsWith('src/cli/'))
    expect(served.length).toBeGreaterThan(60)
    const doubtful = served.filter(({ source, flags }) => source === 'new RegExp' || doubtsOf(source, flags).length > 0)
    const isJudged = ({ file, source }: Found) => JUDGED.some((each) => each.file === file && each.source === source)
    expect(
      doubtful
        .filter((each) => !isJudged(each))
        .map((each) => ({ ...each, doubts: doubtsOf(each.source, each.flags) })),
    ).toEqual([])
  })
})
