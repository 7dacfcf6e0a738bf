/** F5: a Redis Cluster of three masters with a replica each, under load, while masters are replaced: asked to step down, killed,
 *  and killed after their replica was cut off. What asynchronous replication loses is measured; nothing may be doubled or put
 *  in another order, and every client ends with what the server has. */
import { setTimeout as pause } from 'node:timers/promises'
import { keysOf } from '../../src/store/redis/keys.ts'
import { ask } from '../support/redis.ts'
import { type ClusterNode, type RedisCluster, startCluster } from '../support/redis-cluster.ts'
import type { ClientLog } from './checker.ts'
import { judgeFailover, type Seen, waitsSince } from './cluster-check.ts'
import { cutOff } from './cluster-cut-off.ts'
import { startTalk, type Talk } from './power-talk.ts'
import { spread } from './report.ts'
import { type Rig, startRig } from './rig.ts'
import {
  answersOf,
  byLength,
  type Context,
  commonBreaches,
  limit,
  type Scenario,
  toRow,
  using,
  waitFor,
} from './scenario.ts'

const MASTERS = 3
const SLOTS = 16_384
/** Without the second line a master that is away stops the other ones too. */
export const CLUSTER_SETTINGS = { 'min-replicas-to-write': '1', 'cluster-require-full-coverage': 'no' }
const MEMBERS = 30
const PER_SECOND = 90
/** Time that clients have to hear of the last entries, ms. */
const SETTLE_MS = 10_000

type How = 'ask' | 'kill' | 'cut-off'

export const clusterAsk: Scenario = scenarioOf('ask')
export const clusterKill: Scenario = scenarioOf('kill')
export const clusterCutOff: Scenario = scenarioOf('cut-off')

function scenarioOf(how: How): Scenario {
  return {
    name: `cluster-${how}`,
    stores: ['redis'],
    run: (context) =>
      using(startCluster({ masters: MASTERS, replicas: 1, settings: CLUSTER_SETTINGS }), (cluster) => {
        const [redis] = cluster.nodes
        if (!redis) throw new Error('a cluster without nodes')
        return using(startRig({ ...context, redis, redisUrl: async () => cluster.url }), (rig) =>
          run(context, how, cluster, rig),
        )
      }),
  }
}

/** One master replaced. Times in ms from its end, or from the moment it was asked. */
interface Change {
  /** Until its replica had its place. */
  heir: number
  /** Longest wait of each client whose conversation it held, and of each other one. */
  affected: number[]
  others: number[]
}

async function run(context: Context, how: How, cluster: RedisCluster, rig: Rig) {
  const times = byLength(context.length, 1, how === 'cut-off' ? 3 : 6)
  const changes: Change[] = []
  const talk = await startTalk(rig, MEMBERS, PER_SECOND)
  try {
    while (changes.length < times) {
      await pause(2_000 + rig.clients.random.next() * 1_000)
      changes.push(await change(how, cluster, changes.length % MASTERS, talk))
    }
    await talk.hush()
    const verdict = await settle(rig, talk)
    return toClusterRow(context, how, rig, { changes, verdict })
  } finally {
    await talk.end()
  }
}

async function change(how: How, cluster: RedisCluster, shard: number, talk: Talk): Promise<Change> {
  const members = cluster.nodes.filter((_, index) => index % MASTERS === shard)
  const master = await findMaster(members)
  const replica = members.find((node) => node !== master)
  const resume = how === 'cut-off' && replica ? await cutOff(master, replica) : undefined
  const at = Date.now()
  const replaced = cluster.failover(master, how === 'ask' ? 'ask' : 'kill')
  // Left frozen it could not take the place.
  await waitFor('the master to be gone', () => how === 'ask' || !master.isRunning())
  resume?.()
  await replaced
  const heir = Date.now() - at
  // A master without a replica takes no writes: it has to come back before the partitions do.
  await master.start()
  await cluster.ready()
  const back = Date.now()
  await waitFor('everybody to be answered again', () => talk.known().every(({ log }) => lastAck(log) > back), 60_000)
  return { heir, ...(await waits(at, cluster, shard, talk)) }
}

async function findMaster(nodes: readonly ClusterNode[]): Promise<ClusterNode> {
  for (const node of nodes) if ((await node.role()) === 'master') return node
  throw new Error('a shard without a master')
}

const lastAck = ({ sends }: ClientLog): number => Math.max(0, ...sends.map(({ ackedAt }) => ackedAt ?? 0))

async function waits(at: number, { nodes: [node] }: RedisCluster, shard: number, talk: Talk) {
  const affected: ClientLog[] = []
  const others: ClientLog[] = []
  for (const { log } of talk.known()) {
    const slot = node ? Number(await ask(node, 'CLUSTER', 'KEYSLOT', keysOf(log.conversationId).head)) : 0
    const isTheirs = slot >= firstSlot(shard) && slot < firstSlot(shard + 1)
    ;(isTheirs ? affected : others).push(log)
  }
  return { affected: waitsSince(at, affected), others: waitsSince(at, others) }
}

const firstSlot = (shard: number): number => Math.floor((shard * SLOTS) / MASTERS)

/** Every socket is broken once, then all that there is must arrive. */
async function settle({ fleet }: Rig, talk: Talk) {
  for (const index of fleet.urls.keys()) {
    await fleet.signal(index, 'SIGTERM')
    await fleet.ready(index)
  }
  const end = Date.now() + SETTLE_MS
  for (;;) {
    const verdict = judgeFailover(await evidence(talk))
    if ((verdict.unseen === 0 && verdict.lost === 0) || Date.now() > end) return verdict
    await pause(200)
  }
}

/** @throws Error when a log can't be read: taken for an empty one it would look like a loss that is allowed. */
async function evidence(talk: Talk): Promise<Seen[]> {
  let finals: Awaited<ReturnType<Talk['histories']>> = []
  await waitFor('every log to be read', async () => {
    finals = await talk.histories()
    return !finals.includes(undefined)
  })
  return talk.known().map(({ log }, index) => ({ log, final: finals[index] ?? [] }))
}

function toClusterRow(
  context: Context,
  how: How,
  rig: Rig,
  o: { changes: Change[]; verdict: ReturnType<typeof judgeFailover> },
) {
  const { changes, verdict } = o
  const { gone, takenBack, unseen, doubtful } = verdict
  const row = toRow(`cluster-${how}`, context, {
    injected: changes.length,
    verdict,
    notes: [
      `${gone} acknowledged messages died with a master`,
      `${takenBack} entries taken back that clients had seen, ${doubtful} more of which it is not known`,
      `replaced in ${spread(changes.map(({ heir }) => heir))}`,
      `its clients waited ${spread(changes.flatMap(({ affected }) => affected))}`,
      `others waited ${spread(changes.flatMap(({ others }) => others))}`,
      answersOf(rig),
    ],
    breaches: [
      ...commonBreaches(rig),
      ...limit('entries that never reached their clients', unseen, 0, ''),
      // Whoever is asked to step down hands over everything first.
      ...(how === 'ask' ? limit('acknowledged messages that are gone', gone, 0, '') : []),
    ],
  })
  // Shown as what it is; for a killed master it is told and no breach.
  return { ...row, lost: row.lost + gone }
}
