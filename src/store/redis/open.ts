import type { RedisTarget } from '../../config-redis.ts'
import type { Hints } from '../../conversation/hub.ts'
import type { AgentStore } from '../../desk/agents.ts'
import type { Log } from '../../log.ts'
import type { AuditStore } from '../../privacy/audit.ts'
import type { KeptStore } from '../../privacy/kept.ts'
import { createRedisAgentStore } from './agents.ts'
import { createRedisAuditStore } from './audit.ts'
import { startBeats } from './beats.ts'
import { createConversations } from './conversations.ts'
import { createDesk } from './desk.ts'
import { createDue } from './due.ts'
import { checkDurability } from './durability.ts'
import { createHints } from './hints.ts'
import { createLimits } from './limits.ts'
import { connect } from './link.ts'
import { createPrivacy } from './privacy.ts'
import { createWork } from './work.ts'

export interface RedisStoreOptions {
  target: RedisTarget
  /** See `checkDurability`. */
  durability: 'required' | 'warn'
  /** How long a conversation is kept after something was last received in it, ms. */
  keepMs: number
  log: Log
}

export interface RedisStore {
  store: KeptStore
  agents: AgentStore
  audit: AuditStore
  hints: Hints
  /** Redis' clock, epoch ms. */
  now(): number
}

/** The store of a service of many processes.
 *  @throws AppError `store_weak` or `store_unavailable`, or the system's error when Redis can't be reached. */
export async function openRedisStore({ target, durability, keepMs, log }: RedisStoreOptions): Promise<RedisStore> {
  let closing = false
  const link = await connect(target, (why) => {
    if (!closing) log.warn({ why }, 'store.connection')
  })
  try {
    await checkDurability(link, durability, log)
    const beats = await startBeats(link)
    const desk = await createDesk(link)
    const hints = createHints(link, beats.process, desk.changed)
    const context = { link, now: beats.now, beats, desk, due: createDue(link), keepMs }
    const store: KeptStore = {
      ...createConversations(context),
      ...createWork(context),
      ...createLimits(link),
      ...createPrivacy(context),
      queue: desk.queue,
      claimed: desk.claimed,
      ping: link.ping,
      async close() {
        // Closed again, a connection would keep the process for two seconds more.
        if (closing) return
        closing = true
        hints.close()
        await beats.stop()
        link.close()
      },
    }
    return { store, agents: createRedisAgentStore(link), audit: createRedisAuditStore(link), hints, now: beats.now }
  } catch (error) {
    link.close()
    throw error
  }
}

/** Agents and what was done with them alone, for a command: gives no signs of life and hears no hints. */
export async function openRedisAgents(
  target: RedisTarget,
): Promise<{ agents: AgentStore; audit: AuditStore; close(): void }> {
  const link = await connect(target, () => {})
  return { agents: createRedisAgentStore(link), audit: createRedisAuditStore(link), close: link.close }
}
