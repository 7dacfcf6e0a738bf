import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { Redis } from 'ioredis'
import { parseRedisUrl, type RedisTarget } from '../../src/config-redis.ts'
import { createHub, type Hints } from '../../src/conversation/hub.ts'
import type { LeasedWork, Store } from '../../src/conversation/store.ts'
import type { AgentStore } from '../../src/desk/agents.ts'
import { openRedisStore, type RedisStore } from '../../src/store/redis/open.ts'
import { commitOf, entryOf, inboundOf, storeContract, workOf } from '../contracts/store.ts'
import { keepLog } from '../support/app.ts'
import { ROOT } from '../support/conversation.ts'
import { startProxy } from '../support/proxy.ts'
import { type RedisServer, startRedis, wait } from '../support/redis.ts'
import { until } from '../support/until.ts'

const KEEP_MS = 30 * 86_400_000
const NEVER = Number.MAX_SAFE_INTEGER

let redis: RedisServer
let admin: Redis
beforeAll(async () => {
  redis = await startRedis()
  admin = new Redis(redis.url)
}, 120_000)
afterAll(async () => {
  admin.disconnect()
  await redis.end()
})
beforeEach(async () => {
  await admin.flushall()
})

const opened = new Set<RedisStore['store']>()
afterEach(async () => {
  await Promise.all([...opened].map((store) => store.close()))
  opened.clear()
})

async function open(url = redis.url, durability: 'required' | 'warn' = 'required', log = keepLog().log) {
  const target = parseRedisUrl(url) as RedisTarget
  const made = await openRedisStore({ target, durability, keepMs: KEEP_MS, log })
  opened.add(made.store)
  return made
}

const refusal = (code: string) => expect.objectContaining({ code })

storeContract('redis', async () => {
  let { store } = await open()
  return {
    store,
    async reopen() {
      await store.close()
      store = (await open()).store
      return store
    },
    remove: () => store.close(),
  }
})

