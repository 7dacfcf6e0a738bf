/** The same contract on a real Cluster of three masters: every step has to stay within one partition. */
import { afterAll, beforeAll } from '@jest/globals'
import { Redis } from 'ioredis'
import { parseRedisUrl, type RedisTarget } from '../../src/config-redis.ts'
import { openRedisStore } from '../../src/store/redis/open.ts'
import { storeContract } from '../contracts/store.ts'
import { keepLog } from '../support/app.ts'
import { type RedisCluster, startCluster } from '../support/redis-cluster.ts'

const KEEP_MS = 30 * 86_400_000

let cluster: RedisCluster
beforeAll(async () => {
  cluster = await startCluster({ masters: 3, replicas: 0 })
}, 120_000)
afterAll(() => cluster.end())

async function open() {
  const target = parseRedisUrl(cluster.url) as RedisTarget
  return openRedisStore({ target, durability: 'required', keepMs: KEEP_MS, log: keepLog().log })
}

async function empty(): Promise<void> {
  for (const { port } of cluster.nodes) {
    const node = new Redis(port)
    await node.flushall()
    node.disconnect()
  }
}

storeContract('redis cluster', async () => {
  await empty()
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
