/** What every store of the two logs must do: `auditContract('redis', make)` runs all of it against another one. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type AuditStore, auditKeysOf, createAudit, type SealedEntry } from '../../src/privacy/audit.ts'

/** A store of the test's own, empty. */
export interface AuditUnderTest {
  store: AuditStore
  /** Replaces what is stored under that number; undefined: removes it. Not what the service can do: what somebody does to its file. */
  tamper(n: number, entry: SealedEntry | undefined): Promise<void>
  /** Closes it and opens what it kept. */
  reopen(): Promise<AuditStore>
  remove(): Promise<void>
}

const DAY = 86_400_000
const NOW = Date.UTC(2026, 10, 22)

export const keyOf = (kid: string, byte: number) => ({ kid, key: Buffer.alloc(32, byte) })
const KEYS = auditKeysOf([keyOf('new', 2), keyOf('old', 1)])

let made: AuditUnderTest
let store: AuditStore

export function auditContract(name: string, make: () => Promise<AuditUnderTest>): void {
  describe(`${name}: the audit contract`, () => {
    beforeEach(async () => {
      made = await make()
      store = made.store
    })
    afterEach(() => made.remove())

    describe('storing', storing)
    describe('verifying', verifying)
  })
}

const entryOf = (n: number, at = NOW): SealedEntry => ({ n, at, text: `{"é":"${n} \\" x"}`, hash: `hash-${n}` })
const numbers = async (after = 0, limit = 99) => (await store.read('audit', after, limit)).map(({ n }) => n)

function storing(): void {
  test('gives back what it was given, in order, each log for itself, also after opening again', async () => {
    expect(await store.last('audit')).toEqual({ n: 0 })
    for (const n of [1, 2, 3]) expect(await store.append('audit', entryOf(n))).toBe(true)
    expect(await store.append('desk', entryOf(1, NOW + 1))).toBe(true)
    store = await made.reopen()
    expect(await store.read('audit', 0, 99)).toEqual([1, 2, 3].map((n) => entryOf(n)))
    expect(await store.read('audit', 1, 1)).toEqual([entryOf(2)])
    expect(await store.read('audit', 3, 9)).toEqual([])
    expect(await store.last('audit')).toEqual({ n: 3, entry: entryOf(3) })
    expect(await store.last('desk')).toEqual({ n: 1, entry: entryOf(1, NOW + 1) })
  })

  test('takes the next number only, from one of those who come together', async () => {
    for (const n of [0, 2, -1]) expect(await store.append('audit', entryOf(n))).toBe(false)
    const together = await Promise.all(Array.from({ length: 10 }, (_, i) => store.append('audit', entryOf(1, NOW + i))))
    expect(together.filter(Boolean)).toHaveLength(1)
    expect(await store.append('audit', entryOf(1))).toBe(false)
    expect(await numbers()).toEqual([1])
  })

  test('prunes the oldest, not what is young, and never the newest or its number', async () => {
    expect(await store.prune('audit', NOW)).toBe(0)
    for (const n of [1, 2, 3, 4]) await store.append('audit', entryOf(n, NOW + n * DAY))
    await store.append('desk', entryOf(1))
    expect(await store.prune('audit', NOW + 3 * DAY)).toBe(2)
    expect(await numbers()).toEqual([3, 4])
    expect(await store.prune('audit', NOW + 99 * DAY)).toBe(1)
    expect(await numbers()).toEqual([4])
    expect(await store.append('audit', entryOf(4))).toBe(false)
    expect(await store.append('audit', entryOf(5))).toBe(true)
    expect((await store.read('desk', 0, 9)).length).toBe(1)
  })
}

const auditOf = (keys = KEYS, now = () => NOW) => createAudit({ store, keys, now })
const fact = (i: number) => ({ actor: 'a1', action: 'reveal', subject: `c${i}` }) as const

async function fill(count: number): Promise<SealedEntry[]> {
  const audit = auditOf()
  for (let i = 1; i <= count; i++) await audit.record('audit', fact(i))
  return store.read('audit', 0, count)
}

