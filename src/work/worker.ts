/** Does due work outside turns: leased, retried with growing pauses, given up visibly. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Inbound, LeasedWork, WorkItem, WorkReceipt, WorkStore } from '../conversation/store.ts'
import { type Code, codeOf } from '../errors.ts'
import type { Log } from '../log.ts'

/** A lease ends this long after its holder fell silent; then another process takes the item over. Milliseconds. Shorter: a pause of
 *  the event loop gives work away that is being done, and a mail goes out twice. */
const LEASE_MS = 3_500
const RENEW_MS = 1_000
/** How often to look for work that nobody announced (another process added it, a lease ended). Milliseconds. */
const POLL_MS = 1_000
const AT_ONCE = 16
/** What was done is reported again and again for this long while the store is away, ms: work that nobody knows was done is done twice. */
const REPORT_MS = 60_000
const REPORT_EVERY_MS = 250

const MINUTE = 60_000
/** Pauses before each new attempt, then every 30 minutes until 24 hours have passed. Source: RFC 5321, 4.5.4.1, with
 *  quicker first tries because somebody is waiting. */
const PAUSES = [MINUTE / 2, 2 * MINUTE, 5 * MINUTE, 15 * MINUTE, ...Array<number>(47).fill(30 * MINUTE)]

/** Trying again can't help. */
const FINAL: readonly Code[] = ['mail_refused', 'bad_request', 'coverage_mismatch']

export interface Done {
  receipt?: WorkReceipt
  inbound?: Inbound
}

export interface Handler {
  run(work: LeasedWork): Promise<Done>
  /** What may be kept of an item that was given up. */
  keep(work: LeasedWork): Readonly<Record<string, string>>
}

export interface WorkerOptions {
  store: WorkStore
  /** One worker a kind: a mail server that hangs must not hold up anybody's timer. */
  kind: WorkItem['kind']
  handler: Handler
  /** Called after an item's event was put into a log. */
  onInbound: (conversationId: string) => void
  log: Log
  now: () => number
}

export interface Worker {
  /** Something was added that is due then, epoch ms: if that is before the next look, look now. */
  wake(dueAt: number): void
  /** Stops taking work and waits for what is under way. */
  stop(): Promise<void>
}

export function createWorker(o: WorkerOptions): Worker {
  const active = new Set<Promise<void>>()
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  let looking = false
  let again = false

  async function look(): Promise<void> {
    again = true
    if (looking || stopped) return
    looking = true
    clearTimeout(timer)
    let failed = false
    while (again && !stopped) {
      again = false
      failed = await takeSome().then(() => false, reportFailure)
    }
    looking = false
    // What is due stays due when it can't be taken (disk full): without a pause that would be asked without end.
    schedule(failed ? undefined : await o.store.nextDue(o.kind).catch(() => undefined))
  }

  function reportFailure(error: unknown): true {
    o.log.warn({ code: codeOf(error) }, 'work.look_failed')
    return true
  }

  async function takeSome(): Promise<void> {
    const room = AT_ONCE - active.size
    const due = await o.store.nextDue(o.kind)
    if (room <= 0 || due === undefined || due > o.now()) return
    const taken = await o.store.lease(o.kind, o.now(), LEASE_MS, room)
    for (const work of taken) track(runOne(o, work))
  }

  function track(run: Promise<void>): void {
    active.add(run)
    void run
      .catch((error) => o.log.error({ code: codeOf(error) }, 'work.interrupted'))
      .finally(() => active.delete(run))
      .then(look)
  }

  function schedule(due: number | undefined): void {
    if (stopped) return
    const wait = Math.max(0, Math.min(POLL_MS, (due ?? Number.POSITIVE_INFINITY) - o.now()))
    timer = setTimeout(look, active.size >= AT_ONCE ? POLL_MS : wait)
  }

  void look()
  return {
    wake(dueAt) {
      if (dueAt < o.now() + POLL_MS) void look()
    },
    async stop() {
      stopped = true
      clearTimeout(timer)
      await Promise.allSettled(active)
    },
  }
}

async function runOne(o: WorkerOptions, work: LeasedWork): Promise<void> {
  const heart = setInterval(() => void o.store.renew(work, o.now() + LEASE_MS).catch(() => undefined), RENEW_MS)
  try {
    const done = await o.handler.run(work)
    const kept = await report(() => o.store.complete(work, done))
    if (kept && done.inbound) o.onInbound(work.conversationId)
  } catch (error) {
    await fail(o, work, codeOf(error))
  } finally {
    clearInterval(heart)
  }
}

async function report<T>(complete: () => Promise<T>): Promise<T> {
  for (const end = performance.now() + REPORT_MS; ; ) {
    try {
      return await complete()
    } catch (error) {
      if (codeOf(error) !== 'store_unavailable' || performance.now() > end) throw error
      await pause(REPORT_EVERY_MS)
    }
  }
}

async function fail({ store, handler, log, now }: WorkerOptions, work: LeasedWork, code: Code): Promise<void> {
  const { id: workId, kind, attempts } = work
  const pause = FINAL.includes(code) ? undefined : PAUSES[attempts - 1]
  if (pause !== undefined) {
    log.warn({ workId, kind, attempts, code, retryInSeconds: pause / 1000 }, 'work.retry')
    return store.retry(work, now() + pause)
  }
  log.error({ workId, kind, attempts, code }, 'work.dead_lettered')
  return store.bury(work, { workId, kind, code, at: new Date(now()).toISOString(), payload: handler.keep(work) })
}
