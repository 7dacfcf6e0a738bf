/** F6: the write is done, and its answer never comes. Between service and Redis every third write loses its reply;
 *  between client and service every third answer is lost. The same id must get the same answer and stand once. */
import { startProxy, type TcpProxy } from '../../support/proxy.ts'
import { startCrowd } from '../crowd.ts'
import { spread } from '../report.ts'
import { type Rig, startRig } from '../rig.ts'
import {
  answersOf,
  byLength,
  type Context,
  commonBreaches,
  type Scenario,
  settleMs,
  toRow,
  using,
  waitFor,
} from '../scenario.ts'

const EVERY = 3

export const lostReplies: Scenario = {
  name: 'lost-replies',
  stores: ['redis'],
  async run(context) {
    const proxies: TcpProxy[] = []
    const redisUrl = async ({ port }: { port: number }) => {
      const proxy = await startProxy({ port })
      proxies.push(proxy)
      return `redis://127.0.0.1:${proxy.port}`
    }
    try {
      return await using(startRig({ ...context, redisUrl }), async (rig) => {
        let eaten = 0
        const lose = () => {
          for (const proxy of proxies) proxy.swallowReplies(everyThird(isWrite, () => eaten++))
        }
        const wanted = byLength(context.length, 300, 10_000)
        return sendThrough('lost-replies', context, rig, {
          wanted,
          lose,
          heal: () => heal(proxies),
          eaten: () => eaten,
        })
      })
    } finally {
      for (const proxy of proxies) await proxy.end()
    }
  },
}

export const lostAnswers: Scenario = {
  name: 'lost-answers',
  stores: ['sqlite', 'redis'],
  run: (context) =>
    using(startRig(context), async (rig) => {
      const proxies = await Promise.all(rig.fleet.urls.map((url) => startProxy({ port: Number(new URL(url).port) })))
      const places = proxies.map(({ port }, index) => ({ url: `http://127.0.0.1:${port}`, index }))
      let eaten = 0
      const isPost = (chunk: Buffer) => chunk.includes('POST ') && chunk.includes('/activities')
      const lose = () => {
        for (const proxy of proxies) proxy.swallowReplies(everyThird(isPost, () => eaten++))
      }
      try {
        const through = { ...rig, clients: { ...rig.clients, route: () => rig.clients.random.pick(places) } }
        const o = { wanted: byLength(context.length, 200, 3_000), lose, heal: () => heal(proxies), eaten: () => eaten }
        return await sendThrough('lost-answers', context, through, o)
      } finally {
        for (const proxy of proxies) await proxy.end()
      }
    }),
}

interface Loss {
  /** Sends. */
  wanted: number
  lose(): void
  heal(): Promise<void>
  eaten(): number
}

async function sendThrough(name: string, context: Context, rig: Rig, { wanted, lose, heal, eaten }: Loss) {
  const crowd = startCrowd({ rig, size: 100, perSecond: 200, rounds: 3 })
  await crowd.arrived()
  const before = crowd.sends().length
  lose()
  await waitFor('enough sends', () => crowd.sends().length - before >= wanted, wanted * 120 + 30_000)
  await heal()
  const verdict = await crowd.finish({ extraCopies: 0, settleMs: settleMs(context) })
  return toRow(name, context, {
    injected: eaten(),
    verdict,
    notes: [`ack ${spread(rig.clients.tally.ackMs)}`, answersOf(rig)],
    breaches: commonBreaches(rig),
  })
}

const heal = async (proxies: readonly TcpProxy[]) => void (await Promise.all(proxies.map((proxy) => proxy.heal())))

/** Entries of a log go to Redis in receive and commit only. */
const isWrite = (chunk: Buffer): boolean => chunk.includes('clientActivityID') || chunk.includes('replyToId')

function everyThird(counts: (chunk: Buffer) => boolean, took: () => void): (nth: number, chunk: Buffer) => boolean {
  let n = 0
  return (_nth, chunk) => {
    if (!counts(chunk) || ++n % EVERY !== 0) return false
    took()
    return true
  }
}
