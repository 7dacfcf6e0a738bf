/** How sure is sure enough. */
import type { Ranked } from './model.ts'

/** Danger comes before everything, so that little is enough. Lower: people who joke are sent to 911. Higher: someone in danger
 *  is asked for their address. Both rates are printed by `npm run nlu -- evaluate`. */
const CRISIS = 0.35
/** Where a name, a comment or a set phrase is more likely. */
const CRISIS_UNLIKELY = 0.65
/** From here on the bot acts. Lower: wrong steps. Higher: questions that need not be asked. */
const SURE = 0.8
/** The likeliest two or three together, for "do you mean ...?". Below this the guess is no help. */
const WORTH_ASKING = 0.45
/** A third guess less likely than this helps nobody. */
const LEAST = 0.08
const MOST_GUESSES = 3

export type Decision =
  | { kind: 'sure'; intent: string }
  /** The likeliest first. */
  | { kind: 'unsure'; intents: string[] }
  | { kind: 'lost' }

/** @param ranked of all intents, the likeliest first. @param canAsk which ones can be put as a question. */
export function decide(
  ranked: readonly Ranked[],
  canAsk: (intent: string) => boolean,
  { isDangerLikely } = { isDangerLikely: true },
): Decision {
  const [first] = inOrder(ranked, isDangerLikely ? CRISIS : CRISIS_UNLIKELY)
  if (!first) return { kind: 'lost' }
  if (first.intent === 'crisis' || first.confidence >= SURE) return { kind: 'sure', intent: first.intent }
  const likeliest = ranked.filter((each) => canAsk(each.intent)).slice(0, MOST_GUESSES)
  const guesses = likeliest.filter((each, i) => i < 2 || each.confidence >= LEAST)
  const together = guesses.reduce((sum, each) => sum + each.confidence, 0)
  if (together < WORTH_ASKING) return { kind: 'lost' }
  return { kind: 'unsure', intents: guesses.map((each) => each.intent) }
}

/** Crisis stands first as soon as it is likely enough, and only then. */
export function inOrder(ranked: readonly Ranked[], least = CRISIS): readonly Ranked[] {
  const crisis = ranked.find((each) => each.intent === 'crisis')
  if (!crisis) return ranked
  const others = ranked.filter((each) => each !== crisis)
  return crisis.confidence >= least ? [crisis, ...others] : [...others.slice(0, 1), crisis, ...others.slice(1)]
}
