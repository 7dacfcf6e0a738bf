/** F15: rolling restarts under load. Nobody loses anything, nobody is shown an error, every process ends well. */
import { startCrowd } from '../crowd.ts'
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
  waitFor,
} from '../scenario.ts'

/** A process has ended this long after SIGTERM, ms. */
const STOP_MS = 10_000

export const rolling: Scenario = {
  name: 'rolling',
  stores: ['redis'],
  async run(context) {
    let roll = 0
    // At any time one process writes states as the version before does, and the other reads them.
    const env = (index: number): Record<string, string> => ((roll + index) % 2 === 0 ? { OLD_STATE: '1' } : {})
    return using(startRig({ ...context, env }), async (rig) => {
      const { fleet, clients } = rig
      const size = byLength(context.length, 100, 1_000, 1_000)
      const rolls = byLength(context.length, 1, 10)
      const crowd = startCrowd({ rig, size, perSecond: 50, mails: 0.1 })
      await crowd.arrived()
      const stops: number[] = []
      const badExits: string[] = []
      for (; roll < rolls; roll++) {
        for (const index of fleet.urls.keys()) {
          const began = Date.now()
          const code = await fleet.signal(index, 'SIGTERM')
          stops.push(Date.now() - began)
          if (code !== 0) badExits.push(`process ${index} ended with ${code}`)
          await fleet.allReady()
        }
        await waitFor('all sockets again', () => crowd.listening() === size, 60_000)
      }
      const verdict = await crowd.finish({ extraCopies: 0, settleMs: settleMs(context) })
      return toRow('rolling', context, {
        injected: rolls * fleet.urls.length,
        verdict,
        notes: [`${size} sockets`, `stop ${spread(stops)}`, `ack ${spread(clients.tally.ackMs)}`, answersOf(rig)],
        breaches: [
          ...commonBreaches(rig),
          ...limit('stop', Math.max(...stops), STOP_MS * slack(context)),
          ...badExits.slice(0, 2),
        ],
      })
    })
  },
}
