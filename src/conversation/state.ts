/** The one small document that says where a conversation stands. Everything else is in its log. */
import { z } from 'zod'
import { emptyDialog } from '../dialog/step.ts'
import type { DialogState } from '../dialog/types.ts'
import { AppError } from '../errors.ts'
import { LOCALES, type Locale, OWNERS, type Owner } from '../wire/activity.ts'

/** Raise it with every change of shape, and upgrade older ones in `parseState`. */
const SCHEMA = 2

/** Addresses kept for the desk. */
const MAX_TRIED = 20

const place = z.object({ dialog: z.string(), node: z.string() })
const slots = z.record(z.string(), z.string())
const dialog = z.object({
  version: z.string(),
  stack: z.array(place),
  slots,
  misses: z.number(),
  offer: z.object({ typed: z.string(), suggested: z.string() }).optional(),
  waits: z.number(),
  visits: z.record(z.string(), z.number()),
  waiting: z
    .object({
      ref: z.string(),
      event: z.string(),
      came: z.object({ value: z.string(), slots: slots.optional() }).optional(),
    })
    .optional(),
  back: z.array(z.object({ stack: z.array(place), slots })),
}) satisfies z.ZodType<DialogState>

const state = z.object({
  schema: z.literal(SCHEMA),
  owner: z.enum(OWNERS),
  locale: z.enum(LOCALES),
  /** The member chose the language with the switch: it is no longer guessed from what is typed. */
  localeChosen: z.boolean(),
  dialog,
  /** Raised by every claim and release: a command that carries an older one comes too late. */
  epoch: z.number(),
  handoff: z
    .object({
      /** Our own id, carried in the handoff events' value: their activity ids do not survive the SDK. */
      id: z.string(),
      requestedAt: z.string(),
      reason: z.string(),
      agent: z.object({ id: z.string(), name: z.string() }).optional(),
      /** When the agent last did something here. An older process forgets it, as it does the next: then a console has to answer, and a
       *  lost request waits among the others. */
      actedAt: z.string().optional(),
      /** Name of the agent who was gone; until it is claimed again. */
      lostBy: z.string().optional(),
      /** When the member was last told that they wait. */
      toldAt: z.string(),
    })
    .optional(),
  tried: z.array(z.object({ at: z.string(), masked: z.string(), workId: z.string() })),
  feedback: z.object({ rating: z.string(), comment: z.string().optional() }).optional(),
  /** Intents offered as "do you mean ...?", the likeliest first, until answered; with the address that was written beside. */
  guesses: z.object({ intents: z.array(z.string()), email: z.string().optional() }).optional(),
  /** Who the member is known to be: the provider's id of their account, vouched for by the host page, and the addresses that are theirs.
   *  An older process that does not know this forgets it: then nothing specific is told. */
  verified: z
    .object({
      member: z.string().optional(),
      emails: z.array(z.object({ email: z.string(), until: z.string().optional() })),
    })
    .optional(),
  /** A one-time number is on its way to this address, or was; `id` of the work that sends it. */
  proof: z.object({ email: z.string(), id: z.string(), at: z.string() }).optional(),
  /** Keyed hash of the network that the conversation was started from. */
  network: z.string().optional(),
  /** When the member last wrote, and when the timer that watches for silence is due; absent when there is none. */
  heardAt: z.string(),
  idleDue: z.string().optional(),
})

const first = z.looseObject({ schema: z.literal(1), dialog: z.looseObject({}) })

export type ConversationState = z.infer<typeof state>

export function newState(locale: Locale): ConversationState {
  return {
    schema: SCHEMA,
    owner: 'bot',
    locale,
    localeChosen: false,
    dialog: emptyDialog(),
    epoch: 0,
    tried: [],
    heardAt: '',
  }
}

/** Reads a stored state, of this version or an older one. @throws AppError `state_unreadable` when it is of no version this
 *  code knows. */
export function parseState(stored: unknown): ConversationState {
  const parsed = state.safeParse(upgrade(stored))
  if (parsed.success) return parsed.data
  throw new AppError('state_unreadable', { where: parsed.error.issues[0]?.path.join('.') ?? '' })
}

/** 1 -> 2: the trees' version, limits, guesses and silence came in. */
function upgrade(stored: unknown): unknown {
  const old = first.safeParse(stored)
  if (!old.success) return stored
  const { dialog, ...rest } = old.data
  return { ...rest, schema: 2, dialog: { version: '', visits: {}, ...dialog }, heardAt: '' }
}

/** Who may follow whom. A move that is not here is a fault in the code. */
export const MOVES = {
  bot: ['waiting', 'closed'],
  waiting: ['agent', 'bot', 'closed'],
  agent: ['bot', 'waiting', 'closed'],
  closed: ['bot'],
} as const satisfies Record<Owner, readonly Owner[]>

/** @throws AppError `state_conflict` for a move that MOVES lacks. */
export function move(conversation: ConversationState, to: Owner): void {
  const allowed: readonly Owner[] = MOVES[conversation.owner]
  if (!allowed.includes(to)) throw new AppError('state_conflict', { from: conversation.owner, to })
  conversation.owner = to
}

/** Appends and forgets the oldest. */
export function remember<T>(list: T[], item: T): void {
  list.push(item)
  if (list.length > MAX_TRIED) list.shift()
}

/** An address that was proven by a number is theirs for so long, ms: the device may change hands. */
const PROVEN_MS = 3_600_000

/** Their address from now on. */
export function prove(state: ConversationState, email: string, now: Date): void {
  const others = state.verified?.emails.filter((one) => one.email !== email) ?? []
  const until = new Date(now.getTime() + PROVEN_MS).toISOString()
  // What was proven last is what they want to know about.
  state.verified = { ...state.verified, emails: [{ email, until }, ...others] }
}

/** Whom the conversation may be told specifics of; undefined: nobody is verified, or not any more. */
export function verifiedAs(
  { verified }: ConversationState,
  now: Date,
): { member?: string; emails: string[] } | undefined {
  const live = verified?.emails.filter(({ until }) => until === undefined || until > now.toISOString()) ?? []
  const emails = live.map(({ email }) => email)
  if (verified?.member !== undefined) return { member: verified.member, emails }
  return emails.length > 0 ? { emails } : undefined
}
