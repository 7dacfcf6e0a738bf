/** F1, F2: `kill -9` of service processes under load: at random moments, at fixed points of a turn, and in every phase of
 *  a mail. */
import { setTimeout as pause } from 'node:timers/promises'
import { startCrowd } from '../crowd.ts'
import { percentile, spread } from '../report.ts'
import { type Rig, startRig } from '../rig.ts'
import { KILL_POINTS } from '../sabotage.ts'
import {
  answersOf,
  byLength,
  type Context,
  commonBreaches,
  limit,
  type Scenario,
  settleMs,
  slack,
  toRow,
  using,
} from '../scenario.ts'
import { type AckedBy, takeovers } from '../takeover.ts'

const PER_SECOND = 50
/** Chance that a process ends itself whenever it passes its fixed point. */
const KILL_CHANCE = 0.003
/** Chance that the process whose mail is in some phase is killed. */
const MAIL_KILL_CHANCE = 0.04
/** A dead process is replaced within this, p95, ms. */
const TAKEOVER_MS = 5_000

export const killService: Scenario = {
  name: 'kill-service',
  stores: ['sqlite', 'redis'],
  async run(context) {
    let going = true
    const lot = context.random.fork()
    const env = () => ({ KILL_AT: lot.pick(KILL_POINTS), KILL_CHANCE: going ? String(KILL_CHANCE) : '0' })
    return using(startRig({ ...context, env }), async (rig) => {
      const acks: AckedBy[] = []
      const acked = (send: AckedBy['send'], index: number) => void acks.push({ send, index })
      const crowd = startCrowd({ rig, size: 40, perSecond: PER_SECOND, mails: 0.7, rounds: 2, member: { acked } })
      const mailKills = killInMails(rig, context)
      await killAtRandom(rig, killsOf(context), context)
      going = false
      rig.sink.play(() => undefined)
      for (const index of rig.fleet.urls.keys()) await rig.fleet.signal(index, 'SIGKILL')
      // Each kill may have cut the connections of several mails at their last word.
      const verdict = await crowd.finish({ extraCopies: rig.fleet.kills(), settleMs: settleMs(context) })
      return summary(context, rig, { verdict, acks, mailKills: mailKills() })
    })
  },
}

/** One process alone is down most of the time: the most is proved by several. */
function killsOf({ length, store, sabotage }: Context): number {
  return sabotage ? 6 : byLength(length, 8, store === 'redis' ? 300 : 100)
}

async function killAtRandom({ fleet, clients }: Rig, kills: number, context: Context): Promise<void> {
  let told = 0
  while (fleet.kills() < kills) {
    // A takeover needs somebody who takes over.
    await fleet.allReady()
    await pause(200 + clients.random.next() * 1_000)
    await fleet.signal(clients.random.between(0, fleet.urls.length - 1), 'SIGKILL')
    if (fleet.kills() >= told + 50) {
      told = fleet.kills()
      context.say(`kill-service: ${told} of ${kills} kills`)
    }
  }
}

/** Kills the process whose mail comes to a phase drawn by lot. @returns how many so far. */
function killInMails({ fleet, sink }: Rig, context: Context): () => number {
  const random = context.random.fork()
  let killed = 0
  sink.play(async (_phase, index) => {
    // A mail that is killed comes again: without a pause it would end one process after the other, for ever.
    if (random.next() >= MAIL_KILL_CHANCE || !fleet.isWhole()) return undefined
    killed++
    await fleet.signal(index, 'SIGKILL')
    return undefined
  })
  return () => killed
}

interface Seen {
  verdict: Awaited<ReturnType<ReturnType<typeof startCrowd>['finish']>>
  acks: readonly AckedBy[]
  mailKills: number
}

function summary(context: Context, rig: Rig, { verdict, acks, mailKills }: Seen) {
  const { fleet, sink, clients } = rig
  const taken = takeovers(fleet.killTimes(), acks, verdict.conversations)
  const again = pausesBetweenCopies(sink.mails)
  return toRow('kill-service', context, {
    injected: fleet.kills(),
    verdict,
    notes: [
      `takeover ${spread(taken.byOthers)}`,
      `with nobody there ${spread(taken.byNobody)}`,
      `${mailKills} kills within a mail, ${sink.mails.length} mails, those sent again ${spread(again)}`,
      `ack ${spread(clients.tally.ackMs)}`,
      `settled after ${verdict.settledAfter} ms`,
      answersOf(rig),
    ],
    breaches: [
      ...commonBreaches(rig),
      ...limit('takeover p95', percentile(taken.byOthers, 0.95), TAKEOVER_MS * slack(context)),
    ],
  })
}

/** A mail that came again was taken over by another process: the time between, ms. */
function pausesBetweenCopies(mails: Rig['sink']['mails']): number[] {
  const last = new Map<string, number>()
  return mails.flatMap(({ messageId, at }) => {
    const before = last.get(messageId)
    last.set(messageId, at)
    return before === undefined ? [] : [at - before]
  })
}
