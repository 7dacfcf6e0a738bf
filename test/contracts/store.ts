/** What every store must do, whatever it is made of: `storeContract('redis', make)` runs all of it against another one. */
import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type {
  Adopted,
  Commit,
  DeskRow,
  Inbound,
  LeasedWork,
  Loaded,
  NewEntry,
  Store,
  WorkItem,
} from '../../src/conversation/store.ts'
import { MOST_ENTRIES } from '../../src/conversation/store.ts'
import { until } from '../support/until.ts'

/** A store of the test's own, empty. */
export interface StoreUnderTest {
  store: Store
  /** Closes it and opens what it kept. */
  reopen(): Promise<Store>
  /** Closes it and removes all of it. */
  remove(): Promise<void>
}

/** Leases end after this in the tests, ms. Times of work are the tests' own: nothing waits for them. */
const LEASE = 1_000
/** Stores may forget to the day, not to the millisecond. */
const DAY = 86_400_000
const NEVER = Number.MAX_SAFE_INTEGER

let made: StoreUnderTest
let store: Store

export function storeContract(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`${name}: the store contract`, () => {
    beforeEach(async () => {
      made = await make()
      store = made.store
    })
    afterEach(() => made.remove())

    describe('receiving', receiving)
    describe('reading', reading)
    describe('committing', committing)
    describe('left and forgotten conversations', ageing)
    describe('work', working)
    describe('limits', limiting)
    describe('what is kept of people', keeping)
    describe('the desk', listing)
    test('what a process that ended left behind is taken over, once', leaving)
    test('everything is there after closing and opening again', reopening)
  })
}

export function entryOf(text: string, o: Partial<NewEntry> = {}): NewEntry {
  return {
    origin: 'member',
    audience: 'all',
    activity: {
      type: 'message',
      timestamp: '2026-11-22T12:00:00.000Z',
      channelId: 'directline',
      conversation: { id: 'c' },
      from: { id: 'dl_membre', role: 'user' },
      text,
    },
    ...o,
  }
}

export function inboundOf(conversationId: string, clientId: string, o: Partial<Inbound> = {}): Inbound {
  return { ...entryOf(`texte de ${clientId}`), conversationId, clientId, create: true, ...o }
}

export function commitOf(conversationId: string, expected: number, o: Partial<Commit> = {}): Commit {
  return { conversationId, expected, state: { n: expected }, processed: 0, entries: [], work: [], desk: null, ...o }
}

export function workOf(id: string, conversationId: string, dueAt: number, o: Partial<WorkItem> = {}): WorkItem {
  return { id, kind: 'timer', conversationId, dueAt, payload: { ref: id }, ...o }
}

const deskRow = (conversationId: string, requestedAt: string, o: Partial<DeskRow> = {}): DeskRow => ({
  conversationId,
  owner: 'waiting',
  locale: 'fr',
  requestedAt,
  reason: 'member_asked',
  ...o,
})

const texts = async (id: string) => (await store.read(id, 0, 500, 'desk')).map((e) => e.activity.text)
const refusal = (code: string) => expect.objectContaining({ code })

