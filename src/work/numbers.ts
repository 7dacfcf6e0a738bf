/** One-time numbers: six digits that go to an address and come back in the conversation they are for. None is stored: whoever has the
 *  key can make the number again, and nobody else can. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { LimitStore } from '../conversation/store.ts'
import { type LimitKeys, TRIES_OF_ADDRESS } from './limits.ts'

/** Life of a number, ms, and how often one may be tried. */
export const NUMBER_MS = 10 * 60_000
const TRIES = 5

/** Which number: `id` is that of the work that sends it. */
export interface NumberFor {
  conversationId: string
  email: string
  id: string
}

export type Checked = 'right' | 'wrong' | 'expired' | 'too_many'

export interface Numbers {
  make(number: NumberFor): string
  /** It is mailed: from now on it counts. */
  sent(number: NumberFor): Promise<void>
  /** As much work as `sent`, for one that is not. */
  pretend(number: NumberFor): Promise<void>
  /** A number is right once, and beyond an address's tries of the day none is. @param at when it was asked for, epoch ms.
   *  @param holder of this try: a retry of the same one is not counted again. */
  check(number: NumberFor, typed: string, at: number, holder: string): Promise<Checked>
}

/** @param keys newest first: the first makes, all verify, so that a change of keys does not spoil a number that is on its way.
 *  @param limits names under which tries of an address are counted. */
export function createNumbers(o: {
  store: LimitStore
  keys: readonly Buffer[]
  limits: Pick<LimitKeys, 'ofTries'>
  now: () => number
}): Numbers {
  const { store, keys, limits } = o
  const makeWith = (key: Buffer, { conversationId, email, id }: NumberFor): string => {
    const digest = createHmac('sha256', key).update(`${conversationId}\0${email}\0${id}`).digest()
    // 48 bits: one number is likelier than another by less than one in a hundred million.
    return String(digest.readUIntBE(0, 6) % 1_000_000).padStart(6, '0')
  }
  const live = (id: string) => `number-live:${id}`

  return {
    make: (number) => makeWith(keys[0] ?? Buffer.alloc(0), number),
    async sent({ id }) {
      await store.allow(live(id), id, o.now(), [{ most: 1, ms: NUMBER_MS }])
    },
    async pretend({ id }) {
      await store.allow(`number-none:${id}`, id, o.now(), [{ most: 1, ms: NUMBER_MS }])
    },
    async check(number, typed, at, holder) {
      const { id } = number
      const now = o.now()
      if (!(now - at < NUMBER_MS)) return 'expired'
      const mayTry = await store.allow(`number-tries:${id}`, holder, now, [{ most: TRIES, ms: NUMBER_MS }])
      if (!mayTry) return 'too_many'
      const fits = keys.some((key) => same(typed, makeWith(key, number)))
      // Told as any wrong one: a limit of an address that is told would tell that somebody else proves that address today.
      const hasTries = await store.allow(limits.ofTries(number.email), holder, now, TRIES_OF_ADDRESS)
      if (!hasTries || !fits) return 'wrong'
      // The place is taken by the mail, when one went out. Otherwise nobody takes it for good: no try finds it taken by another.
      if (await store.allow(live(id), 'nobody', now, [{ most: 1, ms: NUMBER_MS }])) return 'wrong'
      return (await store.allow(`number-used:${id}`, holder, now, [{ most: 1, ms: NUMBER_MS }])) ? 'right' : 'expired'
    },
  }
}

function same(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}
