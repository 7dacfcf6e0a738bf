import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { Store } from '../../src/conversation/store.ts'
import { openSqliteStore } from '../../src/store/sqlite/open.ts'
import { createLimitKeys } from '../../src/work/limits.ts'
import { createNumbers, NUMBER_MS, type NumberFor, type Numbers } from '../../src/work/numbers.ts'
import { tempFolder } from '../support/folder.ts'

const NUMBER: NumberFor = { conversationId: 'c-1', email: 'camille@example.com', id: 'resend:1' }
const DAY_MS = 86_400_000
const limits = createLimitKeys(Buffer.alloc(32, 6))
let clock = Date.parse('2026-03-02T15:00:00Z')
let folder: ReturnType<typeof tempFolder>
let store: Store
let numbers: Numbers
let tries = 0

beforeEach(() => {
  folder = tempFolder()
  store = openSqliteStore(join(folder.path, 'sesame.db'))
  numbers = createNumbers({ store, keys: [Buffer.alloc(32, 8)], limits, now: () => clock })
})
afterEach(async () => {
  await store.close()
  folder.remove()
})

const check = (typed: string, number = NUMBER, at = clock) => numbers.check(number, typed, at, `try-${++tries}`)

test('six digits, other ones for another conversation, address or request', () => {
  const others = [{ conversationId: 'c-2' }, { email: 'a@example.com' }, { id: 'resend:2' }]
  const made = [NUMBER, ...others.map((other) => ({ ...NUMBER, ...other }))].map(numbers.make)
  for (const number of made) expect(number).toMatch(/^\d{6}$/)
  expect(new Set(made).size).toBe(made.length)
})

test('right once', async () => {
  await numbers.sent(NUMBER)
  expect(await check('000000')).toBe('wrong')
  expect(await numbers.check(NUMBER, numbers.make(NUMBER), clock, 'the try')).toBe('right')
  expect(await check(numbers.make(NUMBER))).toBe('expired')
  // The same try again, because its process ended before it told.
  expect(await numbers.check(NUMBER, numbers.make(NUMBER), clock, 'the try')).toBe('right')
})

test('of an older key too, while it is live', async () => {
  const [older, newer] = [Buffer.alloc(32, 8), Buffer.alloc(32, 9)]
  await numbers.sent(NUMBER)
  const typed = numbers.make(NUMBER)
  const both = createNumbers({ store, keys: [newer, older], limits, now: () => clock })
  const alone = createNumbers({ store, keys: [newer], limits, now: () => clock })
  expect(await alone.check(NUMBER, typed, clock, 'a')).toBe('wrong')
  expect(await both.check(NUMBER, typed, clock, 'b')).toBe('right')
})

test('five tries', async () => {
  await numbers.sent(NUMBER)
  for (let i = 0; i < 5; i++) expect(await check('000000')).toBe('wrong')
  expect(await check(numbers.make(NUMBER))).toBe('too_many')
})

/** Numbers of one address, each in a conversation of its own. */
const numberOf = (email: string, n: number): NumberFor => ({
  conversationId: `c-${n}`,
  email,
  id: `resend:${email}:${n}`,
})
const wrongTries = async (email: string, from: number, numbersTried: number, each: number) => {
  const told: string[] = []
  for (let n = from; n < from + numbersTried; n++)
    for (let i = 0; i < each; i++) told.push(await check('000000', numberOf(email, n)))
  return told
}

describe('of one address, over all its numbers and conversations', () => {
  const [email, other] = ['camille@example.com', 'dominique@example.com']

  test('twenty tries in a day; then the right one is told as any wrong one, until the day is over', async () => {
    await wrongTries(email, 1, 4, 5)
    const late = numberOf(email, 5)
    await numbers.sent(late)
    expect(await check(numbers.make(late), late)).toBe('wrong')
    clock += DAY_MS
    const next = numberOf(email, 6)
    await numbers.sent(next)
    expect(await check(numbers.make(next), next)).toBe('right')
  })

  test('nineteen leave one, and a retry of a try is none of its own', async () => {
    await wrongTries(email, 1, 3, 5)
    await wrongTries(email, 4, 1, 4)
    const last = numberOf(email, 5)
    await numbers.sent(last)
    for (let i = 0; i < 2; i++)
      expect(await numbers.check(last, numbers.make(last), clock, 'the last try')).toBe('right')
  })

  test('those of another one are not touched', async () => {
    await wrongTries(email, 1, 5, 5)
    await numbers.sent(numberOf(other, 1))
    expect(await check(numbers.make(numberOf(other, 1)), numberOf(other, 1))).toBe('right')
  })

  test('nothing that is told, asked of the store or kept there differs for an address that gets no mail', async () => {
    const asked: string[] = []
    const allow: Store['allow'] = async (key, holder, now, allowances) => {
      const isAllowed = await store.allow(key, holder, now, allowances)
      asked.push(`${key.split(':')[0]} ${isAllowed}`)
      return isAllowed
    }
    const watched = createNumbers({ store: { ...store, allow }, keys: [Buffer.alloc(32, 8)], limits, now: () => clock })
    const all = async (one: string, isKnown: boolean) => {
      for (let n = 1; n <= 5; n++) await numbers[isKnown ? 'sent' : 'pretend'](numberOf(one, n))
      const told: string[] = []
      for (let n = 1; n <= 5; n++)
        for (let i = 0; i < 6; i++)
          told.push(await watched.check(numberOf(one, n), '000000', clock, `${one}-${n}-${i}`))
      return { told, asked: asked.splice(0) }
    }
    const [known, unknown] = [await all(email, true), await all('nobody@example.com', false)]
    expect(known).toEqual(unknown)
    expect(known.asked.filter((one) => one === 'tries true')).toHaveLength(20)
    expect(known.told.filter((one) => one === 'too_many')).toHaveLength(5)
    const rows = store as unknown as { db: { prepare(sql: string): { all(): unknown[] } } }
    const kept = JSON.stringify(rows.db.prepare("SELECT key FROM allowed WHERE key LIKE 'tries:%'").all())
    expect(kept).toContain(limits.ofTries(email))
    expect(kept).not.toMatch(/camille|nobody/)
  })
})

test('ten minutes', async () => {
  await numbers.sent(NUMBER)
  const at = clock
  clock += NUMBER_MS - 1
  expect(await check('000000', NUMBER, at)).toBe('wrong')
  clock += 1
  expect(await check(numbers.make(NUMBER), NUMBER, at)).toBe('expired')
  expect(await check('', NUMBER, Number.NaN)).toBe('expired')
})

test('a number that never went out is never right', async () => {
  for (let i = 0; i < 4; i++) expect(await check(numbers.make(NUMBER))).toBe('wrong')
})

test('in the conversation it was asked for in', async () => {
  await numbers.sent(NUMBER)
  expect(await check(numbers.make(NUMBER), { ...NUMBER, conversationId: 'c-2' })).toBe('wrong')
})
