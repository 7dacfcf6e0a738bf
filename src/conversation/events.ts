import type { Code } from '../errors.ts'
import type { Owner } from '../wire/activity.ts'

/** Names of the events in a conversation's log that no member's client may send. Values are plain JSON. */
export const EVENTS = {
  timer: 'sesame/timer',
  /** A result that a dialog waits for: `{ event, value }`. */
  result: 'sesame/result',
  claim: 'sesame/claim',
  reply: 'sesame/reply',
  handback: 'sesame/handback',
  resolve: 'sesame/resolve',
  reveal: 'sesame/reveal',
  outcome: 'sesame/outcome',
  dead: 'sesame/dead',
  /** Somebody may be in danger; for the desk. */
  alert: 'sesame/alert',
} as const

/** Value of the outcome event that answers a desk command. `by`: who owns the conversation, when that is why it was refused. */
export type Outcome = { ok: true; owner: Owner; epoch: number } | { ok: false; code: Code; by?: string }
