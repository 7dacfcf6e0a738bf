/** `npm run bench`: the service beside two baselines, in one run. See README.md for how to read it. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { parseArgs } from 'node:util'
import { cpuSeconds, diskFolder, residentMb, syncMs, twoCpus, watchOthers } from './machine.ts'
import { type Load, type Service, startFlags, startLoad, startService } from './processes.ts'
import { progress } from './progress.ts'
import { type Measured, SYSTEMS, type SystemName } from './protocol.ts'
import type { RedisBenchOptions } from './redis.ts'
import { describe, type Figures, type Results, targetsOf } from './report.ts'
import { median, percentile } from './statistics.ts'

const CONVERSATIONS = 32
/** Messages a second of the paced phase. */
const RATE = 20
const ROOT = join(import.meta.dirname, '..')

interface Plan {
  rounds: number
  warmSeconds: number
  closedSeconds: number
  pacedSeconds: number
  starts: number
}
const FULL: Plan = { rounds: 3, warmSeconds: 3, closedSeconds: 5, pacedSeconds: 5, starts: 3 }
const QUICK: Plan = { rounds: 1, warmSeconds: 2, closedSeconds: 2, pacedSeconds: 1.5, starts: 1 }

/** One phase of one system. */
interface Sample extends Measured {
  serverCpu: number | undefined
}

type Servers = Record<SystemName, Service>

