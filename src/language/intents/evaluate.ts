/** How well messages are understood that nobody trained on. Pure. */
import type { Locale } from '../../wire/activity.ts'
import { rankWithDanger } from './danger.ts'
import { decide, inOrder } from './decide.ts'
import type { Ranked } from './model.ts'

export interface Labelled {
  locale: Locale
  intent: string
  text: string
}

/** Shares are 0 to 1, times milliseconds. */
export interface Summary {
  n: number
  top1: number
  top3: number
  macroF1: number
  /** The share that the bot acts upon without asking back, and how much of that is right. */
  acted: { share: number; precision: number }
  /** Of those in danger, how many are seen; of the others, how many are taken for it. */
  crisis: { recall: number; falseAlarms: number }
  p50Ms: number
  p99Ms: number
}

export interface Report extends Summary {
  byLocale: Readonly<Record<Locale, { n: number; top1: number }>>
  byIntent: readonly { intent: string; n: number; precision: number; recall: number; f1: number }[]
  /** Who is taken for whom, the most frequent first. */
  confusion: readonly { intent: string; taken: string; n: number }[]
  /** Of messages with about this confidence, how many are right. */
  calibration: readonly { from: number; to: number; n: number; confidence: number; right: number }[]
  /** Messages of three words or more whose language is told, of those that have as many. */
  language: { n: number; right: number }
}

export interface Reader {
  rank(text: string): Ranked[]
  detectLocale(text: string): Locale | undefined
  /** Milliseconds, monotonic. */
  clock(): number
}

interface Read extends Labelled {
  taken: string
  confidence: number
  ranking: readonly string[]
  isSure: boolean
  ms: number
}

/** @param rows at least one. */
export function evaluate(rows: readonly Labelled[], reader: Reader): Report {
  // The first message also pays for what is compiled then.
  for (const { text } of rows.slice(0, 200)) rankWithDanger(text, reader.rank)
  const all = rows.map((row) => readOne(row, reader))
  const right = all.filter(isRight)
  const sure = all.filter((each) => each.isSure)
  const inDanger = all.filter((each) => each.intent === 'crisis')
  const others = all.filter((each) => each.intent !== 'crisis')
  const byIntent = perIntent(all)
  const times = all.map((each) => each.ms).sort((a, b) => a - b)
  return {
    n: all.length,
    top1: share(right, all),
    top3: share(
      all.filter((each) => each.ranking.slice(0, 3).includes(each.intent)),
      all,
    ),
    macroF1: byIntent.reduce((sum, each) => sum + each.f1, 0) / Math.max(1, byIntent.length),
    acted: { share: share(sure, all), precision: share(sure.filter(isRight), sure) },
    crisis: { recall: share(inDanger.filter(isCrisis), inDanger), falseAlarms: share(others.filter(isCrisis), others) },
    p50Ms: times[Math.floor(times.length * 0.5)] ?? 0,
    p99Ms: times[Math.floor(times.length * 0.99)] ?? 0,
    byLocale: { fr: inLocale(all, 'fr'), en: inLocale(all, 'en') },
    byIntent,
    confusion: confusions(all),
    calibration: calibrate(all),
    language: languageOf(all, reader),
  }
}

function readOne(row: Labelled, reader: Reader): Read {
  const begun = reader.clock()
  const ranked = rankWithDanger(row.text, reader.rank)
  const ms = reader.clock() - begun
  const ranking = inOrder(ranked).map((each) => each.intent)
  const taken = ranking[0] ?? ''
  const isSure = decide(ranked, () => true).kind === 'sure'
  const confidence = ranked.find((each) => each.intent === taken)?.confidence ?? 0
  return { ...row, taken, confidence, ranking, isSure, ms }
}

const isRight = ({ taken, intent }: Read): boolean => taken === intent
const isCrisis = ({ taken }: Read): boolean => taken === 'crisis'
const share = (some: readonly unknown[], of: readonly unknown[]): number =>
  of.length === 0 ? 0 : some.length / of.length

function inLocale(all: readonly Read[], locale: Locale): { n: number; top1: number } {
  const own = all.filter((each) => each.locale === locale)
  return { n: own.length, top1: share(own.filter(isRight), own) }
}

function perIntent(all: readonly Read[]): Report['byIntent'] {
  const intents = [...new Set(all.map((each) => each.intent))].sort()
  return intents.map((intent) => {
    const own = all.filter((each) => each.intent === intent)
    const taken = all.filter((each) => each.taken === intent)
    const recall = share(own.filter(isRight), own)
    const precision = share(taken.filter(isRight), taken)
    const f1 = precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall)
    return { intent, n: own.length, precision, recall, f1 }
  })
}

function confusions(all: readonly Read[]): Report['confusion'] {
  const counts = new Map<string, { intent: string; taken: string; n: number }>()
  for (const { intent, taken } of all) {
    if (intent === taken) continue
    const pair = counts.get(`${intent} ${taken}`) ?? { intent, taken, n: 0 }
    counts.set(`${intent} ${taken}`, { ...pair, n: pair.n + 1 })
  }
  return [...counts.values()].sort((a, b) => b.n - a.n)
}

function calibrate(all: readonly Read[]): Report['calibration'] {
  const bins = Array.from({ length: 10 }, (_, i) => ({ from: i / 10, to: (i + 1) / 10 }))
  return bins
    .map(({ from, to }) => {
      const own = all.filter(({ confidence }) => confidence >= from && (confidence < to || to === 1))
      const confidence = own.reduce((sum, each) => sum + each.confidence, 0) / Math.max(1, own.length)
      return { from, to, n: own.length, confidence, right: share(own.filter(isRight), own) }
    })
    .filter((bin) => bin.n > 0)
}

function languageOf(all: readonly Read[], reader: Reader): Report['language'] {
  const long = all.filter(({ text }) => text.trim().split(/\s+/).length >= 3)
  return {
    n: long.length,
    right: share(
      long.filter(({ text, locale }) => reader.detectLocale(text) === locale),
      long,
    ),
  }
}

/** Without the tables. */
export function summaryOf({ n, top1, top3, macroF1, acted, crisis, p50Ms, p99Ms }: Report): Summary {
  return { n, top1, top3, macroF1, acted, crisis, p50Ms, p99Ms }
}
