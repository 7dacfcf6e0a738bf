/** Figures -> what people read. */
import { CONTENDERS, type ContenderName } from './contender.ts'
import type { Accuracy } from './score.ts'

/** Medians over the rounds. MB are 10^6 bytes. */
export interface Figures extends Accuracy {
  trainSeconds: number
  loadMs: number
  /** Above what an empty process takes. */
  residentMb: number
  modelMb: number
  p50Ms: number
  p99Ms: number
}

/** The figures, or why there are none. */
export type Entry = Figures | { failure: string }
export type Entries = Readonly<Record<ContenderName, Entry>>

interface Metric {
  key: keyof Figures
  name: string
  better: 'more' | 'less'
  show(value: number): string
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`
const digits = (count: number) => (value: number) => value.toFixed(count)

const METRICS: readonly Metric[] = [
  { key: 'top1Fr', name: 'first is right, fr', better: 'more', show: percent },
  { key: 'top1En', name: 'first is right, en', better: 'more', show: percent },
  { key: 'top3Fr', name: 'in the first 3, fr', better: 'more', show: percent },
  { key: 'top3En', name: 'in the first 3, en', better: 'more', show: percent },
  { key: 'macroF1', name: 'macro-F1', better: 'more', show: percent },
  { key: 'trainSeconds', name: 'training, s', better: 'less', show: digits(1) },
  { key: 'loadMs', name: 'load, ms', better: 'less', show: digits(0) },
  { key: 'residentMb', name: 'memory, MB', better: 'less', show: digits(1) },
  { key: 'modelMb', name: 'model file, MB', better: 'less', show: digits(2) },
  { key: 'p50Ms', name: 'a message, p50 ms', better: 'less', show: digits(3) },
  { key: 'p99Ms', name: 'a message, p99 ms', better: 'less', show: digits(3) },
]

const NAMES: Record<ContenderName, string> = {
  ours: 'Sésame',
  nlpjs: 'NLP.js',
  natural: 'natural Bayes',
}
const OTHERS = ['nlpjs', 'natural'] as const
type Other = (typeof OTHERS)[number]

/** @param otherShare of the machine that other programs took meanwhile, 0 to 1. */
export function describe(entries: Entries, otherShare: number | undefined): string {
  return [
    row(['', NAMES.ours, ...OTHERS.flatMap((other) => [NAMES[other], 'ratio'])]),
    ...METRICS.map((metric) => metricLine(metric, entries)),
    '',
    'ratio: Sésame divided by the one before it; more is better for the first five, less for the others',
    ...OTHERS.map((other) => verdict(other, entries)),
    ...failures(entries),
    ...(otherShare !== undefined && otherShare > 0.1
      ? [
          `note: other programs took ${Math.round(otherShare * 100)} % of the machine meanwhile; times, p99 above all, prove nothing`,
        ]
      : []),
  ].join('\n')
}

function metricLine(metric: Metric, entries: Entries): string {
  const own = figureOf(metric, entries.ours)
  const cells = OTHERS.flatMap((other) => {
    const value = figureOf(metric, entries[other])
    return [shown(value, metric.show), shown(ratio(own, value), digits(2))]
  })
  return row([metric.name, shown(own, metric.show), ...cells])
}

const figureOf = ({ key }: Metric, entry: Entry): number | undefined => ('failure' in entry ? undefined : entry[key])
const ratio = (a: number | undefined, b: number | undefined) => (a === undefined || b === undefined ? undefined : a / b)
const shown = (value: number | undefined, show: (value: number) => string): string =>
  value === undefined ? '-' : show(value)

/** A tie is not ahead. */
function verdict(other: Other, entries: Entries): string {
  const { ours, [other]: theirs } = entries
  if ('failure' in ours || 'failure' in theirs) return `${NAMES[other]}: not compared`
  const behind = METRICS.filter(({ key, better }) =>
    better === 'more' ? ours[key] <= theirs[key] : ours[key] >= theirs[key],
  )
  if (behind.length === 0) return `Sésame is ahead of ${NAMES[other]} on every figure`
  const list = behind.map(({ key, name, show }) => `${name} (${show(ours[key])} against ${show(theirs[key])})`)
  return `Sésame is not ahead of ${NAMES[other]} on: ${list.join('; ')}`
}

function failures(entries: Entries): string[] {
  return CONTENDERS.flatMap((name) => {
    const entry = entries[name]
    return 'failure' in entry ? [`note: ${NAMES[name]} was not measured: ${entry.failure}`] : []
  })
}

function row([name = '', ...rest]: string[]): string {
  return [name.padEnd(18), ...rest.map((cell, i) => cell.padStart(i % 2 === 1 ? 16 : 8))].join('')
}
