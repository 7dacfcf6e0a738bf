/** What every store of agents must do, whatever it is made of. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  type AgentRecord,
  type AgentStore,
  IDLE_MS,
  LINK_MS,
  MAX_FAILURES,
  PAUSE_MS,
  SESSION_MS,
  type SessionRecord,
} from '../../src/desk/agents.ts'

/** A store of the test's own, empty. */
export interface AgentsUnderTest {
  store: AgentStore
  /** Closes it and opens what it kept. */
  reopen(): Promise<AgentStore>
  /** Closes it and removes all of it. */
  remove(): Promise<void>
}

/** The tests' own time: nothing waits for it. */
const NOW = Date.UTC(2026, 10, 22)

let made: AgentsUnderTest
let store: AgentStore

export function agentContract(name: string, make: () => Promise<AgentsUnderTest>): void {
  describe(`${name}: the contract of agents`, () => {
    beforeEach(async () => {
      made = await make()
      store = made.store
    })
    afterEach(() => made.remove())

    describe('agents', keeping)
    describe('links', linking)
    describe('sessions', signing)
    describe('attempts', trying)
    test('the last sign of each is known, of nobody else and not of who was removed', signs)
    test('everything is there after closing and opening again', reopening)
  })
}

export function agentOf(id: string, o: Partial<AgentRecord> = {}): AgentRecord {
  return { id, name: `Nom ${id}`, nameKey: `nom ${id}`, role: 'agent', createdAt: NOW, ...o }
}

export function sessionOf(hash: string, agentId: string, o: Partial<SessionRecord> = {}): SessionRecord {
  return { hash, agentId, by: 'link', createdAt: NOW, seenAt: NOW, ...o }
}

const together = <T>(times: number, run: (i: number) => Promise<T>) =>
  Promise.all(Array.from({ length: times }, (_, i) => run(i)))

function keeping(): void {
  test('are found by id and by name, and listed by name', async () => {
    const [c, a, b] = [agentOf('c'), agentOf('a', { password: 'scrypt$x' }), agentOf('b', { createdAt: NOW + 1 })]
    for (const agent of [c, a, b]) expect(await store.insert(agent)).toBe(true)
    expect(await store.byId('a')).toEqual(a)
    expect(await store.byName('nom b')).toEqual(b)
    expect(await store.list()).toEqual([a, b, c])
    expect([await store.byId('nobody'), await store.byName('Nom a'), await store.byName('')]).toEqual(
      Array(3).fill(undefined),
    )
  })

  test.each(['Été 🍁', "'; DROP TABLE agents; --", 'a:b {c}', '__proto__', '007', 'nil'])(
    'keep %j as it is',
    async (name) => {
      const agent = agentOf('x', { name, nameKey: name })
      await store.insert(agent)
      expect([await store.byId('x'), await store.byName(name), ...(await store.list())]).toEqual(Array(3).fill(agent))
    },
  )

  test('have a name of their own, also when it is asked for at the same time; who lost is nobody', async () => {
    const results = await together(10, (i) => store.insert(agentOf(`${i}`, { nameKey: 'same' })))
    expect(results.filter(Boolean)).toHaveLength(1)
    const winner = `${results.indexOf(true)}`
    expect((await store.list()).map((a) => a.id)).toEqual([winner])
    const found = await together(10, (i) => store.byId(`${i}`))
    expect(found.flatMap((a) => a?.id ?? [])).toEqual([winner])
    await store.remove(winner)
    expect(await store.insert(agentOf('later', { nameKey: 'same' }))).toBe(true)
  })

  test('get a password, and another one; nobody gets none', async () => {
    await store.insert(agentOf('a'))
    for (const password of ['scrypt$1', 'scrypt$2']) {
      await store.setPassword('a', password)
      expect(await store.byId('a')).toEqual(agentOf('a', { password }))
    }
    await store.setPassword('nobody', 'scrypt$3')
    expect(await store.byId('nobody')).toBeUndefined()
    expect(await store.list()).toHaveLength(1)
  })

  test('get a second step, another one and none; nobody gets one', async () => {
    await store.insert(agentOf('a'))
    await store.insert(agentOf('b', { secondStep: 'sealed-b' }))
    await store.setSecondStep('a', 'sealed-1')
    expect(await store.list()).toEqual([
      agentOf('a', { secondStep: 'sealed-1' }),
      agentOf('b', { secondStep: 'sealed-b' }),
    ])
    await store.setSecondStep('a', 'sealed-2')
    expect(await store.byName('nom a')).toEqual(agentOf('a', { secondStep: 'sealed-2' }))
    await store.setSecondStep('a', undefined)
    await store.setSecondStep('nobody', 'sealed-3')
    expect([await store.byId('a'), await store.byId('nobody')]).toEqual([agentOf('a'), undefined])
  })

  test('use a time step once, also at the same time, and none before it', async () => {
    await store.insert(agentOf('a'))
    await store.insert(agentOf('b'))
    expect((await together(10, () => store.useStep('a', 57_000_000))).filter(Boolean)).toHaveLength(1)
    expect([await store.useStep('a', 56_999_999), await store.useStep('a', 57_000_001)]).toEqual([false, true])
    expect([await store.useStep('b', 57_000_000), await store.useStep('nobody', 57_000_000)]).toEqual([true, false])
  })

  test('have a role, and get another one; nobody gets none', async () => {
    await store.insert(agentOf('a', { role: 'lead' }))
    await store.insert(agentOf('b'))
    expect(await store.setRole('b', 'lead')).toBe(true)
    expect(await store.setRole('a', 'agent')).toBe(true)
    expect(await store.setRole('nobody', 'lead')).toBe(false)
    expect(await store.list()).toEqual([agentOf('a'), agentOf('b', { role: 'lead' })])
    expect(await store.byId('nobody')).toBeUndefined()
  })

  test('are removed once, with their link and sessions, and nobody else is', async () => {
    for (const id of ['a', 'b']) {
      await store.insert(agentOf(id))
      await store.putLink(id, `link-${id}`, NOW + LINK_MS)
      for (const n of [1, 2]) await store.putSession(sessionOf(`session-${id}${n}`, id))
    }
    const results = await together(3, () => store.remove('a'))
    expect(results.filter(Boolean)).toHaveLength(1)
    expect([await store.byId('a'), await store.byName('nom a')]).toEqual([undefined, undefined])
    expect(await store.list()).toEqual([agentOf('b')])
    const sessions = ['session-a1', 'session-a2', 'session-b1', 'session-b2']
    const kept = await together(4, (i) => store.session(sessions[i] ?? ''))
    expect(kept.map((s) => s?.agentId)).toEqual([undefined, undefined, 'b', 'b'])
    expect([await store.takeLink('link-a', NOW), await store.takeLink('link-b', NOW)]).toEqual([undefined, 'b'])
    expect(await store.remove('nobody')).toBe(false)
  })
}