describe('two processes on one Redis', () => {
  let one: RedisStore
  let two: RedisStore
  beforeEach(async () => {
    one = await open()
    two = await open()
  })

  test('input of one that lives is not taken by the other; of one that ended it is', async () => {
    await one.store.receive(inboundOf('c', '1'))
    expect(await two.store.adopt(NEVER, 9)).toEqual([])
    expect(await one.store.adopt(NEVER, 9)).toEqual([{ conversationId: 'c' }])
    await one.store.close()
    const [left] = await until('the other to take it', async () => {
      const found = await two.store.adopt(NEVER, 9)
      return found.length > 0 && found
    })
    expect(left).toEqual({ conversationId: 'c', leftAfter: 0 })
    expect(await two.store.load('c')).toMatchObject({ isMine: true })
    one = await open()
    expect(await one.store.adopt(NEVER, 9)).toEqual([])
  })

  test('one of them runs the turns of a conversation, until nothing is pending', async () => {
    const first = await one.store.receive(inboundOf('c', '1'))
    const second = await two.store.receive(inboundOf('c', '2'))
    expect([first.loaded?.isMine, second.loaded?.isMine]).toEqual([true, false])
    expect(await two.store.load('c')).toMatchObject({ isMine: false, pending: [{ seq: 1 }, { seq: 2 }] })
    expect(await one.store.commit(commitOf('c', 0, { processed: 1 }))).toEqual({ last: 2, hasMore: true })
    expect((await two.store.receive(inboundOf('c', '3'))).loaded?.isMine).toBe(false)
    expect(await one.store.commit(commitOf('c', 1, { processed: 3 }))).toEqual({ last: 3, hasMore: false })
    expect((await two.store.receive(inboundOf('c', '4'))).loaded).toMatchObject({ isMine: true, pending: [{ seq: 4 }] })
    // Whoever runs it, only one commit stands.
    await expect(one.store.commit(commitOf('c', 1, { processed: 4 }))).rejects.toEqual(refusal('state_conflict'))
  })

  test('what one writes the other hears, and reads by seq', async () => {
    const heard: unknown[] = []
    const hub = createHub(two.hints)
    hub.watch('c', (news) => heard.push(news))
    let queue = 0
    hub.watchDesk(() => queue++)
    await until('the subscription', () => heard.length === 1)
    const desk = { owner: 'waiting', locale: 'fr', requestedAt: '2026-11-22T12:00:00.000Z', reason: 'x' } as const
    await one.store.receive(inboundOf('c', '1'))
    const before = queue
    await one.store.commit(
      commitOf('c', 0, { processed: 1, entries: [entryOf('é')], desk: { conversationId: 'c', ...desk } }),
    )
    await until('both hints', () => heard.length === 2 && queue > before)
    expect(heard).toEqual([undefined, { last: 2 }])
    expect((await two.store.read('c', 1, 9, 'all')).map((e) => e.activity.text)).toEqual(['é'])
    await until('the other one counts it', async () => (await two.store.load('other')) ?? true)
  })

  test('work that one adds the other takes within a second, and only one of them', async () => {
    expect(await two.store.nextDue('resend')).toBeUndefined()
    await one.store.receive(inboundOf('c', '1'))
    const work = Array.from({ length: 20 }, (_, i) => workOf(`w${i}`, 'c', i, { kind: 'resend' }))
    await one.store.commit(commitOf('c', 0, { processed: 1, work }))
    await until('it to be seen', async () => (await two.store.nextDue('resend')) === 0)
    const both = await Promise.all([one, two].map(({ store }) => store.lease('resend', 99, 1_000, 20)))
    const taken = both.flat().map((w) => w.id)
    expect(taken).toHaveLength(20)
    expect(new Set(taken).size).toBe(20)
  })

  test('what a process of before left of work that it does not know is cleared away', async () => {
    // It erases a conversation, and knows nothing of `lookup`.
    await one.store.receive(inboundOf('c', '1'))
    await one.store.commit(commitOf('c', 0, { processed: 1, work: [workOf('w', 'c', 1, { kind: 'lookup' })] }))
    const own = (await admin.keys('sesame:*:c')).filter((key) => /\}:[cslkw]:c$/.test(key))
    expect(own).toHaveLength(5)
    await admin.del(...own)
    await until('it to be seen', async () => (await two.store.nextDue('lookup')) === 1)
    expect(await two.store.lease('lookup', 9, 1_000, 9)).toEqual([])
    expect(await two.store.nextDue('lookup')).toBeUndefined()
    expect(await admin.keys('*due:lookup')).toEqual([])
  })

  test('when one erases who waited, the other one’s desk is told', async () => {
    let told = 0
    createHub(two.hints).watchDesk(() => told++)
    const desk = { owner: 'waiting', locale: 'fr', requestedAt: '2026-11-22T12:00:00.000Z', reason: 'x' } as const
    await one.store.receive(inboundOf('c', '1'))
    await one.store.commit(commitOf('c', 0, { processed: 1, desk: { conversationId: 'c', ...desk } }))
    await until('the request to be told', () => told > 0)
    const before = told
    await one.store.erase('c')
    await until('its end to be told', () => told > before)
  })

  test('their clock is the one of Redis', async () => {
    for (const { now } of [one, two]) {
      const before = now()
      const [seconds, micros] = await admin.time()
      const redisNow = Number(seconds) * 1000 + Number(micros) / 1000
      expect(redisNow).toBeGreaterThan(before - 1_000)
      expect(redisNow).toBeLessThan(now() + 1_000)
    }
  })
})

