/** Stores of agents for tests, each with a file or a server of its own. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { TOTP } from 'otpauth'
import { parseRedisUrl, type RedisTarget } from '../../src/config-redis.ts'
import { createSecondStep } from '../../src/desk/second-step.ts'
import { createRedisAgentStore } from '../../src/store/redis/agents.ts'
import { connect, type Link } from '../../src/store/redis/link.ts'
import { createAgentStore } from '../../src/store/sqlite/agents.ts'
import type { AgentsUnderTest } from '../contracts/agents.ts'
import { tempFolder } from './folder.ts'
import { startRedis } from './redis.ts'

const STEP_KEY = Buffer.alloc(32, 6)

/** @param keys newest first. */
export const testSecondStep = (keys: readonly Buffer[] = [STEP_KEY]) => createSecondStep({ keys, issuer: 'Sésame' })

/** What the agent's app shows at that time, epoch ms. */
export function appNumber(secret: string, at: number): string {
  return new TOTP({ secret, algorithm: 'SHA1', digits: 6, period: 30 }).generate({ timestamp: at })
}

/** With the folder of what it writes. */
export type MadeAgents = AgentsUnderTest & { folder: string }

export async function makeSqliteAgents(): Promise<MadeAgents & { db: DatabaseSync }> {
  const folder = tempFolder()
  const open = () => new DatabaseSync(join(folder.path, 'sesame.db'))
  let db = open()
  return {
    folder: folder.path,
    db,
    store: createAgentStore(db),
    async reopen() {
      db.close()
      db = open()
      return createAgentStore(db)
    },
    async remove() {
      db.close()
      folder.remove()
    },
  }
}

export const linkTo = (url: string): Promise<Link> => connect(parseRedisUrl(url) as RedisTarget, () => undefined)

/** Opening again ends the server with kill -9. */
export async function makeRedisAgents(): Promise<MadeAgents & { url: string }> {
  const server = await startRedis()
  let link = await linkTo(server.url)
  return {
    folder: server.folder,
    url: server.url,
    store: createRedisAgentStore(link),
    async reopen() {
      link.close()
      await server.kill('SIGKILL')
      await server.start()
      link = await linkTo(server.url)
      return createRedisAgentStore(link)
    },
    async remove() {
      link.close()
      await server.end()
    },
  }
}
