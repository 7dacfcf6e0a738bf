import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { Store } from '../../src/conversation/store.ts'
import { openSqliteStore } from '../../src/store/sqlite/open.ts'
import { createNumbers, NUMBER_MS, type NumberFor, type Numbers } from '../../src/work/numbers.ts'
import { tempFolder } from '../support/folder.ts'

const NUMBER: NumberFor = { conversationId: 'c-1', email: 'camille@example.com', id: 'resend:1' }
let clock = Date.parse('2026-03-02T15:00:00Z')
let folder: ReturnType<typeof tempFolder>
let store: Store
let numbers: Numbers
let tries = 0

beforeEach(() => {
  folder = tempFolder()
  store = openSqliteStore(join(folder.path, 'sesame.db'))
  numbers = createNumbers({ store, keys: [Buffer.alloc(32, 8)], now: () => clock })
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
  const both = createNumbers({ store, keys: [newer, older], now: () => clock })
  const alone = createNumbers({ store, keys: [newer], now: () => clock })
  expect(await alone.check(NUMBER, typed, clock, 'a')).toBe('wrong')
  expect(await both.check(NUMBER, typed, clock, 'b')).toBe('right')
})

test('five tries', async () => {
  await numbers.sent(NUMBER)
  for (let i = 0; i < 5; i++) expect(await check('000000')).toBe('wrong')
  expect(await check(numbers.make(NUMBER))).toBe('too_many')
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
