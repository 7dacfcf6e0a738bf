/** Many members at once, who come, talk and leave, at a steady rate of messages. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Activity } from '../../src/wire/activity.ts'
import { CONTENT } from '../support/conversation.ts'
import { type Evidence, isAcked, judge, type SendLog, type Verdict } from './checker.ts'
import { createMember, type Member, type MemberOptions, type Step } from './members.ts'
import { MAIL_FROM, type Rig } from './rig.ts'

const say = (key: string) => CONTENT.texts.say('fr', key)

/** What every conversation repeats. Each step has the same number of replies wherever the conversation stands. */
export const ROUND: readonly Step[] = [
  { text: 'recommencer', replies: 2 },
  { text: say('welcome:menu.options.never_came'), replies: 1 },
  { text: 'english please', replies: 2 },
  { text: 'en français svp', replies: 2 },
]

export interface CrowdOptions {
  rig: Rig
  /** Conversations at a time. */
  size: number
  /** Messages a second, of all together. */
  perSecond: number
  /** Share of conversations that ask for a mail. */
  mails?: number
  /** Rounds until a member leaves and another comes; absent: they stay. */
  rounds?: number
  member?: Partial<MemberOptions>
}

export interface Crowd {
  /** Resolves when everybody's first socket is open. */
  arrived(): Promise<void>
  members(): readonly Member[]
  sends(): readonly SendLog[]
  listening(): number
  /** Lets everybody finish their message, waits until the service has answered all (`settleMs`), then judges.
   *  @param o.extraCopies mails that may have come again; 'any': mails are not looked at. */
  finish(o: { extraCopies: number | 'any'; settleMs?: number }): Promise<Outcome>
}

export interface Outcome extends Verdict {
  conversations: readonly Evidence[]
  /** By how long the last answer came after the last message, ms. */
  settledAfter: number
}

const SETTLE_MS = 30_000
const LOOK_MS = 100

export function startCrowd(o: CrowdOptions): Crowd {
  const { rig } = o
  const random = rig.clients.random.fork()
  const gone: Member[] = []
  const present = new Set<Member>()
  let going = true
  /** After this nobody tries any more. */
  let over = false

  async function seat(): Promise<void> {
    await pause((random.next() * 1000 * o.size) / o.perSecond)
    while (going) {
      const member = await createMember({ ...rig.clients, random: random.fork(), ...o.member }, () => over)
      if (!member) return
      present.add(member)
      await talk(member)
      if (going) await leave(member)
    }
  }

  async function talk(member: Member): Promise<void> {
    const steps = script()
    for (let n = 0; going; n++) {
      const step = steps[n] ?? (o.rounds === undefined ? ROUND[n % ROUND.length] : undefined)
      if (!step) return
      await member.send(step)
      await pause(((0.5 + random.next()) * 1000 * o.size) / o.perSecond)
    }
  }

  /** A mail is asked for once, somewhere in between. */
  function script(): Step[] {
    const rounds = Array.from({ length: o.rounds ?? 1 }, () => ROUND)
    if (random.next() < (o.mails ?? 0)) {
      const mailTo = rig.nextAddress()
      const ask = [...ROUND.slice(0, 2), { text: mailTo, replies: 2, mailTo }]
      rounds.splice(random.between(0, rounds.length), 0, ask)
    }
    return rounds.flat()
  }

  /** Goes when all was answered and seen, or when time is over. */
  async function leave(member: Member): Promise<void> {
    while (!over && !isWhole(member, await member.history())) await pause(LOOK_MS)
    member.close()
    present.delete(member)
    gone.push(member)
  }

  const seats = Array.from({ length: o.size }, seat)
  const all = () => [...gone, ...present]

  async function gather(): Promise<Evidence[]> {
    const evidence: Evidence[] = []
    const members = all()
    const reader = async () => {
      for (let m = members.pop(); m; m = members.pop()) {
        evidence.push({ clients: [m.log], final: (await m.history()) ?? [] })
      }
    }
    await Promise.all(Array.from({ length: 16 }, reader))
    return evidence
  }

  return {
    async arrived() {
      while (present.size < o.size || [...present].some((m) => !m.isListening())) await pause(LOOK_MS)
    },
    members: all,
    sends: () => all().flatMap((m) => m.log.sends),
    listening: () => [...present].filter((m) => m.isListening()).length,
    async finish({ extraCopies, settleMs = SETTLE_MS }) {
      going = false
      const ended = Date.now()
      const last = setTimeout(() => {
        over = true
        for (const member of present) member.close()
      }, settleMs)
      await Promise.all(seats)
      await Promise.all([...present].map(leave))
      const rules = extraCopies === 'any' ? undefined : { mails: rig.sink.mails, from: MAIL_FROM, extraCopies }
      let conversations = await gather()
      let verdict = judge(conversations, rules)
      // Mails and takeovers may still be under way: what is missing may yet come, what is double never goes.
      while (verdict.lost > 0 && Date.now() < ended + settleMs) {
        await pause(LOOK_MS * 5)
        conversations = await gather()
        verdict = judge(conversations, rules)
      }
      clearTimeout(last)
      return { ...verdict, conversations, settledAfter: Date.now() - ended }
    },
  }
}

/** Everything acked was answered, and all of the log was seen; from here on it is judged by that. */
function isWhole({ log }: Member, final: readonly Activity[] | undefined): boolean {
  if (!final) return false
  const listenedTo = final.at(-1)?.id
  if (listenedTo !== undefined) log.listenedTo = listenedTo
  const { lost } = judge([{ clients: [log], final }])
  return lost === 0 && log.sends.every(isAcked)
}
