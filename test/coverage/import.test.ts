import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from '@jest/globals'
import { caseOf } from '../../src/coverage/cases.ts'
import { CASES } from '../../src/coverage/directory.ts'
import { importCsv } from '../../src/coverage/import.ts'
import { COLUMNS, isFamily, OPTIONAL_COLUMN } from '../../src/coverage/records.ts'
import { countInvitations, listInvitations, openCoverageDb } from '../../src/coverage/sqlite.ts'

const HEADER = COLUMNS.filter((c) => c !== OPTIONAL_COLUMN).join(',')
const GOOD = 'lea.roy@example.com,Léa Roy,employee,,Clinique du Parc,CA-QC,pending,fr'

const freshDb = () => openCoverageDb(join(mkdtempSync(join(tmpdir(), 'sesame-import-')), 'coverage.db'))

/** Hands the bytes over in small pieces, so that signs and line ends are cut anywhere. */
async function* pieces(content: string | Uint8Array, size = 7): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(content as string)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const load = (db: DatabaseSync, lines: readonly string[]) => importCsv(db, pieces(lines.join('\n')))
const codes = (db: DatabaseSync) =>
  new Map(
    db
      .prepare('SELECT email, code FROM invitation')
      .all()
      .map((r) => [String(r.email), String(r.code)]),
  )
const all = (db: DatabaseSync) => [...listInvitations(db)]

describe('what is read', () => {
  test.each([
    ['as it is', `${HEADER}\n${GOOD}`],
    ['BOM and CRLF', `\uFEFF${HEADER}\r\n${GOOD}\r\n`],
    ['semicolons', `${HEADER}\n${GOOD}\n`.replaceAll(',', ';')],
    ['tabs', `${HEADER}\n${GOOD}\n`.replaceAll(',', '\t')],
    ['empty rows, rows of bare delimiters', `\n${HEADER}\n\n,,,,,,,\n${GOOD}\n,,,,,,,\n\n`],
    ['old line ends', `${HEADER}\r${GOOD}\r`],
    ['quoted line break in a name', `${HEADER}\r\n${GOOD.replace('Léa Roy', '"Léa\r\nRoy"')}\r\n`],
    ['capitals and blanks', `${HEADER}\n${GOOD.replace('employee', ' Employee ').replace('lea.roy', 'Lea.Roy')}`],
    [
      'columns in another order',
      'language,status,region,organisation,sponsor,relation,name,email\nfr,pending,CA-QC,Clinique du Parc,,employee,Léa Roy,lea.roy@example.com',
    ],
  ])('%s', async (_name, file) => {
    const db = freshDb()
    expect(await importCsv(db, pieces(file))).toEqual({ ok: true, total: 1, added: 1, changed: 0, unchanged: 0 })
    expect(all(db)).toEqual([
      {
        email: 'lea.roy@example.com',
        name: 'Léa Roy',
        relation: 'employee',
        sponsor: '',
        organisation: 'Clinique du Parc',
        region: 'CA-QC',
        status: 'pending',
        language: 'fr',
        member: '',
      },
    ])
  })

  test('the sample covers every case, and an IDN domain is kept in punycode', async () => {
    const db = freshDb()
    const outcome = await importCsv(db, pieces(readFileSync('src/coverage/sample.csv'), 1_000))
    expect(outcome).toMatchObject({ ok: true, added: 30 })
    const invitations = all(db)
    expect(new Set(invitations.map((i) => caseOf({ ...i, isFamily: isFamily(i) }, 'CA-QC')))).toEqual(new Set(CASES))
    expect(new Set(invitations.map((i) => i.language))).toEqual(new Set(['fr', 'en', '']))
    expect(invitations.map((i) => i.email)).toContain('maelle.dastous@xn--qubec-csa.exemple.ca')
    expect(invitations.find((i) => i.email === 'camille.tremblay@example.com')).toMatchObject({
      relation: 'employee',
      region: 'CA-QC',
      status: 'pending',
      language: 'fr',
    })
    for (const { email } of invitations) expect(email).toMatch(/@([a-z0-9-]+\.)?(example\.(com|org)|exemple\.ca)$/)
  })
})

