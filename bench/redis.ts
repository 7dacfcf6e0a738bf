/** `npm run bench -- redis`: the service on Redis beside two baselines, in one run. See README.md for how to read it. */
import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { syncMs, watchOthers } from './machine.ts'
import { progress } from './progress.ts'
import { startField } from './redis/field.ts'
import { type Plan, runStages } from './redis/rounds.ts'
import { type Seats, takeSeats } from './redis/seats.ts'
import { type SoakPlan, soak } from './redis/soak.ts'
import { describe, describeSoak, soakTargetsOf, targetsOf } from './redis/table.ts'
import { type WeighPlan, weigh } from './redis/weigh.ts'
import type { Target } from './report.ts'
import { describeShares, sharesOf } from './shares.ts'

const ROOT = join(import.meta.dirname, '..')

interface Plans {
  run: Plan
  weigh: WeighPlan
  soak: SoakPlan
}

const FULL: Plans = {
  run: { rounds: 3, idle: [50, 500, 2_000], warmSeconds: 10, closedSeconds: 4, pacedSeconds: 5 },
  weigh: { few: 50, many: 2_000, warmSeconds: 5 },
  soak: { sockets: 2_000, rate: 200, warmSeconds: 60, seconds: 600 },
}
const QUICK: Plans = {
  run: { rounds: 1, idle: [50, 200], warmSeconds: 2, closedSeconds: 1.5, pacedSeconds: 1.5 },
  weigh: { few: 50, many: 1_000, warmSeconds: 3 },
  soak: { sockets: 200, rate: 100, warmSeconds: 5, seconds: 20 },
}

export interface RedisBenchOptions {
  /** A folder on a disk. */
  folder: string
  quick: boolean
  json: boolean
  /** Folder for a profile of the service. */
  profile: string | undefined
  /** Of the soak, instead of the usual ones. */
  minutes: number | undefined
}

/** @returns whether all targets were met. */
export async function benchRedis({ quick, profile, json, folder }: RedisBenchOptions): Promise<boolean> {
  const plans = quick ? QUICK : FULL
  const seats = takeSeats()
  const disk = syncMs(folder)
  const { stages, otherShare } = await runField(plans.run, folderIn(folder, 'run'), seats, profile)
  const weight = await weigh(plans.weigh, folderIn(folder, 'weigh'), seats)
  progress('')
  const results = { stages, weight, otherShare, syncMs: disk, seats: seats.text }
  process.stdout.write(`${describe(results)}\n`)
  if (profile !== undefined)
    process.stdout.write(`\nprofile of one process:\n${describeShares(newestShares(profile))}\n`)
  return conclude(targetsOf(results), json ? results : undefined)
}

/** @returns whether all targets were met. */
export async function soakRedis({ quick, json, minutes, folder }: RedisBenchOptions): Promise<boolean> {
  const seats = takeSeats()
  const plan = quick ? QUICK.soak : FULL.soak
  const soaked = await soak(minutes === undefined ? plan : { ...plan, seconds: minutes * 60 }, folder, seats)
  process.stdout.write(`${describeSoak(soaked, seats.text)}\n`)
  return conclude(soakTargetsOf(soaked), json ? { ...soaked, seats: seats.text } : undefined)
}

async function runField(plan: Plan, folder: string, seats: Seats, profile: string | undefined) {
  const field = await startField(folder, seats, profile)
  try {
    const others = watchOthers(field.pids)
    return { stages: await runStages(plan, field), otherShare: others() }
  } finally {
    await field.stop()
  }
}

/** Of the profile that was written last. */
function newestShares(folder: string) {
  const files = readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'))
  const paths = files.map((name) => join(folder, name))
  const [newest] = paths.toSorted((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)
  return newest === undefined ? [] : sharesOf(newest, ROOT)
}

function folderIn(folder: string, name: string): string {
  mkdirSync(join(folder, name))
  return join(folder, name)
}

function conclude(targets: readonly Target[], results: object | undefined): boolean {
  if (results) process.stdout.write(`${JSON.stringify({ ...results, targets })}\n`)
  return targets.every(({ ok }) => ok)
}
