/** Members who walk through the trees and say, wherever they come, what is theirs; and the agent who answers them. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Activity, QuickReply, WidgetToken } from '../../../src/wire/activity.ts'
import type { Sink } from '../mail.ts'
import { createMember, type Member, type MemberOptions } from '../members.ts'
import type { Rig } from '../rig.ts'
import { type Canary, typed } from './words.ts'

export type Clients = Rig['clients']

/** What all walkers share: where they have been, and what was said there. */
export interface Walk {
  clients: Clients
  sink: Sink
  next(): Canary
  agent: CanaryAgent
  /** Nodes that spoke. */
  nodes: Set<string>
  /** `node kind` -> how often. */
  tried: Map<string, number>
}

const ANSWER_MS = 3_000
const LOOK_MS = 40

/** One conversation of so many messages. */
export async function walk(w: Walk, steps: number, joins?: WidgetToken): Promise<void> {
  const options: MemberOptions = { ...w.clients, ...(joins && { joins }) }
  const member = await createMember(options)
  if (!member) return
  let last = await lastOf(member)
  for (let step = 0; step < steps; step++) {
    await member.send({ text: choose(w, last) })
    last = await answerTo(w, member)
    if (last?.channelData?.owner === 'waiting') await w.agent.serve(member, w)
  }
  member.close()
}

/** Each node hears an address, a code and words once; then its least used button is pressed. */
function choose(w: Walk, last: Activity | undefined): string {
  const node = last?.channelData?.node ?? 'nowhere'
  const one = w.next()
  const kinds: [string, () => string][] = [
    ['email', () => one.email],
    ['code', () => typed(one.code, w.tried.size)],
    ['text', () => `${one.text} ${one.text}`],
  ]
  const fresh = kinds.find(([kind]) => !w.tried.has(`${node} ${kind}`))
  if (fresh) return count(w, `${node} ${fresh[0]}`, fresh[1]())
  const { input } = last?.channelData ?? {}
  const answer = input === 'email' ? one.email : input === 'number' ? numberOf(w.sink, one) : input && one.text
  const buttons = (last?.suggestedActions?.actions ?? []).map((it): [string, string] => [
    `${node} ${optionOf(it)}`,
    it.value,
  ])
  const ways = answer ? [...buttons, [`${node} ${input}`, answer] as [string, string]] : buttons
  const [name, text] = ways.toSorted(([a], [b]) => used(w, a) - used(w, b))[0] ?? [`${node} text`, one.text]
  return count(w, name, text)
}

const optionOf = (reply: QuickReply): string => reply.channelData.option
const used = ({ tried }: Walk, name: string): number => tried.get(name) ?? 0

function count({ tried }: Walk, name: string, text: string): string {
  tried.set(name, (tried.get(name) ?? 0) + 1)
  return text
}

/** The number of the newest mail that has one: now and then it is the right one. */
function numberOf({ mails }: Sink, _one: Canary): string {
  return mails.findLast(({ text }) => /^\d{6}\r?$/m.test(text))?.text.match(/^(\d{6})\r?$/m)?.[1] ?? '123456'
}

async function lastOf(member: Member): Promise<Activity | undefined> {
  return (await member.history())?.findLast((it) => it.channelData?.author === 'bot')
}

/** What the bot said to the last message, or said last when it says nothing more. */
async function answerTo(w: Walk, member: Member): Promise<Activity | undefined> {
  const id = member.log.sends.at(-1)?.answers[0]
  for (const end = Date.now() + ANSWER_MS; Date.now() < end; await pause(LOOK_MS)) {
    const all = (await member.history()) ?? []
    const answers = all.filter((it) => it.replyToId === id)
    for (const { channelData } of all) if (channelData?.node) w.nodes.add(channelData.node)
    const last = answers.findLast((it) => it.suggestedActions) ?? answers.at(-1)
    if (last) return last
  }
  return lastOf(member)
}

export interface CanaryAgent {
  /** Takes a waiting conversation, says and shows everything there is, and gives it back or ends it. */
  serve(member: Member, w: Walk): Promise<void>
  served(): number
}

const DESK = { 'x-sesame-desk': '1' }

/** @param cookie of a session. */
export function createCanaryAgent({ call, route }: Clients, cookie: string): CanaryAgent {
  let served = 0
  const headers = { ...DESK, cookie }
  const post = (id: string, what: string, body: object) =>
    call(`${route().url}/desk/api/conversations/${id}/${what}`, { headers, body })
  const look = (path: string) => call(`${route().url}/desk/api/${path}`, { headers })
  return {
    served: () => served,
    async serve(member, w) {
      const id = member.log.conversationId
      const { body, status } = await post(id, 'claim', {})
      if (status !== 200) return
      served++
      const { epoch } = body as { epoch: number }
      const one = w.next()
      for (const [n, text] of [one.text, one.email, `voici ${typed(one.code, served)}`].entries()) {
        await post(id, 'messages', { epoch, text, clientActivityID: `${one.member}-${n}` })
      }
      await member.send({ text: `${one.text} ${one.email} ${typed(one.code, served + 1)}` })
      await post(id, 'reveal', { epoch, reason: 'find_record' })
      await Promise.all([
        look('queue'),
        look('dead'),
        look(`conversations/${id}?locale=fr`),
        look(`conversations/${id}/activities`),
      ])
      // Too late, and with words that a fault might repeat.
      await post(id, 'messages', { epoch: epoch + 7, text: one.text, clientActivityID: one.email })
      await post(id, served % 2 ? 'handback' : 'resolve', { epoch })
    },
  }
}