describe('what is kept', () => {
  test('every key goes by itself, and none holds what people wrote', async () => {
    const { store, now } = await open()
    const address = 'camille.tremblay@example.com'
    await store.receive(inboundOf('c', '1', { activity: { ...entryOf(address).activity } }))
    const kinds = ['timer', 'resend', 'lookup'] as const
    const more = kinds.map((kind) => workOf(kind, 'c', 2, { kind }))
    const work = [workOf('w', 'c', 1, { payload: { email: address } }), ...more]
    await store.commit(commitOf('c', 0, { processed: 1, work, state: { address } }))
    await store.allow('k', 'holder', now(), [{ most: 1, ms: 60_000 }])
    const [leased] = (await store.lease('timer', 1, 1_000, 1)) as [LeasedWork]
    await store.complete(leased, { inbound: inboundOf('c', 'w') })
    const [given] = (await store.lease('resend', 2, 1_000, 1)) as [LeasedWork]
    const at = '2026-11-22T12:00:00.000Z'
    await store.bury(given, { workId: given.id, kind: 'resend', code: 'x', at, payload: {} })
    const keys = await admin.keys('*')
    expect(keys.join(' ')).not.toContain('camille')
    const lives = await Promise.all(keys.map(async (key) => [key, await admin.pttl(key)] as const))
    const indexes = /:(pend|age|desk|due:\w+|dead)$|^sesame:\{beats\}$/
    expect(lives.filter(([key, ms]) => ms < 0 && !indexes.test(key))).toEqual([])
    const long = lives.filter(([key]) => key.includes('}:') && !indexes.test(key)).map(([, ms]) => ms)
    expect(long.length).toBe(5)
    for (const ms of long) expect(ms).toBeGreaterThan(KEEP_MS)
    // Erased, nothing of it is left, in no index either.
    await store.receive(inboundOf('d', '1'))
    expect(await store.forget(now() + 2 * 86_400_000, 9)).toBe(2)
    await store.close()
    expect((await admin.keys('*')).filter((key) => key.startsWith('sesame:{') && key !== 'sesame:{beats}')).toEqual([])
  })

  test('a message takes two round trips, from POST to the reply', async () => {
    const { store } = await open()
    const calls = async () => {
      const stats = await admin.info('commandstats')
      return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1] ?? 0)
    }
    await store.receive(inboundOf('c', '0'))
    await store.commit(commitOf('c', 0, { processed: 1 }))
    const began = performance.now()
    const before = await calls()
    const { loaded, seq } = await store.receive(inboundOf('c', '1'))
    expect(loaded).toMatchObject({ version: 1, state: { n: 0 }, pending: [{ seq: 2 }] })
    await store.commit(commitOf('c', 1, { processed: seq, entries: [entryOf('réponse')] }))
    const after = await calls()
    const signsOfLife = 1 + Math.ceil((performance.now() - began) / 500)
    expect(after - before).toBeLessThanOrEqual(2 + signsOfLife)
    await store.close()
  })
})

describe('making what was erased unreadable', () => {
  const set = async (name: string, value: string) => {
    const [, before] = (await admin.config('GET', name)) as [string, string]
    await admin.config('SET', name, value)
    return () => admin.config('SET', name, before)
  }

  test('waits until the file is written anew, also after one that began before', async () => {
    const { store } = await open()
    const rewrites = async () => Number(/aof_rewrites:(\d+)/.exec(await admin.info('persistence'))?.[1])
    const before = await rewrites()
    await admin.bgrewriteaof()
    expect(await store.scrub()).toBe(true)
    expect(await rewrites()).toBe(before + 2)
    expect(await admin.info('persistence')).toContain('aof_rewrite_in_progress:0')
  })

  test.each([
    ['snapshots are kept', () => set('save', '3600 1')],
    ['there is no such file', () => set('appendonly', 'no')],
  ])('says no when %s', async (_, change) => {
    const { store } = await open()
    const undo = await change()
    expect(await store.scrub()).toBe(false)
    await undo()
  })

  test('says no without the right to, and when replicas have files of their own', async () => {
    await admin.call('ACL', 'SETUSER', 'weak', 'on', '>p', '~*', '&*', '+@all', '-bgrewriteaof')
    const { store } = await open(redis.url.replace('//', '//weak:p@'))
    expect(await store.scrub()).toBe(false)
    await store.close()
    await admin.call('ACL', 'DELUSER', 'weak')
    const replica = await startRedis({ settings: { replicaof: `127.0.0.1 ${redis.port}` } })
    await wait('it to follow', async () => (await admin.info('replication')).includes('connected_slaves:1'))
    expect(await (await open()).store.scrub()).toBe(false)
    await replica.end()
  }, 40_000)
})

