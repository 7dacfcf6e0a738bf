/** Signs of life of processes, and the clock they all share: Redis'. */
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { BEATS } from './keys.ts'
import type { Link } from './link.ts'
import { BEAT_STEP } from './steps.ts'

const EVERY_MS = 500
/** A process silent for this long is taken for dead, ms. Longer than any pause of its event loop should be. */
const DEAD_MS = 2_000
/** How long a dead process is remembered, ms. One that is not remembered is dead. */
const REMEMBER_MS = 3_600_000
/** How long a process that stops waits to have said so, ms; the others find out by themselves. */
const LEAVE_MS = 1_000
/** A look at Redis' clock that took longer than this says little, ms. */
const EXACT_MS = 50

export interface Beats {
  /** This process. */
  readonly process: string
  /** By the last look, at most half a second old. While Redis was away nobody gave signs, so nobody is taken for dead until it has
   *  been back for a while. */
  isAlive(process: string): boolean
  /** Redis' time, epoch ms: the same in every process, whatever their machines' clocks say or are set to. */
  now(): number
  stop(): Promise<void>
}

/** Resolves after the first sign. @throws AppError `store_unavailable`. */
export async function startBeats(link: Link, process: string = randomUUID()): Promise<Beats> {
  let offset = Number.NaN
  let seen = new Map<string, number>()
  let steadySince = 0
  let lastAt = Number.NEGATIVE_INFINITY
  let sampledAt = Number.NEGATIVE_INFINITY

  async function beat(): Promise<void> {
    const sent = performance.now()
    const [redisNow, ...all] = await link.step<[number, ...string[]]>(BEAT_STEP, [BEATS], [process, REMEMBER_MS])
    const heard = performance.now()
    if (heard - lastAt > DEAD_MS) steadySince = heard
    lastAt = heard
    seen = new Map(all.flatMap((name, i) => (i % 2 === 0 ? [[name, Number(all[i + 1])]] : [])))
    if (heard - sent < EXACT_MS || heard - sampledAt > 60_000 || Number.isNaN(offset)) {
      offset = redisNow - (sent + heard) / 2
      sampledAt = heard
    }
  }

  await beat()
  let pending: Promise<void> | undefined
  const timer = setInterval(() => {
    // One at a time: what a slow Redis answers late must not count as a sign of now.
    pending ??= beat()
      .catch(() => undefined)
      .finally(() => {
        pending = undefined
      })
  }, EVERY_MS)
  const now = () => Math.floor(performance.now() + offset)

  return {
    process,
    now,
    isAlive(name) {
      const present = performance.now()
      // Nothing was heard, of anybody: no verdict.
      if (present - lastAt > DEAD_MS) return true
      const at = seen.get(name)
      if (at === undefined) return false
      return now() - at < DEAD_MS || present - steadySince < DEAD_MS
    },
    async stop() {
      clearInterval(timer)
      const left = (pending ?? Promise.resolve()).then(() => link.command('ZREM', BEATS, process))
      await Promise.race([left.catch(() => undefined), pause(LEAVE_MS, undefined, { ref: false })])
    },
  }
}
