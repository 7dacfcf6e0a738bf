/** T20: attackers at full speed, while members chat: members must hardly feel it. What it is compared with are the same attackers,
 *  who run against a wall: what they take from the machine is not the service's doing. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { type Conversation, openConversation } from '../../bench/conversations.ts'
import type { Attack, Toll } from './attackers.ts'
import type { Control } from './controls.ts'
import { percentile, type Row, spread } from './report.ts'
import { startRig } from './rig.ts'
import { byLength, type Context, limit, type Scenario, toRow, using } from './scenario.ts'

/** A reply may take so many times as long as without them, p99. */
const MOST_TIMES = 2
/** What no person notices counts as nothing, ms. */
const UNNOTICED_MS = 50
const MEMBERS = 40
/** Between the messages of one member, ms. */
const APART_MS = 2_000
const ATTACKERS = 200
const NETWORKS = 40

/** What the attackers were told, before and during. */
interface Tolls {
  idle: Toll
  toll: Toll
}

interface Watched {
  /** From sending to the reply, ms. */
  replies: number[]
  faults: string[]
}

export const flood: Scenario = {
  name: 'flood',
  stores: ['sqlite', 'redis'],
  when: 'named',
  run: (context) => run(context, NETWORKS),
}

/** The same without anything that is limited by network: members have to feel that. */
const floodUnnamed: Scenario = { ...flood, name: 'flood-unnamed', run: (context) => run(context, 0) }

export const FLOOD_CONTROL: Control = {
  name: 'no_networks',
  scenario: floodUnnamed,
  stores: ['sqlite', 'redis'],
  isCaught: ({ notes }) => notes.some((note) => note.startsWith('BREACH p99 of replies')),
}

function run(context: Context, networks: number): Promise<Row> {
  return using(startRig({ ...context, processes: 1 }), async (rig) => {
    const [url = ''] = rig.fleet.urls
    const members = await Promise.all(
      Array.from({ length: MEMBERS }, (_, n) => openConversation('sesame', { url: new URL(url) }, n)),
    )
    try {
      await watch(members, byLength(context.length, 4, 10, 10))
      const crowd = { attackers: ATTACKERS, networks }
      const [calm, idle] = await beside(crowd, () => watch(members, byLength(context.length, 10, 30, 60)))
      const [loud, toll] = await beside({ ...crowd, url }, () => watch(members, byLength(context.length, 20, 60, 300)))
      const tolls = { idle, toll }
      return rowOf(context, calm, loud, tolls, [...rig.fleet.crashes()], rig.fleet.memory())
    } finally {
      for (const member of members) member.close()
    }
  })
}

function rowOf(
  context: Context,
  calm: Watched,
  loud: Watched,
  { idle, toll }: Tolls,
  crashes: string[],
  memory: number,
) {
  const [before, under] = [calm, loud].map(({ replies }) => percentile(replies, 0.99)) as [number, number]
  const most = MOST_TIMES * Math.max(before, UNNOTICED_MS) * byLength(context.length, 2, 1, 1)
  const asked = sumOf(toll)
  const lost = calm.faults.length + loud.faults.length
  const acked = calm.replies.length + loud.replies.length
  return toRow('flood', context, {
    injected: asked,
    verdict: { acked, lost, doubled: 0, inverted: 0, faults: [...calm.faults, ...loud.faults].slice(0, 3) },
    notes: [
      `replies while they run against a wall: p99 ${Math.round(before)}, ${spread(calm.replies)}, ${sumOf(idle)} answers to them`,
      `beside ${ATTACKERS} attackers: p99 ${Math.round(under)}, ${spread(loud.replies)}`,
      `attackers’ answers ${Object.entries(toll)
        .map(([status, n]) => `${status}: ${n}`)
        .join(', ')}`,
      `${Math.round(memory)} MB`,
    ],
    breaches: [
      ...crashes.map((line) => `the service ended by itself: ${line}`),
      ...limit('p99 of replies', under, Math.round(most)),
      ...(asked < 1_000 ? ['there was no flood'] : []),
    ],
  })
}

const sumOf = (toll: Toll): number => Object.values(toll).reduce((sum, n) => sum + n, 0)

/** Every member sends at their own pace. */
async function watch(members: readonly Conversation[], seconds: number): Promise<Watched> {
  const watched: Watched = { replies: [], faults: [] }
  const end = performance.now() + seconds * 1000
  const talk = async (member: Conversation, n: number) => {
    await pause((APART_MS * n) / members.length)
    while (performance.now() < end) {
      const began = performance.now()
      const { repliedAt } = await member.turn()
      watched.replies.push(repliedAt - began)
      await pause(Math.max(0, began + APART_MS - performance.now()))
    }
  }
  const ended = await Promise.allSettled(members.map(talk))
  for (const one of ended) if (one.status === 'rejected') watched.faults.push(String(one.reason))
  return watched
}

/** Runs it while they attack. @returns also what they were told. */
async function beside<T>(attack: Attack, run: () => Promise<T>): Promise<[T, Toll]> {
  let toll: Toll = {}
  const child = fork(`${import.meta.dirname}/attackers.ts`, { execArgv: ['--disable-warning=ExperimentalWarning'] })
  child.on('message', (told: Toll) => {
    toll = told
  })
  try {
    child.send(attack)
    return [await run(), toll]
  } finally {
    await endNow(child)
  }
}

async function endNow(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}