function receiving(): void {
  test('numbers entries 1, 2, 3 ..., each conversation for itself, also when they come together', async () => {
    const ids = ['a', 'b'].flatMap((c) => Array.from({ length: 30 }, (_, i) => [c, String(i)] as const))
    const got = await Promise.all(ids.map(([c, key]) => store.receive(inboundOf(c, key))))
    for (const c of ['a', 'b']) {
      const seqs = got.filter((_, i) => ids[i]?.[0] === c).map((r) => r.seq)
      expect(seqs).toEqual(Array.from({ length: 30 }, (_, i) => i + 1))
    }
  })

  test('keeps one entry a key and origin, and gives the first answer again', async () => {
    const together = await Promise.all(Array.from({ length: 20 }, () => store.receive(inboundOf('c', 'same'))))
    expect(together.filter((r) => !r.repeated)).toHaveLength(1)
    expect(new Set(together.map((r) => `${r.seq} ${r.id}`))).toEqual(new Set(['1 c|0000001']))
    const later = await store.receive(inboundOf('c', 'same', { activity: entryOf('autre texte').activity }))
    expect(later).toEqual({ seq: 1, id: 'c|0000001', repeated: true })
    expect(await store.receive(inboundOf('c', 'same', { origin: 'agent' }))).toMatchObject({ seq: 2, repeated: false })
    expect(await store.receive(inboundOf('d', 'same'))).toMatchObject({ seq: 1, repeated: false })
    expect(await texts('c')).toEqual(['texte de same', 'texte de same'])
  })

  test('a conversation has an end for its member, not for anybody else', async () => {
    await store.receive(inboundOf('c', 'first'))
    const entries = Array.from({ length: MOST_ENTRIES - 1 }, (_, n) => entryOf(`réponse ${n}`, { origin: 'bot' }))
    await store.commit(commitOf('c', 0, { processed: 1, entries }))
    await expect(store.receive(inboundOf('c', 'one more'))).rejects.toEqual(refusal('too_many'))
    expect(await store.receive(inboundOf('c', 'first'))).toMatchObject({ seq: 1, repeated: true })
    expect(await store.receive(inboundOf('c', 'x', { origin: 'agent' }))).toMatchObject({ seq: MOST_ENTRIES + 1 })
  })

  test('an unknown conversation is refused unless it is to be made', async () => {
    await expect(store.receive(inboundOf('c', 'k', { create: false }))).rejects.toEqual(refusal('conversation_unknown'))
    expect(await store.load('c')).toBeUndefined()
    expect(await store.read('c', 0, 10, 'desk')).toEqual([])
  })

  test('whatever arrives in whatever groups, each key is in the log once, in the order of its first arrival', async () => {
    const groups = fc.array(fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { maxLength: 6 }), { maxLength: 5 })
    await fc.assert(
      fc.asyncProperty(groups, async (sent) => {
        const id = randomUUID()
        for (const group of sent) await Promise.all(group.map((key) => store.receive(inboundOf(id, key))))
        const log = await store.read(id, 0, 500, 'desk')
        expect(log.map((e) => e.activity.text)).toEqual([...new Set(sent.flat())].map((key) => `texte de ${key}`))
        expect(log.map((e) => e.seq)).toEqual(log.map((_, i) => i + 1))
      }),
      { numRuns: 25 },
    )
  })
}

function reading(): void {
  test('gives entries after a seq, at most so many, internal ones to the desk only', async () => {
    for (const [i, audience] of (['all', 'desk', 'all', 'desk', 'all'] as const).entries())
      await store.receive(inboundOf('c', String(i), { audience }))
    const seqs = async (...args: [number, number, 'all' | 'desk']) => (await store.read('c', ...args)).map((e) => e.seq)
    expect(await seqs(0, 10, 'all')).toEqual([1, 3, 5])
    expect(await seqs(0, 10, 'desk')).toEqual([1, 2, 3, 4, 5])
    expect(await seqs(1, 1, 'all')).toEqual([3])
    expect(await seqs(5, 10, 'desk')).toEqual([])
    await store.receive(inboundOf('d', 'next to it'))
    for (const beyond of [99, 999_999, 1_000_000, 999_999_999_999]) expect(await seqs(beyond, 10, 'desk')).toEqual([])
  })

  test.each(['Été 🍁', 'a\u0000b', '\u2028', "'; DROP TABLE entry; --", '{"a":1}', ''])(
    'keeps %j as it is',
    async (text) => {
      const sent = inboundOf('ç|é', 'k', { activity: { ...entryOf(text).activity, value: { deep: [null, 1.5] } } })
      await store.receive(sent)
      const [entry] = await store.read('ç|é', 0, 1, 'all')
      expect(entry).toEqual({
        seq: 1,
        origin: 'member',
        audience: 'all',
        activity: { ...sent.activity, id: 'ç|é|0000001' },
      })
    },
  )
}

