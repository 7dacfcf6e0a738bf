/** F3: `kill -9` of Redis under load. While it is away members are told to come back; nothing acknowledged is lost. */
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

/** The service writes again this long after Redis has loaded, ms. */
const BACK_MS = 2_000

export const killRedis: Scenario = {
  name: 'kill-redis',
  stores: ['redis'],
  run: (context) =>
    using(startRig(context), async (rig) => {
      const { redis, clients, fleet } = rig
      if (!redis) throw new Error('no Redis')
      const kills = byLength(context.length, 5, 100)
      const probe = await createProbe(rig)
      const crowd = startCrowd({ rig, size: 40, perSecond: 50, mails: 0.3, rounds: 3 })
      await crowd.arrived()
      const back: number[] = []
      const refused: number[] = []
      for (let kill = 0; kill < kills; kill++) {
        await pause(200 + clients.random.next() * 1_300)
        await redis.kill('SIGKILL')
        await pause(clients.random.next() * 600)
        refused.push(await probe.ask(kill % fleet.urls.length))
        await redis.start()
        back.push(await probe.untilAllWrite())
      }
      const verdict = await crowd.finish({ extraCopies: kills, settleMs: settleMs(context) })
      const wrong = refused.filter((status) => status !== 503)
      return toRow('kill-redis', context, {
        injected: kills,
        verdict,
        notes: [`writes again ${spread(back)}`, `ack ${spread(clients.tally.ackMs)}`, answersOf(rig)],
        breaches: [
          ...commonBreaches(rig),
          ...limit('back after', Math.max(...back), BACK_MS * slack(context)),
          ...(wrong.length > 0
            ? [`${wrong.length} of ${kills} sends were answered ${wrong[0]} while Redis was away`]
            : []),
        ],
      })
    }),
}