function verifying(): void {
  test('of 40 who record together each is there once, and the chain is whole', async () => {
    const audit = auditOf()
    await Promise.all(Array.from({ length: 40 }, (_, i) => audit.record('audit', fact(i))))
    const entries = await store.read('audit', 0, 99)
    const subjects = entries.map(({ text }) => JSON.parse(text).subject)
    expect(new Set(subjects)).toEqual(new Set(Array.from({ length: 40 }, (_, i) => `c${i}`)))
    const last = { n: 40, hash: entries.at(-1)?.hash }
    expect(await audit.verify('audit')).toEqual({ count: 40, last, unknownKey: 0, faults: [] })
    expect(await audit.verify('desk')).toEqual({ count: 0, unknownKey: 0, faults: [] })
  })

  test.each(['actor', 'action', 'subject', 'reason', 'at', 'prev', 'n', 'key'])(
    'an edited %s is named',
    async (field) => {
      const entries = await fill(5)
      const third = entries[2] as SealedEntry
      const text = JSON.stringify({ ...JSON.parse(third.text), [field]: field === 'n' ? 9 : 'other' })
      await made.tamper(3, { ...third, text })
      // An unknown key can't be checked: what follows says that it is not what it was.
      const what = field === 'key' ? 'replaced' : 'edited'
      expect((await auditOf().verify('audit')).faults).toEqual([{ what, n: 3, to: 3 }])
    },
  )

  test.each([
    ['time', { at: NOW + 1 }],
    ['seal', { hash: 'x' }],
    ['text that is no JSON', { text: '{' }],
    ['text that is null', { text: 'null' }],
  ])('a row with another %s is named', async (_, change) => {
    const entries = await fill(5)
    await made.tamper(3, { ...(entries[2] as SealedEntry), ...change })
    expect((await auditOf().verify('audit')).faults.map(({ n }) => n)).toEqual([3])
  })

  test.each([
    [[2], [{ what: 'missing', n: 2, to: 2 }]],
    [[2, 3], [{ what: 'missing', n: 2, to: 3 }]],
    [[5], [{ what: 'missing', n: 5, to: 5 }]],
    [[4, 5], [{ what: 'missing', n: 4, to: 5 }]],
    [[1, 2, 3, 4, 5], [{ what: 'missing', n: 1, to: 5 }]],
  ])('without entries %j', async (removed, faults) => {
    await fill(5)
    for (const n of removed) await made.tamper(n, undefined)
    expect((await auditOf().verify('audit')).faults).toEqual(faults)
    // Going on does not hide it.
    await auditOf().record('audit', fact(6))
    expect((await auditOf().verify('audit')).faults.filter(({ what }) => what === 'missing')).not.toEqual([])
  })

  test('two entries that changed places are named', async () => {
    const entries = await fill(5)
    await made.tamper(2, { ...(entries[3] as SealedEntry), n: 2 })
    await made.tamper(4, { ...(entries[1] as SealedEntry), n: 4 })
    expect((await auditOf().verify('audit')).faults).toEqual([
      { what: 'edited', n: 2, to: 2 },
      { what: 'edited', n: 4, to: 4 },
    ])
  })

  test('an entry of another log with the same number and seal is named', async () => {
    await fill(3)
    const audit = auditOf()
    for (let i = 0; i < 3; i++) await audit.record('desk', { actor: 'a1', action: 'claim', subject: `c${i}` })
    const [, other] = await store.read('desk', 0, 9)
    await made.tamper(2, other)
    expect((await audit.verify('audit')).faults.map(({ n }) => n)).toEqual([2])
  })

  test('pruned oldest entries are no fault, and the chain goes on', async () => {
    let at = NOW
    const audit = auditOf(KEYS, () => at)
    for (let i = 0; i < 6; i++, at += DAY) await audit.record('audit', fact(i))
    expect(await audit.prune('audit', NOW + 3 * DAY)).toBe(3)
    await audit.record('audit', fact(7))
    expect(await audit.verify('audit')).toMatchObject({ count: 4, last: { n: 7 }, faults: [] })
    await audit.prune('audit', NOW + 99 * DAY)
    expect(await audit.verify('audit')).toMatchObject({ count: 1, last: { n: 7 }, faults: [] })
  })

  test('keys may change: older ones verify, and what a removed one sealed is still held by what came after', async () => {
    const [first, second] = [[keyOf('1', 1)], [keyOf('2', 2), keyOf('1', 1)]].map(auditKeysOf)
    for (const i of [1, 2]) await auditOf(first).record('audit', fact(i))
    for (const i of [3, 4]) await auditOf(second).record('audit', fact(i))
    expect(await auditOf(second).verify('audit')).toMatchObject({ count: 4, unknownKey: 0, faults: [] })
    const later = auditOf(auditKeysOf([keyOf('2', 2)]))
    expect(await later.verify('audit')).toMatchObject({ count: 4, unknownKey: 2, faults: [] })
    const [, entry] = (await store.read('audit', 0, 9)) as [SealedEntry, SealedEntry]
    await made.tamper(2, { ...entry, text: entry.text.replace('c2', 'c9') })
    expect((await later.verify('audit')).faults).toEqual([{ what: 'replaced', n: 2, to: 2 }])
  })

  test('a name for an address is the same each time, tells nothing, and is another one under another key', () => {
    const [one, other] = [auditOf(), auditOf(auditKeysOf([keyOf('2', 9)]))]
    expect(one.subjectOf('a@b.ca')).toBe(one.subjectOf('a@b.ca'))
    expect(one.subjectOf('a@b.ca')).not.toBe(other.subjectOf('a@b.ca'))
    expect(one.subjectOf('a@b.ca')).not.toContain('a@b')
  })
}
