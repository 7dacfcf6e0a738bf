/** The table at the end, and what makes a run fail. */

/** What one scenario came to. */
export interface Row {
  name: string
  /** Faults injected: kills, cut replies, races ... as the notes say. */
  injected: number
  acked: number
  /** Acknowledged messages that the log lacks, or that were never answered. */
  lost: number
  /** Entries, replies or mails that stand more often than they may. */
  doubled: number
  /** Places where two readers saw another order. */
  inverted: number
  /** Figures for the reader, and what was wrong. */
  notes: readonly string[]
  ok: boolean
  /** Why it could not run here. Shown as such, never as passed. */
  notRun?: string
}

export interface SabotageRow {
  sabotage: string
  /** The scenario that has to go red. */
  scenario: string
  caught: boolean
  /** What gave it away; or why it could not run here. */
  notes: readonly string[]
  notRun?: string
}

const HEADS = ['scenario', 'faults', 'acked', 'lost', 'doubled', 'inverted', '', 'figures']

/** @returns the table, ready to print. */
export function renderRows(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.name,
    ...[row.injected, row.acked, row.lost, row.doubled, row.inverted].map((n) => (row.notRun ? '-' : grouped(n))),
    row.notRun ? 'not run' : row.ok ? 'ok' : 'BREACH',
    row.notRun ?? [bound(row), ...row.notes].filter(Boolean).join('; '),
  ])
  return renderTable([HEADS, ...cells])
}

/** @returns the table of negative controls. */
export function renderSabotages(rows: readonly SabotageRow[]): string {
  const cells = rows.map((row) => [
    row.sabotage,
    row.scenario,
    row.notRun ? 'not run' : row.caught ? 'red, as it must be' : 'NOT CAUGHT',
    row.notRun ?? row.notes.join('; '),
  ])
  return renderTable([['sabotage', 'scenario', '', 'seen'], ...cells])
}

/** Every scenario that ran is sound and every sabotage was caught; at least one ran. */
export function isSound(rows: readonly Row[], sabotages: readonly SabotageRow[]): boolean {
  const ran = rows.filter((row) => !row.notRun)
  const tried = sabotages.filter((row) => !row.notRun)
  return ran.length + tried.length > 0 && ran.every((row) => row.ok) && tried.every((row) => row.caught)
}

/** No failure in N trials: with 95 % confidence the true rate is at most 3/N. */
function bound({ acked, lost, doubled, inverted }: Row): string {
  if (acked === 0 || lost + doubled + inverted > 0) return ''
  return `rate of loss <= ${(3 / acked).toExponential(1)} (95 %)`
}

function renderTable(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)))
  const last = widths.length - 1
  const isNumber = (text: string) => /^[\d ]+$|^-$/.test(text)
  return lines
    .map((line) =>
      line
        .map((text, i) =>
          i === last ? text : isNumber(text) ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function grouped(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ' ')
}

/** The value below which the share `p` of all lies; 0 of none. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * p) - 1)] ?? 0
}

/** `p50 12, p95 40, most 52 ms of 300`. */
export function spread(values: readonly number[], unit = 'ms'): string {
  if (values.length === 0) return `none of 0`
  const [p50, p95, most] = [0.5, 0.95, 1].map((p) => Math.round(percentile(values, p)))
  return `p50 ${p50}, p95 ${p95}, most ${most} ${unit} of ${values.length}`
}
