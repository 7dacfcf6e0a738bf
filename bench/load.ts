/** The load: a process of its own, so that measuring takes nothing from what is measured. Ends with its parent. */
import { setTimeout as wait } from 'node:timers/promises'
import { type Conversation, openConversation } from './conversations.ts'
import type { Measured, Order, Outcome, SystemName } from './protocol.ts'

/** A phase that takes this much longer than it should has lost a reply, ms. */
const PATIENCE_MS = 15_000

const opened = new Map<SystemName, Conversation[]>()

process.on('disconnect', () => process.exit(0))
process.on('message', (order: Order) => {
  const seconds = order.do === 'open' ? 0 : order.seconds
  const late = new AbortController()
  const limit = wait(seconds * 1000 + PATIENCE_MS, undefined, { signal: late.signal }).then(() => {
    throw new Error(`${order.system}: no reply for ${PATIENCE_MS / 1000} s`)
  })
  Promise.race([obey(order), limit])
    .then(
      (measured): Outcome => ({ measured }),
      (error: unknown): Outcome => ({
        failure: error instanceof Error ? (error.stack ?? error.message) : String(error),
      }),
    )
    .then((outcome) => {
      late.abort()
      limit.catch(() => undefined)
      process.send?.(outcome)
    })
})

interface Times {
  inTime: number[]
  answered: number
}

async function obey(order: Order): Promise<Measured> {
  const times: Times = { inTime: [], answered: 0 }
  const began = performance.now()
  const cpu = process.cpuUsage()
  if (order.do === 'open') await open(order)
  if (order.do === 'closed') await runClosed(conversationsOf(order.system), order.seconds * 1000, times)
  if (order.do === 'paced') await runPaced(conversationsOf(order.system), order, times)
  const { user, system } = process.cpuUsage(cpu)
  const seconds = order.do === 'open' ? (performance.now() - began) / 1000 : order.seconds
  return {
    seconds,
    latencies: Float64Array.from(times.inTime).sort(),
    answered: times.answered,
    loadCpu: (user + system) / 1e6,
  }
}

async function open({ system, url, connectorUrl, conversations }: Extract<Order, { do: 'open' }>): Promise<void> {
  for (const conversation of conversationsOf(system)) conversation.close()
  const at = { url: new URL(url), connectorUrl: new URL(connectorUrl) }
  const numbers = Array.from({ length: conversations }, (_, number) => number)
  opened.set(system, await Promise.all(numbers.map((number) => openConversation(system, at, number))))
}

function conversationsOf(system: SystemName): Conversation[] {
  return opened.get(system) ?? []
}

/** Counts the turns that end in time. The last one of each conversation ends after it, and has no time. */
async function runClosed(conversations: Conversation[], forMs: number, times: Times): Promise<void> {
  const end = performance.now() + forMs
  const talk = async (conversation: Conversation) => {
    while (performance.now() < end) {
      const { sentAt, repliedAt } = await conversation.turn()
      times.answered++
      if (repliedAt <= end) times.inTime.push(repliedAt - sentAt)
    }
  }
  await Promise.all(conversations.map(talk))
}

/** Time counts from the moment a message was due to leave: a reply that is late must not spare the messages behind it. */
async function runPaced(conversations: Conversation[], o: { seconds: number; rate: number }, times: Times) {
  const before = conversations.map(() => Promise.resolve())
  const start = performance.now()
  for (let n = 0; n < o.seconds * o.rate; n++) {
    await wait(Math.max(0, start + (n * 1000) / o.rate - performance.now()))
    const dueAt = performance.now()
    const at = n % conversations.length
    before[at] = (before[at] ?? Promise.resolve()).then(async () => {
      const turn = await conversations[at]?.turn()
      times.answered++
      if (turn) times.inTime.push(turn.repliedAt - dueAt)
    })
  }
  await Promise.all(before)
}
