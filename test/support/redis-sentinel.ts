/** A real master and Sentinels that put a replica in its place. */

import { stablePort } from './ports.ts'
import { ask, type RedisServer, startRedis, wait } from './redis.ts'

export interface RedisSentinel {
  /** `redis+sentinel://` with every Sentinel, after one that is not there: its machine is away. */
  readonly url: string
  /** The server that the Sentinels name now. @throws Error when they name none of ours. */
  master(): Promise<RedisServer>
  /** Resolves when the Sentinels know it and it has all that the master has. At most one. */
  addReplica(): Promise<void>
  /** Resolves when the replica has all that the master has now. */
  caughtUp(): Promise<void>
  /** Ends the master with kill -9; resolves when the replica is named instead and takes writes. */
  failover(): Promise<void>
  end(): Promise<void>
}

const NAME = 'sesame'
const SENTINELS = 3
const QUORUM = 2
const SYNC = { 'repl-diskless-sync-delay': '0' }

export async function startSentinel(): Promise<RedisSentinel> {
  const servers: RedisServer[] = []
  const watchers: RedisServer[] = []
  const end = async () => void (await Promise.all([...watchers, ...servers].map((one) => one.end())))
  const master = async () => {
    const [, port] = (await ask(watchers[0] as RedisServer, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME)).split('\n')
    const found = servers.find((one) => one.port === Number(port))
    if (!found) throw new Error(`the Sentinels name port ${port} as master`)
    return found
  }
  try {
    const first = await startRedis({ settings: SYNC })
    servers.push(first)
    for (let i = 0; i < SENTINELS; i++) watchers.push(await startWatcher(first.port))
    for (const watcher of watchers) await wait('the Sentinels to meet', () => knows(watcher, 'slaves=0'))
  } catch (error) {
    await end()
    throw error
  }
  const places = [await stablePort(), ...watchers.map(({ port }) => port)].map((port) => `127.0.0.1:${port}`)
  return {
    url: `redis+sentinel://${places.join(',')}/${NAME}`,
    master,
    async addReplica() {
      const { port } = await master()
      servers.push(await startRedis({ settings: { ...SYNC, replicaof: `127.0.0.1 ${port}` } }))
      for (const watcher of watchers) await wait('the Sentinels to see the replica', () => knows(watcher, 'slaves=1'))
      await caughtUp(servers)
    },
    caughtUp: () => caughtUp(servers),
    async failover() {
      const before = await master()
      await before.kill()
      await wait('another master', async () => (await master()) !== before && isMaster(await master()))
    },
    end,
  }
}

const startWatcher = (port: number) =>
  startRedis({
    sentinel: true,
    settings: {
      'sentinel monitor': `${NAME} 127.0.0.1 ${port} ${QUORUM}`,
      'sentinel down-after-milliseconds': `${NAME} 1000`,
      'sentinel failover-timeout': `${NAME} 5000`,
    },
  })

async function knows(watcher: RedisServer, replicas: string): Promise<boolean> {
  const told = await ask(watcher, 'INFO', 'sentinel')
  return told.includes('status=ok') && told.includes(`${replicas},sentinels=${SENTINELS}`)
}

const isMaster = async (server: RedisServer) => /^role:master/m.test(await ask(server, 'INFO', 'replication'))

async function caughtUp(servers: readonly RedisServer[]): Promise<void> {
  const offset = async (server: RedisServer) =>
    /^master_repl_offset:(\d+)/m.exec(await ask(server, 'INFO', 'replication'))?.[1]
  await wait('the replica to catch up', async () => {
    const [one, other] = await Promise.all(servers.map(offset))
    return one !== undefined && one === other
  })
}
