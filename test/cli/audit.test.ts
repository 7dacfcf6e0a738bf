import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { runAudit } from '../../src/cli/audit.ts'
import { type Bom, toBom } from '../../src/cli/supply/bom.ts'
import { parseAccepted, parseAdvisories, parsePolicy } from '../../src/cli/supply/files.ts'
import { installed, parseLockfile, resolvePath } from '../../src/cli/supply/lockfile.ts'
import { checkLockfile, isAllowed, RULES, type Rule, type Rulebook } from '../../src/cli/supply/rules.ts'
import { LOCALES } from '../../src/wire/activity.ts'
import { tempFolder } from '../support/folder.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const TODAY = '2026-11-23'
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8')

type Entry = Record<string, unknown>
const HASH = `sha512-${Buffer.alloc(64, 1).toString('base64')}`
const good = { version: '1.0.0', integrity: HASH, license: 'MIT' }

/** A lockfile of a project that asks for `a`. */
const lockOf = (packages: Record<string, Entry>, root: Entry = { dependencies: { a: '^1.0.0' } }) =>
  parseLockfile(
    JSON.stringify({ lockfileVersion: 3, packages: { '': { name: 'p', version: '1.2.3', ...root }, ...packages } }),
  )

const advisory = {
  id: 'GHSA-x',
  package: 'a',
  vulnerable: '<1.5.0 || >=2.0.0 <2.0.3',
  fixed: '1.5.0, 2.0.3',
  severity: 'high' as const,
  why: 'bad',
  source: 'https://example.com/x',
  reviewed: TODAY,
}
const acceptance = {
  id: 'GHSA-x',
  package: 'a',
  versions: ['1.0.0'],
  reason: 'only the other half of it is used',
  until: TODAY,
}
const noPolicy = {
  licences: ['MIT'],
  toolLicences: ['MPL-2.0'],
  licenceOf: [],
  installScripts: [],
  withoutIntegrity: [],
}
const reason = 'looked at, and found harmless'

const book = (more: Partial<Rulebook> = {}, policy: Partial<Rulebook['policy']> = {}): Rulebook => ({
  advisories: [],
  accepted: [],
  today: TODAY,
  ...more,
  policy: { ...noPolicy, ...policy },
})

/** The rules that a tree with this `a` breaks. */
const broken = (a: Entry, more?: Partial<Rulebook>, policy?: Partial<Rulebook['policy']>): Rule[] =>
  checkLockfile(lockOf({ 'node_modules/a': { ...good, ...a } }), book(more, policy)).map((it) => it.rule)

