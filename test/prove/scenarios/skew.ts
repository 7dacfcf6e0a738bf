/** F11: one process is an hour ahead, one an hour behind, and one's clock steps back while it works. */
import { startCrowd } from '../crowd.ts'
import { spread } from '../report.ts'
import { startRig } from '../rig.ts'
import { answersOf, byLength, commonBreaches, type Scenario, settleMs, toRow, using, waitFor } from '../scenario.ts'

const HOUR = 3_600_000
const SKEWS: readonly Readonly<Record<string, string>>[] = [
  { SKEW_MS: String(HOUR) },
  { SKEW_MS: String(-HOUR) },
  { SKEW_STEP_MS: String(HOUR), SKEW_AFTER_MS: '6000' },
]

export const skew: Scenario = {
  name: 'skew',
  stores: ['redis'],
  async run(context) {
    const wrong = {
      processes: SKEWS.length,
      env: (index: number) => SKEWS[index] ?? {},
      nodeArgs: () => ['--import', `${import.meta.dirname}/../skew.ts`],
    }
    return using(startRig({ ...context, ...wrong }), async (rig) => {
      const wanted = byLength(context.length, 400, 5_000)
      const crowd = startCrowd({ rig, size: 60, perSecond: 100, mails: 0.5, rounds: 2 })
      await waitFor('enough sends', () => crowd.sends().length >= wanted, (wanted / 60) * 10_000 + 30_000)
      const verdict = await crowd.finish({ extraCopies: 0, settleMs: settleMs(context) })
      const backwards = verdict.conversations.reduce((sum, { final }) => sum + stepsBack(final), 0)
      return toRow('skew', context, {
        injected: SKEWS.length,
        verdict,
        notes: [
          `${rig.sink.mails.length} mails`,
          `ack ${spread(rig.clients.tally.ackMs)}`,
          `${backwards} timestamps before their predecessor's`,
          answersOf(rig),
        ],
        breaches: commonBreaches(rig),
      })
    })
  },
}

/** Times shown to people that go back by more than a second: the order of the list is what counts, yet it looks odd. */
function stepsBack(final: readonly { timestamp: string }[]): number {
  return final.filter(({ timestamp }, n) => Date.parse(timestamp) < Date.parse(final[n - 1]?.timestamp ?? '') - 1_000)
    .length
}
