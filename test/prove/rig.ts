/** What a scenario stands on: a store, processes of the service, a mail server, and clients' ways to them. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { importCsv } from '../../src/coverage/import.ts'
import { openCoverageDb } from '../../src/coverage/sqlite.ts'
import { type RedisServer, startRedis } from '../support/redis.ts'
import { createCall } from './call.ts'
import { type Sink, startSink } from './mail.ts'
import type { Member, MemberOptions } from './members.ts'
import { type Fleet, startFleet } from './processes.ts'
import type { Random } from './random.ts'
import type { Sabotage } from './sabotage.ts'
import { createTally } from './tally.ts'

export const MAIL_FROM = 'sesame@example.com'

export interface RigOptions {
  store: 'sqlite' | 'redis'
  random: Random
  /** Processes; with SQLite always one. */
  processes?: number
  sabotage?: Sabotage | undefined
  /** More environment for a process; asked at each of its starts. */
  env?: (index: number) => Readonly<Record<string, string>>
  nodeArgs?: (index: number) => readonly string[]
  /** Hears all that process `index` prints. */
  heard?: (index: number, text: string) => void
  /** Folder of the service's files; else one is made, and removed. */
  folder?: string
  /** A Redis that runs already and is not this rig's to end. */
  redis?: RedisServer
  /** Where the service finds Redis, when that is not Redis itself. */
  redisUrl?: (redis: RedisServer) => Promise<string>
}

export interface Rig {
  readonly redis: RedisServer | undefined
  readonly fleet: Fleet
  readonly sink: Sink
  /** Addresses that are on file, each to be used by one conversation. */
  nextAddress(): string
  /** What every client of this rig shares. `route` picks a process at random for each request and socket. */
  readonly clients: Pick<MemberOptions, 'call' | 'route' | 'random' | 'tally' | 'isOver' | 'made'>
  end(): Promise<void>
}

const INVITED = 4_000
const addressOf = (n: number) => `member${n}@prove.example.com`

export async function startRig(o: RigOptions): Promise<Rig> {
  const closers: (() => Promise<void> | void)[] = []
  const end = async () => {
    for (const close of closers.splice(0).reverse()) await close()
  }
  try {
    return await build(o, (close) => closers.push(close), end)
  } catch (error) {
    await end()
    throw error
  }
}

async function build(o: RigOptions, after: (close: () => Promise<void> | void) => void, end: Rig['end']): Promise<Rig> {
  const count = o.store === 'sqlite' ? 1 : (o.processes ?? 2)
  const folder = o.folder ?? ownFolder(after)
  await invite(folder)
  const sink = await startSink(count)
  after(sink.end)
  const redis = o.store === 'redis' ? (o.redis ?? (await ownRedis(after))) : undefined
  const redisUrl = redis && ((await o.redisUrl?.(redis)) ?? redis.url)
  const fleet = await startFleet({
    count,
    env: (index) => ({
      DATA_DIR: folder,
      DIRECT_LINE_SECRET: 'the-harness-knows-this-secret-and-nobody-else',
      TOKEN_KEYS: `prove:${Buffer.alloc(32, 5).toString('base64')}`,
      MAIL_FROM,
      // The crowd asks for more, and says more, than members would.
      MAILS_PER_MINUTE: '100000',
      MESSAGES_PER_10S: '100000',
      SMTP_URL: sink.urls[index] ?? '',
      ...(redisUrl ? { REDIS_URL: redisUrl } : {}),
      ...(o.sabotage ? { SABOTAGE: o.sabotage, LOOKUP_MS: process.env.LOOKUP_MS } : {}),
      ...o.env?.(index),
    }),
    ...(o.nodeArgs ? { nodeArgs: o.nodeArgs } : {}),
    ...(o.heard ? { heard: o.heard } : {}),
  })
  after(fleet.end)
  const { call, end: endCalls } = createCall()
  after(endCalls)
  const members = new Set<Member>()
  let over = false
  // First of all, so that nobody knocks at what is being taken away.
  after(() => {
    over = true
    for (const member of members) member.close()
  })
  const random = o.random.fork()
  const places = fleet.urls.map((url, index) => ({ url, index }))
  let given = 0
  return {
    redis,
    fleet,
    sink,
    nextAddress: () => addressOf(given++ % INVITED),
    clients: {
      call,
      random,
      tally: createTally(),
      route: () => random.pick(places),
      isOver: () => over,
      made: (member) => void members.add(member),
    },
    end,
  }
}

function ownFolder(after: (close: () => void) => void): string {
  const folder = mkdtempSync(join(tmpdir(), 'sesame-prove-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

async function ownRedis(after: (close: () => Promise<void>) => void): Promise<RedisServer> {
  const redis = await startRedis()
  after(redis.end)
  return redis
}

/** Puts all addresses into the directory of the service's folder. */
async function invite(folder: string): Promise<void> {
  const db = openCoverageDb(join(folder, 'coverage.db'))
  try {
    const rows = Array.from(
      { length: INVITED },
      (_, n) => `${addressOf(n)},Pat Roy,employee,,Clinique,CA-QC,pending,fr`,
    )
    const csv = ['email,name,relation,sponsor,organisation,region,status,language', ...rows].join('\n')
    await importCsv(db, chunks(csv))
  } finally {
    db.close()
  }
}

async function* chunks(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}
