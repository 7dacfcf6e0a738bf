/** A process dies with input that it had acknowledged and not yet answered: another one takes it over. Kills are rare enough
 *  here that mostly somebody is there to do so. */
import { startCrowd } from '../crowd.ts'
import { percentile, spread } from '../report.ts'
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
import { type AckedBy, takeovers } from '../takeover.ts'

const PER_SECOND = 20
/** A kill every seven seconds or so. */
const KILL_CHANCE = 0.004
/** A dead process is replaced within this, p95, ms. */
const TAKEOVER_MS = 5_000

export const takeover: Scenario = {
  name: 'takeover',
  stores: ['redis'],
  async run(context) {
    let going = true
    const env = () => ({ KILL_AT: 'before_commit', KILL_CHANCE: going ? String(KILL_CHANCE) : '0' })
    return using(startRig({ ...context, env }), async (rig) => {
      const kills = byLength(context.length, 3, 40)
      const acks: AckedBy[] = []
      const acked = (send: AckedBy['send'], index: number) => void acks.push({ send, index })
      const crowd = startCrowd({ rig, size: 20, perSecond: PER_SECOND, rounds: 3, member: { acked } })
      await waitFor('enough kills', () => rig.fleet.kills() >= kills, kills * 60_000)
      going = false
      const verdict = await crowd.finish({ extraCopies: 0, settleMs: settleMs(context) })
      const { byOthers, byNobody } = takeovers(rig.fleet.killTimes(), acks, verdict.conversations)
      return toRow('takeover', context, {
        injected: rig.fleet.kills(),
        verdict,
        notes: [`taken over ${spread(byOthers)}`, `with nobody there ${spread(byNobody)}`, answersOf(rig)],
        breaches: [
          ...commonBreaches(rig),
          ...limit('takeover p95', percentile(byOthers, 0.95), TAKEOVER_MS * slack(context)),
          ...(byOthers.length === 0 && context.length !== 'short' ? ['no takeover was seen'] : []),
        ],
      })
    })
  },
}
