/** `npm run bench -- redis soak`: many sockets and a steady load for minutes; memory must not grow, nothing may be lost. */
import { Redis } from 'ioredis'
import { cpuSeconds, residentMb, watchOthers } from '../machine.ts'
import { progress } from '../progress.ts'
import { median, percentile } from '../statistics.ts'
import { startAlone } from './field.ts'
import type { Seats } from './seats.ts'
import { settled, usedBytes } from './weigh.ts'

export interface SoakPlan {
  sockets: number
  /** Messages a second, from all of the sockets' conversations in turn. */
  rate: number
  warmSeconds: number
  seconds: number
}

export interface Soaked extends SoakPlan {
  sent: number
  answered: number
  firstFailure: string | undefined
  /** Sockets open at the end. */
  open: number
  p50Ms: number
  p99Ms: number
  ackP50Ms: number
  ackP99Ms: number
  cpuUs: number | undefined
  /** Resident memory under load, MB: medians of the first looks and of the last, and the most that was seen. */
  startMb: number
  endMb: number
  mostMb: number
  /** The same with garbage collected and no load. */
  startRestMb: number
  endRestMb: number
  redisStartMb: number
  redisEndMb: number
  otherShare: number | undefined
}

const LOOK_MS = 2_000
/** The first and the last of this length are compared, ms; of a short soak a quarter. */
const WINDOW_MS = 60_000

export async function soak(plan: SoakPlan, folder: string, seats: Seats): Promise<Soaked> {
  const { sockets, rate } = plan
  const alone = await startAlone(folder, seats)
  const { redis, service, place, load } = alone
  const client = new Redis(redis.url)
  const rest = async () => (await settled(alone)).residentMb
  const held = async () => (await usedBytes(client)) / 1e6
  const paced = { do: 'paced', system: 'sesame', rate, lost: 'count' } as const
  try {
    progress(`${sockets} sockets come`)
    const order = { do: 'gather', system: 'sesame', ...place, conversations: sockets, turns: 1, hangUp: false } as const
    await load.run(order)
    progress('warm-up')
    await load.run({ ...paced, seconds: plan.warmSeconds })
    const [startRestMb, redisStartMb] = [await rest(), await held()]
    const others = watchOthers([service.pid, load.pid, redis.pid(), process.pid])
    const cpu = cpuSeconds(service.pid)
    const watch = watchMemory(service.pid, plan.seconds)
    const measured = await load.run({ ...paced, seconds: plan.seconds })
    const [looks, spent, otherShare] = [watch.stop(), cpuSeconds(service.pid), others()]
    const { latencies, acks, sent, answered, firstFailure, open } = measured
    return {
      ...plan,
      ...{ sent, answered, firstFailure, open, otherShare, startRestMb, redisStartMb },
      p50Ms: percentile(latencies, 0.5),
      p99Ms: percentile(latencies, 0.99),
      ackP50Ms: percentile(acks, 0.5),
      ackP99Ms: percentile(acks, 0.99),
      cpuUs: cpu === undefined || spent === undefined ? undefined : ((spent - cpu) * 1e6) / answered,
      ...ends(looks),
      endRestMb: await rest(),
      redisEndMb: await held(),
    }
  } finally {
    progress('')
    client.disconnect()
    await alone.stop()
  }
}

/** Looks every two seconds. @returns a function that ends it and gives all it saw, MB. */
function watchMemory(pid: number, seconds: number): { stop(): number[] } {
  const looks: number[] = []
  const start = performance.now()
  const timer = setInterval(() => {
    looks.push(residentMb(pid) ?? Number.NaN)
    progress(
      `${((performance.now() - start) / 60_000).toFixed(1)} of ${(seconds / 60).toFixed(1)} min, ${looks.at(-1)?.toFixed(0)} MB`,
    )
  }, LOOK_MS)
  return {
    stop() {
      clearInterval(timer)
      return looks
    },
  }
}

function ends(looks: readonly number[]): Pick<Soaked, 'startMb' | 'endMb' | 'mostMb'> {
  const window = Math.max(1, Math.min(WINDOW_MS / LOOK_MS, Math.floor(looks.length / 4)))
  return { startMb: median(looks.slice(0, window)), endMb: median(looks.slice(-window)), mostMb: Math.max(...looks) }
}
