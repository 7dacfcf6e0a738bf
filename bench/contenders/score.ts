/** Rankings -> shares of right ones. Pure. */
import type { Labelled } from '../../src/language/intents/evaluate.ts'
import type { Locale } from '../../src/wire/activity.ts'

/** 0 to 1. */
export interface Accuracy {
  top1Fr: number
  top1En: number
  top3Fr: number
  top3En: number
  /** Mean over the intents of the split, both languages together. */
  macroF1: number
}

interface Ranked extends Labelled {
  ranking: readonly string[]
}

/** @param rankings one for each row, the likeliest first. */
export function accuracyOf(rows: readonly Labelled[], rankings: readonly (readonly string[])[]): Accuracy {
  const all = rows.map((row, i): Ranked => ({ ...row, ranking: rankings[i] ?? [] }))
  return {
    top1Fr: within(all, 'fr', 1),
    top1En: within(all, 'en', 1),
    top3Fr: within(all, 'fr', 3),
    top3En: within(all, 'en', 3),
    macroF1: macroF1(all),
  }
}

function within(all: readonly Ranked[], locale: Locale, places: number): number {
  const own = all.filter((each) => each.locale === locale)
  return own.filter(({ ranking, intent }) => ranking.slice(0, places).includes(intent)).length / own.length
}

function macroF1(all: readonly Ranked[]): number {
  const intents = [...new Set(all.map(({ intent }) => intent))]
  const scores = intents.map((name) => {
    const own = all.filter(({ intent }) => intent === name).length
    const taken = all.filter(({ ranking }) => ranking[0] === name)
    const right = taken.filter(({ intent }) => intent === name).length
    return (2 * right) / (own + taken.length)
  })
  return scores.reduce((sum, score) => sum + score, 0) / scores.length
}
