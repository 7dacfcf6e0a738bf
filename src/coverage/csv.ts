/** CSV as people's spreadsheets write it -> rows with line numbers. BOM, CRLF, `;` or tab, quoted line breaks. */
import { isUtf8 } from 'node:buffer'
import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { CsvError, type Parser, parse } from 'csv-parse'
import { type Cells, COLUMNS, type Column, OPTIONAL_COLUMN } from './records.ts'

/** A fault of the file's shape. The file's first line is line 1. */
export interface CsvProblem {
  line: number
  problem:
    | 'encoding'
    | 'empty'
    | 'column_missing'
    | 'column_unknown'
    | 'column_twice'
    | 'cells'
    | 'quote_open'
    | 'long_line'
  column?: string
  expected?: number
  found?: number
}

export interface CsvHandlers {
  /** @param line where the row begins. */
  onRow: (cells: Cells, line: number) => void
  onProblem: (problem: CsvProblem) => void
  onProgress?: (progress: { bytes: number; lines: number }) => void
}

/** Longest row, in bytes: beyond it a quote was opened and never closed. */
const MAX_ROW = 16_384

/** Reads to the end, or to the first problem after which nothing can be read (encoding, header, open quote).
 *  Rejects only with the stream's own errors. */
export async function readCsv(stream: AsyncIterable<Uint8Array>, handlers: CsvHandlers): Promise<void> {
  try {
    await parseAll(decode(stream, handlers), handlers)
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    for (const problem of error.problems) handlers.onProblem(problem)
  }
}

/** Stops the reading: what follows could not be told apart. */
class Unreadable extends Error {
  readonly problems: CsvProblem[]

  constructor(problems: CsvProblem[]) {
    super('unreadable')
    this.problems = problems
  }
}

async function parseAll(text: AsyncGenerator<string>, handlers: CsvHandlers): Promise<void> {
  const first = await text.next()
  if (first.done || first.value.trim() === '') throw new Unreadable([{ line: 1, problem: 'empty' }])
  const rows = createRowReader(handlers)
  const parser = createParser(delimiterOf(first.value), rows.take)
  const chunks = (async function* () {
    yield first.value
    yield* text
  })()
  try {
    await pipeline(Readable.from(chunks), parser, devNull())
  } catch (error) {
    throw error instanceof CsvError ? new Unreadable([toProblem(error, rows.lastLine + 1)]) : error
  }
  if (!rows.hasHeader) throw new Unreadable([{ line: 1, problem: 'empty' }])
}

/** Rows leave by `onRow` as they are parsed: those still in a stream's buffer would be lost when a later one fails. */
function createParser(delimiter: string, onRow: (cells: string[]) => void): Parser {
  return parse({
    delimiter,
    record_delimiter: '\n',
    // A wrong number of cells and stray quotes are reported line by line, they do not end the reading.
    relax_column_count: true,
    relax_quotes: true,
    max_record_size: MAX_ROW,
    on_record: (cells) => {
      onRow(cells)
      return null
    },
  })
}

function devNull(): Writable {
  return new Writable({ objectMode: true, write: (_row, _encoding, done) => done() })
}

function toProblem(error: CsvError, line: number): CsvProblem {
  return { line, problem: error.code === 'CSV_MAX_RECORD_SIZE' ? 'long_line' : 'quote_open' }
}

function createRowReader({ onRow, onProblem }: CsvHandlers) {
  let header: Column[] | undefined
  let lastLine = 0
  const read = (cells: string[], line: number): void => {
    // Spreadsheets leave empty rows behind, and rows of bare delimiters.
    if (cells.every((cell) => cell.trim() === '')) return
    if (header === undefined) header = readHeader(cells, line)
    else if (cells.length === header.length) onRow(toCells(header, cells), line)
    else onProblem({ line, problem: 'cells', expected: header.length, found: cells.length })
  }
  return {
    get hasHeader() {
      return header !== undefined
    },
    /** Where the last row read ended; 0 before the first. */
    get lastLine() {
      return lastLine
    },
    take(cells: string[]): void {
      const line = lastLine + 1
      lastLine = line + cells.reduce((n, cell) => n + lineBreaks(cell), 0)
      read(cells, line)
    },
  }
}

function lineBreaks(cell: string): number {
  return cell.includes('\n') ? cell.split('\n').length - 1 : 0
}

function toCells(header: readonly Column[], cells: readonly string[]): Cells {
  return Object.fromEntries(header.map((column, i) => [column, cells[i] ?? ''])) as Cells
}

function readHeader(cells: readonly string[], line: number): Column[] {
  const names = cells.map((c) => c.trim())
  const missing = COLUMNS.filter((c) => c !== OPTIONAL_COLUMN && !names.includes(c))
  const unknown = names.filter((n) => !COLUMNS.some((c) => c === n))
  const twice = COLUMNS.filter((c) => names.indexOf(c) !== names.lastIndexOf(c))
  const problems: CsvProblem[] = [
    ...missing.map((column) => ({ line, problem: 'column_missing' as const, column })),
    // By number only: when the header is missing, the "names" are somebody's data.
    ...unknown.map((n) => ({ line, problem: 'column_unknown' as const, column: `${names.indexOf(n) + 1}` })),
    ...twice.map((column) => ({ line, problem: 'column_twice' as const, column })),
  ]
  if (problems.length > 0) throw new Unreadable(problems)
  return names as Column[]
}

/** The separator most used in the header; spreadsheets in French write `;`. */
function delimiterOf(text: string): string {
  const [header = ''] = text.trimStart().split('\n', 1)
  const counts = [',', ';', '\t'].map((d) => ({ d, n: header.split(d).length }))
  return counts.reduce((best, c) => (c.n > best.n ? c : best)).d
}

/** UTF-8 text with `\n` only, in pieces; the first holds at least the whole first line. */
async function* decode(stream: AsyncIterable<Uint8Array>, { onProgress }: CsvHandlers): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let pending = ''
  let lines = 0
  let bytes = 0
  let inHeader = true
  for await (const chunk of stream) {
    const text = pending + decodeChunk(decoder, chunk, lines + 1)
    // A `\r` at the end may be half of a `\r\n`.
    const whole = (text.endsWith('\r') ? text.slice(0, -1) : text).replace(/\r\n?/g, '\n')
    bytes += chunk.length
    if (inHeader && !whole.includes('\n') && whole.length < MAX_ROW) {
      pending = text
      continue
    }
    pending = text.endsWith('\r') ? '\r' : ''
    inHeader = false
    lines += whole.split('\n').length - 1
    onProgress?.({ bytes, lines })
    yield whole
  }
  const tail = pending + decodeChunk(decoder, undefined, lines + 1)
  if (tail) yield tail.replace(/\r\n?/g, '\n')
}

/** @param line that the chunk begins in; found again line by line when the chunk is not UTF-8. */
function decodeChunk(decoder: InstanceType<typeof TextDecoder>, chunk: Uint8Array | undefined, line: number): string {
  try {
    return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode()
  } catch {
    throw new Unreadable([{ line: line + (chunk ? linesBeforeFault(chunk) : 0), problem: 'encoding' }])
  }
}

function linesBeforeFault(chunk: Uint8Array): number {
  const buffer = Buffer.from(chunk)
  // The first bytes may be the rest of a sign that the chunk before began.
  let start = 0
  while (start < 3 && ((buffer[start] ?? 0) & 0xc0) === 0x80) start++
  for (let count = 0; start < buffer.length; count++) {
    const end = buffer.indexOf(10, start) + 1 || buffer.length
    if (!isUtf8(buffer.subarray(start, end))) return count
    start = end
  }
  return 0
}
