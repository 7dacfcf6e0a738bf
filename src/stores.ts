/** Which store the service runs on: Redis when REDIS_URL names one, otherwise a file in the data folder. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Config } from './config.ts'
import type { RedisTarget } from './config-redis.ts'
import type { Hints } from './conversation/hub.ts'
import type { Store } from './conversation/store.ts'
import type { AgentStore } from './desk/agents.ts'
import { AppError, codeOf } from './errors.ts'
import { makeFolder } from './folder.ts'
import type { Log } from './log.ts'
import type { AuditStore } from './privacy/audit.ts'
import { openRedisAgents, openRedisStore } from './store/redis/open.ts'
import { createAgentStore } from './store/sqlite/agents.ts'
import { createAuditStore } from './store/sqlite/audit.ts'
import { openSqliteStore } from './store/sqlite/open.ts'
import { startFault, starting } from './terminal.ts'

export interface Stores {
  store: Store
  agents: AgentStore
  audit: AuditStore
  /** Epoch ms. One clock for all processes. */
  now(): number
  /** Absent where one process does it all. */
  hints?: Hints
}

export type OpenStores = (config: Config, log: Log) => Promise<Stores>

/** `store.close()` closes all of it. @throws AppError `start_failed`. */
export const openStores: OpenStores = async (config, log) => {
  const { redis: target, redisDurability: durability, dataDir, keep } = config
  if (target) return reaching(target, () => openRedisStore({ target, durability, keepMs: keep.conversation, log }))
  const file = join(dataDir, 'sesame.db')
  const store = starting('database', { file }, () => openSqliteStore(file))
  return { store, agents: createAgentStore(store.db), audit: createAuditStore(store.db), now: Date.now }
}

/** Agents and what was done with them alone, for the command beside a running service. */
export async function openAgentStore({
  redis: target,
  dataDir,
}: Pick<Config, 'redis' | 'dataDir'>): Promise<{ agents: AgentStore; audit: AuditStore; close(): void }> {
  if (target) return reaching(target, () => openRedisAgents(target))
  starting('folder', { path: dataDir }, () => makeFolder(dataDir))
  const file = join(dataDir, 'sesame.db')
  const db = starting('database', { file }, () => new DatabaseSync(file, { timeout: 5_000 }))
  db.exec('PRAGMA synchronous = FULL')
  return { agents: createAgentStore(db), audit: createAuditStore(db), close: () => db.close() }
}

async function reaching<T>(target: RedisTarget, open: () => Promise<T>): Promise<T> {
  try {
    return await open()
  } catch (error) {
    if (codeOf(error) === 'store_weak') throw startFault('redis_weak', (error as AppError).facts, error)
    const hosts = target.nodes.map(({ host, port }) => `${host}:${port}`).join(', ')
    throw startFault('redis', { hosts }, error instanceof AppError ? new Error(String(error.facts.why)) : error)
  }
}
