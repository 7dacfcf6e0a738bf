/** Figures -> what people and programs read. */
import { REDIS_SYSTEMS, type RedisSystemName } from '../protocol.ts'
import { percent, row, type Target, target, targetLine } from '../report.ts'
import { BUSY, CALM, CLOSED, type Figures, type Stages, type Table } from './rounds.ts'
import type { Soaked } from './soak.ts'
import type { Weight } from './weigh.ts'

export interface RedisResults {
  stages: Stages
  weight: Weight
  /** Share of the processors' time that other programs took meanwhile, 0 to 1. */
  otherShare: number | undefined
  /** One synced write of 4 KB, ms. */
  syncMs: number
  /** Who runs on which processor. */
  seats: string
}

const NAMES: Record<RedisSystemName, string> = { a4b: 'A4b', echo: 'echo bot', sesame: 'Sésame', pair: 'Sésame x 2' }

/** Of several stages the worst counts. */
export function targetsOf({ stages, weight }: RedisResults): Target[] {
  const costs = stages.closed.flatMap(({ systems: { sesame, a4b } }) =>
    sesame.cpuUs === undefined || a4b.cpuUs === undefined ? [] : [sesame.cpuUs / a4b.cpuUs],
  )
  const cost = Math.max(...costs)
  const speed = Math.min(
    ...stages.closed.map(({ systems: { sesame, echo } }) => sesame.turnsPerSecond / echo.turnsPerSecond),
  )
  const at = (rate: number) => stages.paced.find((stage) => stage.rate === rate)?.systems.sesame
  const [busy, calm] = [at(BUSY.rate), at(CALM.rate)]
  const memory = stages.closed.flatMap(({ systems: { sesame } }) => sesame.residentMb ?? [])
  return [
    ...(costs.length === 0
      ? []
      : [
          target('processor time of a turn against A4b', cost, { most: 3 }, 'x'),
          target('the same, never above', cost, { most: 4 }, 'x'),
        ]),
    target('turns a second of one process against the echo bot', speed, { least: 2.5 }, 'x'),
    target(`p99 at ${BUSY.rate} turns a second, one process`, busy?.p99Ms ?? Number.NaN, { most: 10 }, 'ms'),
    target(
      `turns a second of those ${BUSY.rate} that were made`,
      busy?.turnsPerSecond ?? 0,
      { least: 0.98 * BUSY.rate },
      '',
    ),
    target(
      `p50 to the durable answer at ${CALM.rate} messages a second`,
      calm?.ackP50Ms ?? Number.NaN,
      { most: 15 },
      'ms',
    ),
    target('the same, p99', calm?.ackP99Ms ?? Number.NaN, { most: 150 }, 'ms'),
    target('memory for an idle socket', Math.max(weight.socketKb, weight.socketLiveKb), { most: 16 }, 'KB'),
    ...(memory.length === 0
      ? []
      : [target('resident memory of one process under load', Math.max(...memory), { most: 250 }, 'MB')]),
  ]
}

export function describe(r: RedisResults): string {
  return [
    `${r.seats}; Redis with appendfsync always; disk: one synced write ${r.syncMs.toFixed(2)} ms`,
    ...r.stages.closed.flatMap(({ idle, systems }) => [
      '',
      ...table(`${CLOSED} conversations in a closed loop, ${idle} idle sockets`, systems),
      ratios(systems),
    ]),
    ...r.stages.paced.flatMap(({ rate, systems }) => ['', ...table(`${rate} messages a second`, systems)]),
    '',
    ...weightLines(r.weight),
    ...remarks(r),
    '',
    ...targetsOf(r).map(targetLine),
  ].join('\n')
}

function table(title: string, systems: Table): string[] {
  const head = ['turns/s', 'p50 ms', 'p99 ms', 'ack p50', 'ack p99', 'CPU us/turn', 'Redis us', 'load CPU', 'memory MB']
  return [title, row(['', ...head]), ...REDIS_SYSTEMS.map((name) => row([NAMES[name], ...cells(systems[name])]))]
}