function committing(): void {
  test('saves state, replies, work and desk row together; what came meanwhile stays pending', async () => {
    await store.receive(inboundOf('c', '1'))
    await store.receive(inboundOf('c', '2'))
    expect(await store.load('c')).toMatchObject({ version: 0, state: undefined, attempts: 0, ahead: 0 })
    const desk = deskRow('c', '2026-11-22T12:00:00.000Z')
    const entries = [entryOf('réponse', { origin: 'bot' }), entryOf('interne', { origin: 'bot', audience: 'desk' })]
    const work = [workOf('w', 'c', 5)]
    expect(await store.commit(commitOf('c', 0, { state: { a: 'é' }, processed: 1, entries, work, desk }))).toEqual({
      last: 4,
      hasMore: true,
    })
    const after = await store.load('c')
    expect(after).toMatchObject({ version: 1, state: { a: 'é' } })
    expect(after?.pending.map((e) => e.seq)).toEqual([2])
    expect(await texts('c')).toEqual(['texte de 1', 'texte de 2', 'réponse', 'interne'])
    expect((await store.read('c', 2, 9, 'desk')).map((e) => [e.origin, e.activity.id])).toEqual([
      ['bot', 'c|0000003'],
      ['bot', 'c|0000004'],
    ])
    expect(await store.nextDue('timer')).toBe(5)
    expect(await store.queue()).toEqual([desk])
    await store.commit(commitOf('c', 1, { processed: 2 }))
    expect((await store.load('c'))?.pending).toEqual([])
    expect(await store.queue()).toEqual([])
  })

  test('of turns that started from the same version exactly one wins, and the others leave nothing', async () => {
    await store.receive(inboundOf('c', '1'))
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, (_, i) =>
        store.commit(
          commitOf('c', 0, {
            state: { i },
            processed: 1,
            entries: [entryOf(`réponse ${i}`)],
            work: [workOf(`w${i}`, 'c', i)],
            desk: deskRow('c', `2026-11-22T12:00:0${i}.000Z`),
          }),
        ),
      ),
    )
    const winner = results.findIndex((r) => r.status === 'fulfilled')
    for (const [i, r] of results.entries())
      if (i !== winner) expect(r).toMatchObject({ status: 'rejected', reason: refusal('state_conflict') })
    expect(await store.load('c')).toMatchObject({ version: 1, state: { i: winner } })
    expect(await texts('c')).toEqual(['texte de 1', `réponse ${winner}`])
    expect((await store.lease('timer', NEVER - LEASE, LEASE, 99)).map((w) => w.id)).toEqual([`w${winner}`])
    expect(await store.queue()).toHaveLength(1)
  })

  test.each([1, 7, -1])('refuses version %j of a conversation at version 0, and an unknown one', async (expected) => {
    await store.receive(inboundOf('c', '1'))
    await expect(store.commit(commitOf('c', expected))).rejects.toEqual(refusal('state_conflict'))
    await expect(store.commit(commitOf('nowhere', 0))).rejects.toEqual(refusal('state_conflict'))
    expect(await store.load('nowhere')).toBeUndefined()
  })

  test('failed runs are counted until a commit', async () => {
    await store.receive(inboundOf('c', '1'))
    expect([await store.countFailure('c'), await store.countFailure('c')]).toEqual([1, 2])
    expect(await store.load('c')).toMatchObject({ attempts: 2 })
    await store.commit(commitOf('c', 0, { processed: 1 }))
    expect(await store.load('c')).toMatchObject({ attempts: 0 })
  })

  test('input that came while many answers were written is still the first pending one', async () => {
    const answers = Array.from({ length: 450 }, (_, i) => entryOf(`réponse ${i}`, { origin: 'bot' }))
    for (const key of ['1', '2']) await store.receive(inboundOf('c', key))
    await store.commit(commitOf('c', 0, { processed: 1, entries: answers }))
    await store.receive(inboundOf('c', '3'))
    expect(await store.commit(commitOf('c', 1, { processed: 2 }))).toMatchObject({ hasMore: true })
    expect((await store.load('c'))?.pending.map((e) => e.activity.text)).toEqual(['texte de 3'])
  })

  test('the same work twice is there once, as it was first', async () => {
    await store.receive(inboundOf('c', '1'))
    await store.commit(commitOf('c', 0, { work: [workOf('w', 'c', 1)] }))
    await store.commit(commitOf('c', 1, { work: [workOf('w', 'c', 2), workOf('v', 'c', 3)] }))
    expect((await store.lease('timer', 1, LEASE, 9)).map((w) => w.id)).toEqual(['w'])
    expect((await store.lease('timer', 9, LEASE, 9)).map((w) => w.id)).toEqual(['v'])
  })
}

