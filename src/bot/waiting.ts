/** What a member who waits for a person gets to hear when they write. Pure. */
import type { Draft } from '../conversation/turn.ts'
import type { Option } from '../dialog/types.ts'
import type { Locale } from '../wire/activity.ts'
import { NOTHING_ASKED, type Understanding } from './understand.ts'

export const BACK_TO_BOT: readonly Option[] = [{ id: 'back_to_bot', key: 'common:options.back_to_bot' }]

/** A waiting member who keeps writing is told again that they wait, but not more often than this. */
const TELL_AGAIN_MS = 60_000
/** How near to the button's words leaves no doubt: "is this a bot?" holds one of them. */
const CLEARLY = 0.75
const EXACTLY = 1
/** What a waiting member says to hear something back: where they stand. */
const WANTS_ANSWER: ReadonlySet<string> = new Set(
  'human back restart change_language greeting frustration not_sure there help'.split(' '),
)

/** Answered by the bot though a person is on the way. */
const ABOUT_US: ReadonlySet<string> = new Set(['privacy', 'bot_identity', 'coverage_question'])

export interface WhileWaiting {
  type: 'back_to_bot' | 'position' | 'solved' | 'noted' | 'nothing' | 'question'
  /** With `question`: what is asked about. */
  intent?: string
  /** The language that they asked for. */
  locale?: Locale
}

export function answerWaiting(understanding: Understanding, text: string, { state, now }: Draft): WhileWaiting {
  const understood = understanding.understand(text, NOTHING_ASKED)
  const said =
    understood.kind === 'intent' ? understood.intent : understood.kind === 'small' ? understood.small : undefined
  const isAsked = said === 'human' || text.includes('?')
  if (understanding.choose(text, BACK_TO_BOT, isAsked ? EXACTLY : CLEARLY)) return { type: 'back_to_bot' }
  const isLanguage = understood.kind === 'intent' && understood.intent === 'change_language'
  const chosen = isLanguage ? (understood.locale ?? (state.locale === 'fr' ? 'en' : 'fr')) : undefined
  if (chosen) return { type: 'position', locale: chosen }
  // It works now: they may want to leave the line.
  if (said === 'solved') return { type: 'solved' }
  if (said && ABOUT_US.has(said)) return { type: 'question', intent: said }
  if (said && WANTS_ANSWER.has(said)) return { type: 'position' }
  const told = Date.parse(state.handoff?.toldAt ?? '')
  return { type: now.getTime() - told < TELL_AGAIN_MS ? 'nothing' : 'noted' }
}