function linking(): void {
  test('work once, also when used at the same time', async () => {
    await store.putLink('a', 'link', NOW + LINK_MS)
    const takers = await together(10, () => store.takeLink('link', NOW))
    expect(takers.filter((agent) => agent !== undefined)).toEqual(['a'])
    expect(await store.takeLink('unknown', NOW)).toBeUndefined()
  })

  test('end at their time', async () => {
    await store.putLink('a', 'first', NOW + LINK_MS)
    expect(await store.takeLink('first', NOW + LINK_MS)).toBeUndefined()
    await store.putLink('a', 'second', NOW + LINK_MS)
    expect(await store.takeLink('second', NOW + LINK_MS - 1)).toBe('a')
  })

  test('are one an agent: a new one ends the older', async () => {
    await store.putLink('b', 'other', NOW + LINK_MS)
    await store.putLink('a', 'old', NOW + LINK_MS)
    await store.putLink('a', 'new', NOW + LINK_MS)
    expect(await store.takeLink('old', NOW)).toBeUndefined()
    expect([await store.takeLink('new', NOW), await store.takeLink('other', NOW)]).toEqual(['a', 'b'])
    await store.putLink('a', 'again', NOW + LINK_MS)
    expect(await store.takeLink('again', NOW)).toBe('a')
  })
}