function ageing(): void {
  test('pending input is given to its own process when it waits too long, oldest first; a commit that took all ends it', async () => {
    await store.receive(inboundOf('first', '1'))
    const then = Date.now()
    await until('a later moment', () => Date.now() > then)
    await store.receive(inboundOf('second', '1'))
    await store.receive(inboundOf('first', '2'))
    expect(await adopted(NEVER, 9)).toEqual(['first', 'second'])
    expect(await adopted(NEVER, 1)).toEqual(['first'])
    expect(await adopted(then - 60_000, 9)).toEqual([])
    await store.commit(commitOf('first', 0, { processed: 1 }))
    expect(await adopted(NEVER, 9)).toEqual(['first', 'second'])
    await store.commit(commitOf('first', 1, { processed: 2 }))
    expect(await adopted(NEVER, 9)).toEqual(['second'])
  })

  test('forgetting erases log, state, work and desk row, and only of what is old', async () => {
    await store.receive(inboundOf('c', '1'))
    const desk = deskRow('c', '2026-11-22T12:00:00.000Z')
    await store.commit(commitOf('c', 0, { processed: 1, work: [workOf('w', 'c', 1), workOf('v', 'c', 2)], desk }))
    const [leased] = await store.lease('timer', 1, LEASE, 1)
    expect(await store.forget(Date.now() - 2 * DAY, 9)).toBe(0)
    expect(await store.load('c')).toBeDefined()
    expect(await store.forget(Date.now() + 2 * DAY, 9)).toBe(1)
    expect(await store.load('c')).toBeUndefined()
    expect(await texts('c')).toEqual([])
    expect(await store.queue()).toEqual([])
    expect(await store.nextDue('timer')).toBeUndefined()
    expect(await store.complete(leased as LeasedWork, {})).toBe(false)
    expect(await store.receive(inboundOf('c', '1'))).toMatchObject({ seq: 1, repeated: false })
  })

  test('forgetting takes at most so many at once', async () => {
    for (const id of ['a', 'b', 'c']) await store.receive(inboundOf(id, '1'))
    expect(await store.forget(Date.now() + 2 * DAY, 2)).toBe(2)
    expect(await store.forget(Date.now() + 2 * DAY, 2)).toBe(1)
  })
}

/** Work `w1` ... due at 1, 2, ... in conversation `c`. */
async function addWork(count: number): Promise<void> {
  await store.receive(inboundOf('c', 'first'))
  const work = Array.from({ length: count }, (_, i) => workOf(`w${i + 1}`, 'c', i + 1))
  await store.commit(commitOf('c', 0, { processed: 1, work }))
}

async function leaseOne(now = 1): Promise<LeasedWork> {
  const [work] = await store.lease('timer', now, LEASE, 1)
  if (!work) throw new Error('no work is due')
  return work
}

const receiptOf = (workId: string, code: string, at = '2026-11-22T12:00:00.000Z') => ({
  workId,
  kind: 'timer' as const,
  code,
  at,
  payload: { masked: 'c•••' },
})

