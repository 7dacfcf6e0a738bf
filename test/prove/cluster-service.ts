/** The service on a Redis Cluster that is well: processes are killed under load, and nothing may be lost, doubled or put in
 *  another order. */
import { setTimeout as pause } from 'node:timers/promises'
import { startCluster } from '../support/redis-cluster.ts'
import { CLUSTER_SETTINGS } from './cluster.ts'
import { startCrowd } from './crowd.ts'
import { spread } from './report.ts'
import { type Rig, startRig } from './rig.ts'
import { answersOf, byLength, type Context, commonBreaches, type Scenario, settleMs, toRow, using } from './scenario.ts'
import { type AckedBy, takeoverTimes } from './takeover.ts'

export const clusterService: Scenario = {
  name: 'cluster-service',
  stores: ['redis'],
  run: (context) =>
    using(startCluster({ masters: 3, replicas: 1, settings: CLUSTER_SETTINGS }), (cluster) => {
      const [redis] = cluster.nodes
      if (!redis) throw new Error('a cluster without nodes')
      return using(startRig({ ...context, redis, redisUrl: async () => cluster.url }), (rig) => run(context, rig))
    }),
}

async function run(context: Context, rig: Rig) {
  const { fleet, clients } = rig
  const kills = byLength(context.length, 4, 20)
  const acks: AckedBy[] = []
  const crowd = startCrowd({
    rig,
    size: 30,
    perSecond: 50,
    mails: 0.3,
    rounds: 4,
    member: { acked: (send, index) => void acks.push({ send, index }) },
  })
  while (fleet.kills() < kills) {
    await pause(500 + clients.random.next() * 1_000)
    const index = clients.random.between(0, fleet.urls.length - 1)
    await fleet.ready(index)
    await fleet.signal(index, 'SIGKILL')
  }
  const verdict = await crowd.finish({ extraCopies: fleet.kills(), settleMs: settleMs(context) })
  return toRow('cluster-service', context, {
    injected: fleet.kills(),
    verdict,
    notes: [`takeover ${spread(takeoverTimes(fleet.killTimes(), acks, verdict.conversations))}`, answersOf(rig)],
    breaches: commonBreaches(rig),
  })
}
