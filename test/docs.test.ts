import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { ConfigError, type ConfigFault, readConfig } from '../src/config.ts'
import { CODES } from '../src/errors.ts'
import { LOCALES, type Locale } from '../src/wire/activity.ts'

/** What is written for people agrees with the code. */
const ROOT = join(import.meta.dirname, '..')
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
const pages = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '--', '*.md'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(ROOT, file)))

describe('.env.example', () => {
  const example = read('.env.example')
  const paragraphs = new Map(
    example.split(/\n{2,}/).flatMap((text) => {
      return [...text.matchAll(/^#?([A-Za-z_]\w*)=/gm)].map(([, name = '']) => [name, text] as const)
    }),
  )

  test('names what the configuration reads, no more and no less', () => {
    const used = [...read('src/config.ts').matchAll(/(?:read\.|this\.|\braw)\w*\(\s*'([A-Z]\w+|MicrosoftAppId)'/g)].map(
      (m) => m[1],
    )
    expect(used.length).toBeGreaterThan(10)
    expect([...paragraphs.keys()].sort()).toEqual([...new Set(used)].sort())
  })

  test('marks what production cannot do without', () => {
    let faults: readonly ConfigFault[] = []
    try {
      readConfig({ NODE_ENV: 'production' })
    } catch (error) {
      if (error instanceof ConfigError) faults = error.faults
    }
    const required = [...paragraphs].filter(([, text]) => /required in production/i.test(text.replace(/\n# ?/g, ' ')))
    const marked = required.map(([name]) => name)
    expect(marked.sort()).toEqual(faults.map((fault) => fault.name).sort())
  })

  test('holds only values that the configuration takes', () => {
    const lines = [...example.matchAll(/^#([A-Za-z_]\w*)=(.+)$/gm)]
    const env = Object.fromEntries(lines.map(([, name, value]) => [name, value?.replace(/^"|"$/g, '')]))
    expect(() => readConfig(env)).not.toThrow()
  })
})

describe('pages', () => {
  test('name only npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    const named = pages.flatMap((page) => [...read(page).matchAll(/npm run (?:-s )?([a-z][\w:-]*)/g)].map((m) => m[1]))
    expect(named).toContain('check')
    expect(named.filter((name) => !Object.hasOwn(scripts, name ?? ''))).toEqual([])
  })

  test('link only to files that exist', () => {
    const links = pages.flatMap((page) =>
      [...read(page).matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)[^)]*\)/g)].map((m) => ({ page, to: m[1] ?? '' })),
    )
    expect(links.length).toBeGreaterThan(5)
    expect(links.filter(({ page, to }) => !existsSync(join(ROOT, dirname(page), to)))).toEqual([])
  })

  test('name only files of src, dialogs, locales and docs that exist', () => {
    const path = /`((?:src|dialogs|locales|docs|bench|web)\/[\w./-]+\.\w+)`/g
    const named = pages.flatMap((page) => [...read(page).matchAll(path)].map((m) => m[1] ?? ''))
    // The example of docs/dialogs.md.
    const invented = /\/(hours|opening_hours\.\w\w)\.(yaml|json)$/
    expect(named.filter((file) => !invented.test(file) && !existsSync(join(ROOT, file)))).toEqual([])
  })
})

describe('texts', () => {
  const files = (locale: Locale) => readdirSync(join(ROOT, 'locales', locale)).sort()
  const texts = (locale: Locale) =>
    new Map(files(locale).flatMap((file) => leaves(JSON.parse(read(`locales/${locale}/${file}`)), file)))
  const french = [...texts('fr')]

  test('both languages have the same files and keys, and none is empty', () => {
    expect(files('en')).toEqual(files('fr'))
    expect([...texts('en').keys()].sort()).toEqual([...texts('fr').keys()].sort())
    for (const locale of LOCALES) {
      expect([...texts(locale)].filter(([, text]) => text.trim() === '').map(([key]) => key)).toEqual([])
    }
  })

  test('both languages use the same values', () => {
    const values = (text: string) => [...new Set([...text.matchAll(/\{\{\s*(\w+)/g)].map((m) => m[1]))].sort()
    const english = texts('en')
    const differing = french.filter(([key, text]) => String(values(text)) !== String(values(english.get(key) ?? '')))
    expect(differing.map(([key]) => key)).toEqual([])
  })

  test('every error code has words in both languages', () => {
    for (const locale of LOCALES) {
      expect(Object.keys(JSON.parse(read(`locales/${locale}/errors.json`))).sort()).toEqual(Object.keys(CODES).sort())
    }
  })

  test('French is set as French is', () => {
    // What is typed (commands) or compared (ways to say a button) is no prose.
    const prose = french
      .filter(([key]) => !/^commands|\.aliases\./.test(key))
      .map(([key, text]) => [key, text.replace(/npm run .*$/gm, '').replace(/https?:\S+/g, '')] as const)
    const found = (pattern: RegExp) => prose.filter(([, text]) => pattern.test(text)).map(([key]) => key)
    expect(prose.length).toBeGreaterThan(300)
    expect(found(/"/)).toEqual([])
    expect(found(/\p{L}'\p{L}/u)).toEqual([])
    expect(found(/[^\u00a0\u202f]»|«[^\u00a0\u202f]/u)).toEqual([])
    expect(found(/[^\u00a0\u202f\d]:(?=\s|$)/u)).toEqual([])
  })
})

function leaves(node: unknown, path: string): [string, string][] {
  if (typeof node === 'string') return [[path.replace('.json', ''), node]]
  return Object.entries(node as object).flatMap(([key, value]) => leaves(value, `${path}.${key}`))
}
