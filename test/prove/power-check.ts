/** What a disk holds after a power cut, seen through a service that starts from it. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Activity } from '../../src/wire/activity.ts'
import { type Evidence, isAcked, judge, type SendLog, type Verdict } from './checker.ts'
import type { Known } from './power-talk.ts'
import type { Rig } from './rig.ts'

export interface Checked extends Verdict {
  /** Acknowledged messages that stand nowhere in the image, under whatever id. */
  gone: number
  /** From the first look until all was answered, ms. */
  took: number
}

const SETTLE_MS = 20_000
const LOOK_MS = 250
const BASE = '/v3/directline/conversations'

/** First only looks: what is missing now is lost, whatever comes later. Then every client sends its last messages once more,
 *  as it would after the cut, and all must be answered once. */
export async function checkAfterCut(rig: Rig, known: readonly Known[]): Promise<Checked> {
  const began = performance.now()
  const took = () => performance.now() - began
  const image = await gather(rig, known.map(withoutReplies))
  const found = { ...judge(image), gone: countGone(image) }
  if (found.lost + found.doubled + found.inverted > 0) return { ...found, took: took() }
  await Promise.all(known.map((one) => sendAgain(rig, one)))
  const end = Date.now() + SETTLE_MS
  for (;;) {
    const verdict = judge(await gather(rig, known))
    if (verdict.lost === 0 || Date.now() > end)
      return { ...verdict, acked: found.acked, gone: found.gone, took: took() }
    await pause(LOOK_MS)
  }
}

function countGone(image: readonly Evidence[]): number {
  const goneOf = ({ clients, final }: Evidence): number => {
    const kept = new Set(final.map(({ channelData }) => channelData?.clientActivityID))
    return clients.flatMap(({ sends }) => sends).filter((send) => isAcked(send) && !kept.has(send.clientId)).length
  }
  return image.reduce((sum, evidence) => sum + goneOf(evidence), 0)
}

/** Replies may still be under way: their turns are taken over by the process that starts. */
function withoutReplies({ token, log }: Known): Known {
  const sends = log.sends.map(({ replies: _, ...send }): SendLog => send)
  return { token, log: { ...log, sends } }
}

/** The last one that was acknowledged gets the same answer again, the one under way is taken now, if it was not before. */
async function sendAgain(rig: Rig, { token, log }: Known): Promise<void> {
  for (const send of log.sends.slice(-2)) {
    const answer = await rig.clients.call(`${rig.clients.route().url}${BASE}/${token.conversationId}/activities`, {
      token: token.token,
      body: {
        type: 'message',
        from: { id: token.userId },
        text: send.text,
        locale: 'fr-CA',
        channelData: { clientActivityID: send.clientId },
      },
    })
    if (answer.status === 200) send.answers.push(String(answer.body.id))
    else if (isAcked(send)) send.answers.push(`${answer.status}`)
  }
}

async function gather(rig: Rig, known: readonly Known[]): Promise<Evidence[]> {
  return Promise.all(known.map(async ({ token, log }) => ({ clients: [log], final: await history(rig, token) })))
}

/** Empty when the conversation is unknown: then all of it is lost. @throws Error when the service does not answer. */
async function history(rig: Rig, { conversationId, token }: Known['token']): Promise<Activity[]> {
  const all: Activity[] = []
  for (let watermark = ''; ; ) {
    const url = `${rig.clients.route().url}${BASE}/${conversationId}/activities?watermark=${watermark}`
    const { status, body } = await rig.clients.call(url, { token })
    if (status === 404) return []
    if (status !== 200) throw new Error(`the service on the image answers ${status}`)
    if (body.activities.length === 0) return all
    all.push(...body.activities)
    watermark = body.watermark
  }
}
