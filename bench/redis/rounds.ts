/** Stages of the run: ever more idle sockets, and rounds that go from system to system, so that a busy moment of the
 *  machine hits all of them alike. */
import { cpuSeconds, residentMb } from '../machine.ts'
import { progress } from '../progress.ts'
import { type Measured, type Order, REDIS_SYSTEMS, type RedisSystemName } from '../protocol.ts'
import { median, percentile } from '../statistics.ts'
import type { Field } from './field.ts'

export interface Plan {
  rounds: number
  /** Idle sockets beside the load, ascending. */
  idle: readonly number[]
  warmSeconds: number
  closedSeconds: number
  pacedSeconds: number
}

/** Medians over the rounds; memory is the most that was seen. Processor time where the system tells it. */
export interface Figures {
  turnsPerSecond: number
  p50Ms: number
  p99Ms: number
  ackP50Ms: number
  ackP99Ms: number
  /** Of the servers a turn, microseconds. */
  cpuUs: number | undefined
  /** Of Redis a turn. */
  redisUs: number | undefined
  /** Share of the load's processor that the load and what runs beside it took, 0 to 1. Near 1 it was the limit. */
  loadShare: number | undefined
  /** Resident memory of a server process. */
  residentMb: number | undefined
}

export type Table = Record<RedisSystemName, Figures>

export interface Stages {
  closed: { idle: number; systems: Table }[]
  /** Beside the most idle sockets. `rate`: messages a second. */
  paced: { rate: number; systems: Table }[]
}

/** Conversations that wait for their answer before they go on. */
export const CLOSED = 32
/** Messages a second, and the conversations that they come from. */
export const BUSY = { rate: 1_000, conversations: 100 }
export const CALM = { rate: 50, conversations: 50 }
/** A typical walk of a member whose socket stays. */
export const WALK_TURNS = 4

interface Sample extends Measured {
  serverCpu: number | undefined
  redisCpu: number | undefined
  loadCoreCpu: number | undefined
  residentMb: number | undefined
}

export async function runStages(plan: Plan, field: Field): Promise<Stages> {
  const stages: Stages = { closed: [], paced: [] }
  const closed = { do: 'closed', seconds: plan.closedSeconds, conversations: CLOSED } as const
  for (const system of REDIS_SYSTEMS) await phase(field, system, { ...closed, seconds: plan.warmSeconds })
  for (const idle of plan.idle) {
    await sit(field, idle)
    progress(`${idle} idle sockets`)
    stages.closed.push({ idle, systems: await rounds(plan.rounds, (system) => phase(field, system, closed)) })
  }
  for (const { rate, conversations } of [BUSY, CALM]) {
    progress(`${rate} messages a second`)
    const paced = { do: 'paced', seconds: plan.pacedSeconds, rate, conversations } as const
    stages.paced.push({ rate, systems: await rounds(plan.rounds, (system) => phase(field, system, paced)) })
  }
  // None was closed meanwhile.
  await sit(field, plan.idle.at(-1) ?? 0)
  progress('')
  return stages
}

/** Only Sésame holds its members' sockets itself. @throws Error when an idle socket was closed by the service. */
async function sit({ crowd, contenders }: Field, idle: number): Promise<void> {
  for (const system of ['sesame', 'pair'] as const) {
    progress(`${system}: ${idle} idle sockets come`)
    const { place } = contenders[system]
    const order = { do: 'gather', system, ...place, conversations: idle, turns: WALK_TURNS, hangUp: true } as const
    const { open } = await crowd.run(order)
    if (open !== idle) throw new Error(`${idle - open} of ${idle} idle sockets were closed (${system})`)
  }
}

type Phase = { conversations: number } & (
  | { do: 'closed'; seconds: number }
  | { do: 'paced'; seconds: number; rate: number }
)

/** New conversations each time: one that goes on for the whole run would be longer than any member's. */
async function phase(field: Field, system: RedisSystemName, { conversations, ...rest }: Phase): Promise<Sample> {
  const { place, pids, redis } = field.contenders[system]
  await field.load.run({ do: 'open', system, conversations, ...place })
  const look = () => ({
    server: cpuOf(pids),
    redis: redis && cpuOf([redis.pid()]),
    loadCore: cpuOf(field.besideLoad),
  })
  const before = look()
  const measured = await field.load.run({ system, ...rest } as Order)
  const after = look()
  await field.load.run({ do: 'open', system, conversations: 0, ...place })
  return {
    ...measured,
    serverCpu: less(after.server, before.server),
    redisCpu: less(after.redis, before.redis),
    loadCoreCpu: less(after.loadCore, before.loadCore),
    residentMb: most(pids.map(residentMb)),
  }
}

async function rounds(times: number, run: (system: RedisSystemName) => Promise<Sample>): Promise<Table> {
  const samples: Record<RedisSystemName, Sample[]> = { a4b: [], echo: [], sesame: [], pair: [] }
  for (let round = 0; round < times; round++)
    for (const system of REDIS_SYSTEMS) samples[system].push(await run(system))
  const { a4b, echo, sesame, pair } = samples
  return { a4b: figuresOf(a4b), echo: figuresOf(echo), sesame: figuresOf(sesame), pair: figuresOf(pair) }
}

function figuresOf(samples: readonly Sample[]): Figures {
  const over = (of: (sample: Sample) => number) => median(samples.map(of))
  const known = (of: (sample: Sample) => number | undefined) => {
    const value = over((sample) => of(sample) ?? Number.NaN)
    return Number.isNaN(value) ? undefined : value
  }
  const aTurn = (cpu: number | undefined, { answered }: Sample) =>
    cpu === undefined ? undefined : (cpu * 1e6) / answered
  return {
    turnsPerSecond: over(({ latencies, seconds }) => latencies.length / seconds),
    p50Ms: over(({ latencies }) => percentile(latencies, 0.5)),
    p99Ms: over(({ latencies }) => percentile(latencies, 0.99)),
    ackP50Ms: over(({ acks }) => percentile(acks, 0.5)),
    ackP99Ms: over(({ acks }) => percentile(acks, 0.99)),
    cpuUs: known((sample) => aTurn(sample.serverCpu, sample)),
    redisUs: known((sample) => aTurn(sample.redisCpu, sample)),
    loadShare: known(({ loadCoreCpu, seconds }) => loadCoreCpu && loadCoreCpu / seconds),
    residentMb: most(samples.map((sample) => sample.residentMb)),
  }
}

function cpuOf(pids: readonly number[]): number | undefined {
  const all = pids.map(cpuSeconds)
  return all.reduce<number | undefined>(
    (sum, cpu) => (sum === undefined || cpu === undefined ? undefined : sum + cpu),
    0,
  )
}

const less = (after: number | undefined, before: number | undefined): number | undefined =>
  after === undefined || before === undefined ? undefined : after - before

function most(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length === 0 ? undefined : Math.max(...known)
}
