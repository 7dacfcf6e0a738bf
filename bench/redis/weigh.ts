/** What an idle member costs: memory of the service for the socket, memory of Redis for the conversation. */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { progress } from '../progress.ts'
import { type Alone, startAlone } from './field.ts'
import { CLOSED, WALK_TURNS } from './rounds.ts'
import type { Seats } from './seats.ts'

export interface Weight {
  /** Sockets that were there at the first look, and at the second. */
  few: number
  many: number
  /** Resident memory with so many, garbage collected, in MB (10^6 bytes). */
  fewMb: number
  manyMb: number
  /** Resident memory for one socket more, in KB (1,024 bytes), and what objects and buffers it frees when it is closed. The
   *  second may be more: what is new may lie in memory that was free but resident before. */
  socketKb: number
  socketLiveKb: number
  /** Of Redis for one conversation more, in KB. */
  conversationKb: number
  /** What the keys of one conversation take by MEMORY USAGE, in KB, most first. */
  kinds: { name: string; perConversation: number; kb: number }[]
}

export interface WeighPlan {
  few: number
  many: number
  warmSeconds: number
}

/** In a service and a Redis of their own. A load comes first, so that code is compiled and pools have their size. */
export async function weigh(plan: WeighPlan, folder: string, seats: Seats): Promise<Weight> {
  const alone = await startAlone(folder, seats)
  const client = new Redis(alone.redis.url)
  try {
    await warm(plan.warmSeconds, alone)
    await client.flushall()
    const few = await gatherAndLook(plan.few, alone, client)
    const many = await gatherAndLook(plan.many, alone, client)
    const kinds = await weighKeys(client, plan.many)
    // The way back: code that was compiled or thrown away meanwhile is not in this difference.
    const back = await gatherAndLook(plan.few, alone, client)
    const more = plan.many - plan.few
    return {
      few: plan.few,
      many: plan.many,
      fewMb: few.residentMb,
      manyMb: many.residentMb,
      socketKb: ((many.residentMb - few.residentMb) * 1e6) / 1024 / more,
      socketLiveKb: ((many.liveMb - back.liveMb) * 1e6) / 1024 / more,
      conversationKb: (many.redisBytes - few.redisBytes) / 1024 / more,
      kinds,
    }
  } finally {
    client.disconnect()
    await alone.stop()
  }
}

async function warm(seconds: number, { load, place }: Alone): Promise<void> {
  progress('before the weighing')
  await load.run({ do: 'open', system: 'sesame', ...place, conversations: CLOSED })
  await load.run({ do: 'closed', system: 'sesame', seconds })
  await load.run({ do: 'open', system: 'sesame', ...place, conversations: 0 })
}

async function gatherAndLook(conversations: number, alone: Alone, client: Redis) {
  const { load, place } = alone
  progress(`the weight of ${conversations} idle sockets`)
  const order = { do: 'gather', system: 'sesame', ...place, conversations, turns: WALK_TURNS, hangUp: true } as const
  const { open } = await load.run(order)
  if (open !== conversations) throw new Error(`${conversations - open} of ${conversations} idle sockets were closed`)
  return { ...(await settled(alone)), redisBytes: await usedBytes(client) }
}

export interface Settled {
  residentMb: number
  /** JavaScript objects and buffers that are in use. */
  liveMb: number
}

/** Memory after garbage was collected, when it no longer falls. Kernel memory of sockets is not in it.
 *  @throws Error when the service does not answer. */
export async function settled({ service, memoryFile }: Alone): Promise<Settled> {
  let last: Settled = { residentMb: Number.POSITIVE_INFINITY, liveMb: Number.POSITIVE_INFINITY }
  for (let look = 0; look < 10; look++) {
    const now = await collected(service.pid, memoryFile)
    if (now.residentMb > last.residentMb - 0.2) return now
    last = now
    await wait(500)
  }
  return last
}

async function collected(pid: number, file: string): Promise<Settled> {
  rmSync(file, { force: true })
  process.kill(pid, 'SIGUSR2')
  for (let look = 0; look < 100; look++) {
    await wait(100)
    if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Settled
  }
  throw new Error('the service did not tell its memory')
}

/** What Redis holds, without what connections and the file's buffer take for a moment. */
export async function usedBytes(client: Redis): Promise<number> {
  const info = await client.info('memory')
  const of = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? Number.NaN)
  return of('used_memory') - of('mem_clients_normal') - of('mem_aof_buffer')
}

/** Looks at every key: only a bench may. Ids in names become `*`. */
async function weighKeys(client: Redis, conversations: number): Promise<Weight['kinds']> {
  const kinds = new Map<string, { keys: number; bytes: number }>()
  for await (const keys of client.scanStream({ count: 500 })) {
    const sizes = await Promise.all((keys as string[]).map((key) => client.memory('USAGE', key, 'SAMPLES', 0)))
    for (const [n, key] of (keys as string[]).entries()) {
      const name = key.replaceAll(/[\w-]{16,}/g, '*').replaceAll(/\d+/g, '*')
      const { keys: counted, bytes } = kinds.get(name) ?? { keys: 0, bytes: 0 }
      kinds.set(name, { keys: counted + 1, bytes: bytes + Number(sizes[n] ?? 0) })
    }
  }
  return [...kinds]
    .map(([name, of]) => ({ name, perConversation: of.keys / conversations, kb: of.bytes / 1024 / conversations }))
    .toSorted((a, b) => b.kb - a.kb)
}
