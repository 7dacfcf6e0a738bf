/** F3, power cut: what was acknowledged is on the disk. The store works on a volume of its own; at a random moment the image of
 *  that volume is copied, and a service that starts from the copy must know all that members had been told by then. */
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type RedisServer, startRedis } from '../support/redis.ts'
import type { Verdict } from './checker.ts'
import { type Checked, checkAfterCut } from './power-check.ts'
import { type Known, startTalk } from './power-talk.ts'
import { spread } from './report.ts'
import { type Rig, type RigOptions, startRig } from './rig.ts'
import { byLength, type Context, commonBreaches, type Scenario, toRow, using } from './scenario.ts'
import { makeVolume, notRunRow, type Volume, volumesMissing } from './volume.ts'

const VOLUME_MB = 256
const MEMBERS = 20
const PER_SECOND = 100
/** Redis writes its file anew every few seconds, so that some cuts come in the middle of that. */
const REWRITES = { 'auto-aof-rewrite-min-size': '1mb', 'auto-aof-rewrite-percentage': '50' }

/** What a control has to be red for: being numbered otherwise than the answer said is a fault too, but no loss. */
export const GONE = 'acknowledged messages are gone for good'

export const powerCut: Scenario = {
  name: 'power-cut',
  stores: ['sqlite', 'redis'],
  run: (context) => cutPower(context, 'power-cut', 'always'),
}

/** Negative control: Redis syncs once a second and the service was told to put up with it. It has to lose messages; a disk
 *  image that showed what was never synced would prove nothing. */
export const powerEverysec: Scenario = {
  name: 'power-everysec',
  stores: ['redis'],
  run: (context) => cutPower({ ...context, length: 'short' }, 'power-everysec', 'everysec'),
}

async function cutPower(context: Context, name: string, fsync: 'always' | 'everysec') {
  const missing = await volumesMissing()
  if (missing !== undefined) return notRunRow(`${name} (${context.store})`, missing)
  const source: Source = { context, fsync, data: 'data', processes: 2 }
  return using(makeVolume(VOLUME_MB), (volume) =>
    withRig(source, volume, (rig) => cutAgainAndAgain(source, name, volume, rig)),
  )
}

interface Source {
  context: Context
  fsync: 'always' | 'everysec'
  /** Folder on the volume. */
  data: string
  processes: number
}

async function cutAgainAndAgain(source: Source, name: string, volume: Volume, rig: Rig) {
  const { context } = source
  const images = byLength(context.length, 2, 20)
  const verdicts: Checked[] = []
  const took: number[] = []
  const talk = await startTalk(rig, MEMBERS, PER_SECOND)
  try {
    while (verdicts.length < images) {
      await pause(800 + rig.clients.random.next() * 1200)
      const { known, image } = await cut(rig, volume, talk.known)
      const began = performance.now()
      verdicts.push(await using(Promise.resolve(image), (copy) => check(source, copy, known)))
      took.push(performance.now() - began)
      if (verdicts.length % 5 === 0) context.say(`${name}: ${verdicts.length} of ${images} images`)
    }
  } finally {
    await talk.end()
  }
  return toRow(name, context, {
    injected: images,
    verdict: total(verdicts),
    notes: [
      ...(verdicts.some(({ gone }) => gone > 0) ? [GONE] : []),
      `acknowledged and not in the image: ${verdicts.map(({ gone }) => gone).join(' ')}`,
      ...rewritesOf(source, volume),
      `started from an image and checked in ${spread(took)}, ${spread(verdicts.map((verdict) => verdict.took))} of that without the start`,
    ],
    breaches: commonBreaches(rig),
  })
}

/** The writer is stopped, so that the copy shows one moment. What members have been told before the copy begins, counts. */
async function cut(rig: Rig, volume: Volume, know: () => Known[]): Promise<{ known: Known[]; image: Volume }> {
  freeze(rig, true)
  try {
    const known = know()
    return { known, image: await volume.crashImage() }
  } finally {
    freeze(rig, false)
  }
}

function freeze({ redis, fleet }: Rig, frozen: boolean): void {
  if (!redis) fleet.freeze(0, frozen)
  else if (frozen) redis.pause()
  else redis.resume()
}

/** The service that starts from the copy is an honest one: it only tells what is there. */
function check(source: Source, image: Volume, known: readonly Known[]): Promise<Checked> {
  const context = { ...source.context, sabotage: undefined }
  return withRig({ ...source, context, processes: 1 }, image, (rig) => checkAfterCut(rig, known))
}

/** A service whose store works in the volume. */
async function withRig<T>(
  { context, fsync, data, processes }: Source,
  volume: Volume,
  use: (rig: Rig) => Promise<T>,
): Promise<T> {
  const folder = join(volume.folder, data)
  mkdirSync(folder, { recursive: true })
  const { store, random, sabotage } = context
  const options: RigOptions = { store, random, sabotage, processes }
  if (store === 'sqlite') return using(startRig({ ...options, folder }), use)
  const settings = { ...REWRITES, appendfsync: fsync }
  const env = () => ({ REDIS_DURABILITY: fsync === 'always' ? 'required' : 'warn' })
  return using(startRedis({ folder, settings }), (redis: RedisServer) =>
    using(startRig({ ...options, redis, env }), use),
  )
}

/** Redis counts up the names of its files with every rewrite. */
function rewritesOf({ context, data }: Source, volume: Volume): string[] {
  if (context.store === 'sqlite') return []
  const files = readdirSync(join(volume.folder, data, 'appendonlydir'))
  const numbers = files.map((file) => Number(/\.(\d+)\.base\./.exec(file)?.[1] ?? 0))
  return [`${Math.max(...numbers) - 1} rewrites of its file`]
}

/** Each image is looked at alone. A message that was there once is in many of them: it counts as acknowledged once. */
function total(verdicts: readonly Verdict[]): Verdict {
  const sum = (of: (verdict: Verdict) => number) => verdicts.reduce((all, verdict) => all + of(verdict), 0)
  return {
    acked: Math.max(0, ...verdicts.map(({ acked }) => acked)),
    lost: sum(({ lost }) => lost),
    doubled: sum(({ doubled }) => doubled),
    inverted: sum(({ inverted }) => inverted),
    faults: verdicts.flatMap(({ faults }, index) => faults.slice(0, 3).map((fault) => `image ${index + 1}: ${fault}`)),
  }
}