describe('what is refused', () => {
  const SPOUSE = 'ali.roy@example.com,Ali,spouse,lea.roy@example.com,Clinique,CA-QC,pending,fr'

  test.each([
    ['no address', GOOD.replace('lea.roy@example.com', ''), { problem: 'missing', column: 'email' }],
    [
      'two addresses',
      GOOD.replace('lea.roy@example.com', '"a@example.com,b@example.com"'),
      { problem: 'address', column: 'email' },
    ],
    [
      'header injection',
      GOOD.replace('lea.roy@example.com', '"a@example.com\nBcc: b@example.com"'),
      { problem: 'address', column: 'email' },
    ],
    ['relation', GOOD.replace('employee', 'cousin'), { problem: 'one_of', column: 'relation' }],
    ['region', GOOD.replace('CA-QC', 'QC'), { problem: 'one_of', column: 'region' }],
    ['status', GOOD.replace('pending', 'actif'), { problem: 'one_of', column: 'status' }],
    ['language', GOOD.replace(/fr$/, 'de'), { problem: 'one_of', column: 'language', allowed: 'fr, en' }],
    ['no organisation', GOOD.replace('Clinique du Parc', ' '), { problem: 'missing', column: 'organisation' }],
    ['control character', GOOD.replace('Léa', 'L\u0000a'), { problem: 'characters', column: 'name' }],
    ['hidden direction mark', GOOD.replace('Léa', 'L\u202Ea'), { problem: 'characters', column: 'name' }],
    ['too long', GOOD.replace('Léa', 'é'.repeat(201)), { problem: 'long', column: 'name', allowed: '200' }],
    ['quotes amid', GOOD.replace('Léa Roy', '"Léa" Roy'), { problem: 'quotes', column: 'name' }],
    [
      'family without sponsor',
      SPOUSE.replace('lea.roy@example.com', ''),
      { problem: 'sponsor_missing', column: 'sponsor' },
    ],
    [
      'sponsor without family',
      GOOD.replace('employee,', 'employee,x@example.com'),
      { problem: 'sponsor_given', column: 'sponsor' },
    ],
    ['own sponsor', SPOUSE.replace('lea.roy', 'ali.roy'), { problem: 'sponsor_self', column: 'sponsor' }],
    ['too few cells', 'a@example.com,A', { problem: 'cells', expected: 8, found: 2 }],
    ['open quote', '"lea.roy@example.com,Léa', { problem: 'quote_open' }],
    ['open quote, long', `"lea${'\nx'.repeat(20_000)}`, { problem: 'long_line' }],
  ])('%s, by line', async (_name, line, problem) => {
    const db = freshDb()
    const before = 'b@example.com,"B\n\nB",employee,,Clinique,CA-QC,pending,fr'
    const outcome = await load(db, [HEADER, before, '', line])
    expect(outcome).toMatchObject({ ok: false, badLines: 1, problems: [{ line: 6, ...problem }] })
    expect(countInvitations(db)).toBe(0)
  })

  test.each([
    ['empty', '', [{ line: 1, problem: 'empty' }]],
    ['blank', '\n \n'.repeat(9_000), [{ line: 1, problem: 'empty' }]],
    ['UTF-16', Buffer.from(`\uFEFF${HEADER}\n${GOOD}`, 'utf16le'), [{ line: 1, problem: 'encoding' }]],
    ['Latin-1', Buffer.from(`${HEADER}\n\n${GOOD}`, 'latin1'), [{ line: 3, problem: 'encoding' }]],
    [
      'missing column',
      `${HEADER.replace(',region', '')}\n`,
      [{ line: 1, problem: 'column_missing', column: 'region' }],
    ],
    ['unknown column', `${HEADER},code\n`, [{ line: 1, problem: 'column_unknown', column: '9' }]],
    ['column twice', `${HEADER},email\n`, [{ line: 1, problem: 'column_twice', column: 'email' }]],
  ])('file: %s', async (_name, file, problems) => {
    const outcome = await importCsv(freshDb(), pieces(file))
    expect(outcome).toEqual({ ok: false, badLines: 1, problems })
  })

  test('an address twice, however written, names both lines', async () => {
    const twin = GOOD.replace('lea.roy@example.com', 'LEA.ROY@Example.com')
    const other = GOOD.replace('lea.roy', 'a')
    expect(await load(freshDb(), [HEADER, GOOD, other, twin])).toEqual({
      ok: false,
      badLines: 1,
      problems: [{ line: 4, problem: 'duplicate', column: 'email', firstLine: 2 }],
    })
  })

  test('every bad line counts, the first 20 are described, and a good file before stays as it was', async () => {
    const db = freshDb()
    await load(db, [HEADER, GOOD])
    const before = codes(db)
    const bad = Array.from({ length: 45 }, (_, i) => `x${i}@example.com,X,cousin,,,CA-QC,pending,fr`)
    const outcome = await load(db, [HEADER, GOOD.replace('pending', 'claimed'), ...bad])
    expect(outcome).toMatchObject({ ok: false, badLines: 45 })
    const lines = outcome.ok ? [] : outcome.problems.map((p) => p.line)
    expect([...new Set(lines)]).toEqual(Array.from({ length: 20 }, (_, i) => i + 3))
    expect(lines.length).toBe(40)
    expect(all(db).map((i) => i.status)).toEqual(['pending'])
    expect(codes(db)).toEqual(before)
  })

  test('a stream that breaks off imports nothing', async () => {
    const db = freshDb()
    const broken = (async function* () {
      yield* pieces(`${HEADER}\n${GOOD}\n`)
      throw new Error('disk gone')
    })()
    await expect(importCsv(db, broken)).rejects.toThrow('disk gone')
    expect(countInvitations(db)).toBe(0)
  })
})

