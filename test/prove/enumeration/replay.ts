/** T5: one captured request, sent a hundred times, by every process, across a restart and under a refreshed token, is one message, one job
 *  and one mail. */

import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import { keysOf } from '../../../src/store/redis/keys.ts'
import type { ActivitySet } from '../../../src/wire/activity.ts'
import { ask } from '../../support/redis.ts'
import { byLength, commonBreaches, type Scenario, toRow, using } from '../scenario.ts'
import { type Ground, startGround, untilMailed } from './ground.ts'

const TIMES = 100
/** Replays at a time. */
const AT_ONCE = 5
/** A second mail would be on its way by then, ms. */
const QUIET_MS = 2_000

interface Captured {
  address: string
  path: string
  body: unknown
  token: string
  conversationId: string
  /** Ids that the answers named, and answers that were none. */
  ids: Set<string>
  refused: number[]
}

export const replay: Scenario = {
  name: 'enumeration-replay',
  stores: ['sqlite', 'redis'],
  run: (context) => {
    const count = byLength(context.length, 3, 30)
    return using(startGround(context, { pending: count }), async (ground) => {
      const all = await Promise.all(Array.from({ length: count }, () => capture(ground)))
      for (const one of all) await again(ground, one, TIMES / 2)
      for (const url of ground.rig.fleet.urls.keys()) await ground.rig.fleet.signal(url, 'SIGTERM')
      await ground.rig.fleet.allReady()
      for (const one of all) {
        await refresh(ground, one)
        await again(ground, one, TIMES / 2)
      }
      await untilMailed(
        ground.sink,
        all.map(({ address }) => address),
      )
      await pause(QUIET_MS)
      const faults = await Promise.all(all.map((one) => faultsOf(ground, one)))
      const doubled = faults.flat().length
      return toRow('enumeration-replay', context, {
        injected: count * TIMES,
        verdict: { acked: count * TIMES, lost: 0, doubled, inverted: 0, faults: faults.flat().slice(0, 5) },
        notes: [`${count} requests, each ${TIMES} times`],
        breaches: commonBreaches(ground.rig),
      })
    })
  },
}

/** Sends an address once, and keeps the request. */
async function capture(ground: Ground): Promise<Captured> {
  const visitor = await ground.visit({ locale: 'fr', way: 'polling' })
  const { conversationId, token, userId } = visitor.token
  visitor.close()
  const address = ground.book.next('pending')
  const body = {
    type: 'message',
    from: { id: userId },
    text: address,
    locale: 'fr-CA',
    channelData: { clientActivityID: 'captured' },
  }
  const path = `/v3/directline/conversations/${conversationId}/activities`
  return { address, path, body, token, conversationId, ids: new Set(), refused: [] }
}

async function again({ rig }: Ground, one: Captured, times: number): Promise<void> {
  let left = times
  const lane = async () => {
    while (left-- > 0) {
      const { url } = rig.clients.route()
      const { status, body } = await rig.clients.call(url + one.path, { token: one.token, body: one.body })
      if (status === 200) one.ids.add(String(body?.id))
      else one.refused.push(status)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
}

async function refresh({ rig }: Ground, one: Captured): Promise<void> {
  const { url } = rig.clients.route()
  const { status, body } = await rig.clients.call(`${url}/v3/directline/tokens/refresh`, { token: one.token, body: {} })
  if (status !== 200) throw new Error(`no new token: ${status}`)
  one.token = body.token
}

async function faultsOf(ground: Ground, one: Captured): Promise<string[]> {
  const { url } = ground.rig.clients.route()
  const { body } = await ground.rig.clients.call(url + one.path, { token: one.token })
  const entries = (body as ActivitySet).activities.filter(({ text }) => text === one.address).length
  const mails = (await ground.sink.mails()).filter((to) => to === one.address).length
  const counts = { answers: one.ids.size, entries, jobs: await jobsOf(ground, one.conversationId), mails }
  const wrong = Object.entries(counts).filter(([, count]) => count !== 1)
  return [
    ...wrong.map(([what, count]) => `a replayed request made ${count} ${what}`),
    ...one.refused.map((status) => `a replay was answered ${status}`),
  ]
}

/** Mails asked for in a conversation, as the store counts them. */
async function jobsOf({ rig, folder }: Ground, conversationId: string): Promise<number> {
  if (rig.redis) {
    const fields = (await ask(rig.redis, 'HKEYS', keysOf(conversationId).work)).split('\n')
    return new Set(fields.map((field) => field.slice(2)).filter((id) => id.startsWith('resend:'))).size
  }
  const db = new DatabaseSync(join(folder, 'sesame.db'), { readOnly: true, timeout: 5_000 })
  try {
    const row = db
      .prepare("SELECT count(*) AS n FROM work WHERE conversation_id = ? AND kind = 'resend'")
      .get(conversationId)
    return Number(row?.n)
  } finally {
    db.close()
  }
}
