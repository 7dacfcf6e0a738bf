/** How many mails anybody can cause. What is counted is durable, and the same for all processes. */
import { createHmac } from 'node:crypto'
import type { Allowance, LimitStore } from '../conversation/store.ts'
import { AppError } from '../errors.ts'
import type { Log } from '../log.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** Mails of one kind to one address. */
const OF_KIND: readonly Allowance[] = [
  { most: 1, ms: MINUTE },
  { most: 3, ms: HOUR },
]
/** Mails of all kinds to one address. */
const OF_ADDRESS: readonly Allowance[] = [{ most: 5, ms: DAY }]
/** Different addresses in one conversation: people are told to try several. */
const OF_CONVERSATION: readonly Allowance[] = [{ most: 5, ms: HOUR }]
/** One-time numbers tried for one address, right ones too, in all conversations together. A day brings five mails, so that a person
 *  needs a dozen at most; of a million numbers, 20 guesses find one in 50,000 days of an address. */
export const TRIES_OF_ADDRESS: readonly Allowance[] = [{ most: 20, ms: DAY }]
/** What a mail may be: the one of the invitation, or a one-time number. */
export const MAIL_KINDS = ['code', 'number'] as const
export type MailWhat = (typeof MAIL_KINDS)[number]

export interface MailRequest {
  /** Of the work item: a retry is not counted again. */
  id: string
  what: MailWhat
  conversationId: string
  email: string
  /** Keyed hash of where it was asked from, if that is known. */
  network?: string
}

export type LimitKeys = ReturnType<typeof createLimitKeys>

/** Names under which is counted: no address stands in one. @param hashKey secret, so that a stolen store does not tell who asked. */
export function createLimitKeys(hashKey: Buffer) {
  const hash = (email: string) => createHmac('sha256', hashKey).update(email).digest('base64url')
  const ofKind = (what: MailWhat, email: string) => `${what}:${hash(email)}`
  const ofAddress = (email: string) => `mails:${hash(email)}`
  const ofTries = (email: string) => `tries:${hash(email)}`
  return {
    hash,
    ofKind,
    ofAddress,
    ofTries,
    ofConversation: (conversationId: string) => `addresses:${conversationId}`,
    ofNetwork: (network: string) => `network:${network}`,
    /** All that is counted for one address. */
    allOf: (email: string): string[] => [
      ...MAIL_KINDS.map((what) => ofKind(what, email)),
      ofAddress(email),
      ofTries(email),
    ],
  }
}

/** @returns whether this mail may go out; the words to the member are the same either way. */
export type MayMail = (request: MailRequest) => Promise<boolean>

/** @param perNetwork requests of one network in an hour: people who sit behind one address share it. */
export function createMayMail(o: {
  store: LimitStore
  keys: LimitKeys
  perNetwork: number
  log: Log
  now: () => number
}): MayMail {
  const { store, keys } = o
  const ofNetwork: readonly Allowance[] = [{ most: o.perNetwork, ms: HOUR }]
  const tell = once(MINUTE, () => o.log.warn({ perHour: o.perNetwork }, 'mail.network_limit'))
  return async ({ id, what, conversationId, email, network }) => {
    const now = o.now()
    // Those of the visitor first. Were the network's counted only for what the address lets through, a visitor with a mailbox of
    // their own on file could see how much of it is left, and so whether somebody else asked for that address.
    const limits: (readonly [key: string, holder: string, allowances: readonly Allowance[]])[] = [
      [keys.ofConversation(conversationId), keys.hash(email), OF_CONVERSATION],
      ...(network === undefined ? [] : [[keys.ofNetwork(network), id, ofNetwork] as const]),
      [keys.ofKind(what, email), id, OF_KIND],
      [keys.ofAddress(email), id, OF_ADDRESS],
    ]
    let may = true
    for (const [index, [key, holder, allowances]] of limits.entries()) {
      // Once refused, what would have been counted is counted elsewhere: the store has as much to do either way.
      const asked = may ? key : `refused:${id}:${index}`
      const isAllowed = await store.allow(asked, holder, now, allowances)
      if (may && !isAllowed && allowances === ofNetwork) tell(now)
      may &&= isAllowed
    }
    return may
  }
}

/** Mails of all members together. */
export interface Budget {
  /** @throws AppError `too_many`: try again later. */
  take(id: string): Promise<void>
  /** As much work as `take`, for a mail that does not go out. */
  pretend(id: string): Promise<void>
}

/** When it runs out somebody may be bombing mailboxes, or many were invited at once: mails wait, and people are told. */
export function createBudget(o: { store: LimitStore; perMinute: number; log: Log; now: () => number }): Budget {
  const tell = once(MINUTE, () => o.log.error({ perMinute: o.perMinute }, 'mail.budget_spent'))
  return {
    async pretend(id) {
      await o.store.allow('no-mails', id, o.now(), [{ most: o.perMinute, ms: MINUTE }])
    },
    async take(id) {
      const now = o.now()
      if (await o.store.allow('mails', id, now, [{ most: o.perMinute, ms: MINUTE }])) return
      tell(now)
      throw new AppError('too_many', { limit: 'mails' })
    },
  }
}

/** Tells at most once in so long, ms. */
function once(ms: number, tell: () => void): (now: number) => void {
  let toldAt = Number.NEGATIVE_INFINITY
  return (now) => {
    if (now - toldAt < ms) return
    toldAt = now
    tell()
  }
}
