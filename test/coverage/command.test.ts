import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from '@jest/globals'
import { runCoverage } from '../../src/cli/coverage.ts'
import type { Locale } from '../../src/wire/activity.ts'

const folder = () => mkdtempSync(join(tmpdir(), 'sesame-coverage-'))

function terminal(dataDir = folder(), locale: Locale = 'fr', isTTY = false) {
  const text = { out: '', err: '' }
  const sink = (name: 'out' | 'err') => ({
    isTTY,
    write: (piece: string) => {
      text[name] += piece.replaceAll('\u00a0', ' ').replaceAll('\u202f', ' ')
    },
  })
  const run = (...args: string[]) => runCoverage({ args, dataDir, locale, out: sink('out'), err: sink('err') })
  return { run, text, dataDir }
}

test('import, then list: counts, masked addresses, filters, no code', async () => {
  const { run, text, dataDir } = terminal()
  expect(await run('import', 'src/coverage/sample.csv')).toBe(0)
  expect(await run('import', 'src/coverage/sample.csv')).toBe(0)
  expect(text.out.split('\n').slice(0, 2)).toEqual([
    'Importation terminée : 30 invitations lues (ajoutées : 30, modifiées : 0, inchangées : 0).',
    'Importation terminée : 30 invitations lues (ajoutées : 0, modifiées : 0, inchangées : 30).',
  ])
  text.out = ''
  expect(await run('list', '--status', 'expired', '--region', 'ca-qc')).toBe(0)
  expect(text.out.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
    ['Adresse', 'Lien', 'Région', 'Statut', 'Langue', 'Organisation'],
    ['c•••@e•••.ca', 'child', 'CA-QC', 'expired', 'fr', 'Clinique du Parc'],
    ['s•••@e•••.com', 'employee', 'CA-QC', 'expired', 'fr', 'Imprimerie de l’Anse'],
    ['2 invitations'],
    [''],
  ])
  expect(await run('list')).toBe(0)
  expect(text.err).toBe('')
  const db = new DatabaseSync(join(dataDir, 'coverage.db'))
  const rows = db.prepare('SELECT email, code FROM invitation').all()
  db.close()
  expect(rows).toHaveLength(30)
  for (const { email, code } of rows) {
    expect(text.out).not.toContain(String(email))
    expect(text.out).not.toContain(String(code))
  }
})

test('bad lines are named, the rest is counted, nothing is imported, no value is shown', async () => {
  const { run, text, dataDir } = terminal(undefined, 'en')
  const file = join(dataDir, 'bad.csv')
  const bad = Array.from({ length: 23 }, (_, i) => `secret${i}@example.com,S,cousin,,Clinique,CA-QC,pending,fr`)
  writeFileSync(file, ['email,name,relation,sponsor,organisation,region,status,language', ...bad].join('\n'))
  expect(await run('import', file)).toBe(1)
  const lines = text.err.trim().split('\n')
  expect(lines).toHaveLength(22)
  expect(lines[0]).toMatch(/^Line 2, column “relation”: unknown value; choose one of: employee, student, /)
  expect(lines.slice(-2)).toEqual(['… and 3 more lines.', `Nothing was imported: 23 lines to correct in ${file}.`])
  expect(text.err).not.toMatch(/secret|cousin/)
  expect(await run('list')).toBe(0)
  expect(text.out).toBe('No invitations.\n')
})

test.each([
  ['no command', [], /^Utilisation : /],
  ['unknown option', ['list', '--full'], /^Utilisation : /],
  ['two files', ['import', 'a.csv', 'b.csv'], /^Utilisation : /],
  ['no such file', ['import', 'absent.csv'], /^Impossible de lire absent\.csv : le fichier n’existe pas\.$/],
  ['a folder', ['import', tmpdir()], /: c’est un dossier\.$/],
  ['unknown status', ['list', '--status', 'actif'], /^Statut inconnu\. Choix possibles : pending, claimed, expired\.$/],
  ['unknown region', ['list', '--region', 'QC'], /^Région inconnue\. /],
])('%s: one line, exit 1', async (_name, args, message) => {
  const { run, text } = terminal()
  expect(await run(...args)).toBe(1)
  expect(text.err.trim()).toMatch(message)
  expect(text.err.trim().split('\n')).toHaveLength(1)
  expect(text.out).toBe('')
})

test('a data folder that cannot be used: one line, exit 1', async () => {
  const file = join(folder(), 'file')
  writeFileSync(file, '')
  const { run, text } = terminal(file)
  expect(await run('list')).toBe(1)
  expect(text.err).toMatch(/^Impossible d’utiliser .*coverage\.db : .*\n$/)
})

test('a bar on a terminal only, and it is wiped', async () => {
  const shown = terminal(undefined, 'fr', true)
  await shown.run('import', 'src/coverage/sample.csv')
  expect(shown.text.err).toBe(`\r${'█'.repeat(30)} 100 % (31 lignes)\u001b[K\r\u001b[K`)
})

test('every problem the code can name has its words, the same keys in both languages', () => {
  const keys = (node: object, at = ''): string[] =>
    Object.entries(node).flatMap(([k, v]) => (typeof v === 'object' ? keys(v, `${at}${k}.`) : [`${at}${k}`]))
  const read = (locale: string, file: string): { problems: object } =>
    JSON.parse(readFileSync(`locales/${locale}/${file}.json`, 'utf8'))
  for (const file of ['coverage', 'mail']) expect(keys(read('en', file))).toEqual(keys(read('fr', file)))
  const sources = ['csv', 'records', 'import'].map((f) => readFileSync(`src/coverage/${f}.ts`, 'utf8')).join('\n')
  const named = [...sources.matchAll(/(?:problem(?:\?)?:|\| )\s*'([a-z_]+)'/g)].map((m) => m[1])
  for (const problem of new Set(named)) expect(Object.keys(read('fr', 'coverage').problems)).toContain(problem)
})
