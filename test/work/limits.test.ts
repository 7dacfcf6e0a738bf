import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { Store } from '../../src/conversation/store.ts'
import { openSqliteStore } from '../../src/store/sqlite/open.ts'
import { createBudget, createLimitKeys, createMayMail, type MailRequest, type MayMail } from '../../src/work/limits.ts'
import { keepLog } from '../support/app.ts'
import { tempFolder } from '../support/folder.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
let clock = 0
let folder: ReturnType<typeof tempFolder>
let store: Store
let mayMail: MayMail
let kept: ReturnType<typeof keepLog>
let count = 0

beforeEach(() => {
  clock = Date.parse('2026-03-02T15:00:00Z')
  folder = tempFolder()
  store = openSqliteStore(join(folder.path, 'sesame.db'))
  kept = keepLog()
  const keys = createLimitKeys(Buffer.alloc(32, 6))
  mayMail = createMayMail({ store, keys, perNetwork: 20, log: kept.log, now: () => clock })
})
afterEach(async () => {
  await store.close()
  folder.remove()
})

const ask = (more: Partial<MailRequest> = {}): Promise<boolean> => {
  count += 1
  return mayMail({ id: `w${count}`, what: 'code', conversationId: `c${count}`, email: 'camille@example.com', ...more })
}
const granted = async (times: number, request: (n: number) => Partial<MailRequest>) => {
  let yes = 0
  for (let n = 0; n < times; n++) if (await ask(request(n))) yes += 1
  return yes
}

describe('mails', () => {
  test('to one address: one of a kind a minute, three an hour', async () => {
    expect(await granted(10, () => ({}))).toBe(1)
    expect(await granted(10, () => ({ what: 'number' }))).toBe(1)
    clock += MINUTE
    expect(await granted(10, () => ({}))).toBe(1)
    clock += MINUTE
    expect(await granted(10, () => ({}))).toBe(1)
    clock += MINUTE
    expect(await granted(10, () => ({}))).toBe(0)
    clock += HOUR
    expect(await granted(10, () => ({}))).toBe(1)
  })

  test('to one address: five a day, of all kinds together and from wherever they are asked for', async () => {
    let sent = 0
    for (let n = 0; n < 40; n++) {
      sent += await granted(1, () => ({ what: n % 2 === 0 ? 'code' : 'number', network: `n${n}` }))
      clock += 30 * MINUTE
    }
    expect(sent).toBe(5)
    clock += 24 * HOUR
    expect(await ask()).toBe(true)
  })

  test('of one conversation: to five addresses an hour, each as often as its own limits let it', async () => {
    const conversationId = 'one'
    expect(await granted(9, (n) => ({ conversationId, email: `p${n}@example.com` }))).toBe(5)
    clock += MINUTE
    expect(await ask({ conversationId, email: 'p0@example.com' })).toBe(true)
    expect(await ask({ conversationId, email: 'p7@example.com' })).toBe(false)
    clock += HOUR
    expect(await ask({ conversationId, email: 'p7@example.com' })).toBe(true)
  })

  test('of one network: twenty an hour', async () => {
    expect(await granted(30, (n) => ({ network: 'n', email: `p${n}@example.com` }))).toBe(20)
    expect(await ask({ network: 'n', email: 'other@example.com' })).toBe(false)
    expect(await ask({ network: 'm', email: 'another@example.com' })).toBe(true)
    expect(await granted(30, (n) => ({ email: `q${n}@example.com` }))).toBe(30)
    expect(kept.lines.map(({ event }) => event)).toEqual(['mail.network_limit'])
  })

  // Else: ask nineteen times, then for the address of somebody, then for one's own, and see whether a mail comes.
  test('what is left of a network does not tell whether an address was asked for by somebody else', async () => {
    await ask({ network: 'theirs', email: 'busy@example.com' })
    for (const [network, email] of Object.entries({ n: 'busy@example.com', m: 'calm@example.com' })) {
      await ask({ network, email })
      expect(await granted(30, (n) => ({ network, email: `${network}${n}@example.com` }))).toBe(19)
    }
  })

  test('a retry is not counted again', async () => {
    expect([await ask({ id: 'same' }), await ask({ id: 'same' }), await ask({ id: 'other' })]).toEqual([
      true,
      true,
      false,
    ])
  })

  test('no address stands in a name that is counted under', async () => {
    await ask({ network: 'n' })
    const rows = store as unknown as { db: { prepare(sql: string): { all(): unknown[] } } }
    const all = JSON.stringify(rows.db.prepare('SELECT * FROM allowed').all())
    expect(all).toContain('code:')
    expect(all).not.toContain('camille')
  })
})

test('all together have a budget; beyond it mails wait, and people are told once', async () => {
  const budget = createBudget({ store, perMinute: 3, log: kept.log, now: () => clock })
  const taken = await Promise.allSettled(['a', 'b', 'c', 'd', 'e'].map((id) => budget.take(id)))
  expect(taken.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected'])
  await expect(budget.take('f')).rejects.toMatchObject({ code: 'too_many' })
  await budget.take('a')
  expect(kept.lines.map(({ event, level }) => [event, level])).toEqual([['mail.budget_spent', 'error']])
  clock += MINUTE
  await budget.take('d')
})
