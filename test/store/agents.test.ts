/** The contract of agents, run by each adapter, and what only one of them can show. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Redis } from 'ioredis'
import {
  type AgentStore,
  createAgents,
  IDLE_MS,
  LINK_MS,
  MAX_FAILURES,
  PAUSE_MS,
  SESSION_MS,
} from '../../src/desk/agents.ts'
import { createRedisAgentStore } from '../../src/store/redis/agents.ts'
import { agentContract, agentOf, sessionOf } from '../contracts/agents.ts'
import { appNumber, linkTo, makeRedisAgents, makeSqliteAgents, testSecondStep } from '../support/agent-stores.ts'
import { type RedisCluster, startCluster } from '../support/redis-cluster.ts'

const NOW = Date.UTC(2026, 10, 22)

agentContract('sqlite', makeSqliteAgents)
agentContract('redis', makeRedisAgents)

describe('on three masters', () => {
  let cluster: RedisCluster
  let masters: Redis[]
  beforeAll(async () => {
    cluster = await startCluster()
    masters = cluster.nodes.map((node) => new Redis(node.url))
  }, 60_000)
  afterAll(async () => {
    for (const master of masters) master.disconnect()
    await cluster.end()
  })

  agentContract('redis cluster', async () => {
    await Promise.all(masters.map((master) => master.flushall()))
    let link = await linkTo(cluster.url)
    return {
      store: createRedisAgentStore(link),
      async reopen() {
        link.close()
        link = await linkTo(cluster.url)
        return createRedisAgentStore(link)
      },
      remove: async () => link.close(),
    }
  })
})

/** All that stands in files under a folder. */
function contentOf(folder: string): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return files.map((file) => readFileSync(join(file.parentPath, file.name), 'latin1')).join('\n')
}

test.each([
  ['sqlite', makeSqliteAgents],
  ['redis', makeRedisAgents],
])('%s: nothing that opens a door is on disk', async (_, make) => {
  const made = await make()
  const password = 'une phrase assez longue'
  const agents = createAgents({ store: made.store, secondStep: testSecondStep(), now: () => NOW })
  await agents.add('Solange')
  const first = (await agents.link('Solange')) ?? ''
  const { token } = await agents.signInByLink(first)
  await agents.choosePassword(token, password)
  const { sealed, secret } = await agents.offerSecondStep(token)
  await agents.setSecondStep(token, sealed, appNumber(secret, NOW))
  const second = (await agents.link('Solange')) ?? ''
  const stored = contentOf(made.folder)
  await made.remove()
  expect(stored).toContain('Solange')
  expect(stored).toContain('scrypt$32768$8$1$')
  expect(stored).toContain(sealed)
  for (const kept of [password, token, first, second, secret]) {
    expect(kept.length).toBeGreaterThan(20)
    expect(stored).not.toContain(kept)
  }
})

test('SQLite: a file of before there were roles makes nobody a lead', async () => {
  const { db, store, reopen, remove } = await makeSqliteAgents()
  await store.insert(agentOf('a', { role: 'lead', password: 'scrypt$x' }))
  db.exec('ALTER TABLE agents DROP COLUMN role')
  const newer = await reopen()
  expect(await newer.byId('a')).toEqual(agentOf('a', { password: 'scrypt$x' }))
  await newer.insert(agentOf('b', { role: 'lead' }))
  expect((await newer.list()).map(({ role }) => role)).toEqual(['agent', 'lead'])
  await remove()
})

test('SQLite: sweeping drops what is over', async () => {
  const { db, store, remove } = await makeSqliteAgents()
  await store.insert(agentOf('a'))
  await store.putLink('a', 'link', NOW)
  await store.putSession(sessionOf('idle', 'a', { seenAt: NOW - IDLE_MS }))
  await store.putSession(sessionOf('long', 'a', { createdAt: NOW - SESSION_MS }))
  await store.beginAttempt('key', NOW - PAUSE_MS)
  await store.sweep(NOW)
  const rows = ['agents', 'agent_links', 'agent_sessions', 'agent_attempts'].map(
    (table) => db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n,
  )
  await remove()
  expect(rows).toEqual([1, 0, 0, 0])
})

