/** `npm run coverage -- import FILE.csv | list [--status s] [--region r]`. May run beside the service. */
import { createReadStream, statSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { parseArgs } from 'node:util'
import en from '../../locales/en/coverage.json' with { type: 'json' }
import fr from '../../locales/fr/coverage.json' with { type: 'json' }
import { readConfig } from '../config.ts'
import { type ImportProgress, importCsv, type LineProblem } from '../coverage/import.ts'
import { COLUMNS, type Invitation, REGIONS, STATUSES } from '../coverage/records.ts'
import { listInvitations, openCoverageDb } from '../coverage/sqlite.ts'
import { makeFolder } from '../folder.ts'
import { maskAddress } from '../language/mask.ts'
import { createTexts } from '../language/texts.ts'
import { terminalLocale } from '../terminal.ts'
import type { Locale } from '../wire/activity.ts'
import { runCli } from './run.ts'

const texts = createTexts({ fr: { coverage: fr }, en: { coverage: en } }, {})
type Say = (key: string, values?: Readonly<Record<string, string | number>>) => string

/** Where the command writes; `process.stdout` and `process.stderr` fit. */
interface Sink {
  write(text: string): unknown
  isTTY?: boolean
}

export interface CoverageCommand {
  args: readonly string[]
  dataDir: string
  locale: Locale
  out: Sink
  err: Sink
}

/** A mistake of the person at the terminal; its one line is all they are shown. */
class Refusal extends Error {}

/** @returns the exit code. Prints neither addresses in full nor access codes. */
export async function runCoverage(command: CoverageCommand): Promise<number> {
  const t: Say = (key, values) => texts.say(command.locale, `coverage:${key}`, values)
  try {
    return await dispatch(command, t)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    command.err.write(`${error.message}\n`)
    return 1
  }
}

async function dispatch(command: CoverageCommand, t: Say): Promise<number> {
  const { positionals, values } = parseCommand(command.args, t)
  const [name, file, extra] = positionals
  const filters = values.status !== undefined || values.region !== undefined
  if (name === 'import' && file && extra === undefined && !filters) return runImport(file, command, t)
  if (name === 'list' && file === undefined) return runList(values, command, t)
  throw new Refusal(t('usage'))
}

function parseCommand(args: readonly string[], t: Say) {
  try {
    const options = { status: { type: 'string' }, region: { type: 'string' } } as const
    return parseArgs({ args: [...args], allowPositionals: true, options })
  } catch {
    throw new Refusal(t('usage'))
  }
}

async function runImport(file: string, { dataDir, out, err }: CoverageCommand, t: Say): Promise<number> {
  const size = sizeOf(file, t)
  const bar = createBar(err, size, t)
  const outcome = await withDb(dataDir, t, async (db) => {
    const stream = createReadStream(file).on('error', () => {})
    return importCsv(db, stream, { onProgress: bar.show }).catch((error: unknown) => {
      throw isFileError(error) ? fileRefusal(file, error, t) : error
    })
  }).finally(bar.clear)
  if (outcome.ok) {
    const { ok: _done, ...counts } = outcome
    out.write(`${t('imported', counts)}\n`)
    return 0
  }
  for (const problem of outcome.problems) err.write(`${describe(problem, t)}\n`)
  const described = new Set(outcome.problems.map((p) => p.line)).size
  if (outcome.badLines > described) err.write(`${t('more', { count: outcome.badLines - described })}\n`)
  err.write(`${t('refused', { count: outcome.badLines, file })}\n`)
  return 1
}

function describe(problem: LineProblem, t: Say): string {
  const what = t(`problems.${problem.problem}`, { ...problem, columns: COLUMNS.join(', ') })
  const named = problem.column !== undefined && problem.problem !== 'column_unknown'
  return t(named ? 'at_column' : 'at_line', { line: problem.line, column: problem.column ?? '', what })
}

async function runList(
  filter: { status?: string | undefined; region?: string | undefined },
  { dataDir, out }: CoverageCommand,
  t: Say,
): Promise<number> {
  const status = oneOf(filter.status?.toLowerCase(), STATUSES, t, 'errors.status')
  const region = oneOf(filter.region?.toUpperCase(), REGIONS, t, 'errors.region')
  return withDb(dataDir, t, async (db) => {
    let count = 0
    for (const invitation of listInvitations(db, { ...(status && { status }), ...(region && { region }) })) {
      if (count++ === 0) out.write(tableLine(LISTED.map((c) => t(`list.${c}`))))
      out.write(tableLine(LISTED.map((c) => (c === 'email' ? maskAddress(invitation.email) : invitation[c]))))
    }
    out.write(`${count === 0 ? t('list.none') : t('list.count', { count })}\n`)
    return 0
  })
}

const LISTED = [
  'email',
  'relation',
  'region',
  'status',
  'language',
  'organisation',
] as const satisfies (keyof Invitation)[]
/** Widths of the listed columns; the last one takes what is left. */
const WIDTHS = [24, 10, 7, 8, 7, 0]

function tableLine(cells: readonly string[]): string {
  return `${cells
    .map((cell, i) => cell.padEnd(WIDTHS[i] ?? 0))
    .join('  ')
    .trimEnd()}\n`
}

function oneOf<T extends string>(value: string | undefined, allowed: readonly T[], t: Say, key: string): T | undefined {
  if (value === undefined) return undefined
  const found = allowed.find((a) => a === value)
  if (found === undefined) throw new Refusal(t(key, { allowed: allowed.join(', ') }))
  return found
}

async function withDb<T>(dataDir: string, t: Say, use: (db: DatabaseSync) => Promise<T>): Promise<T> {
  const db = openDb(dataDir, t)
  try {
    return await use(db)
  } finally {
    db.close()
  }
}

function openDb(dataDir: string, t: Say): DatabaseSync {
  const file = join(dataDir, 'coverage.db')
  try {
    makeFolder(dataDir)
    return openCoverageDb(file)
  } catch {
    throw new Refusal(t('errors.data', { file }))
  }
}

function sizeOf(file: string, t: Say): number {
  try {
    return statSync(file).size
  } catch (error) {
    throw isFileError(error) ? fileRefusal(file, error, t) : error
  }
}

function isFileError(error: unknown): error is NodeJS.ErrnoException {
  return typeof error === 'object' && error !== null && 'syscall' in error
}

function fileRefusal(file: string, { code = '' }: NodeJS.ErrnoException, t: Say): Refusal {
  const known: Readonly<Record<string, string>> = { ENOENT: 'no_file', EISDIR: 'is_directory', EACCES: 'no_permission' }
  return new Refusal(t('errors.file', { file, why: t(`errors.${known[code] ?? 'other'}`, { code }) }))
}

/** A bar on a terminal; nothing when the output is piped. */
function createBar(sink: Sink, size: number, t: Say) {
  let shownAt = 0
  return {
    show({ bytes, lines }: ImportProgress): void {
      if (!sink.isTTY || Date.now() - shownAt < 100) return
      shownAt = Date.now()
      const part = size > 0 ? Math.min(bytes / size, 1) : 1
      const bar = '█'.repeat(Math.round(part * 30)).padEnd(30, '░')
      sink.write(`\r${bar} ${t('progress', { percent: Math.round(part * 100), lines })}\u001b[K`)
    },
    clear(): void {
      if (sink.isTTY && shownAt > 0) sink.write('\r\u001b[K')
    },
  }
}

if (import.meta.main) {
  // `list | head` closes the pipe early; that is no fault.
  process.stdout.on('error', () => process.exit(0))
  await runCli(() =>
    runCoverage({
      args: process.argv.slice(2),
      dataDir: readConfig(process.env).dataDir,
      locale: terminalLocale(process.env),
      out: process.stdout,
      err: process.stderr,
    }),
  )
}