describe('a server that is not what it should be', () => {
  test.each([
    ['appendfsync', 'everysec'],
    ['appendonly', 'no'],
    ['maxmemory-policy', 'allkeys-lru'],
    ['no-appendfsync-on-rewrite', 'yes'],
  ])('%s %s is refused, or said loudly', async (name, value) => {
    const [, before] = (await admin.config('GET', name)) as [string, string]
    await admin.config('SET', name, value)
    try {
      await expect(open()).rejects.toMatchObject({ code: 'store_weak', facts: { settings: `${name} ${value}` } })
      const { log, lines } = keepLog()
      const { store } = await open(redis.url, 'warn', log)
      expect(lines).toContainEqual({ level: 'error', event: 'store.weak', settings: `${name} ${value}` })
      await store.close()
    } finally {
      await admin.config('SET', name, before)
    }
  })

  test('that stopped answering: calls fail within two seconds, then at once, and go on when it is back', async () => {
    const proxy = await startProxy({ port: redis.port })
    const { store } = await open(`redis://127.0.0.1:${proxy.port}`)
    await store.receive(inboundOf('c', '1'))
    redis.pause()
    const began = performance.now()
    await expect(store.receive(inboundOf('c', '2'))).rejects.toEqual(refusal('store_unavailable'))
    expect(performance.now() - began).toBeLessThan(6_000)
    await until('the circuit to open', async () => {
      const asked = performance.now()
      await store.receive(inboundOf('c', '2')).catch(() => undefined)
      return performance.now() - asked < 100
    })
    redis.resume()
    await until('it to be back', () =>
      store.ping().then(
        () => true,
        () => false,
      ),
    )
    const { seq } = await store.receive(inboundOf('c', '2'))
    expect((await store.read('c', 0, 9, 'desk')).map((e) => e.activity.text)).toEqual(['texte de 1', 'texte de 2'])
    expect(seq).toBe(2)
    await store.close()
    await proxy.end()
  }, 20_000)

  test('that was frozen: processes that live are not taken for dead when it is back', async () => {
    const [one, two] = [await open(), await open()]
    await one.store.receive(inboundOf('c', '1'))
    redis.pause()
    const dead = performance.now() + 2_600
    await until('all signs of life to be old', () => performance.now() > dead)
    redis.resume()
    await until('it to be back', () =>
      two.store.ping().then(
        () => true,
        () => false,
      ),
    )
    for (const end = performance.now() + 700; performance.now() < end; ) {
      expect(await two.store.adopt(NEVER, 9).catch(() => [])).toEqual([])
    }
    expect(await one.store.load('c')).toMatchObject({ attempts: 0, isMine: true })
  }, 20_000)

  test('that loses every third answer: the same key gets the same answer, and stands once', async () => {
    const proxy = await startProxy({ port: redis.port })
    const { store } = await open(`redis://127.0.0.1:${proxy.port}`)
    const first: string[] = []
    let writes = 0
    proxy.swallowReplies((_, chunk) => chunk.includes('texte de') && ++writes % 3 === 0)
    for (let i = 0; i < 12; i++) {
      const sent = () =>
        store.receive(inboundOf('c', String(i))).then(
          ({ id }) => id,
          () => undefined,
        )
      first.push(await until(`an answer to ${i}`, sent))
    }
    await proxy.heal()
    await until('it to be back', () =>
      store.ping().then(
        () => true,
        () => false,
      ),
    )
    expect((await store.read('c', 0, 99, 'desk')).map((e) => e.activity.id)).toEqual(first)
    await store.close()
    await proxy.end()
  }, 20_000)

  test('the configuration and the user of docs/redis are enough for all of it, and for nothing else', async () => {
    const acl = readFileSync(join(ROOT, 'docs', 'redis', 'users.acl'), 'utf8')
      .trim()
      .split('\n')
    const settings = Object.fromEntries(
      readFileSync(join(ROOT, 'docs', 'redis', 'redis.conf'), 'utf8')
        .split('\n')
        .filter((line) => /^[a-z]/.test(line) && !/^(port|aclfile|bind)/.test(line))
        .map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1).replace('""', '')]),
    )
    const sample = await startRedis({ settings })
    const root = new Redis(sample.url)
    for (const line of acl.toReversed()) await root.call('ACL', 'SETUSER', ...line.split(' ').slice(1))
    const url = `redis://sesame:CHANGE-ME@127.0.0.1:${sample.port}`
    const { store, agents, hints } = await open(url)
    await exercise(store, agents, hints)
    await store.close()
    const user = new Redis(url)
    for (const [name, ...args] of [
      ['KEYS', '*'],
      ['FLUSHALL'],
      ['CONFIG', 'SET', 'appendonly', 'no'],
      ['GET', 'other'],
      ['SHUTDOWN'],
    ] as const)
      await expect(user.call(name, ...args)).rejects.toThrow(/NOPERM/)
    user.disconnect()
    root.disconnect()
    await sample.end()
  })
})

