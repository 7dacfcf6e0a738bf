/** T4: however many ask for one address, its mailbox gets no more than the limits allow; addresses that nobody knows get nothing. */
import { setTimeout as pause } from 'node:timers/promises'
import { byLength, commonBreaches, type Scenario, toRow, using } from '../scenario.ts'
import { type Ground, startGround, untilMailed } from './ground.ts'

/** Mails to one address on one day, at most. */
const DAILY = 5
const LANES = 20
/** Requests of one conversation for one address. */
const EACH = 20
/** Addresses that one conversation names: as many as it may in an hour. */
const NAMED = 5
/** Until the last of the jobs is done, ms. */
const SETTLE_MS = 5_000

export const flood: Scenario = {
  name: 'enumeration-flood',
  stores: ['sqlite', 'redis'],
  run: (context) =>
    using(startGround(context, { pending: 2 }), async (ground) => {
      const talks = byLength(context.length, 20, 500, 500)
      const [victim, last] = [ground.book.next('pending'), ground.book.next('pending')]
      await conversations(ground, talks, () => Array.from({ length: EACH }, () => victim))
      const unknown = byLength(context.length, 100, 10_000, 10_000)
      await conversations(ground, unknown / NAMED, () =>
        Array.from({ length: NAMED }, () => ground.book.next('unknown')),
      )
      // Whoever asks now is served: the jobs before are done.
      await conversations(ground, 1, () => [last])
      await untilMailed(ground.sink, [last], 300_000)
      await pause(SETTLE_MS)
      const mails = await ground.sink.mails()
      const bombed = mails.filter((to) => to === victim).length
      const strays = mails.filter((to) => to !== victim && to !== last).length
      const requests = talks * EACH + unknown
      return toRow('enumeration-flood', context, {
        injected: requests,
        verdict: { acked: requests, lost: 0, doubled: 0, inverted: 0, faults: [] },
        notes: [
          `${bombed} mails to an address asked for ${talks * EACH} times`,
          `${strays} to ${unknown} unknown ones`,
        ],
        breaches: [
          ...commonBreaches(ground.rig),
          ...(bombed > DAILY || bombed === 0 ? [`${bombed} mails to one address, 1 to ${DAILY}`] : []),
          ...(strays > 0 ? [`${strays} mails to addresses that nobody knows`] : []),
        ],
      })
    }),
}

/** @param addresses what each conversation asks for, one after the other. */
async function conversations(ground: Ground, count: number, addresses: () => readonly string[]): Promise<void> {
  let left = count
  const lane = async () => {
    while (left-- > 0) {
      const visitor = await ground.visit({ locale: 'fr', way: 'polling' })
      for (const address of addresses()) {
        await visitor.say(address)
        // Typed where a yes or no was asked for: it is to be confirmed.
        if (visitor.last()?.channelData?.node === 'resend.confirm') await visitor.say('oui')
      }
      visitor.close()
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
}