function working(): void {
  test('is leased when due, oldest first, at most so many, to one holder', async () => {
    await addWork(5)
    const both = await Promise.all([store.lease('timer', 4, LEASE, 3), store.lease('timer', 4, LEASE, 3)])
    expect(both.flat().map((w) => w.id)).toEqual(['w1', 'w2', 'w3', 'w4'])
    expect(both[0][0]).toMatchObject({ ...workOf('w1', 'c', 1), dueAt: expect.any(Number), attempts: 1 })
    expect(await store.lease('timer', 4, LEASE, 9)).toEqual([])
    expect(await store.nextDue('timer')).toBe(5)
    // Another kind is another queue.
    expect(await store.lease('resend', 9, LEASE, 9)).toEqual([])
    expect(await store.nextDue('resend')).toBeUndefined()
  })

  test('each kind has its own queue, and says by itself when it is due', async () => {
    await store.receive(inboundOf('c', 'first'))
    const work = (['resend', 'lookup', 'timer'] as const).map((kind, i) => workOf(kind, 'c', i + 1, { kind }))
    await store.commit(commitOf('c', 0, { processed: 1, work }))
    for (const { id, kind, dueAt } of work) {
      expect(await store.nextDue(kind)).toBe(dueAt)
      const [leased, ...others] = await store.lease(kind, 9, LEASE, 9)
      expect(leased).toMatchObject({ id, kind, attempts: 1 })
      expect(others).toEqual([])
      expect(await store.complete(leased as LeasedWork, {})).toBe(true)
      expect(await store.nextDue(kind)).toBeUndefined()
    }
  })

  test('a lease that ended goes to another holder, and the first one can do nothing any more', async () => {
    await addWork(1)
    const first = await leaseOne(1)
    const second = await leaseOne(1 + LEASE)
    expect(second).toMatchObject({ id: 'w1', attempts: 2 })
    expect(second.lease).not.toBe(first.lease)
    expect(await store.complete(first, { inbound: inboundOf('c', 'w1'), receipt: receiptOf('w1', 'sent') })).toBe(false)
    expect(await store.renew(first, 99)).toBe(false)
    await store.retry(first, 0)
    await store.bury(first, receiptOf('w1', 'mail_refused'))
    expect(await texts('c')).toEqual(['texte de first'])
    expect(await store.receipts('c')).toEqual([])
    expect(await store.dead(9)).toEqual([])
    expect(await store.nextDue('timer')).toBe(1 + LEASE + LEASE)
    expect(await store.complete(second, {})).toBe(true)
  })

  test('a renewed lease stays with its holder', async () => {
    await addWork(1)
    const work = await leaseOne(1)
    expect(await store.renew(work, 10 * LEASE)).toBe(true)
    expect(await store.lease('timer', 5 * LEASE, LEASE, 1)).toEqual([])
    expect(await store.lease('timer', 10 * LEASE, LEASE, 1)).toHaveLength(1)
  })

  test('its end and the event that reports it are one step, once', async () => {
    await addWork(1)
    const work = await leaseOne()
    const done = { inbound: inboundOf('c', 'w1', { create: false }) }
    const results = await Promise.all([store.complete(work, done), store.complete(work, done)])
    expect(results).toEqual([true, false])
    expect((await store.load('c'))?.pending.map((e) => e.activity.text)).toEqual(['texte de w1'])
    expect(await store.nextDue('timer')).toBeUndefined()
  })

  test('an event that can not be received leaves the work as it was', async () => {
    await addWork(1)
    const work = await leaseOne()
    const lost = inboundOf('nowhere', 'w1', { create: false })
    await expect(store.complete(work, { inbound: lost })).rejects.toEqual(refusal('conversation_unknown'))
    expect(await store.nextDue('timer')).toBe(1 + LEASE)
    expect(await store.complete(work, {})).toBe(true)
  })

  test('tried again later, it is leased anew; a receipt replaces what it carried', async () => {
    await addWork(1)
    await store.retry(await leaseOne(), 50)
    expect(await store.lease('timer', 49, LEASE, 1)).toEqual([])
    const again = await leaseOne(50)
    expect(again.attempts).toBe(2)
    expect(await store.complete(again, { receipt: receiptOf('w1', 'sent') })).toBe(true)
    expect(await store.receipts('c')).toEqual([receiptOf('w1', 'sent')])
    expect(await store.receipts('other')).toEqual([])
    expect(await store.dead(9)).toEqual([])
  })

  test('given up, it is never due again, and the desk sees it, newest first', async () => {
    await addWork(3)
    for (const at of ['1', '2', '3'])
      await store.bury(await leaseOne(9), receiptOf(`w${at}`, 'mail_refused', `2026-11-22T12:00:0${at}.000Z`))
    expect(await store.lease('timer', NEVER - LEASE, LEASE, 9)).toEqual([])
    const [dead, ...older] = await store.dead(2)
    expect(dead).toEqual({
      ...receiptOf('w3', 'mail_refused', '2026-11-22T12:00:03.000Z'),
      conversationId: 'c',
      attempts: 1,
    })
    expect(older.map((d) => d.workId)).toEqual(['w2'])
    expect((await store.receipts('c')).map((r) => r.code)).toEqual(Array(3).fill('dead:mail_refused'))
  })
}