function cells(f: Figures): string[] {
  const whole = (value: number | undefined) => (value === undefined ? '-' : String(Math.round(value)))
  return [
    whole(f.turnsPerSecond),
    ...[f.p50Ms, f.p99Ms, f.ackP50Ms, f.ackP99Ms].map((ms) => ms.toFixed(2)),
    whole(f.cpuUs),
    whole(f.redisUs),
    f.loadShare === undefined ? '-' : percent(f.loadShare),
    whole(f.residentMb),
  ]
}

function ratios({ a4b, echo, sesame, pair }: Table): string {
  const over = (a: number | undefined, b: number | undefined) => ((a ?? Number.NaN) / (b ?? Number.NaN)).toFixed(2)
  return (
    `Sésame: ${over(sesame.cpuUs, a4b.cpuUs)}x the processor time of A4b, ` +
    `${over(sesame.turnsPerSecond, echo.turnsPerSecond)}x the echo bot's turns a second; ` +
    `two processes: ${over(pair.turnsPerSecond, sesame.turnsPerSecond)}x one`
  )
}

function weightLines(w: Weight): string[] {
  const kinds = w.kinds.filter(({ kb }) => kb >= 0.01)
  return [
    `idle socket: ${w.socketKb.toFixed(1)} KB resident, ${w.socketLiveKb.toFixed(1)} KB objects and buffers (${w.fewMb.toFixed(1)} MB with ${w.few}, ${w.manyMb.toFixed(1)} MB with ${w.many}, garbage collected)`,
    `idle conversation in Redis: ${w.conversationKb.toFixed(2)} KB, of which`,
    ...kinds.map((k) => `  ${k.kb.toFixed(2).padStart(6)} KB in ${k.perConversation.toFixed(2)} of ${k.name}`),
  ]
}

function remarks({ stages, otherShare }: RedisResults): string[] {
  const limited = stages.closed.flatMap(({ idle, systems }) =>
    REDIS_SYSTEMS.filter((name) => (systems[name].loadShare ?? 0) > 0.95).map((name) => `${NAMES[name]} (${idle})`),
  )
  return [
    ...(limited.length === 0
      ? []
      : [`note: the load's processor was full with ${limited.join(', ')}; they may be faster`]),
    ...busyNote(otherShare),
  ]
}

function busyNote(otherShare: number | undefined): string[] {
  if (otherShare === undefined || otherShare <= 0.1) return []
  return [
    `note: other programs took ${percent(otherShare)} of the machine meanwhile; compare ratios and CPU, not times`,
  ]
}

export function soakTargetsOf(s: Soaked): Target[] {
  return [
    target('growth of memory under load', (s.endMb / s.startMb - 1) * 100, { most: 10 }, '%'),
    target('most memory under load', s.mostMb, { most: 250 }, 'MB'),
    target('messages without a reply', s.sent - s.answered, { most: 0 }, ''),
    target('sockets that were closed', s.sockets - s.open, { most: 0 }, ''),
  ]
}

export function describeSoak(s: Soaked, seats: string): string {
  const growth = (from: number, to: number) =>
    `${from.toFixed(1)} -> ${to.toFixed(1)} MB (${(100 * (to / from - 1)).toFixed(1)} %)`
  return [
    `${seats}; Redis with appendfsync always`,
    `${s.sockets} sockets, ${s.rate} messages a second for ${(s.seconds / 60).toFixed(1)} minutes: ${s.answered} of ${s.sent} answered`,
    `reply p50 ${s.p50Ms.toFixed(2)} ms, p99 ${s.p99Ms.toFixed(2)} ms; durable answer p50 ${s.ackP50Ms.toFixed(2)} ms, p99 ${s.ackP99Ms.toFixed(2)} ms` +
      `; CPU ${s.cpuUs === undefined ? '-' : Math.round(s.cpuUs)} us a turn`,
    `memory under load: ${growth(s.startMb, s.endMb)}, at most ${s.mostMb.toFixed(1)} MB`,
    `memory at rest, garbage collected: ${growth(s.startRestMb, s.endRestMb)}`,
    `Redis: ${growth(s.redisStartMb, s.redisEndMb)}; it keeps every message`,
    ...(s.firstFailure === undefined ? [] : [`note: the first turn that failed: ${s.firstFailure}`]),
    ...busyNote(s.otherShare),
    '',
    ...soakTargetsOf(s).map(targetLine),
  ].join('\n')
}