/** Every method of the store once; what it gives is the contract's affair. */
async function exercise(store: Store, agents: AgentStore, hints: Hints): Promise<void> {
  createHub(hints).watch('c', () => {})
  await store.receive(inboundOf('c', '1'))
  await store.countFailure('c')
  const desk = { owner: 'waiting', locale: 'fr', requestedAt: '2026-11-22T12:00:00.000Z', reason: 'x' } as const
  const work = ['a', 'b', 'd', 'e'].map((id) => workOf(id, 'c', 1))
  await store.commit(
    commitOf('c', 0, { processed: 1, work, desk: { conversationId: 'c', ...desk }, entries: [entryOf('é')] }),
  )
  const [a, b, d, e] = (await store.lease('timer', 1, 1_000, 9)) as [LeasedWork, LeasedWork, LeasedWork, LeasedWork]
  await store.renew(a, 9)
  await store.complete(a, { inbound: inboundOf('c', 'a') })
  const receipt = { workId: 'b', kind: 'timer', code: 'x', at: '2026-11-22T12:00:00.000Z', payload: {} } as const
  await store.complete(b, { receipt })
  await store.bury(d, { ...receipt, workId: 'd' })
  await store.retry(e, 5)
  expect([(await store.receipts('c')).length, (await store.dead(9)).length, (await store.queue()).length]).toEqual([
    2, 1, 1,
  ])
  await store.adopt(NEVER, 9)
  for (const holder of ['h', 'i']) await store.allow('k', holder, 1, [{ most: 1, ms: 1 }])
  await store.clear('k')
  await store.commit(commitOf('c', 1, { processed: 3 }))
  await store.read('c', 0, 9, 'all')
  const { ids } = await store.list(undefined, 9)
  expect([ids, await store.erase('c'), await store.scrub()]).toEqual([['c'], true, true])
  await store.forget(NEVER, 9)
  await store.ping()
  await exerciseAgents(agents)
}

async function exerciseAgents(agents: AgentStore): Promise<void> {
  const now = Date.now()
  await agents.insert({ id: 'z', name: 'Zoé', nameKey: 'zoé', role: 'lead', createdAt: now })
  await agents.setRole('z', 'agent')
  await agents.putSign('z', now)
  expect(await agents.signs()).toEqual(new Map([['z', now]]))
  await agents.setPassword('z', 'hash')
  await agents.putLink('z', 'link', now + 1_000)
  expect(await agents.takeLink('link', now)).toBe('z')
  for (const hash of ['s1', 's2'])
    await agents.putSession({ hash, agentId: 'z', by: 'link', createdAt: now, seenAt: now })
  await agents.touchSession('s1', now)
  await agents.endSession('s2')
  await agents.endOtherSessions('z', 's1')
  expect(await agents.session('s1')).toBeDefined()
  await agents.beginAttempt('a', now)
  await agents.clearAttempts('a')
  await agents.sweep(now)
  expect([await agents.byName('zoé'), await agents.byId('z'), ...(await agents.list())].map((x) => x?.name)).toEqual([
    'Zoé',
    'Zoé',
    'Zoé',
  ])
  expect(await agents.remove('z')).toBe(true)
}
