/** The load: a process of its own, so that measuring takes nothing from what is measured. Ends with its parent. */
import { setTimeout as wait } from 'node:timers/promises'
import type { Connection } from './connection.ts'
import { type Address, type Conversation, openConversation } from './conversations.ts'
import { openPool } from './pool.ts'
import type { AnySystem, Measured, Order, Outcome, Place } from './protocol.ts'

/** When none of the replies that are due came for so long, one was lost, ms. */
const PATIENCE_MS = 15_000
/** Connections to each process that gathered conversations share; as many are opened at a time. */
const SHARED = 16

const opened = new Map<AnySystem, Conversation[]>()

process.on('disconnect', () => process.exit(0))
process.on('message', (order: Order) => {
  const times: Times = { inTime: [], acks: [], sent: 0, answered: 0, lastSign: performance.now() }
  const done = new AbortController()
  const lost = silence(times, done.signal).then(() => {
    throw new Error(`${order.system}, ${order.do}: no reply for ${PATIENCE_MS / 1000} s`)
  })
  lost.catch(() => undefined)
  const counted = order.do === 'paced' && order.lost === 'count'
  Promise.race(counted ? [obey(order, times)] : [obey(order, times), lost])
    .then(
      (measured): Outcome => ({ measured }),
      (error: unknown): Outcome => ({
        failure: error instanceof Error ? (error.stack ?? error.message) : String(error),
      }),
    )
    .then((outcome) => {
      done.abort()
      process.send?.(outcome)
    })
})

interface Times {
  inTime: number[]
  acks: number[]
  sent: number
  answered: number
  firstFailure?: string
  /** Moment of the last reply, of a measured turn or not. */
  lastSign: number
}

/** Resolves when no reply has come for too long. A slow system is given the time it needs. */
async function silence(times: Times, signal: AbortSignal): Promise<void> {
  while (performance.now() - times.lastSign < PATIENCE_MS) await wait(1_000, undefined, { signal })
}

async function obey(order: Order, times: Times): Promise<Measured> {
  const began = performance.now()
  const cpu = process.cpuUsage()
  if (order.do === 'open') await open(order)
  if (order.do === 'gather') await gather(order, times)
  if (order.do === 'closed') await runClosed(conversationsOf(order.system), order.seconds * 1000, times)
  if (order.do === 'paced') await runPaced(conversationsOf(order.system), order, times)
  const { user, system } = process.cpuUsage(cpu)
  return {
    seconds: order.do === 'closed' ? order.seconds : (performance.now() - began) / 1000,
    latencies: Float64Array.from(times.inTime).sort(),
    acks: Float64Array.from(times.acks).sort(),
    sent: times.sent,
    answered: times.answered,
    firstFailure: times.firstFailure,
    open: conversationsOf(order.system).filter((conversation) => conversation.isOpen()).length,
    loadCpu: (user + system) / 1e6,
  }
}

/** A turn was answered. */
function note(times: Times): void {
  times.answered++
  times.lastSign = performance.now()
}

async function open({ system, conversations, ...place }: Extract<Order, { do: 'open' }>): Promise<void> {
  for (const conversation of conversationsOf(system)) conversation.close()
  const numbers = Array.from({ length: conversations }, (_, number) => number)
  opened.set(
    system,
    await Promise.all(numbers.map((number) => openConversation(system, addressOf(place, number), number))),
  )
}

/** As many at a time as there are connections: people don't all come at once. */
async function gather(order: Extract<Order, { do: 'gather' }>, times: Times): Promise<void> {
  const { system, conversations, turns } = order
  const pools = await Promise.all(order.urls.map((url) => openPool(new URL(url), SHARED)))
  const members = conversationsOf(system)
  for (const member of members.splice(conversations)) member.close()
  let number = members.length
  const come = async () => {
    while (number < conversations) {
      const member = await openConversation(system, addressOf(order, number, pools), number++)
      for (let turn = 0; turn < turns; turn++) await member.turn()
      members.push(member)
      times.lastSign = performance.now()
    }
  }
  await Promise.all(Array.from({ length: SHARED }, come))
  if (order.hangUp) for (const pool of pools) pool.close()
  opened.set(system, members)
}

function addressOf({ urls, connectorUrl }: Place, number: number, pools: readonly Connection[] = []): Address {
  const at = (n: number) => new URL(urls[n % urls.length] ?? '')
  const shared = pools[number % urls.length]
  return {
    url: at(number),
    socketsAt: at(number + 1),
    connectorUrl: connectorUrl === undefined ? undefined : new URL(connectorUrl),
    ...(shared ? { shared } : {}),
  }
}

function conversationsOf(system: AnySystem): Conversation[] {
  return opened.get(system) ?? []
}

/** Counts the turns that end in time. The last one of each conversation ends after it, and has no time. */
async function runClosed(conversations: Conversation[], forMs: number, times: Times): Promise<void> {
  const end = performance.now() + forMs
  const talk = async (conversation: Conversation) => {
    while (performance.now() < end) {
      times.sent++
      const { sentAt, ackedAt, repliedAt } = await conversation.turn()
      note(times)
      if (repliedAt > end) continue
      times.acks.push(ackedAt - sentAt)
      times.inTime.push(repliedAt - sentAt)
    }
  }
  await Promise.all(conversations.map(talk))
}

/** Time counts from the moment a message was due to leave: a reply that is late must not spare the messages behind it. */
async function runPaced(conversations: Conversation[], o: Extract<Order, { do: 'paced' }>, times: Times) {
  const before = conversations.map(() => Promise.resolve())
  const start = performance.now()
  for (let n = 0; n < o.seconds * o.rate; n++) {
    const early = start + (n * 1000) / o.rate - performance.now()
    if (early > 0) await wait(early)
    const dueAt = performance.now()
    const at = n % conversations.length
    times.sent++
    before[at] = (before[at] ?? Promise.resolve()).then(async () => {
      const turn = await conversations[at]?.turn()
      if (!turn) return
      note(times)
      times.acks.push(turn.ackedAt - dueAt)
      times.inTime.push(turn.repliedAt - dueAt)
    })
    // Heard at the end; until then one that failed must not end the process.
    before[at]?.catch((error: unknown) => {
      times.firstFailure ??= error instanceof Error ? error.message : String(error)
    })
  }
  if (o.lost === undefined) return void (await Promise.all(before))
  const all = Promise.allSettled(before)
  const done = new AbortController()
  await Promise.race([all, silence(times, done.signal).catch(() => undefined)])
  done.abort()
}