function signing(): void {
  test('are kept as they are; a use changes when they were seen, and nothing else', async () => {
    const session = sessionOf('s', 'a', { by: 'password', createdAt: NOW + 1, seenAt: NOW + 2 })
    await store.putSession(session)
    expect(await store.session('s')).toEqual(session)
    await store.touchSession('s', NOW + 60_000)
    expect(await store.session('s')).toEqual({ ...session, seenAt: NOW + 60_000 })
  })

  test('end, once and for all', async () => {
    await store.putSession(sessionOf('s', 'a'))
    await store.endSession('s')
    await store.endSession('s')
    await store.touchSession('s', NOW + 1)
    expect(await store.session('s')).toBeUndefined()
    expect(await store.session('unknown')).toBeUndefined()
  })

  test('of one agent end but for one; those of others do not', async () => {
    for (const hash of ['here', 'there', 'elsewhere']) await store.putSession(sessionOf(hash, 'a'))
    await store.putSession(sessionOf('other', 'b'))
    const live = async () => {
      const hashes = ['here', 'there', 'elsewhere', 'other']
      return (await together(hashes.length, (i) => store.session(hashes[i] ?? ''))).flatMap((s) => s?.hash ?? [])
    }
    await store.endOtherSessions('a', 'here')
    expect(await live()).toEqual(['here', 'other'])
    await store.endOtherSessions('a', 'other')
    expect(await live()).toEqual(['other'])
  })

  test('sweeping takes nothing that still counts', async () => {
    await store.putLink('a', 'link', NOW + LINK_MS)
    await store.putSession(sessionOf('idle', 'a', { createdAt: NOW - IDLE_MS + 1, seenAt: NOW - IDLE_MS + 1 }))
    await store.putSession(sessionOf('long', 'a', { createdAt: NOW - SESSION_MS + 1 }))
    for (let i = 0; i < MAX_FAILURES; i += 1) await store.beginAttempt('key', NOW - PAUSE_MS + 1)
    await store.sweep(NOW)
    expect(await store.session('idle')).toBeDefined()
    expect(await store.session('long')).toBeDefined()
    expect(await store.beginAttempt('key', NOW)).toBe(false)
    expect(await store.takeLink('link', NOW + LINK_MS - 1)).toBe('a')
  })
}

async function signs(): Promise<void> {
  for (const id of ['a', 'b', 'c']) await store.insert(agentOf(id))
  expect(await store.signs()).toEqual(new Map())
  await store.putSign('a', NOW)
  await store.putSign('b', NOW + 1)
  await store.putSign('a', NOW + 2)
  await store.putSign('nobody', NOW)
  expect(await store.signs()).toEqual(new Map(Object.entries({ a: NOW + 2, b: NOW + 1 })))
  await store.remove('a')
  await store.putSign('a', NOW + 3)
  expect(await store.signs()).toEqual(new Map([['b', NOW + 1]]))
}

function trying(): void {
  const allowed = async (key: string, now: number, times: number) =>
    (await together(times, () => store.beginAttempt(key, now))).filter(Boolean).length

  test('are so many, sent together or one after the other, for each name', async () => {
    expect(await allowed('a', NOW, 4 * MAX_FAILURES)).toBe(MAX_FAILURES)
    for (let i = 0; i < MAX_FAILURES; i += 1) expect(await store.beginAttempt('b', NOW + i)).toBe(true)
    expect(await store.beginAttempt('b', NOW + MAX_FAILURES)).toBe(false)
  })

  test('a pause runs from the attempt that began it; then all of them are free again', async () => {
    await allowed('a', NOW, MAX_FAILURES)
    for (const later of [1, PAUSE_MS / 2, PAUSE_MS - 1]) expect(await store.beginAttempt('a', NOW + later)).toBe(false)
    expect(await allowed('a', NOW + PAUSE_MS, MAX_FAILURES + 1)).toBe(MAX_FAILURES)
  })

  test('a success forgets them', async () => {
    await allowed('a', NOW, MAX_FAILURES)
    await store.clearAttempts('a')
    await store.clearAttempts('unknown')
    expect(await allowed('a', NOW, MAX_FAILURES + 1)).toBe(MAX_FAILURES)
  })

  test('whatever comes when, the answer is the rule', async () => {
    const step = fc.constantFrom(0, 0, 0, 1, PAUSE_MS / 3, PAUSE_MS - 1, PAUSE_MS, 'clear')
    let run = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (list) => {
        const key = `key ${run++}`
        let now = NOW
        let count = 0
        let last = 0
        for (const next of list) {
          if (next === 'clear') {
            await store.clearAttempts(key)
            count = 0
            continue
          }
          now += Number(next)
          if (now - last >= PAUSE_MS) count = 0
          const free = count < MAX_FAILURES
          if (free) [count, last] = [count + 1, now]
          expect(await store.beginAttempt(key, now)).toBe(free)
        }
      }),
      { numRuns: 20 },
    )
  })
}

async function reopening(): Promise<void> {
  const agent = agentOf('a', { password: 'scrypt$x' })
  await store.insert(agent)
  await store.putLink('a', 'link', NOW + LINK_MS)
  await store.putSession(sessionOf('s', 'a'))
  for (let i = 0; i < MAX_FAILURES; i += 1) await store.beginAttempt('key', NOW)
  store = await made.reopen()
  expect([await store.byId('a'), await store.byName('nom a')]).toEqual([agent, agent])
  expect(await store.insert(agentOf('b', { nameKey: 'nom a' }))).toBe(false)
  expect(await store.session('s')).toEqual(sessionOf('s', 'a'))
  expect(await store.beginAttempt('key', NOW)).toBe(false)
  expect(await store.takeLink('link', NOW)).toBe('a')
}