describe('npm run audit', () => {
  test('finds nothing in a tree where all is well', () => {
    expect(broken({})).toEqual([])
  })

  test.each<[string, Entry, Rule[]]>([
    ['a version in the range', { version: '1.4.9' }, ['vulnerable']],
    ['one in the other range', { version: '2.0.0' }, ['vulnerable']],
    ['a pre-release of the fix', { version: '1.5.0-rc.1' }, ['vulnerable']],
    ['the same under another name', { version: '1.0.0', name: 'a' }, ['vulnerable']],
    ['the fix', { version: '1.5.0' }, []],
    ['the fix in the other line', { version: '2.0.3' }, []],
    ['another package', { version: '1.0.0', name: 'b' }, []],
  ])('advisory: %s', (_name, a, rules) => {
    expect(broken(a, { advisories: [advisory] })).toEqual(rules)
  })

  test('looks at every place where a package is installed', () => {
    const lock = lockOf({
      'node_modules/a': { ...good, version: '1.5.0' },
      'node_modules/b/node_modules/a': good,
      'node_modules/@s/b': good,
    })
    const found = checkLockfile(lock, book({ advisories: [advisory] }))
    expect(found.map((it) => it.facts.path)).toEqual(['node_modules/b/node_modules/a'])
  })

  test.each<[string, Partial<typeof acceptance>, Rule[]]>([
    ['on its last day', {}, []],
    ['after its last day', { until: '2026-11-22' }, ['expired']],
    ['for another version', { versions: ['1.0.1'] }, ['vulnerable', 'unused_acceptance']],
    ['for another advisory', { id: 'GHSA-y' }, ['vulnerable', 'unused_acceptance']],
    ['for another package', { package: 'b' }, ['vulnerable', 'unused_acceptance']],
  ])('acceptance: %s', (_name, more, rules) => {
    expect(broken({}, { advisories: [advisory], accepted: [{ ...acceptance, ...more }] })).toEqual(rules)
  })

  test.each<[string, Entry, Partial<Rulebook['policy']>, Rule[]]>([
    ['an install script', { hasInstallScript: true }, {}, ['script']],
    ['one that is allowed', { hasInstallScript: true }, { installScripts: [{ package: 'a', reason }] }, []],
    ['an allowance nothing needs', {}, { installScripts: [{ package: 'a', reason }] }, ['unused_script']],
    ['no hash', { integrity: undefined }, {}, ['integrity']],
    ['no hash, listed, but part of the service', { integrity: undefined }, { withoutIntegrity: ['a'] }, ['integrity']],
    [
      'no hash, listed, of another platform',
      { integrity: undefined, dev: true, optional: true },
      { withoutIntegrity: ['a'] },
      [],
    ],
    ['in a bundle that has the hash', { integrity: undefined, inBundle: true }, {}, []],
    ['a hash again', {}, { withoutIntegrity: ['a'] }, ['unused_integrity']],
    ['from the registry', { resolved: 'https://registry.npmjs.org/a/-/a-1.0.0.tgz' }, {}, []],
    ['a scoped one', { name: '@s/a', resolved: 'https://registry.npmjs.org/@s/a/-/a-1.0.0.tgz' }, {}, []],
    ['another version than it says', { resolved: 'https://registry.npmjs.org/a/-/a-1.0.1.tgz' }, {}, ['origin']],
    ['another package than it says', { resolved: 'https://registry.npmjs.org/b/-/b-1.0.0.tgz' }, {}, ['origin']],
    ['another registry', { resolved: 'https://registry.npmjs.org.example.com/a/-/a-1.0.0.tgz' }, {}, ['origin']],
    ['without TLS', { resolved: 'http://registry.npmjs.org/a/-/a-1.0.0.tgz' }, {}, ['origin']],
    ['from git', { resolved: 'git+ssh://git@github.com/x/a.git#0123456' }, {}, ['origin']],
    ['a folder beside the project', { resolved: '../a', link: true }, {}, ['origin']],
    ['asks for git', { dependencies: { b: 'git+https://example.com/b.git' } }, {}, ['source']],
    ['asks for a URL', { optionalDependencies: { b: 'https://example.com/b.tgz' } }, {}, ['source']],
    ['asks for a repository', { dependencies: { b: 'x/b#main' } }, {}, ['source']],
    ['asks for a folder', { dependencies: { b: 'file:../b' } }, {}, ['source']],
    ['asks for another name of the registry', { dependencies: { b: 'npm:@s/c@^1.0.0', d: 'latest' } }, {}, []],
    ['another licence', { license: 'AGPL-3.0-only' }, {}, ['licence']],
    ['no licence', { license: undefined }, {}, ['licence']],
    ['no licence, told', { license: undefined }, { licenceOf: [{ package: 'a', licence: 'MIT', reason }] }, []],
    [
      'its own licence',
      { license: 'LGPL-3.0-only' },
      { licenceOf: [{ package: 'a', licence: 'LGPL-3.0-only', reason }] },
      [],
    ],
    [
      'another than its own',
      { license: 'GPL-3.0-only' },
      { licenceOf: [{ package: 'a', licence: 'MIT', reason }] },
      ['licence', 'unused_licence'],
    ],
    [
      'its own licence, told for nothing',
      {},
      { licenceOf: [{ package: 'a', licence: 'MIT', reason }] },
      ['unused_licence'],
    ],
    ['a licence for tools, in the service', { license: 'MPL-2.0' }, {}, ['licence']],
    ['a licence for tools, in a tool', { license: 'MPL-2.0', dev: true }, {}, []],
  ])('%s', (_name, a, policy, rules) => {
    expect(broken(a, {}, policy)).toEqual(rules)
  })

  test('the project itself asks for the registry only', () => {
    const lock = lockOf({ 'node_modules/a': good }, { devDependencies: { a: 'github:x/a' } })
    expect(checkLockfile(lock, book()).map((it) => it.rule)).toEqual(['source'])
  })

  test.each([
    ['MIT', true],
    ['(MIT OR AGPL-3.0-only)', true],
    ['MIT AND ISC', true],
    ['MIT AND AGPL-3.0-only', false],
    ['MIT OR ISC AND AGPL-3.0-only', false],
    ['(MIT AND (ISC OR MIT))', false],
    ['SEE LICENSE IN LICENSE', false],
  ])('licence expression %s: %s', (expression, allowed) => {
    expect(isAllowed(expression, ['MIT', 'ISC'])).toBe(allowed)
  })

  test.each(LOCALES)('every rule has its words (%s)', (locale) => {
    const words = JSON.parse(read(`locales/${locale}/supply.json`)) as { rules: Record<string, string> }
    expect(Object.keys(words.rules).sort()).toEqual([...RULES].sort())
  })
})

