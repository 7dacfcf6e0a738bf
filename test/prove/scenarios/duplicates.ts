/** F9: clients send many of their messages twice at once, each copy to a process of its own. */
import { startCrowd } from '../crowd.ts'
import { spread } from '../report.ts'
import { startRig } from '../rig.ts'
import { answersOf, byLength, commonBreaches, type Scenario, settleMs, toRow, using, waitFor } from '../scenario.ts'

const TWICE = 0.3

export const duplicates: Scenario = {
  name: 'duplicates',
  stores: ['sqlite', 'redis'],
  run: (context) =>
    using(startRig(context), async (rig) => {
      const wanted = byLength(context.length, 400, context.store === 'redis' ? 10_000 : 3_000)
      const perSecond = byLength(context.length, 150, 150, 150)
      const crowd = startCrowd({ rig, size: 60, perSecond, mails: 0.2, rounds: 3, member: { twice: TWICE } })
      await waitFor('enough sends', () => crowd.sends().length >= wanted, (10_000 * wanted) / perSecond + 20_000)
      const verdict = await crowd.finish({ extraCopies: 0, settleMs: settleMs(context) })
      const copies = crowd.sends().filter((send) => send.answers.length > 1).length
      return toRow('duplicates', context, {
        injected: copies,
        verdict,
        notes: [`ack ${spread(rig.clients.tally.ackMs)}`, answersOf(rig)],
        breaches: commonBreaches(rig),
      })
    }),
}