function limiting(): void {
  const one = [{ most: 1, ms: 100 }]
  const together = async (key: string, holders: readonly string[], now: number, most: number) =>
    (await Promise.all(holders.map((holder) => store.allow(key, holder, now, [{ most, ms: 100 }])))).filter(Boolean)
  const holders = (count: number, from = 0) => Array.from({ length: count }, (_, i) => `h${from + i}`)

  test('a key has one holder until its time is over; the holder gets it again', async () => {
    const race = await Promise.all(['x', 'y', 'z'].map((holder) => store.allow('k', holder, 0, one)))
    expect(race).toEqual([true, false, false])
    expect(await store.allow('k', 'x', 99, one)).toBe(true)
    expect(await store.allow('k', 'y', 99, one)).toBe(false)
    expect(await store.allow('other', 'y', 99, one)).toBe(true)
    expect(await store.allow('k', 'y', 100, one)).toBe(true)
    expect(await store.allow('k', 'x', 101, one)).toBe(false)
  })

  test.each([1, 7, 49, 50, 51])('of 50 who come together exactly the first %d are allowed', async (most) => {
    expect(await together('k', holders(50), 1, most)).toHaveLength(Math.min(most, 50))
    // And the same ones again, however often: they are counted already.
    expect(await together('k', holders(50), 2, most)).toHaveLength(Math.min(most, 50))
    expect(await together('other', holders(50), 2, most)).toHaveLength(Math.min(most, 50))
  })

  test('time slides: room comes back one by one, and what was refused took none', async () => {
    const three = [{ most: 3, ms: 100 }]
    for (const at of [0, 30, 60]) expect(await store.allow('k', `at ${at}`, at, three)).toBe(true)
    for (let i = 0; i < 5; i++) expect(await store.allow('k', `refused ${i}`, 90, three)).toBe(false)
    expect(await store.allow('k', 'late', 99, three)).toBe(false)
    expect(await store.allow('k', 'late', 100, three)).toBe(true)
    expect(await store.allow('k', 'later', 129, three)).toBe(false)
    expect(await store.allow('k', 'later', 130, three)).toBe(true)
  })

  test('all of several allowances must hold, and a retry counts as long as the longest', async () => {
    const both = [
      { most: 1, ms: 100 },
      { most: 3, ms: 1_000 },
    ]
    const times = [0, 50, 100, 199, 200, 300, 999, 1_000, 1_099, 1_100]
    const allowed: number[] = []
    for (const at of times) if (await store.allow('k', `at ${at}`, at, both)) allowed.push(at)
    expect(allowed).toEqual([0, 100, 200, 1_000, 1_100])
    expect(await store.allow('k', 'at 200', 1_199, both)).toBe(true)
    // Not counted anew: its place is free when its own time is over.
    expect(await store.allow('k', 'at 200', 1_200, both)).toBe(true)
    expect(await store.allow('k', 'at 300', 1_299, both)).toBe(false)
  })

  test('is forgotten when told so, and only under that key', async () => {
    for (const key of ['k', 'other']) await store.allow(key, 'x', 0, one)
    await store.clear('k')
    await store.clear('never used')
    expect(await store.allow('k', 'y', 1, one)).toBe(true)
    expect(await store.allow('other', 'y', 1, one)).toBe(false)
  })

  test('never more in any time than allowed, whoever asks and when', async () => {
    const asks = fc.array(fc.record({ holder: fc.nat(9), wait: fc.nat(60) }), { maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(asks, fc.integer({ min: 1, max: 4 }), async (asked, most) => {
        const [key, counted] = [randomUUID(), new Map<number, number>()]
        let now = 0
        for (const { holder, wait } of asked) {
          now += wait
          const recent = [...counted.values()].filter((at) => at > now - 100)
          const expected = (counted.get(holder) ?? -1_000) > now - 100 || recent.length < most
          expect(await store.allow(key, String(holder), now, [{ most, ms: 100 }])).toBe(expected)
          if (expected && (counted.get(holder) ?? -1_000) <= now - 100) counted.set(holder, now)
        }
      }),
      { numRuns: 25 },
    )
  })
}

function keeping(): void {
  async function everything(limit: number): Promise<string[]> {
    const all: string[] = []
    for (let cursor: string | undefined; ; ) {
      const { ids, next } = await store.list(cursor, limit)
      all.push(...ids)
      if (next === undefined) return all
      cursor = next
    }
  }

  test.each([1, 7, 40, 1_000])('lists every conversation once, %d at a time', async (limit) => {
    expect(await everything(limit)).toEqual([])
    const ids = Array.from({ length: 40 }, (_, i) => `c${i}`)
    await Promise.all(ids.map((id) => store.receive(inboundOf(id, '1'))))
    expect((await everything(limit)).sort()).toEqual(ids.sort())
  })

  test('lists all that stay, also when others are erased and spoken in meanwhile', async () => {
    const ids = Array.from({ length: 60 }, (_, i) => `c${i}`)
    await Promise.all(ids.map((id) => store.receive(inboundOf(id, '1'))))
    const [erased, stay] = [ids.filter((_, i) => i % 3 === 0), ids.filter((_, i) => i % 3 !== 0)]
    const seen: string[] = []
    for (let cursor: string | undefined; ; ) {
      const { ids: page, next } = await store.list(cursor, 5)
      seen.push(...page)
      if (next === undefined) break
      cursor = next
      for (const id of erased.splice(0, 4)) await store.erase(id)
      await store.receive(inboundOf(stay[seen.length % stay.length] ?? '', String(seen.length)))
    }
    expect(stay.filter((id) => !seen.includes(id))).toEqual([])
  })

  test('erasing takes a conversation with all that belongs to it, and leaves the others', async () => {
    const kinds = ['resend', 'timer', 'lookup'] as const
    for (const id of ['c', 'd']) {
      await store.receive(inboundOf(id, '1'))
      const work = [...kinds.map((kind, i) => workOf(`${id}${i}`, id, i, { kind })), workOf(`${id}dead`, id, 0)]
      const desk = deskRow(id, '2026-11-22T12:00:00.000Z')
      await store.commit(commitOf(id, 0, { processed: 1, work, desk, entries: [entryOf('réponse')] }))
    }
    for (const work of await store.lease('timer', 0, LEASE, 9)) await store.bury(work, receiptOf(work.id, 'x'))
    const kept = async () => [await store.load('d'), await store.read('d', 0, 9, 'desk'), await store.receipts('d')]
    const before = await kept()
    expect(await store.erase('c')).toBe(true)
    expect([await store.load('c'), await texts('c'), await store.receipts('c')]).toEqual([undefined, [], []])
    expect((await store.queue()).map((row) => row.conversationId)).toEqual(['d'])
    expect((await store.dead(9)).map((dead) => dead.conversationId)).toEqual(['d'])
    for (const kind of kinds)
      expect((await store.lease(kind, 99, LEASE, 9)).map((w) => w.conversationId)).toEqual(['d'])
    expect(await everything(9)).toEqual(['d'])
    expect(await kept()).toEqual([{ ...(before[0] as Loaded), ahead: expect.any(Number) }, ...before.slice(1)])
    expect([await store.erase('c'), await store.erase('nowhere')]).toEqual([false, false])
    expect(await store.adopt(NEVER, 9)).toEqual([])
    expect(await store.receive(inboundOf('c', '1'))).toMatchObject({ seq: 1, repeated: false })
  })

  test('what was erased can be made unreadable in the files, and what stays is still there', async () => {
    for (const id of ['c', 'd']) await store.receive(inboundOf(id, '1'))
    await store.erase('c')
    expect(await store.scrub()).toBe(true)
    expect(await texts('d')).toEqual(['texte de 1'])
    expect(await store.receive(inboundOf('d', '2'))).toMatchObject({ seq: 2 })
  })
}

function listing(): void {
  test('somebody in danger is listed, however many came before', async () => {
    const wait = async (id: string, n: number, reason: string) => {
      await store.receive(inboundOf(id, 'k'))
      const requestedAt = new Date(n).toISOString()
      const desk: DeskRow = { conversationId: id, owner: 'waiting', locale: 'fr', requestedAt, reason }
      await store.commit(commitOf(id, 0, { processed: 1, desk }))
    }
    await Promise.all(Array.from({ length: 1_001 }, (_, n) => wait(`c${n}`, n, 'stuck')))
    await wait('danger', 5_000, 'crisis')
    const listed = (await store.queue()).map(({ conversationId }) => conversationId)
    expect([listed.length, listed[0], listed[1]]).toEqual([1_000, 'danger', 'c0'])
  })

  const at = (second: number) => `2026-11-22T12:00:0${second}.000Z`

  async function list(id: string, second: number, o: Partial<DeskRow> = {}): Promise<void> {
    if (!(await store.load(id))) await store.receive(inboundOf(id, 'first'))
    const version = (await store.load(id))?.version ?? 0
    await store.commit(commitOf(id, version, { processed: 1, desk: deskRow(id, at(second), o) }))
  }

  test('lists waiting and claimed requests, oldest first, and tells how many wait before one', async () => {
    await list('late', 3)
    await list('early', 1)
    await list('middle', 2)
    await store.receive(inboundOf('new', 'first'))
    expect((await store.queue()).map((r) => r.conversationId)).toEqual(['early', 'middle', 'late'])
    const ahead = async (id: string) => (await store.load(id))?.ahead
    expect(await Promise.all(['early', 'middle', 'late', 'new'].map(ahead))).toEqual([0, 1, 2, 3])
    const claimed = { owner: 'agent', agentId: 'a1', agentName: 'Maëlle' } as const
    await list('early', 1, claimed)
    expect((await store.queue())[0]).toEqual(deskRow('early', at(1), claimed))
    expect(await Promise.all(['middle', 'late', 'new'].map(ahead))).toEqual([0, 1, 2])
  })

  test('who lost their agent goes before who asked earlier, and after who may be in danger', async () => {
    for (const [n, id] of ['first', 'second', 'third', 'danger'].entries()) await list(id, n)
    await list('danger', 3, { reason: 'crisis' })
    await list('third', 2, { lostBy: 'Maëlle' })
    await list('second', 1, { lostBy: 'Omar' })
    expect((await store.queue()).map((r) => r.conversationId)).toEqual(['danger', 'second', 'third', 'first'])
    expect((await store.queue())[1]).toEqual(deskRow('second', at(1), { lostBy: 'Omar' }))
    expect((await store.load('first'))?.ahead).toBe(2)
    await list('second', 1)
    expect((await store.queue()).map((r) => r.conversationId)).toEqual(['danger', 'third', 'first', 'second'])
  })

  test('gives what is claimed, however many wait, and nothing else', async () => {
    expect(await store.claimed()).toEqual([])
    const claimed = { owner: 'agent', agentId: 'a1', agentName: 'Maëlle' } as const
    for (const id of ['a', 'b', 'c']) await list(id, 1)
    for (const id of ['a', 'c']) await list(id, 1, claimed)
    const rows = (await store.claimed()).toSorted((x, y) => (x.conversationId < y.conversationId ? -1 : 1))
    expect(rows).toEqual(['a', 'c'].map((id) => deskRow(id, at(1), claimed)))
    await list('a', 1)
    expect((await store.claimed()).map((row) => row.conversationId)).toEqual(['c'])
  })
}

const byId = (a: Adopted, b: Adopted) => (a.conversationId < b.conversationId ? -1 : 1)
const adopted = async (before = NEVER, limit = 9) =>
  (await store.adopt(before, limit)).map(({ conversationId }) => conversationId)

async function leaving(): Promise<void> {
  for (const id of ['c', 'd', 'done']) await store.receive(inboundOf(id, '1'))
  await store.commit(commitOf('done', 0, { processed: 1 }))
  expect(await adopted()).toEqual(['c', 'd'])
  store = await made.reopen()
  await store.countFailure('d')
  const left = [
    { conversationId: 'c', leftAfter: 0 },
    { conversationId: 'd', leftAfter: 1 },
  ]
  expect((await store.adopt(NEVER, 9)).toSorted(byId)).toEqual(left)
  // Once for each process that ended, not for each look.
  expect((await store.adopt(NEVER, 9)).toSorted(byId)).toEqual([{ conversationId: 'c' }, { conversationId: 'd' }])
}

async function reopening(): Promise<void> {
  await addWork(1)
  await store.receive(inboundOf('c', 'later'))
  await store.receive(inboundOf('c', 'last'))
  const desk = deskRow('c', '2026-11-22T12:00:00.000Z')
  await store.commit(commitOf('c', 1, { state: { kept: true }, processed: 2, entries: [entryOf('réponse')], desk }))
  await store.countFailure('c')
  const work = await leaseOne()
  await store.allow('k', 'x', 0, [{ most: 1, ms: 100 }])
  const kept = async () => ({ ...(await store.load('c')), isMine: true, log: await store.read('c', 0, 99, 'desk') })
  const before = await kept()
  store = await made.reopen()
  expect(await kept()).toEqual(before)
  expect(before).toMatchObject({ version: 2, state: { kept: true }, attempts: 1 })
  expect(before.pending?.map((e) => e.seq)).toEqual([3])
  expect(await store.receive(inboundOf('c', 'later'))).toMatchObject({ seq: 2, repeated: true })
  expect(await store.queue()).toEqual([desk])
  expect(await store.allow('k', 'y', 1, [{ most: 1, ms: 100 }])).toBe(false)
  expect(await store.complete(work, { receipt: receiptOf('w1', 'sent') })).toBe(true)
}
