/** F17: an input that ends whatever process takes it. It is set aside after a few deliveries, the member is told, and
 *  nobody else notices. */
import { startCrowd } from '../crowd.ts'
import { createMember } from '../members.ts'
import { spread } from '../report.ts'
import { type Rig, startRig } from '../rig.ts'
import { POISON } from '../sabotage.ts'
import { answersOf, byLength, commonBreaches, type Scenario, settleMs, toRow, using, waitFor } from '../scenario.ts'

const MOST_DELIVERIES = 5
const SET_ASIDE_MS = 60_000

export const poison: Scenario = {
  name: 'poison',
  stores: ['sqlite', 'redis'],
  run: (context) =>
    using(startRig({ ...context, env: () => ({ POISON: '1' }) }), async (rig) => {
      const doses = byLength(context.length, 1, 8, 20)
      const crowd = startCrowd({ rig, size: 30, perSecond: 30, rounds: 3 })
      await crowd.arrived()
      const deliveries: number[] = []
      const breaches: string[] = []
      for (let dose = 0; dose < doses; dose++) {
        const before = rig.fleet.kills()
        const answered = await takePoison(rig)
        deliveries.push(rig.fleet.kills() - before)
        if (!answered) breaches.push('the member who sent it was not answered')
      }
      const worst = Math.max(...deliveries)
      if (worst > MOST_DELIVERIES) breaches.push(`an input was delivered ${worst} times`)
      const verdict = await crowd.finish({ extraCopies: 0, settleMs: settleMs(context) })
      return toRow('poison', context, {
        injected: rig.fleet.kills(),
        verdict,
        notes: [`deliveries ${spread(deliveries, '')}`, answersOf(rig)],
        breaches: [...commonBreaches(rig), ...breaches.slice(0, 2)],
      })
    }),
}

/** One member sends it, then an ordinary message. @returns whether there was an apology for one, and an answer to the other. */
async function takePoison(rig: Rig): Promise<boolean> {
  const member = await createMember({ ...rig.clients, listens: false })
  if (!member) return false
  const bad = await member.send({ text: POISON })
  const good = await member.send({ text: 'recommencer' })
  const isAnswered = async () => {
    const final = (await member.history()) ?? []
    return [bad, good].every(({ answers: [id] }) => final.some(({ replyToId }) => replyToId === id))
  }
  return waitFor('the poison to be set aside', isAnswered, SET_ASIDE_MS).then(
    () => true,
    () => false,
  )
}
