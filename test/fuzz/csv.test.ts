import { join } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type ImportOutcome, importCsv } from '../../src/coverage/import.ts'
import { COLUMNS } from '../../src/coverage/records.ts'
import { countInvitations, openCoverageDb } from '../../src/coverage/sqlite.ts'
import { parseEmail } from '../../src/language/email.ts'
import { tempFolder } from '../support/folder.ts'
import { hostileText } from './corpus/json.ts'
import { HOSTILE, PUMPS, pumped } from './corpus/texts.ts'

const folder = tempFolder()
const db = openCoverageDb(join(folder.path, 'coverage.db'))
afterAll(() => {
  db.close()
  folder.remove()
})

const HEADER = 'email,name,relation,sponsor,organisation,region,status,language'
const GOOD = ['lea.roy@example.com', 'Léa Roy', 'employee', '', 'Clinique du Parc', 'CA-QC', 'pending', 'fr']
const CANARY = 'zqxjkvb'

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const load = (bytes: Uint8Array, size = 65_536) => importCsv(db, pieces(bytes, size))
const rows = () => db.prepare('SELECT * FROM invitation').all()
const nameOf = (email = '') => db.prepare('SELECT name FROM invitation WHERE email = ?').get(email)?.name

/** All of it or nothing, and whoever reads the report learns nothing of what the file said. */
function judge(before: number, outcome: ImportOutcome): void {
  const after = countInvitations(db)
  if (outcome.ok) return expect(after).toBe(before + outcome.added)
  expect(after).toBe(before)
  expect(outcome.badLines).toBeGreaterThan(0)
  expect(outcome.problems.length).toBeGreaterThan(0)
  for (const { line } of outcome.problems) expect(Number.isInteger(line) && line >= 1).toBe(true)
  expect(JSON.stringify(outcome)).not.toContain(CANARY)
}

const quoted = (cell: string) => `"${cell.replaceAll('"', '""')}"`
const cell = fc.oneof(
  hostileText,
  hostileText.map(quoted),
  fc.constantFrom(...PUMPS).map((pump) => pumped(pump, 400)),
  fc.constantFrom(
    `${CANARY}@`,
    `"${CANARY}`,
    `${CANARY}"`,
    `=cmd|' /C ${CANARY}'!A0`,
    `@${CANARY}`,
    '"a\r\nb"',
    '"a""b"',
    ' "a" ',
    '\ufeff',
    '""""',
    `${CANARY}${'x'.repeat(300)}`,
  ),
)
const line = fc.tuple(fc.array(fc.tuple(fc.nat(7), cell), { maxLength: 3 }), fc.nat(40)).map(([changes, n]) => {
  const cells = GOOD.with(0, `m${n}@example.com`)
  for (const [at, text] of changes) cells[at] = text
  return cells
})
const file = fc
  .record({
    bom: fc.constantFrom('', '', '\ufeff'),
    header: fc.oneof(
      { weight: 8, arbitrary: fc.constant(HEADER.split(',')) },
      fc.array(fc.oneof(fc.constantFrom(...COLUMNS), hostileText), { maxLength: 10 }),
    ),
    lines: fc.array(line, { maxLength: 12 }),
    by: fc.constantFrom(',', ';', '\t'),
    end: fc.constantFrom('\n', '\r\n', '\r', '\n\n'),
    encoding: fc.constantFrom<BufferEncoding>('utf8', 'utf8', 'utf8', 'latin1', 'utf16le'),
    tail: fc.constantFrom('', '\n', '"', '\0', ',', '\r'),
  })
  .map(({ bom, header, lines, by, end, encoding, tail }) =>
    Buffer.from(bom + [header, ...lines].map((cells) => cells.join(by)).join(end) + tail, encoding),
  )

describe('a file', () => {
  test('of any lines is taken whole or not at all, however it comes in', async () => {
    const run = async (bytes: Buffer, size: number) => {
      const before = countInvitations(db)
      const outcome = await load(bytes, size)
      judge(before, outcome)
      if (outcome.ok) return
      // Whether it is sound does not hang on how it was cut.
      expect((await load(bytes)).ok).toBe(false)
    }
    await fc.assert(fc.asyncProperty(file, fc.integer({ min: 1, max: 60 }), run), { numRuns: 400 })
    for (const { email, name } of rows()) {
      expect(parseEmail(String(email))).toBe(email)
      expect(String(name)).not.toMatch(/\p{C}/u)
    }
  })

  test('of any bytes', async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 2_000 }),
      fc
        .uint8Array({ maxLength: 200 })
        .map((tail) => Buffer.concat([Buffer.from(`${HEADER}\n${GOOD.join(',')}\n`), tail])),
    )
    const run = async (each: Uint8Array) => judge(countInvitations(db), await load(each))
    await fc.assert(fc.asyncProperty(bytes, run), { numRuns: 300 })
  })

  test.each<[string, Uint8Array]>([
    ['nothing', Buffer.alloc(0)],
    ['NULs', Buffer.alloc(100_000)],
    ['one endless line', Buffer.alloc(1_000_000, 'a')],
    ['one endless quote', Buffer.from(`${HEADER}\n"${'a\n'.repeat(50_000)}`)],
    ['quotes', Buffer.from(`${HEADER}\n${'"'.repeat(200_000)}`)],
    ['delimiters', Buffer.from(`${HEADER}\n${','.repeat(1_000_000)}x`)],
    ['columns', Buffer.from(`${'email,'.repeat(100_000)}\n`)],
    ['line ends', Buffer.from(`${HEADER}${'\r'.repeat(10_000)}x`)],
    ['accents in a pile', Buffer.from(`${HEADER}\n${GOOD.with(1, pumped('\u0301\u0316', 16_000)).join(',')}`)],
    ['a cell of 16 MB', Buffer.from(`${HEADER}\n${GOOD.with(4, 'x'.repeat(4_000_000)).join(',')}`)],
    [
      'half of a sign at the end',
      Buffer.concat([Buffer.from(`${HEADER}\n${GOOD.join(',')}`), Buffer.from([0xf0, 0x9f])]),
    ],
    ['UTF-16', Buffer.from(`\ufeff${HEADER}\n${GOOD.join(',')}`, 'utf16le')],
    ['a workbook', Buffer.from('504b0304140006000800000021', 'hex')],
  ])('of %s is refused', async (_name, bytes) => {
    const before = countInvitations(db)
    const outcome = await load(bytes)
    judge(before, outcome)
    expect(outcome.ok).toBe(false)
  })

  test.each(HOSTILE.filter((text) => !/[\n\r]/.test(text)).map((text) => [JSON.stringify(text), text]))(
    'with the name %s: as it is, or refused',
    async (_name, text) => {
      const before = countInvitations(db)
      const outcome = await load(Buffer.from(`${HEADER}\n${GOOD.with(1, quoted(text)).join(',')}`))
      judge(before, outcome)
      if (outcome.ok) expect(nameOf(GOOD[0])).toBe(text.replace(/\s+/g, ' ').trim().normalize('NFC').toWellFormed())
    },
  )
})
