/** The contract of the two logs, run by each adapter. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Redis } from 'ioredis'
import { auditKeysOf, createAudit } from '../../src/privacy/audit.ts'
import { createRedisAuditStore } from '../../src/store/redis/audit.ts'
import { createAuditStore } from '../../src/store/sqlite/audit.ts'
import { auditContract, keyOf } from '../contracts/audit.ts'
import { linkTo } from '../support/agent-stores.ts'
import { tempFolder } from '../support/folder.ts'
import { type RedisServer, startRedis } from '../support/redis.ts'

auditContract('sqlite', async () => {
  const folder = tempFolder()
  const open = () => new DatabaseSync(join(folder.path, 'sesame.db'))
  let db = open()
  return {
    store: createAuditStore(db),
    async tamper(n, entry) {
      db.prepare('DELETE FROM audit_audit WHERE n = ?').run(n)
      if (!entry) return
      const { at, text, hash } = entry
      db.prepare('INSERT INTO audit_audit (n, at, text, hash) VALUES (?, ?, ?, ?)').run(n, at, text, hash)
    },
    async reopen() {
      db.close()
      db = open()
      return createAuditStore(db)
    },
    async remove() {
      db.close()
      folder.remove()
    },
  }
})

let redis: RedisServer
let admin: Redis
beforeAll(async () => {
  redis = await startRedis()
  admin = new Redis(redis.url)
}, 60_000)
afterAll(async () => {
  admin.disconnect()
  await redis.end()
})

auditContract('redis', async () => {
  await admin.flushall()
  let link = await linkTo(redis.url)
  return {
    store: createRedisAuditStore(link),
    async tamper(n, entry) {
      await admin.zremrangebyscore('sesame:{audit}:audit', n, n)
      if (entry) await admin.zadd('sesame:{audit}:audit', n, `${n} ${entry.at} ${entry.hash} ${entry.text}`)
    },
    async reopen() {
      link.close()
      link = await linkTo(redis.url)
      return createRedisAuditStore(link)
    },
    remove: async () => link.close(),
  }
})

test('what is recorded is told elsewhere too, and what can not be recorded is refused', async () => {
  const db = new DatabaseSync(':memory:')
  const told: unknown[] = []
  const store = createAuditStore(db)
  const keys = auditKeysOf([keyOf('k', 1)])
  const audit = createAudit({ store, keys, now: Date.now, onEntry: (...entry) => told.push(entry) })
  await audit.record('audit', { actor: 'a1', action: 'reveal', subject: 'c', reason: 'why' })
  const { entry } = await store.last('audit')
  expect(JSON.parse(entry?.text ?? '')).toMatchObject({ n: 1, actor: 'a1', reason: 'why', key: 'k', prev: '' })
  expect(told).toEqual([['audit', 1, entry?.hash]])
  db.close()
  const lost = audit.record('audit', { actor: 'a1', action: 'reveal', subject: 'c' })
  await expect(lost).rejects.toMatchObject({ code: 'store_unavailable' })
  expect(told).toHaveLength(1)
})