describe('the command', () => {
  function run(files: Record<string, unknown>) {
    const folder = tempFolder()
    const all = {
      'package-lock.json': { lockfileVersion: 3, packages: { '': {}, 'node_modules/a': good } },
      'security/advisories.json': [],
      'security/accepted.json': [],
      'security/policy.json': noPolicy,
      ...files,
    }
    for (const [file, content] of Object.entries(all)) {
      mkdirSync(dirname(join(folder.path, file)), { recursive: true })
      writeFileSync(join(folder.path, file), JSON.stringify(content))
    }
    const written: string[] = []
    const out = { write: (text: string) => written.push(text) }
    try {
      return { code: runAudit({ root: folder.path, today: TODAY, locale: 'en', out }), text: written.join('') }
    } finally {
      folder.remove()
    }
  }

  test('ends with 0 and tells what it looked at', () => {
    const { code, text } = run({ 'security/advisories.json': [{ ...advisory, package: 'b' }] })
    expect(code).toBe(0)
    expect(text).toBe('Packages: 1; advisories: 1, last reviewed 2026-11-23. No fault.\n')
  })

  test('ends with 1 and names package, advisory, fix and source', () => {
    const { code, text } = run({ 'security/advisories.json': [advisory] })
    expect(code).toBe(1)
    expect(text).toContain('node_modules/a 1.0.0: GHSA-x (high), fixed in 1.5.0, 2.0.3. https://example.com/x\n')
  })

  test('tells what was accepted, and when nobody looked for long', () => {
    const old = { ...advisory, reviewed: '2026-01-01' }
    const { code, text } = run({ 'security/advisories.json': [old], 'security/accepted.json': [acceptance] })
    expect(code).toBe(0)
    expect(text).toContain('Accepted until 2026-11-23: a 1.0.0, GHSA-x.\n')
    expect(text).toContain('326 days')
  })

  test.each<[string, unknown]>([
    ['security/advisories.json', [{ ...advisory, vulnerable: 'many' }]],
    ['security/advisories.json', [{ ...advisory, source: 'somebody said' }]],
    ['security/accepted.json', [{ ...acceptance, until: 'some day' }]],
    ['security/accepted.json', [{ ...acceptance, reason: 'fine' }]],
    ['security/policy.json', { ...noPolicy, licences: 'all' }],
    ['package-lock.json', { lockfileVersion: 1, dependencies: {} }],
  ])('refuses a %s that it cannot rely on', (file, content) => {
    expect(() => run({ [file]: content })).toThrow(file)
  })
})

describe('this project', () => {
  const lock = parseLockfile(read('package-lock.json'))

  test('has nothing that is known to be bad', () => {
    const rules = {
      advisories: parseAdvisories(read('security/advisories.json')),
      accepted: parseAccepted(read('security/accepted.json')),
      policy: parsePolicy(read('security/policy.json')),
      today: new Date().toISOString().slice(0, 10),
    }
    expect(rules.advisories.length).toBeGreaterThan(40)
    expect(checkLockfile(lock, rules)).toEqual([])
  })

  describe('bill of materials', () => {
    const bom = toBom(lock, parsePolicy(read('security/policy.json')))
    const refs = new Set(bom.components.map((it) => it['bom-ref']))

    test('holds every package of the service once, and no tool', () => {
      const shipped = new Set(
        installed(lock)
          .filter((it) => !it.dev)
          .map((it) => `${it.name}@${it.version}`),
      )
      expect(refs).toEqual(shipped)
      expect(bom.components.length).toBe(refs.size)
      for (const name of Object.keys(lock.packages['']?.dependencies ?? {})) {
        expect(bom.components.some((it) => it.name === name)).toBe(true)
      }
      expect(bom.components.some((it) => it.name === 'jest')).toBe(false)
    })

    test('has the shape of CycloneDX 1.6', () => {
      expect(bom).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6', version: 1 })
      expect(bom.serialNumber).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/)
      for (const { purl, hashes, licenses, ...it } of bom.components) {
        expect(decodeURIComponent(purl)).toBe(`pkg:npm/${it.name}@${it.version}`)
        expect(hashes).toEqual([{ alg: 'SHA-512', content: expect.stringMatching(/^[0-9a-f]{128}$/) }])
        expect(licenses?.length).toBe(1)
      }
    })

    test('every dependency leads to a component, and every component is led to', () => {
      const known = new Set([...refs, bom.metadata.component['bom-ref']])
      const to = new Set(bom.dependencies.flatMap((it) => it.dependsOn))
      expect(bom.dependencies.map((it) => it.ref).sort()).toEqual([...known].sort())
      expect([...to].filter((ref) => !refs.has(ref))).toEqual([])
      expect(unreached(bom)).toEqual([])
    })

    test('is the same for the same lockfile', () => {
      expect(toBom(lock, { licenceOf: [] }).serialNumber).toBe(bom.serialNumber)
    })
  })

  test('a package finds the nearest one of a name', () => {
    const tree = lockOf({
      'node_modules/a': good,
      'node_modules/b': good,
      'node_modules/b/node_modules/a': good,
      'node_modules/b/node_modules/@s/c': good,
    })
    expect(resolvePath(tree, 'node_modules/b/node_modules/@s/c', 'a')).toBe('node_modules/b/node_modules/a')
    expect(resolvePath(tree, 'node_modules/a', 'b')).toBe('node_modules/b')
    expect(resolvePath(tree, 'node_modules/b', 'z')).toBeUndefined()
  })
})

/** Components that no way from the project leads to. */
function unreached({ metadata, components, dependencies }: Bom): string[] {
  const next = new Map(dependencies.map((it) => [it.ref, it.dependsOn]))
  const seen = new Set<string>()
  const open = [metadata.component['bom-ref']]
  for (let ref = open.pop(); ref !== undefined; ref = open.pop()) {
    if (!seen.has(ref)) open.push(...(next.get(ref) ?? []))
    seen.add(ref)
  }
  return components.map((it) => it['bom-ref']).filter((ref) => !seen.has(ref))
}
