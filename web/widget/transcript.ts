/** What the log says, worked out from the activities. Pure: the same activities in any order give the same lines. */
import {
  type Activity,
  type Author,
  type Locale,
  MAX_TEXT,
  type Owner,
  parseLocale,
  type QuickReply,
} from '../../src/wire/activity.ts'
import type { Pending } from './kept.ts'

export { MAX_TEXT }

/** Activities in the server's order, each once. */
export type Transcript = readonly Activity[]

/** One message as it is shown. `state` is set for the member's own only. */
export interface Line {
  key: string
  author: Author
  /** An agent's first name. */
  name?: string | undefined
  text: string
  at: string
  locale?: Locale | undefined
  state?: Pending['state'] | 'sent'
}

/** The activity's number in its conversation, from `"<conversationId>|<seq>"`; 0 when it has none (typing). */
export function seqOf(id: string | undefined): number {
  return Number(id?.slice(id.lastIndexOf('|') + 1)) || 0
}

export function merge(before: Transcript, more: readonly Activity[]): Transcript {
  const known = new Set(before.map((a) => a.id))
  const fresh = more.filter((a) => seqOf(a.id) > 0 && !known.has(a.id) && known.add(a.id))
  if (fresh.length === 0) return before
  return [...before, ...fresh].sort((a, b) => seqOf(a.id) - seqOf(b.id))
}

export function authorOf(activity: Activity): Author {
  return activity.channelData?.author ?? (activity.from.role === 'user' ? 'member' : 'bot')
}

const isMessage = (activity: Activity) => activity.type === 'message' && !!activity.text
const isFromBot = (activity: Activity) => isMessage(activity) && authorOf(activity) === 'bot'

function lineOf(activity: Activity): Line {
  const author = authorOf(activity)
  return {
    key: activity.channelData?.clientActivityID ?? activity.id,
    author,
    name: author === 'agent' ? activity.from.name : undefined,
    text: activity.text ?? '',
    at: activity.timestamp,
    locale: parseLocale(activity.locale),
    ...(author === 'member' && { state: 'sent' as const }),
  }
}

function pendingLine(pending: Pending): Line {
  const { id, text, at, locale, state } = pending
  return { key: id, author: 'member', text, at, locale, state }
}

/** The log's messages, then those that the server has not shown yet. */
export function linesOf(transcript: Transcript, pending: readonly Pending[], sent: readonly Pending[]): Line[] {
  const lines = transcript.filter(isMessage).map(lineOf)
  const shown = new Set(lines.map((line) => line.key))
  const waiting = [...sent, ...pending].filter((p) => p.kind === 'message' && !shown.has(p.id))
  const sentIds = new Set(sent.map((p) => p.id))
  return [
    ...lines,
    ...waiting.map((p) => (sentIds.has(p.id) ? { ...pendingLine(p), state: 'sent' as const } : pendingLine(p))),
  ]
}

export function ownerOf(transcript: Transcript): Owner {
  return transcript.findLast((a) => a.channelData?.owner)?.channelData?.owner ?? 'bot'
}

/** First name of the agent who owns the conversation, once the agent has written. */
export function agentName(transcript: Transcript): string | undefined {
  if (ownerOf(transcript) !== 'agent') return undefined
  const from = transcript.findLastIndex((a) => a.channelData?.owner && a.channelData.owner !== 'agent') + 1
  return transcript.slice(from).findLast((a) => authorOf(a) === 'agent' && a.from.name)?.from.name
}

/** The last thing that was said to the member, when it is the bot's and still unanswered. */
function openQuestion(transcript: Transcript, pending: readonly Pending[]): Activity | undefined {
  if (pending.some((p) => p.kind === 'message' && p.state !== 'failed')) return undefined
  const last = transcript.findLast((a) => isMessage(a) && authorOf(a) !== 'system')
  return last && isFromBot(last) && ownerOf(transcript) !== 'agent' ? last : undefined
}

export function quickReplies(transcript: Transcript, pending: readonly Pending[]): readonly QuickReply[] {
  return openQuestion(transcript, pending)?.suggestedActions?.actions ?? []
}

/** Whether an e-mail address is asked for now. */
export function asksEmail(transcript: Transcript): boolean {
  return ownerOf(transcript) === 'bot' && openQuestion(transcript, [])?.channelData?.input === 'email'
}

/** Language of the bot's newest words that come after `afterSeq`. */
export function botLocale(transcript: Transcript, afterSeq: number): Locale | undefined {
  const newest = transcript.findLast(isFromBot)
  return newest && seqOf(newest.id) > afterSeq ? parseLocale(newest.locale) : undefined
}

/** Seq of the bot's first words in `locale` after `afterSeq`. */
export function firstInLocale(transcript: Transcript, locale: Locale, afterSeq: number): number | undefined {
  const first = transcript.find((a) => isFromBot(a) && seqOf(a.id) > afterSeq && parseLocale(a.locale) === locale)
  return first && seqOf(first.id)
}

/** Messages to the member that came after `seen`. */
export function unreadCount(transcript: Transcript, seen: number): number {
  return transcript.filter((a) => isMessage(a) && authorOf(a) !== 'member' && seqOf(a.id) > seen).length
}

export function lastSeq(transcript: Transcript): number {
  return seqOf(transcript.at(-1)?.id)
}
