/** The processes of `npm run bench -- redis`: Redis servers, the systems that are measured, and what puts load on them. */
import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type RedisServer, startRedis } from '../../test/support/redis.ts'
import { pin } from '../machine.ts'
import { type Load, type Service, startFlags, startLoad, startService } from '../processes.ts'
import type { Place, RedisSystemName } from '../protocol.ts'
import type { Seats } from './seats.ts'

export interface Contender {
  place: Place
  pids: readonly number[]
  /** Processor time of Redis counts beside its own. */
  redis?: RedisServer
}

export interface Field {
  contenders: Readonly<Record<RedisSystemName, Contender>>
  load: Load
  /** Holds the idle sockets. */
  crowd: Load
  /** All that is ours, so that others' work can be told from it. */
  pids: readonly number[]
  /** Those that share the load's processor. */
  besideLoad: readonly number[]
  stop(): Promise<void>
}

/** Sésame's one process and its two have a Redis each: hints between processes go to all that listen at one.
 *  @param profile folder for a profile of the one process. */
export async function startField(folder: string, seats: Seats, profile: string | undefined): Promise<Field> {
  const [redis, pairRedis] = [
    await startRedisAt(join(folder, 'redis'), seats),
    await startRedisAt(`${folder}/two`, seats),
  ]
  const [cpu, secondCpu] = seats.servers
  const baseline = (name: string, env = {}) => startService({ script: [`bench/baselines/${name}.ts`], cpu, env })
  const a4b = await baseline('a4b', { REDIS_URL: redis.url })
  const echo = await baseline('echo')
  const flags = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]
  const alone = await startSesame({ data: join(folder, 'alone'), redis, cpu, flags, secrets: newSecrets() })
  const secrets = newSecrets()
  // One after the other: both would make the first agent.
  const first = await startSesame({ data: join(folder, 'first'), redis: pairRedis, cpu, secrets })
  const second = await startSesame({ data: join(folder, 'second'), redis: pairRedis, cpu: secondCpu, secrets })
  const connector = await startService({ script: ['bench/baselines/connector.ts'], cpu: seats.load })
  const [load, crowd] = [startLoad(seats.load), startLoad(seats.load)]
  const servers = [a4b, echo, alone, first, second]
  const helpers = [connector.pid, load.pid, crowd.pid]
  const redisPids = [redis.pid(), pairRedis.pid()]
  return {
    contenders: {
      a4b: { ...at(a4b), redis },
      echo: { place: { urls: [echo.url.href], connectorUrl: connector.url.href }, pids: [echo.pid] },
      sesame: { ...at(alone), redis },
      pair: { ...at(first, second), redis: pairRedis },
    },
    load,
    crowd,
    pids: [...servers.map(({ pid }) => pid), ...helpers, ...redisPids, process.pid],
    besideLoad: seats.redis === seats.load ? [...helpers, ...redisPids] : helpers,
    async stop() {
      await Promise.all([load.stop(), crowd.stop()])
      await Promise.all([...servers, connector].map((service) => service.stop()))
      await Promise.all([redis.end(), pairRedis.end()])
    },
  }
}

const at = (...services: Service[]) => ({
  place: { urls: services.map(({ url }) => url.href) },
  pids: services.map(({ pid }) => pid),
})

/** One Sésame whose memory can be weighed, with a Redis of its own. */
export interface Alone {
  redis: RedisServer
  service: Service
  place: Place
  load: Load
  /** Where `collect.ts` says what is left. */
  memoryFile: string
  stop(): Promise<void>
}

export async function startAlone(folder: string, seats: Seats): Promise<Alone> {
  const redis = await startRedisAt(join(folder, 'redis'), seats)
  const flags = ['--expose-gc', '--import', './bench/redis/collect.ts']
  const [cpu] = seats.servers
  const memoryFile = join(folder, 'memory.json')
  const secrets = { ...newSecrets(), MEMORY_FILE: memoryFile }
  const service = await startSesame({ data: join(folder, 'data'), redis, cpu, flags, secrets })
  const load = startLoad(seats.load)
  return {
    redis,
    service,
    place: { urls: [service.url.href] },
    load,
    memoryFile,
    async stop() {
      await load.stop()
      await service.stop()
      await redis.end()
    },
  }
}

async function startRedisAt(folder: string, seats: Seats): Promise<RedisServer> {
  mkdirSync(folder, { recursive: true })
  const redis = await startRedis({ folder })
  pin(redis.pid(), seats.redis)
  return redis
}

interface SesameOptions {
  /** Its folder. */
  data: string
  redis: RedisServer
  cpu: number | undefined
  /** And what else goes into its environment. */
  secrets: Secrets
  /** More of Node's. */
  flags?: readonly string[]
}

function startSesame({ data, redis, cpu, secrets, flags = [] }: SesameOptions): Promise<Service> {
  const env = {
    PORT: '0',
    DATA_DIR: data,
    LOG_LEVEL: 'warn',
    MESSAGES_PER_10S: '1000000',
    ...(process.env.TRY_SQLITE ? {} : { REDIS_URL: redis.url }),
    ...secrets,
  }
  return startService({ script: ['src/main.ts'], cpu, env, nodeFlags: [...startFlags(), ...flags] })
}

type Secrets = Record<'TOKEN_KEYS' | 'DIRECT_LINE_SECRET', string>

/** The same for all processes of a service: each reads the tokens of the others. */
const newSecrets = (): Secrets => ({
  TOKEN_KEYS: `bench:${randomBytes(32).toString('base64')}`,
  DIRECT_LINE_SECRET: randomBytes(32).toString('base64url'),
})
