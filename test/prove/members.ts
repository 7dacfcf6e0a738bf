/** A member's client, as light as it can be and behaving like the widget: one message at a time, the same id until it is
 *  acknowledged, a socket that reads on from its watermark after every break. It notes all that it is told. */
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { ActivitySet, WidgetToken } from '../../src/wire/activity.ts'
import type { Answer, Ask, Call } from './call.ts'
import type { ClientLog, SendLog } from './checker.ts'
import type { Random } from './random.ts'
import { openLink, type Pace } from './socket.ts'
import type { createTally } from './tally.ts'

/** One message of a script. */
export interface Step {
  text: string
  replies?: number
  mailTo?: string
}

export interface MemberOptions {
  call: Call
  /** Where this very request goes: `http://host:port` and the number of the process. */
  route(): { url: string; index: number }
  /** Where sockets go, when by another way. */
  socketRoute?(): { url: string; index: number }
  random: Random
  tally: ReturnType<typeof createTally>
  pace?: Pace
  /** Share of sends that leave twice at once. */
  twice?: number
  /** Listens by socket; true unless told otherwise. */
  listens?: boolean
  /** A second client of the same conversation. */
  joins?: WidgetToken
  /** True when nobody tries any more. */
  isOver?(): boolean
  /** Hears of every new client. */
  made?(member: Member): void
  /** Hears of each set that the socket brings. */
  heard?(set: ActivitySet): void
  /** Hears of every acknowledged message and of the process that answered. */
  acked?(send: SendLog, index: number): void
}

export interface Member {
  readonly log: ClientLog
  readonly token: WidgetToken
  /** Resolves when it is acknowledged, or when the client was closed. */
  send(step: Step): Promise<SendLog>
  /** Whether its socket is open. */
  isListening(): boolean
  /** The whole log as the server has it now; undefined when it does not answer. */
  history(): Promise<ActivitySet['activities'] | undefined>
  /** Goes away: ends its socket and its tries. */
  close(): void
}

const BASE = '/v3/directline/conversations'
/** Shortest and longest pause before a message is sent again, ms. Shorter than the widget's, so that load stays high. */
const RETRY_MS = 50
const LONGEST_RETRY_MS = 400

/** Takes a token and starts the conversation; tries until that works. @returns undefined when it was `isOver` before. */
export async function createMember(o: MemberOptions, isOver = (): boolean => false): Promise<Member | undefined> {
  const { tally } = o
  let closed = false
  const stopped = () => closed || isOver() || o.isOver?.() === true

  async function ask(path: string, ask: Ask = {}): Promise<Answer & { index: number }> {
    const { url, index } = o.route()
    const answer = await o.call(url + path, ask)
    tally.note(answer)
    return { ...answer, index }
  }

  /** Tries on while the answer is a passing one. @returns undefined when the client was closed meanwhile. */
  async function insist(path: string, request: () => Ask): Promise<(Answer & { index: number }) | undefined> {
    for (let tries = 0; !stopped(); tries++) {
      const answer = await ask(path, request())
      if (answer.status >= 200 && answer.status < 300) return answer
      if (answer.status === 403 && (await renew())) continue
      if (answer.status >= 400 && answer.status < 500 && answer.status !== 429)
        tally.errorsShown.push(`${answer.status} ${path.replace(/[\da-f]{32}/, ':id')} ${JSON.stringify(answer.body)}`)
      await pause(waitFor(answer, tries, o.random))
    }
    return undefined
  }

  const given = o.joins ?? ((await insist('/widget/token', () => ({ body: {} })))?.body as WidgetToken | undefined)
  if (!given) return undefined
  let { token } = given
  const { conversationId, userId } = given
  if (!o.joins) await insist(BASE, () => ({ token, body: { locale: 'fr-CA' } }))
  const one = `${BASE}/${conversationId}`

  /** A new token for the old one, as the widget gets it when its own is refused. */
  async function renew(): Promise<boolean> {
    const { status, body } = await ask('/widget/token', { body: { token } })
    if (status === 200) token = body.token
    return status === 200
  }

  const log: ClientLog = { conversationId, sends: [], seen: [], repeats: 0, changed: [] }
  const link =
    o.listens === false
      ? undefined
      : openLink({
          ...o,
          log,
          resume: (watermark) => ask(`${one}?watermark=${watermark}`, { token }),
          denied: renew,
        })

  async function deliver(send: SendLog): Promise<void> {
    const body = {
      type: 'message',
      from: { id: userId },
      text: send.text,
      locale: 'fr-CA',
      channelData: { clientActivityID: send.clientId },
    }
    const answer = await insist(`${one}/activities`, () => ({ token, body }))
    if (!answer) return
    send.answers.push(String(answer.body?.id))
    if (send.ackedAt !== undefined) return
    send.ackedAt = Date.now()
    tally.ackMs.push(answer.took)
    o.acked?.(send, answer.index)
  }

  const member: Member = {
    log,
    token: given,
    async send(step) {
      const send: SendLog = { clientId: randomUUID(), sentAt: Date.now(), answers: [], ...step }
      log.sends.push(send)
      const times = o.random.next() < (o.twice ?? 0) ? 2 : 1
      await Promise.all(Array.from({ length: times }, () => deliver(send)))
      return send
    },
    isListening: () => link?.isOpen() ?? false,
    async history() {
      const all: ActivitySet['activities'] = []
      for (let watermark = ''; ; ) {
        const { status, body } = await ask(`${one}/activities?watermark=${watermark}`, { token })
        if (status === 403 && (await renew())) continue
        if (status !== 200) return undefined
        all.push(...body.activities)
        if (body.activities.length === 0) return all
        watermark = body.watermark
      }
    },
    close() {
      closed = true
      link?.close()
    },
  }
  o.made?.(member)
  return member
}

function waitFor({ headers }: Answer, tries: number, random: Random): number {
  const asked = Number(headers['retry-after'] ?? 0) * 1000
  const backoff = Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** tries)
  return Math.max(backoff, asked) * (0.5 + random.next() / 2)
}
