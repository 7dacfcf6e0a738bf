/** F13: a client comes with any watermark at all: each one of the log, none, one of the future, garbage. It must end with
 *  the server's own list. */
import { WebSocket } from 'ws'
import type { Activity, ActivitySet } from '../../../src/wire/activity.ts'
import { seqOf } from '../../../src/wire/activity.ts'
import { judge } from '../checker.ts'
import { ROUND } from '../crowd.ts'
import { createMember, type Member } from '../members.ts'
import { type Rig, startRig } from '../rig.ts'
import { answersOf, byLength, commonBreaches, type Scenario, toRow, using, waitFor } from '../scenario.ts'

const GARBAGE = ['', '-1', '1e3', '0x10', 'NaN', '٣', '1.5', '99999999999999999999', ' 7', 'null', '%00', '7;8']
const SOCKETS_AT_ONCE = 2

export const watermarks: Scenario = {
  name: 'watermarks',
  stores: ['sqlite', 'redis'],
  run: (context) =>
    using(startRig(context), async (rig) => {
      const member = await createMember({ ...rig.clients, listens: false })
      if (!member) throw new Error('no member')
      const sends = byLength(context.length, 60, 400)
      for (let n = 0; n < sends; n++)
        await member.send({ ...ROUND[n % ROUND.length], text: ROUND[n % ROUND.length]?.text ?? '' })
      const list = async () => (await member.history()) ?? []
      await waitFor('the answers', async () => judge([{ clients: [member.log], final: await list() }]).lost === 0)
      const final = await list()
      const last = seqOf(final.at(-1)?.id ?? '')
      const known = Array.from({ length: last + 1 }, (_, w) => String(w))
      const future = Array.from({ length: 20 }, () => String(last + rig.clients.random.between(1, 1_000_000)))
      const marks = [...known, ...future, ...GARBAGE]
      const wrong = await tryAll(rig, member, final, marks)
      return toRow('watermarks', context, {
        injected: marks.length,
        verdict: judge([{ clients: [member.log], final }]),
        notes: [`a log of ${last} entries`, answersOf(rig)],
        breaches: [...commonBreaches(rig), ...wrong.slice(0, 3)],
      })
    }),
}

/** Every mark by page, and by socket. @returns what was not as it must be. */
async function tryAll(
  rig: Rig,
  member: Member,
  final: readonly Activity[],
  marks: readonly string[],
): Promise<string[]> {
  const wrong: string[] = []
  const left = [...marks]
  const lane = async () => {
    for (let mark = left.pop(); mark !== undefined; mark = left.pop()) {
      const due = dueAfter(final, mark)
      const paged = await byPages(rig, member, mark)
      if (paged.join() !== due.join()) wrong.push(`watermark "${mark}" gave ${paged.length} of ${due.length} by pages`)
      const streamed = await bySocket(rig, member, mark, due.length)
      if (streamed.join() !== due.join())
        wrong.push(`watermark "${mark}" gave ${streamed.length} of ${due.length} by socket`)
    }
  }
  await Promise.all(Array.from({ length: SOCKETS_AT_ONCE }, lane))
  return wrong
}

/** A mark of the log: what comes after. Anything else: all of it. */
function dueAfter(final: readonly Activity[], mark: string): string[] {
  const last = seqOf(final.at(-1)?.id ?? '')
  const after = /^\d{1,12}$/.test(mark) && Number(mark) <= last ? Number(mark) : 0
  return final.map(({ id }) => id).filter((id) => seqOf(id) > after)
}

async function byPages({ clients }: Rig, { token }: Member, mark: string): Promise<string[]> {
  const ids: string[] = []
  for (let watermark = mark; ; ) {
    const path = `/v3/directline/conversations/${token.conversationId}/activities`
    const url = `${clients.route().url}${path}?watermark=${encodeURIComponent(watermark)}`
    const { status, body } = await clients.call(url, { token: token.token })
    if (status !== 200) return [...ids, `status ${status}`]
    const set = body as ActivitySet
    ids.push(...set.activities.map(({ id }) => id))
    if (set.activities.length === 0) return ids
    watermark = set.watermark
  }
}

/** Reads until as many came as must; one too many would come before the answer to a closing frame. */
async function bySocket({ clients }: Rig, { token }: Member, mark: string, count: number): Promise<string[]> {
  const path = `/v3/directline/conversations/${token.conversationId}?watermark=${encodeURIComponent(mark)}`
  const { body } = await clients.call(`${clients.route().url}${path}`, { token: token.token })
  const url = new URL(body.streamUrl)
  url.host = new URL(clients.route().url).host
  const socket = new WebSocket(url)
  const ids: string[] = []
  return new Promise((resolve) => {
    const limit = setTimeout(() => socket.terminate(), 5_000)
    const enough = () => ids.length >= count && socket.close()
    socket.on('open', enough)
    socket.on('message', (data) => {
      const text = String(data)
      if (text) ids.push(...(JSON.parse(text) as ActivitySet).activities.map(({ id }) => id))
      enough()
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      clearTimeout(limit)
      resolve(ids)
    })
  })
}