describe('accounts', () => {
  const WITH = `${HEADER},member`
  const claimed = GOOD.replace('pending', 'claimed')
  const kept = (db: DatabaseSync) => all(db).map(({ status, member }) => ({ status, member }))

  test.each([
    ['claimed', `${claimed},m-1`, { status: 'claimed', member: 'm-1' }],
    ['claimed, nobody knows by which', `${claimed},`, { status: 'claimed', member: '' }],
    ['expired', `${GOOD.replace('pending', 'expired')},m-1`, { status: 'expired', member: 'm-1' }],
    ['pending', `${GOOD},`, { status: 'pending', member: '' }],
  ])('of an invitation that is %s', async (_name, line, expected) => {
    const db = freshDb()
    expect(await load(db, [WITH, line])).toMatchObject({ ok: true })
    expect(kept(db)).toEqual([expected])
  })

  test('its id is as long as a host page may make it', async () => {
    const db = freshDb()
    expect(await load(db, [WITH, `${claimed},${'m'.repeat(256)}`])).toMatchObject({ ok: true })
    expect(await load(db, [WITH, `${claimed},${'m'.repeat(257)}`])).toMatchObject({
      problems: [{ problem: 'long', column: 'member', allowed: '256' }],
    })
  })

  test('none uses a pending invitation', async () => {
    expect(await load(freshDb(), [WITH, `${GOOD},m-1`])).toEqual({
      ok: false,
      badLines: 1,
      problems: [{ line: 2, problem: 'member_given', column: 'member' }],
    })
  })

  test('a file without the column undoes no link; one with it, or an end, does', async () => {
    const db = freshDb()
    await load(db, [HEADER, GOOD])
    db.exec("UPDATE invitation SET status = 'claimed', member = 'm-1'")
    expect(await load(db, [HEADER, GOOD])).toMatchObject({ changed: 0, unchanged: 1 })
    expect(kept(db)).toEqual([{ status: 'claimed', member: 'm-1' }])
    await load(db, [HEADER, GOOD.replace('pending', 'expired')])
    expect(kept(db)).toEqual([{ status: 'expired', member: 'm-1' }])
    await load(db, [HEADER, GOOD])
    expect(kept(db)).toEqual([{ status: 'claimed', member: 'm-1' }])
    await load(db, [WITH, `${GOOD},`])
    expect(kept(db)).toEqual([{ status: 'pending', member: '' }])
  })
})

describe('a file of the version before', () => {
  const V1 = `CREATE TABLE invitation (email TEXT PRIMARY KEY, name TEXT NOT NULL, relation TEXT NOT NULL,
    sponsor TEXT NOT NULL, organisation TEXT NOT NULL, region TEXT NOT NULL, status TEXT NOT NULL,
    language TEXT NOT NULL, code TEXT NOT NULL UNIQUE) STRICT;
    INSERT INTO invitation VALUES
      ('lea.roy@example.com', 'Léa', 'employee', '', 'Clinique', 'CA-QC', 'claimed', 'fr', 'AB2C-D3EF');
    PRAGMA user_version = 1`

  test('keeps its invitations and codes, and is not changed again', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'sesame-import-')), 'coverage.db')
    const old = new DatabaseSync(path)
    old.exec(V1)
    old.close()
    for (let n = 0; n < 2; n++) {
      const db = openCoverageDb(path)
      expect(all(db)).toMatchObject([{ email: 'lea.roy@example.com', status: 'claimed', member: '' }])
      expect([...codes(db).values()]).toEqual(['AB2C-D3EF'])
      expect(db.prepare('PRAGMA user_version').get()).toEqual({ user_version: 2 })
      expect(await load(db, [HEADER, GOOD.replace('lea', `n${n}`)])).toMatchObject({ added: 1 })
      db.prepare('DELETE FROM invitation WHERE email <> ?').run('lea.roy@example.com')
      db.close()
    }
  })
})

describe('codes', () => {
  test('one each, of the agreed form, kept when the address comes again', async () => {
    const db = freshDb()
    const lines = Array.from({ length: 3_000 }, (_, i) => GOOD.replace('lea.roy', `membre.${i}`))
    await load(db, [HEADER, ...lines])
    const before = codes(db)
    expect(new Set(before.values()).size).toBe(3_000)
    for (const code of before.values()) {
      expect(code).toMatch(/^[A-HJKMNP-Z2-9]{4}-[A-HJKMNP-Z2-9]{4}$/)
      expect(code).toMatch(/\d/)
    }
    const again = [lines[0]?.replace('pending', 'claimed') ?? '', ...lines.slice(1, 10), GOOD]
    expect(await load(db, [HEADER, ...again])).toEqual({ ok: true, total: 11, added: 1, changed: 1, unchanged: 9 })
    const after = codes(db)
    after.delete('lea.roy@example.com')
    expect(after).toEqual(before)
  })

  test('progress tells bytes and lines, and a file of a newer version is not touched', async () => {
    const db = freshDb()
    const seen: { bytes: number; lines: number }[] = []
    const file = `${HEADER}\n${GOOD}\n`
    await importCsv(db, pieces(file, 40), { onProgress: (p) => seen.push({ ...p }) })
    expect(seen.at(-1)).toEqual({ bytes: Buffer.byteLength(file), lines: 2 })
    const path = String(db.location())
    db.exec('PRAGMA user_version = 99')
    db.close()
    expect(() => openCoverageDb(path)).toThrow(expect.objectContaining({ code: 'coverage_unavailable' }))
  })
})
