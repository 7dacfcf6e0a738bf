/** Takes a CSV file into the directory: all of it or nothing. */
import { randomBytes } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { AppError } from '../errors.ts'
import { type CsvProblem, readCsv } from './csv.ts'
import { type Cells, COLUMNS, type Column, type Fault, type Invitation, parseInvitation } from './records.ts'

/** What is wrong with a line; `problem` is a key of `coverage:problems`. Holds nothing of what the line said. */
export interface LineProblem {
  line: number
  problem: CsvProblem['problem'] | Fault['problem'] | 'duplicate'
  column?: string
  allowed?: string
  /** Of the same address, earlier in the file, for `duplicate`. */
  firstLine?: number
  expected?: number
  found?: number
}

/** `changed`: known address, other data. `unchanged`: known address, same data. Their codes stay as they were. */
export type ImportOutcome =
  | { ok: true; total: number; added: number; changed: number; unchanged: number }
  /** Nothing was written. `problems` are those of the first bad lines; `badLines` counts all. */
  | { ok: false; badLines: number; problems: LineProblem[] }

export interface ImportProgress {
  bytes: number
  lines: number
}

export interface ImportOptions {
  /** Called every 64 KiB or so. */
  onProgress?: (progress: ImportProgress) => void
}

/** Bad lines described; the rest is counted. */
const DESCRIBED_LINES = 20

/** Reads the file into a temporary table, then merges that in one transaction, so that nobody sees half an import.
 *  One import at a time on a connection.
 *  @throws AppError `coverage_unavailable` when the database fails; errors of the stream as they are. */
export async function importCsv(
  db: DatabaseSync,
  stream: AsyncIterable<Uint8Array>,
  { onProgress }: ImportOptions = {},
): Promise<ImportOutcome> {
  const report = createReport()
  guarded(() => db.exec(STAGING))
  try {
    const stage = createStage(db, report.add)
    await readCsv(stream, { onRow: stage, onProblem: report.add, ...(onProgress ? { onProgress } : {}) })
    if (report.badLines > 0) return { ok: false, badLines: report.badLines, problems: report.problems }
    return guarded(() => merge(db))
  } finally {
    guarded(() => db.exec('DROP TABLE IF EXISTS temp.staged'))
  }
}

const STAGING = `DROP TABLE IF EXISTS temp.staged;
CREATE TEMP TABLE staged (email TEXT PRIMARY KEY, line INTEGER NOT NULL, ${rest().join(', ')});`

function createReport() {
  const problems: LineProblem[] = []
  let badLines = 0
  let last = 0
  return {
    problems,
    get badLines() {
      return badLines
    },
    add(problem: LineProblem): void {
      if (problem.line !== last) badLines++
      last = problem.line
      if (badLines <= DESCRIBED_LINES) problems.push(problem)
    },
  }
}

/** A line with faults is staged too when its address is sound, so that its duplicates are found in the same run. */
function createStage(db: DatabaseSync, onProblem: (problem: LineProblem) => void) {
  const insert = db.prepare(`INSERT INTO temp.staged (email, line, ${rest().join(', ')})
    VALUES (?, ?, ${rest().map(() => '?')}) ON CONFLICT DO NOTHING`)
  const first = db.prepare('SELECT line FROM temp.staged WHERE email = ?')
  return (cells: Cells, line: number): void => {
    const parsed = parseInvitation(cells)
    const { email } = 'invitation' in parsed ? parsed.invitation : parsed
    if ('faults' in parsed) for (const fault of parsed.faults) onProblem({ line, ...fault })
    if (email === undefined) return
    const values = rest().map((c) => ('invitation' in parsed ? cellOf(parsed.invitation, c, cells) : ''))
    const staged = guarded(() => insert.run(email, line, ...values))
    if (staged.changes === 0)
      onProblem({ line, problem: 'duplicate', column: 'email', firstLine: Number(first.get(email)?.line) })
  }
}

/** NULL where the file has no such column, which is not the same as an empty cell. */
function cellOf(invitation: Invitation, column: Column, cells: Cells): string | null {
  return column === 'member' && cells.member === undefined ? null : invitation[column]
}

/** Columns beside the address. */
function rest(): Exclude<Column, 'email'>[] {
  return COLUMNS.filter((c) => c !== 'email')
}

function merge(db: DatabaseSync): ImportOutcome {
  const set = rest().map((c) => `${c} = staged.${c}`)
  const same = rest().map((c) => `invitation.${c} = staged.${c}`)
  db.exec('BEGIN IMMEDIATE')
  try {
    db.exec(KEEP_LINKS)
    const total = Number(db.prepare('SELECT count(*) AS n FROM temp.staged').get()?.n)
    const changed = Number(
      db
        .prepare(`UPDATE invitation SET ${set} FROM temp.staged
        WHERE invitation.email = staged.email AND NOT (${same.join(' AND ')})`)
        .run().changes,
    )
    const added = addNew(db)
    db.exec('COMMIT')
    return { ok: true, total, added, changed, unchanged: total - added - changed }
  } catch (error) {
    db.exec('ROLLBACK')
    throw error
  }
}

/** A file that says nothing of accounts undoes none that was linked meanwhile. */
const KEEP_LINKS = `UPDATE temp.staged
  SET member = invitation.member, status = CASE staged.status WHEN 'pending' THEN 'claimed' ELSE staged.status END
  FROM invitation WHERE invitation.email = staged.email AND staged.member IS NULL AND invitation.member <> '';
UPDATE temp.staged SET member = '' WHERE member IS NULL;`

function addNew(db: DatabaseSync): number {
  const fresh = db
    .prepare('SELECT rowid AS row FROM temp.staged WHERE email NOT IN (SELECT email FROM invitation)')
    .all()
  const insert = db.prepare(`INSERT INTO invitation (email, ${rest().join(', ')}, code)
    SELECT email, ${rest().join(', ')}, ? FROM temp.staged WHERE rowid = ? ON CONFLICT (code) DO NOTHING`)
  for (const { row } of fresh) {
    // Two codes are hardly ever equal; when they are, the second is drawn again.
    while (insert.run(newCode(), row ?? null).changes === 0);
  }
  return fresh.length
}

/** Letters and digits that are not mistaken for one another, by eye or by ear over the phone. */
const ALPHABET = 'ABCDEFGHJKMNPQRSTUVWXYZ23456789'

/** `XXXX-XXXX`, a letter and a digit in each half: by them a code is told from words, years and prices however it is
 *  written (`maskCodes`). About 38 bits. */
function newCode(): string {
  for (;;) {
    // Bytes beyond a whole number of alphabets are dropped: no sign is likelier than another.
    const signs = [...randomBytes(16)]
      .filter((b) => b < 256 - (256 % ALPHABET.length))
      .map((b) => ALPHABET[b % ALPHABET.length])
    const halves = [signs.slice(0, 4).join(''), signs.slice(4, 8).join('')]
    if (halves.every((half) => half.length === 4 && /\d/.test(half) && /[A-Z]/.test(half))) return halves.join('-')
  }
}

function guarded<T>(use: () => T): T {
  try {
    return use()
  } catch (error) {
    throw error instanceof AppError ? error : new AppError('coverage_unavailable', {}, { cause: error })
  }
}
