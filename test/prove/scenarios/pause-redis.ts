/** F4: Redis freezes, and goes on. No request hangs, memory stays flat, and nothing is lost. */
import { setTimeout as pause } from 'node:timers/promises'
import { startCrowd } from '../crowd.ts'
import { createProbe } from '../probe.ts'
import { spread } from '../report.ts'
import { startRig } from '../rig.ts'
import {
  answersOf,
  byLength,
  commonBreaches,
  limit,
  type Scenario,
  settleMs,
  slack,
  toRow,
  using,
} from '../scenario.ts'

/** Longest request: the limit of a command is 2 s, and one may wait for another's. */
const REQUEST_MS = 2_500
const BACK_MS = 3_000
const GROWTH_MB = 64

export const pauseRedis: Scenario = {
  name: 'pause-redis',
  stores: ['redis'],
  run: (context) =>
    using(startRig(context), async (rig) => {
      const { redis, clients, fleet } = rig
      if (!redis) throw new Error('no Redis')
      const probe = await createProbe(rig)
      const crowd = startCrowd({ rig, size: 60, perSecond: 50, mails: 0.2, rounds: 3 })
      await crowd.arrived()
      await pause(byLength(context.length, 500, 10_000))
      const before = fleet.memory()
      const back: number[] = []
      let most = before
      const pauses = pausesOf(byLength(context.length, 2, 20), context.length === 'short')
      for (const seconds of pauses) {
        redis.pause()
        for (let passed = 0; passed < seconds; passed += 0.5) {
          await pause(500)
          most = Math.max(most, fleet.memory())
        }
        redis.resume()
        back.push(await probe.untilAllWrite())
        await pause(500 + clients.random.next() * 1_000)
      }
      const verdict = await crowd.finish({ extraCopies: 5 * pauses.length, settleMs: settleMs(context) })
      const { longestMs } = clients.tally
      return toRow('pause-redis', context, {
        injected: pauses.length,
        verdict,
        notes: [
          `longest request ${Math.round(longestMs)} ms`,
          `memory ${Math.round(before)} -> ${Math.round(most)} MB`,
          `writes again ${spread(back)}`,
          answersOf(rig),
        ],
        breaches: [
          ...commonBreaches(rig),
          ...limit('a request took', longestMs, REQUEST_MS * slack(context)),
          ...limit('memory grew by', most - before, GROWTH_MB, 'MB'),
          ...limit('back after', Math.max(...back), BACK_MS * slack(context)),
        ],
      })
    }),
}

/** Seconds. Most are short, one in seven as long as the fault table says. */
function pausesOf(count: number, isShort: boolean): number[] {
  return Array.from({ length: count }, (_, n) => (isShort ? 3 : n % 7 === 3 ? 30 : 1 + (n % 5)))
}
