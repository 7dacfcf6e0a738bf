/** F7: the mail server is slow, away, or refuses. The chat does not feel it; what may pass is tried again until it went out
 *  once, and what can't pass is not. */
import { setTimeout as pause } from 'node:timers/promises'
import { ROUND, startCrowd } from '../crowd.ts'
import type { Script } from '../mail.ts'
import { createMember } from '../members.ts'
import { percentile } from '../report.ts'
import { type Rig, startRig } from '../rig.ts'
import { answersOf, byLength, type Context, commonBreaches, type Scenario, toRow, using, waitFor } from '../scenario.ts'

/** The chat's p99 may grow by this, ms. */
const SHIFT_MS = 10
const SLOW_MS = 3_000
/** The first two pauses before another try are 30 s and 2 min: a mail that met bad weather twice. */
const RETRIED_WITHIN_MS = 170_000
const REFUSED = 5
/** Longer than the first pause. */
const NOT_AGAIN_MS = 35_000

const well: Script = () => undefined
const BAD: readonly { name: string; script: Script }[] = [
  { name: 'slow', script: () => pause(SLOW_MS, undefined) },
  { name: 'down', script: (phase) => (phase === 'connect' ? 421 : undefined) },
  { name: '4xx', script: (phase) => (phase === 'to' ? 451 : undefined) },
]

export const smtp: Scenario = {
  name: 'smtp',
  stores: ['redis'],
  when: 'last',
  run: (context) =>
    using(startRig(context), async (rig) => {
      const isShort = context.length === 'short'
      const crowd = startCrowd({ rig, size: 40, perSecond: 50, mails: 1, rounds: 1 })
      await crowd.arrived()
      await pause(byLength(context.length, 1_000, 5_000))
      const p99 = await measure(context, rig)
      // In the short form nobody waits for the second try.
      const verdict = await crowd.finish(
        isShort ? { extraCopies: 'any', settleMs: 20_000 } : { extraCopies: 0, settleMs: RETRIED_WITHIN_MS },
      )
      const sent = rig.sink.mails.length
      const refused = await tryRefused(context, rig)
      const shift = Math.max(...BAD.map(({ name }) => p99[name] ?? 0)) - (p99.well ?? 0)
      return toRow('smtp', context, {
        injected: BAD.length + 1,
        verdict,
        notes: [
          `ack p99 ${Object.entries(p99)
            .map(([name, ms]) => `${name} ${Math.round(ms)}`)
            .join(', ')} ms`,
          `${sent} mails`,
          `${REFUSED} mails refused for good were tried ${refused} times`,
          answersOf(rig),
        ],
        breaches: [
          ...commonBreaches(rig),
          // A few hundred acks have no p99 worth the name.
          ...(shift > SHIFT_MS && !isShort ? [`p99 grew by ${Math.round(shift)} ms, at most ${SHIFT_MS}`] : []),
          ...(refused !== REFUSED ? [`mails refused for good were tried ${refused} times, not ${REFUSED}`] : []),
        ],
      })
    }),
}

/** The p99 of acks in each weather, good weather before each bad one. `well` is the worst of its kind. */
async function measure(context: Context, { sink, clients: { tally } }: Rig): Promise<Record<string, number>> {
  const p99: Record<string, number> = {}
  for (const { name, script } of BAD.flatMap((bad) => [{ name: 'well', script: well }, bad])) {
    sink.play(script)
    const from = tally.ackMs.length
    await pause(byLength(context.length, 1_500, 25_000))
    p99[name] = Math.max(p99[name] ?? 0, percentile(tally.ackMs.slice(from), 0.99))
  }
  sink.play(well)
  return p99
}

/** Mails that the server refuses for good. @returns how often they were tried. */
async function tryRefused(context: Context, rig: Rig): Promise<number> {
  let tried = 0
  const refuse: Script = (phase) => {
    if (phase === 'to') tried++
    return phase === 'to' ? 550 : undefined
  }
  await rig.fleet.allReady()
  rig.sink.play(refuse)
  for (let n = 0; n < REFUSED; n++) {
    const member = await createMember({ ...rig.clients, listens: false })
    for (const step of [...ROUND.slice(0, 2), { text: rig.nextAddress() }]) await member?.send(step)
  }
  await waitFor('the refused mails', () => tried >= REFUSED)
  await pause(context.length === 'short' ? 500 : NOT_AGAIN_MS)
  return tried
}
