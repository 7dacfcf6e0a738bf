/** One contender in a process of its own: trains, or loads and answers, as it is told. It answers by messages, because
 *  libraries write to the standard output. Nothing is imported here that would weigh on the empty process. */
import { writeFileSync } from 'node:fs'
import {
  type Contender,
  type ContenderName,
  type Order,
  type Outcome,
  ownCpuSeconds,
  type Rank,
  type Replies,
} from './contender.ts'

/** Imported when asked for: that is part of what loading costs. */
const IMPORTS: Record<ContenderName, () => Promise<Contender>> = {
  ours: async () => (await import('./ours.ts')).ours,
  nlpjs: async () => (await import('./nlpjs.ts')).nlpjs,
  natural: async () => (await import('./natural.ts')).natural,
}

let rank: Rank = () => []

async function train({ contender, phrases, path }: Order & { do: 'train' }): Promise<Replies['train']> {
  const { train } = await IMPORTS[contender]()
  const begun = performance.now()
  const model = Buffer.from(await train(phrases))
  const seconds = (performance.now() - begun) / 1000
  writeFileSync(path, model)
  return { seconds }
}

async function load({ contender, path }: Order & { do: 'load' }): Promise<Replies['load']> {
  const begun = performance.now()
  if (contender) rank = await (await IMPORTS[contender]()).load(path)
  return { ms: performance.now() - begun, residentMb: process.memoryUsage.rss() / 1e6 }
}

async function ask({ messages, warm }: Order & { do: 'ask' }): Promise<Replies['ask']> {
  const rankings: (readonly string[])[] = []
  const times: number[] = []
  for (const message of messages) {
    const begun = performance.now()
    rankings.push(await rank(message))
    times.push(performance.now() - begun)
  }
  return { rankings, times: times.slice(warm) }
}

function carryOut(order: Order): Promise<Replies[Order['do']]> {
  if (order.do === 'train') return train(order)
  return order.do === 'load' ? load(order) : ask(order)
}

async function obey(order: Order): Promise<Outcome> {
  try {
    const done = await carryOut(order)
    return { done, cpuSeconds: ownCpuSeconds() }
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) }
  }
}

process.on('message', async (order: Order) => process.send?.(await obey(order)))