describe('Redis alone', () => {
  let made: Awaited<ReturnType<typeof makeRedisAgents>>
  let store: AgentStore
  let redis: Redis
  beforeEach(async () => {
    made = await makeRedisAgents()
    store = made.store
    redis = new Redis(made.url)
  })
  afterEach(async () => {
    redis.disconnect()
    await made.remove()
  })

  /** Name of each key -> milliseconds until it goes, -1 for never. */
  async function keys(): Promise<Map<string, number>> {
    const names = await redis.keys('*')
    return new Map(await Promise.all(names.map(async (name) => [name, await redis.pttl(name)] as const)))
  }
  const lifeOf = async (part: string) => [...(await keys())].find(([name]) => name.includes(part))?.[1] ?? 0

  async function fill(): Promise<void> {
    await store.insert(agentOf('a', { name: 'Solange', nameKey: 'solange' }))
    await store.putLink('a', 'link-hash', NOW + LINK_MS)
    await store.putSession(sessionOf('session-hash', 'a'))
    await store.putSign('a', NOW)
    for (let i = 0; i < MAX_FAILURES; i += 1) await store.beginAttempt('attempt-hash', NOW)
  }

  test('an agent of before there were roles is no lead', async () => {
    await store.insert(agentOf('a', { role: 'lead' }))
    await redis.hdel('sesame:{desk}:agent:a', 'role')
    expect(await store.list()).toEqual([agentOf('a')])
  })

  test('no name stands in a key, all share a hash tag, and only agents stay for ever', async () => {
    await fill()
    const all = await keys()
    expect(all.size).toBeGreaterThan(5)
    for (const name of all.keys()) expect(name).toMatch(/^sesame:\{desk\}:[a-z-]+(:(?!solange)[\w-]+)?$/)
    const stay = [...all].filter(([, life]) => life < 0).map(([name]) => name)
    expect(stay.sort()).toEqual(['sesame:{desk}:agent:a', 'sesame:{desk}:names'])
  })

  test('what is over goes by itself: when idle, after the longest life, after a day, after the pause', async () => {
    await fill()
    const near = async (part: string, ms: number) => {
      const life = await lifeOf(part)
      expect(life).toBeLessThanOrEqual(ms)
      expect(life).toBeGreaterThan(ms - 10_000)
    }
    await near(':session:', IDLE_MS)
    await near(':sessions-of:', SESSION_MS)
    await near(':link:', LINK_MS)
    await near(':link-of:', LINK_MS)
    await near(':attempts:', PAUSE_MS)
    await store.touchSession('session-hash', NOW + SESSION_MS - 60_000)
    await near(':session:', 60_000)
    await store.touchSession('session-hash', NOW + SESSION_MS)
    expect(await store.session('session-hash')).toBeUndefined()
  })

  test('after everything ended, nothing is left', async () => {
    await fill()
    await store.putSession(sessionOf('another', 'a'))
    await store.endSession('another')
    expect(await redis.zrange('sesame:{desk}:sessions-of:a', '0', '-1')).toEqual(['session-hash'])
    await store.clearAttempts('attempt-hash')
    await store.remove('a')
    expect([...(await keys()).keys()]).toEqual([])
  })

  test('the list of sessions of one agent does not grow for ever', async () => {
    for (let day = 0; day < 3; day += 1) {
      const at = NOW + day * SESSION_MS
      await store.putSession(sessionOf(`day-${day}`, 'a', { createdAt: at, seenAt: at }))
    }
    expect(await redis.zrange('sesame:{desk}:sessions-of:a', '0', '-1')).toEqual(['day-2'])
  })
})
