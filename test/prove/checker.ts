/** The model of an honest service: from what clients noted, what the server says in the end, and what mails came, to
 *  what was lost, doubled or put in another order. Pure. */
import { messageIdFor } from '../../src/mail/compose.ts'
import { type Activity, seqOf } from '../../src/wire/activity.ts'

/** One message as its client knows it. Times are epoch milliseconds. */
export interface SendLog {
  clientId: string
  text: string
  sentAt: number
  ackedAt?: number
  /** The id of every answer it got: several when it was sent several times. */
  answers: string[]
  /** Bot replies it must have; undefined: not looked at. */
  replies?: number
  /** It asks for a mail to this address. */
  mailTo?: string
}

/** What one client noted. */
export interface ClientLog {
  conversationId: string
  sends: SendLog[]
  /** Ids in the order in which the client first saw them, through whatever socket or page. */
  seen: string[]
  /** What it saw again under an id it knew. Harmless: clients drop it. */
  repeats: number
  /** Ids that it saw with two different contents. */
  changed: string[]
  /** Id up to which it must have seen everything; it listened so long. */
  listenedTo?: string
}

/** One conversation: all its clients, and the log as the server tells it at the end. */
export interface Evidence {
  clients: readonly ClientLog[]
  final: readonly Activity[]
}

export interface SentMail {
  messageId: string
  to: string
}

export interface MailRules {
  mails: readonly SentMail[]
  from: string
  /** Extra copies with the same Message-ID that cuts after the final dot may have made. */
  extraCopies: number
}

export interface Verdict {
  acked: number
  lost: number
  doubled: number
  inverted: number
  /** One line a fault, the first ones only. */
  faults: string[]
}

/** Faults told in words, of all and of one conversation: what goes wrong often must not hide the rest. */
const SHOWN = 12
const SHOWN_OF_ONE = 2

export function judge(conversations: readonly Evidence[], mails?: MailRules): Verdict {
  const verdict: Verdict = { acked: 0, lost: 0, doubled: 0, inverted: 0, faults: [] }
  let told = 0
  const note = (kind: 'lost' | 'doubled' | 'inverted', text: string) => {
    verdict[kind]++
    if (verdict.faults.length < SHOWN && told++ < SHOWN_OF_ONE) verdict.faults.push(`${kind}: ${text}`)
  }
  for (const evidence of conversations) {
    told = 0
    verdict.acked += evidence.clients.flatMap((client) => client.sends).filter(isAcked).length
    judgeEntries(evidence, note)
    for (const client of evidence.clients) {
      judgeSends(client, evidence.final, note)
      judgeSeen(client, evidence.final, note)
    }
  }
  told = 0
  if (mails) judgeMails(conversations, mails, note)
  return verdict
}

type Note = (kind: 'lost' | 'doubled' | 'inverted', text: string) => void

export const isAcked = (send: SendLog): boolean => send.answers.length > 0

/** The server's own list: ids ascend, and no client id and no agent's reply stands twice. */
function judgeEntries({ final }: Evidence, note: Note): void {
  const keys = new Set<string>()
  let last = 0
  for (const { id, from, channelData } of final) {
    const seq = seqOf(id)
    if (seq <= last) note('inverted', `the list has ${id} after ${last}`)
    last = seq
    const key = channelData?.clientActivityID
    if (key === undefined) continue
    const whole = `${channelData?.author} ${from.id} ${key}`
    if (keys.has(whole)) note('doubled', `${whole} stands again as ${id}`)
    keys.add(whole)
  }
}

function judgeSends(client: ClientLog, final: readonly Activity[], note: Note): void {
  const byId = new Map(final.map((activity) => [activity.id, activity]))
  const replies = countReplies(final)
  let last = 0
  for (const send of client.sends.filter(isAcked)) {
    const [id = ''] = send.answers
    if (new Set(send.answers).size > 1) note('doubled', `${send.clientId} was answered with ${send.answers.join(', ')}`)
    const entry = byId.get(id)
    if (entry?.channelData?.clientActivityID !== send.clientId || entry.text !== send.text) {
      const elsewhere = final.find(({ channelData }) => channelData?.clientActivityID === send.clientId)?.id
      note('lost', `acked ${send.clientId} is not ${id} of the log, it stands ${elsewhere ?? 'nowhere'}`)
      continue
    }
    if (seqOf(id) < last) note('inverted', `${id} was sent after ${last}`)
    last = seqOf(id)
    judgeReplies(send, id, replies.get(id) ?? 0, note)
  }
}

function judgeReplies({ replies, text }: SendLog, id: string, found: number, note: Note): void {
  if (replies === undefined || found === replies) return
  note(found < replies ? 'lost' : 'doubled', `${id} "${text.slice(0, 20)}" has ${found} replies, not ${replies}`)
}

function countReplies(final: readonly Activity[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { replyToId } of final) if (replyToId) counts.set(replyToId, (counts.get(replyToId) ?? 0) + 1)
  return counts
}

/** The stream: everything, once, in the order of the list. */
function judgeSeen(client: ClientLog, final: readonly Activity[], note: Note): void {
  const place = new Map(final.map((activity, index) => [activity.id, index]))
  let last = -1
  for (const id of client.seen) {
    const index = place.get(id)
    if (index === undefined) note('inverted', `${id} was seen, and the list lacks it`)
    else if (index < last) note('inverted', `${id} was seen after a later one`)
    last = Math.max(last, index ?? -1)
  }
  for (const id of client.changed) note('inverted', `${id} was seen with two contents`)
  const end = seqOf(client.listenedTo ?? '')
  const seen = new Set(client.seen)
  for (const { id } of final) if (seqOf(id) <= end && !seen.has(id)) note('lost', `${id} never reached its client`)
}

/** Every acked request has its mail, one; copies beyond that only as cuts after the final dot allow. */
function judgeMails(conversations: readonly Evidence[], { mails, from, extraCopies }: MailRules, note: Note): void {
  const { asked, certain } = requestsOf(conversations, from)
  const copies = new Map<string, number>()
  for (const { messageId, to } of mails) {
    copies.set(messageId, (copies.get(messageId) ?? 0) + 1)
    if (asked.get(messageId) !== to) note('doubled', `a mail that nobody asked for: ${messageId}`)
  }
  for (const id of certain) if (!copies.has(id)) note('lost', `mail ${id} never came`)
  const extra = [...copies.values()].reduce((sum, n) => sum + n - 1, 0)
  if (extra > extraCopies) note('doubled', `${extra} mails came again, ${extraCopies} may`)
}

/** Message-IDs that may come, with their addresses; those of acked requests must. */
function requestsOf(conversations: readonly Evidence[], from: string) {
  const asked = new Map<string, string>()
  const certain: string[] = []
  for (const { clients, final } of conversations) {
    for (const send of clients.flatMap(({ sends }) => sends).filter(({ mailTo }) => mailTo !== undefined)) {
      const entry = final.find(({ channelData }) => channelData?.clientActivityID === send.clientId)
      const messageId = messageIdFor(`resend:${send.answers[0] ?? entry?.id}`, from)
      asked.set(messageId, send.mailTo ?? '')
      if (isAcked(send)) certain.push(messageId)
    }
  }
  return { asked, certain }
}