async function main(): Promise<boolean> {
  const { values, positionals } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      profile: { type: 'string' },
      minutes: { type: 'string' },
    },
    allowPositionals: true,
  })
  const what = positionals.join(' ')
  if (what === 'nlu') {
    const { compareNlu } = await import('./nlu.ts')
    await compareNlu(values)
    return true
  }
  const { quick, json, profile } = values
  if (!existsSync(join(ROOT, 'dist', 'web'))) execFileSync(process.execPath, ['web/build.ts'], { cwd: ROOT })
  const folder = mkdtempSync(join(diskFolder(), 'sesame-bench-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const options = { folder, quick, json, profile, minutes: minutesOf(values.minutes) }
  if (what !== '') return runRedis(what, options)
  const results = await measure(quick ? QUICK : FULL, folder, profile)
  const targets = targetsOf(results)
  process.stdout.write(`${describe(results, RATE)}\n`)
  if (json) process.stdout.write(`${JSON.stringify({ ...results, targets })}\n`)
  return targets.every(({ ok }) => ok)
}

/** Imported here only, as `nlu.ts`, so that the bench of the service stays as light as it was. */
async function runRedis(what: string, o: RedisBenchOptions): Promise<boolean> {
  const { benchRedis, soakRedis } = await import('./redis.ts')
  if (what === 'redis') return benchRedis(o)
  if (what === 'redis soak') return soakRedis(o)
  throw new Error(`"nlu", "redis", "redis soak" or nothing, not "${what}"`)
}

function minutesOf(text: string | undefined): number | undefined {
  const minutes = text === undefined ? undefined : Number(text)
  if (minutes !== undefined && !(minutes > 0)) throw new Error('--minutes must be a number above 0')
  return minutes
}

async function measure(plan: Plan, folder: string, profile: string | undefined): Promise<Results> {
  const starts: number[] = []
  for (let n = 0; n < plan.starts; n++) starts.push(await timeStart(join(folder, `start-${n}`)))
  const cpus = twoCpus()
  const sync = syncMs(folder)
  const data = join(folder, 'data')
  const servers = await startServers(cpus?.server, data, profile)
  const connector = await startService({ script: ['bench/baselines/connector.ts'], cpu: cpus?.load })
  const load = startLoad(cpus?.load)
  const ours = [...Object.values(servers).map(({ pid }) => pid), connector.pid, load.pid, process.pid]
  const others = watchOthers(ours)
  const { systems, answered } = await runRounds(plan, servers, connector, load)
  const resident = residentMb(servers.sesame.pid)
  const otherShare = others()
  await load.stop()
  // Killed without warning: what it answered must be in the file.
  await servers.sesame.stop(profile === undefined ? 'SIGKILL' : 'SIGTERM')
  await Promise.all([servers.echo.stop(), servers.restify.stop(), connector.stop()])
  const onDisk = countTurns(join(data, 'sesame.db'))
  return { systems, startMs: median(starts), residentMb: resident, otherShare, syncMs: sync, answered, onDisk }
}

async function startServers(cpu: number | undefined, data: string, profile: string | undefined): Promise<Servers> {
  return {
    restify: await startService({ script: ['bench/baselines/restify.ts'], cpu }),
    echo: await startService({ script: ['bench/baselines/echo.ts'], cpu }),
    sesame: await startService({
      script: ['src/main.ts'],
      cpu,
      env: serviceEnv(data),
      nodeFlags: [...startFlags(), ...(profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`])],
    }),
  }
}

/** Few conversations say more than people would. */
const UNLIMITED = { MESSAGES_PER_10S: '1000000' }

const serviceEnv = (data: string) => ({ PORT: '0', DATA_DIR: data, LOG_LEVEL: 'warn', ...UNLIMITED })

/** From the start of the process to the first answer that it is ready, with a new data folder, in ms. */
async function timeStart(data: string): Promise<number> {
  const start = performance.now()
  const service = await startService({ script: ['src/main.ts'], env: serviceEnv(data), nodeFlags: startFlags() })
  const { ok } = await fetch(new URL('/ready', service.url), { headers: { connection: 'close' } })
  const took = performance.now() - start
  await service.stop()
  if (!ok) throw new Error('the service started but is not ready')
  return took
}

/** Rounds go from system to system, so that a busy moment of the machine hits all of them alike. Each phase has new
 *  conversations: one that goes on for the whole run would be longer than any member's. */
async function runRounds(plan: Plan, servers: Servers, connector: Service, load: Load) {
  let answered = 0
  const run = async (system: SystemName, phase: 'closed' | 'paced', seconds: number): Promise<Sample> => {
    progress(`${system}, ${phase}`)
    const at = { urls: [servers[system].url.href], connectorUrl: connector.url.href }
    await load.run({ do: 'open', system, ...at, conversations: CONVERSATIONS })
    const before = cpuSeconds(servers[system].pid)
    const measured = await load.run({ do: phase, system, seconds, rate: RATE })
    const after = cpuSeconds(servers[system].pid)
    if (system === 'sesame') answered += measured.answered
    return { ...measured, serverCpu: before === undefined || after === undefined ? undefined : after - before }
  }
  const closed: Record<SystemName, Sample[]> = { restify: [], echo: [], sesame: [] }
  const paced: Record<SystemName, Sample[]> = { restify: [], echo: [], sesame: [] }
  for (const system of SYSTEMS) await run(system, 'closed', plan.warmSeconds)
  for (let round = 0; round < plan.rounds; round++) {
    for (const system of SYSTEMS) closed[system].push(await run(system, 'closed', plan.closedSeconds))
  }
  for (let round = 0; round < plan.rounds; round++) {
    for (const system of SYSTEMS) paced[system].push(await run(system, 'paced', plan.pacedSeconds))
  }
  progress('')
  const figures = (system: SystemName) => figuresOf(closed[system], paced[system])
  const systems = { restify: figures('restify'), echo: figures('echo'), sesame: figures('sesame') }
  return { systems, answered }
}

function figuresOf(closed: readonly Sample[], paced: readonly Sample[]): Figures {
  const over = (samples: readonly Sample[], of: (sample: Sample) => number) => median(samples.map(of))
  const atPercentile = (samples: readonly Sample[], share: number) =>
    over(samples, ({ latencies }) => percentile(latencies, share))
  const cpuUs = over(closed, ({ serverCpu, answered }) => ((serverCpu ?? Number.NaN) * 1e6) / answered)
  return {
    turnsPerSecond: over(closed, ({ latencies, seconds }) => latencies.length / seconds),
    p50Ms: atPercentile(closed, 0.5),
    p99Ms: atPercentile(closed, 0.99),
    cpuUs: Number.isNaN(cpuUs) ? undefined : cpuUs,
    loadShare: over(closed, ({ loadCpu, seconds }) => loadCpu / seconds),
    paced: { p50Ms: atPercentile(paced, 0.5), p99Ms: atPercentile(paced, 0.99) },
  }
}

/** Members' messages whose turn was committed. */
function countTurns(path: string): number {
  const db = new DatabaseSync(path)
  const row = db
    .prepare(
      `SELECT count(*) AS turns FROM entry JOIN conversation ON n = key / 1000000
       WHERE origin = 'member' AND audience = 'all' AND key % 1000000 <= processed`,
    )
    .get() as { turns: number }
  db.close()
  return row.turns
}

main().then(
  (ok) => process.exit(ok ? 0 : 1),
  (error: unknown) => {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(1)
  },
)
