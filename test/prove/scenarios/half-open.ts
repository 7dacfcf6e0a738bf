/** F14: sockets go half open: what the server sends, or what the client sends, is lost without a sign. Both sides must
 *  notice, healthy sockets must live, and after the repair every client has everything soon. */
import { setTimeout as pause } from 'node:timers/promises'
import { startProxy, type TcpProxy } from '../../support/proxy.ts'
import { judge } from '../checker.ts'
import { ROUND } from '../crowd.ts'
import { createMember, type Member, type MemberOptions } from '../members.ts'
import { percentile, spread } from '../report.ts'
import { type Rig, startRig } from '../rig.ts'
import {
  answersOf,
  byLength,
  type Context,
  commonBreaches,
  limit,
  type Scenario,
  slack,
  toRow,
  using,
  waitFor,
} from '../scenario.ts'

/** Complete this long after the repair, p95, ms. */
const COMPLETE_MS = 3_000
/** In the short form all keep-alives of both sides are so many times quicker. */
const HURRY = 8
const BEAT_MS = 20_000
const SILENCE_MS = 35_000
const BROKEN_MS = 60_000

export const halfOpen: Scenario = {
  name: 'half-open',
  stores: ['redis'],
  // A thousand clients come back at the same moment: how soon all are served is what the processors have left.
  when: 'last',
  async run(context) {
    const times = context.length === 'short' ? HURRY : 1
    const env = () => ({ HURRY: String(times) })
    return using(startRig({ ...context, env }), async (rig) => {
      const proxies = await Promise.all(rig.fleet.urls.map((url) => startProxy({ port: Number(new URL(url).port) })))
      try {
        return await run(context, rig, proxies, times)
      } finally {
        for (const proxy of proxies) await proxy.end()
      }
    })
  },
}

async function run(context: Context, rig: Rig, proxies: readonly TcpProxy[], times: number) {
  const { clients } = rig
  const { tally } = clients
  const size = byLength(context.length, 50, 1_000, 2_000)
  const places = proxies.map(({ port }, index) => ({ url: `http://127.0.0.1:${port}`, index }))
  const pace = { beat: BEAT_MS / times, silence: SILENCE_MS / times }
  const o = { ...clients, pace, socketRoute: () => clients.random.pick(places) }
  const members = await joinAll(o, size)

  // Nothing is wrong, and nothing is said: every socket must outlive that.
  const opened = tally.sockets
  await pause(pace.silence * 1.4)
  const died = tally.sockets - opened
  if (died > 0) {
    const breach = `${died} of ${size} healthy sockets did not live`
    const finals = await Promise.all(members.map(wholeHistory))
    return toRow('half-open', context, { injected: 0, verdict: verdictOf(members, finals), breaches: [breach] })
  }

  // What clients say is lost: the server finds its pings unanswered and lets go.
  for (const proxy of proxies) proxy.halfOpen('up')
  const noticed = await waitFor(
    'the server to notice',
    () => tally.sockets >= opened + size,
    BROKEN_MS / times + 20_000,
  )
  await healAll(proxies, members)

  // What the server says is lost, also to those who come back.
  const healthyUntil = tally.silentSockets
  for (const proxy of proxies) proxy.halfOpen('down', 'too')
  await Promise.all(members.map((member, n) => member.send(ROUND[n % ROUND.length] ?? { text: '' })))
  await pause(BROKEN_MS / times)
  const finals = await Promise.all(members.map(wholeHistory))
  const times_ = await completion(members, finals, () => healAll(proxies, members))
  tally.silentSockets = healthyUntil

  const verdict = verdictOf(members, finals)
  for (const member of members) member.close()
  return toRow('half-open', context, {
    injected: 2 * size,
    verdict,
    notes: [
      `complete after repair ${spread(times_)}`,
      `the server noticed all within ${Math.round((noticed * times) / 1000)} s${times > 1 ? ` (at ${times} times the pace)` : ''}`,
      answersOf(rig),
    ],
    breaches: [
      ...commonBreaches(rig),
      ...limit('complete p95', percentile(times_, 0.95), COMPLETE_MS * slack(context)),
    ],
  })
}

type Finals = readonly Awaited<ReturnType<typeof wholeHistory>>[]

const verdictOf = (members: readonly Member[], finals: Finals) =>
  judge(members.map((member, n) => ({ clients: [member.log], final: finals[n] ?? [] })))

async function joinAll(o: MemberOptions, size: number): Promise<Member[]> {
  const members: Member[] = []
  const lane = async () => {
    while (members.length < size) {
      const member = await createMember(o)
      if (member && members.length < size) members.push(member)
      else member?.close()
    }
  }
  await Promise.all(Array.from({ length: 20 }, lane))
  await waitFor('all sockets', () => members.every((member) => member.isListening()))
  return members
}

async function healAll(proxies: readonly TcpProxy[], members: readonly Member[]): Promise<void> {
  await Promise.all(proxies.map((proxy) => proxy.heal()))
  await waitFor('all sockets again', () => members.every((member) => member.isListening()), 60_000)
}

/** The log once everything in it is answered; the client must have seen it all in the end. */
async function wholeHistory(member: Member) {
  let final: Awaited<ReturnType<Member['history']>>
  await waitFor('the answers', async () => {
    final = await member.history()
    return final !== undefined && judge([{ clients: [{ ...member.log, seen: [] }], final }]).lost === 0
  })
  member.log.listenedTo = final?.at(-1)?.id ?? ''
  return final ?? []
}

/** @returns for each member, ms from the repair until it had seen all. */
async function completion(members: readonly Member[], finals: readonly unknown[][], repair: () => Promise<void>) {
  const began = Date.now()
  const repaired = repair()
  const waits = await Promise.all(
    members.map(async ({ log }, n) => {
      const isComplete = () => new Set(log.seen).size >= (finals[n]?.length ?? 0)
      await waitFor('a client to be complete', isComplete, 60_000).catch(() => undefined)
      return Date.now() - began
    }),
  )
  await repaired
  return waits
}
