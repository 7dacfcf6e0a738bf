import { z } from 'zod'
import type { Code } from '../errors.ts'
import type { Owner } from '../wire/activity.ts'

/** Names of the events in a conversation's log that no member's client may send. Values are plain JSON. */
export const EVENTS = {
  timer: 'sesame/timer',
  /** A result that a dialog waits for: `{ event, value, slots?, proven? }`; `proven`: this address is the member's. */
  result: 'sesame/result',
  claim: 'sesame/claim',
  reply: 'sesame/reply',
  handback: 'sesame/handback',
  resolve: 'sesame/resolve',
  reveal: 'sesame/reveal',
  /** No console of the owner answers any more: `LostValue`. */
  lost: 'sesame/lost',
  outcome: 'sesame/outcome',
  dead: 'sesame/dead',
  /** Somebody may be in danger; for the desk. */
  alert: 'sesame/alert',
} as const

/** Value of the outcome event that answers a desk command. `by`: who owns the conversation, when that is why it was refused. */
export type Outcome = { ok: true; owner: Owner; epoch: number } | { ok: false; code: Code; by?: string }

/** Value of the result event; written by our own worker only. */
export interface ResultValue {
  event: string
  value: string
  slots?: Readonly<Record<string, string>>
  proven?: string
  /** Which number it is about. */
  number?: string
  /** The wait that it is for; absent: whichever waits for such an event. */
  ref?: string
}

const lost = z.object({
  agentId: z.string(),
  /** Of the claim that is over. */
  epoch: z.number(),
  /** The agent gave no sign after this, ISO 8601. */
  since: z.string(),
})
export type LostValue = z.infer<typeof lost>

/** @returns undefined for what is none: nothing follows from it. */
export function parseLost(value: unknown): LostValue | undefined {
  return lost.safeParse(value).data
}

const start = z.object({
  /** Vouched for by the host page: the provider's id of the account, and an address of its owner. */
  identity: z.object({ member: z.string(), email: z.string().optional() }).optional(),
  /** Keyed hash of the network it came from. */
  network: z.string().optional(),
})
export type StartValue = z.infer<typeof start>

/** Value of the entry that starts a conversation; older ones have none. */
export function parseStart(value: unknown): StartValue {
  const parsed = start.safeParse(value)
  return parsed.success ? parsed.data : {}
}
