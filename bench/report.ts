/** Figures -> what people and programs read. */
import { SYSTEMS, type SystemName } from './protocol.ts'

/** Medians over the rounds. */
export interface Figures {
  turnsPerSecond: number
  p50Ms: number
  p99Ms: number
  /** Processor time of the server a turn, in microseconds. */
  cpuUs: number | undefined
  /** Share of one processor that the load took, 0 to 1. Near 1 the load was the limit. */
  loadShare: number
  paced: { p50Ms: number; p99Ms: number }
}

export interface Results {
  systems: Record<SystemName, Figures>
  startMs: number
  residentMb: number | undefined
  /** Share of the processors' time that other programs took meanwhile, 0 to 1. */
  otherShare: number | undefined
  syncMs: number
  /** Turns that members were answered, and those found in the file after the process was killed. */
  answered: number
  onDisk: number
}

export interface Target {
  name: string
  value: number
  /** `least`: at least; `most`: at most. */
  limit: { least: number } | { most: number }
  unit: string
  ok: boolean
}

const NAMES: Record<SystemName, string> = { restify: 'restify alone', echo: 'echo bot', sesame: 'Sésame' }

export function targetsOf(r: Results): Target[] {
  const { sesame, echo } = r.systems
  return [
    target('turns a second against the echo bot', sesame.turnsPerSecond / echo.turnsPerSecond, { least: 1.5 }, 'x'),
    target('median reply at 20 turns a second', sesame.paced.p50Ms, { most: 5 }, 'ms'),
    target('ready after start', r.startMs, { most: 2_000 }, 'ms'),
    ...(r.residentMb === undefined
      ? []
      : [target('resident memory after the load', r.residentMb, { most: 200 }, 'MB')]),
    target('answered turns missing on disk after kill -9', r.answered - r.onDisk, { most: 0 }, ''),
  ]
}

export function target(name: string, value: number, limit: Target['limit'], unit: string): Target {
  const ok = 'least' in limit ? value >= limit.least : value <= limit.most
  return { name, value, limit, unit, ok }
}

export function describe(r: Results, rate: number): string {
  const { sesame, echo, restify } = r.systems
  const ratio = (other: Figures) => (sesame.turnsPerSecond / other.turnsPerSecond).toFixed(2)
  return [
    row(['', 'turns/s', 'p50 ms', 'p99 ms', 'CPU us/turn', `at ${rate}/s: p50`, 'p99 ms', 'load CPU']),
    ...SYSTEMS.map((name) => row([NAMES[name], ...cells(r.systems[name])])),
    '',
    `Sésame against the echo bot ${ratio(echo)}x, against restify alone ${ratio(restify)}x (turns a second)`,
    `disk: one synced write ${r.syncMs.toFixed(2)} ms; ${r.onDisk} of ${r.answered} answered turns on disk after kill -9`,
    ...remarks(r),
    '',
    ...targetsOf(r).map(targetLine),
  ].join('\n')
}

function cells(f: Figures): string[] {
  return [
    String(Math.round(f.turnsPerSecond)),
    f.p50Ms.toFixed(1),
    f.p99Ms.toFixed(1),
    f.cpuUs === undefined ? '-' : String(Math.round(f.cpuUs)),
    f.paced.p50Ms.toFixed(2),
    f.paced.p99Ms.toFixed(2),
    percent(f.loadShare),
  ]
}

function remarks({ systems, otherShare }: Results): string[] {
  const limited = SYSTEMS.filter((name) => systems[name].loadShare > 0.95).map((name) => NAMES[name])
  return [
    ...(limited.length > 0
      ? [`note: the load had no processor left for ${limited.join(', ')}; they may be faster`]
      : []),
    ...(otherShare !== undefined && otherShare > 0.1
      ? [`note: other programs took ${percent(otherShare)} of the machine meanwhile; compare ratios and CPU, not times`]
      : []),
  ]
}

export function targetLine({ name, value, limit, unit, ok }: Target): string {
  const bound = 'least' in limit ? `at least ${limit.least}` : `at most ${limit.most}`
  const digits = Math.abs(value) < 100 && !Number.isInteger(value) ? 2 : 0
  return `${ok ? 'ok     ' : 'missed '} ${name}: ${value.toFixed(digits)}${unit && ` ${unit}`} (${bound})`
}

export function row([name = '', ...rest]: string[]): string {
  return [name.padEnd(14), ...rest.map((cell) => cell.padStart(Math.max(12, cell.length + 2)))].join('')
}

export const percent = (share: number): string => `${Math.round(share * 100)} %`
