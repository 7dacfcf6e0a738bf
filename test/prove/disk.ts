/** F18, disk full: the store's volume is filled under load and freed again. Nothing acknowledged is lost, members are told to
 *  try again, and soon after there is space the service takes messages as before. */
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type RedisServer, startRedis } from '../support/redis.ts'
import { type Crowd, startCrowd } from './crowd.ts'
import { spread } from './report.ts'
import { type Rig, startRig } from './rig.ts'
import {
  answersOf,
  byLength,
  type Context,
  commonBreaches,
  limit,
  type Scenario,
  settleMs,
  toRow,
  using,
  waitFor,
} from './scenario.ts'
import { makeVolume, notRunRow, type Volume, volumesMissing } from './volume.ts'

const VOLUME_MB = 24
const MEMBERS = 20
const PER_SECOND = 50
/** From space to the moment when as many messages were taken as there are members, ms. */
const BACK_MS = 30_000
/** Pause before a supervisor starts Redis again, ms. */
const RESTART_MS = 200

export const diskFull: Scenario = {
  name: 'disk-full',
  stores: ['sqlite', 'redis'],
  async run(context) {
    const missing = await volumesMissing()
    if (missing !== undefined) return notRunRow(`disk-full (${context.store})`, missing)
    return using(makeVolume(VOLUME_MB), (volume) => onVolume(context, volume))
  },
}

function onVolume(context: Context, volume: Volume) {
  const folder = join(volume.folder, 'data')
  mkdirSync(folder)
  if (context.store === 'sqlite')
    return using(startRig({ ...context, folder }), (rig) => fillAgainAndAgain(context, volume, rig, () => 0))
  return using(startRedis({ folder }), (redis) =>
    using(supervise(redis), (supervisor) =>
      using(startRig({ ...context, redis }), (rig) => fillAgainAndAgain(context, volume, rig, supervisor.restarts)),
    ),
  )
}

async function fillAgainAndAgain(context: Context, volume: Volume, rig: Rig, restarts: () => number) {
  const times = byLength(context.length, 1, 5)
  const fullMs = byLength(context.length, 3_000, 10_000)
  const back: number[] = []
  const breaches: string[] = []
  const crowd = startCrowd({ rig, size: MEMBERS, perSecond: PER_SECOND })
  await crowd.arrived()
  while (back.length < times) {
    await pause(1_000 + rig.clients.random.next() * 1_000)
    const refused = refusals(rig)
    const free = fill(volume)
    await waitFor('a send to be refused', () => refusals(rig) > refused)
    await pause(fullMs)
    if (refusals(rig) - refused < MEMBERS) breaches.push('members were not told to try again while the disk was full')
    free()
    // What it only remembers must not count. Redis ended by itself.
    if (!rig.redis) await rig.fleet.signal(0, 'SIGKILL')
    back.push(await answeredAgain(crowd))
  }
  const verdict = await crowd.finish({ extraCopies: 0, settleMs: settleMs(context) })
  return toRow('disk-full', context, {
    injected: times,
    verdict,
    notes: [
      `back after ${spread(back)}`,
      ...(context.store === 'redis' ? [`Redis ended and was started again ${restarts()} times`] : []),
      answersOf(rig),
    ],
    breaches: [...commonBreaches(rig), ...breaches, ...limit('back', Math.max(...back), BACK_MS)],
  })
}

const refusals = ({ clients: { tally } }: Rig): number => tally.statuses.get(503) ?? 0

/** A file takes all the space there is, to the last block. @returns what frees it again. */
function fill({ folder }: Volume): () => void {
  const path = join(folder, 'ballast')
  const file = openSync(path, 'w')
  for (let size = 65_536; size >= 512; ) {
    try {
      writeSync(file, Buffer.alloc(size))
    } catch {
      size /= 2
    }
  }
  closeSync(file)
  return () => rmSync(path)
}

/** @returns ms until as many messages were taken as there are members, so that also the slowest retry had its chance. */
async function answeredAgain(crowd: Crowd): Promise<number> {
  const freedAt = Date.now()
  const taken = () => crowd.sends().filter(({ ackedAt }) => (ackedAt ?? 0) > freedAt).length
  return waitFor('the service to be back', () => taken() >= MEMBERS, 2 * BACK_MS)
}

/** Starts Redis again whenever it ended, as an operator's system does. */
async function supervise(redis: RedisServer): Promise<{ restarts(): number; end(): Promise<void> }> {
  let restarts = 0
  let going = true
  const watching = (async () => {
    while (going) {
      await pause(RESTART_MS)
      if (redis.isRunning() || !going) continue
      restarts++
      // It may end at once again, while there is no space.
      await redis.start().catch(() => undefined)
    }
  })()
  return {
    restarts: () => restarts,
    async end() {
      going = false
      await watching
    },
  }
}
