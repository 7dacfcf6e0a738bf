/** The same contract behind Sentinels, of which one is away; and what happens when they put the replica in the master's place. */
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { parseRedisUrl, type RedisTarget } from '../../src/config-redis.ts'
import { createHub } from '../../src/conversation/hub.ts'
import { openRedisStore, type RedisStore } from '../../src/store/redis/open.ts'
import { commitOf, entryOf, inboundOf, storeContract } from '../contracts/store.ts'
import { keepLog } from '../support/app.ts'
import { ask } from '../support/redis.ts'
import { type RedisSentinel, startSentinel } from '../support/redis-sentinel.ts'
import { until } from '../support/until.ts'

const KEEP_MS = 30 * 86_400_000

let sentinel: RedisSentinel
beforeAll(async () => {
  sentinel = await startSentinel()
}, 120_000)
afterAll(() => sentinel.end())

const opened = new Set<RedisStore['store']>()
afterEach(async () => {
  await Promise.all([...opened].map((store) => store.close()))
  opened.clear()
})

async function open(): Promise<RedisStore> {
  const target = parseRedisUrl(sentinel.url) as RedisTarget
  const made = await openRedisStore({ target, durability: 'required', keepMs: KEEP_MS, log: keepLog().log })
  opened.add(made.store)
  return made
}

storeContract('redis behind Sentinels', async () => {
  await ask(await sentinel.master(), 'FLUSHALL')
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

test('a master that dies is replaced: writes and hints go on, and what the replica had is there', async () => {
  await ask(await sentinel.master(), 'FLUSHALL')
  await sentinel.addReplica()
  const [one, two] = [await open(), await open()]
  const heard: unknown[] = []
  createHub(two.hints).watch('c', (news) => heard.push(news))
  await until('the subscription', () => heard.length === 1)
  const { id } = await one.store.receive(inboundOf('c', '1'))
  await one.store.commit(commitOf('c', 0, { processed: 1, entries: [entryOf('réponse')] }))
  await until('the hint', () => heard.length === 2)
  await sentinel.caughtUp()
  await sentinel.failover()
  const again = await until('writes to go on', () => one.store.receive(inboundOf('c', '1')).catch(() => undefined))
  expect(again.id).toBe(id)
  const kept = await until('the other to be back', () => two.store.read('c', 0, 9, 'desk').catch(() => undefined))
  expect(kept.map((entry) => entry.activity.text)).toEqual(['texte de 1', 'réponse'])
  // A subscription that was made anew is told by a hint that says nothing.
  const told = () => heard.slice(2).some((news) => news !== undefined)
  await until('hints to go on', async () => {
    const { version = 0 } = (await one.store.load('c')) ?? {}
    await one.store.commit(commitOf('c', version, { processed: 1, entries: [entryOf('encore')] }))
    return told()
  })
}, 60_000)
