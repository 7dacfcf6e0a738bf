/** What agents see and do. Every command is an entry in the conversation's log; the turn decides, in the log's order. */
import { setImmediate as breathe, setTimeout as pause } from 'node:timers/promises'
import { EVENTS, type Outcome } from '../conversation/events.ts'
import type { Receive } from '../conversation/receive.ts'
import { type ConversationState, newState, parseState } from '../conversation/state.ts'
import type { DeadWork, LogEntry, Store } from '../conversation/store.ts'
import type { Turns } from '../conversation/turn.ts'
import { AppError } from '../errors.ts'
import { findEmail, meantSpans } from '../language/email.ts'
import type { Texts } from '../language/texts.ts'
import type { Audit } from '../privacy/audit.ts'
import type { ActivitySet, Locale } from '../wire/activity.ts'
import type { Access, AgentRef, CommandDone, ConversationView, DeadLetter, QueueItem } from '../wire/desk.ts'
import { accessTo, maskText, type Reader, toQueueItem, toView } from './view.ts'

const PAGE = 200
/** How long a command waits for its outcome, and how often it looks, ms. */
const OUTCOME_MS = 6_000
const LOOK_MS = 25
/** A lead who reads on within this is not recorded anew, ms; consoles ask again by themselves. */
const SAME_READING_MS = 3_600_000
/** Readings that are remembered; beyond it some are recorded twice. */
const MOST_READINGS = 10_000

export type CommandName = 'claim' | 'reply' | 'handback' | 'resolve' | 'reveal'

export interface Command {
  conversationId: string
  agent: AgentRef
  name: CommandName
  /** Idempotency key: the same command again has the same outcome. */
  clientId: string
  value: Readonly<Record<string, unknown>>
}

export interface DeskOptions {
  store: Store
  receive: Receive
  turns: Turns
  texts: Texts
  audit: Pick<Audit, 'record'>
  now: () => number
}

export type Desk = ReturnType<typeof createDesk>

export function createDesk({ store, receive, turns, texts, audit, now }: DeskOptions) {
  /** Lead and conversation -> when it was recorded that one read the other. */
  const readings = new Map<string, number>()

  async function stateOf(conversationId: string): Promise<ConversationState> {
    const loaded = await store.load(conversationId)
    if (!loaded) throw new AppError('conversation_unknown')
    return loaded.state === undefined ? newState('fr') : parseState(loaded.state)
  }

  async function messages(conversationId: string): Promise<LogEntry[]> {
    const all: LogEntry[] = []
    for (;;) {
      const page = await store.read(conversationId, all.at(-1)?.seq ?? 0, PAGE, 'all')
      all.push(...page)
      if (page.length < PAGE) return all
      await breathe()
    }
  }

  /** Another process may be running this conversation's turns; then the outcome is a moment away. */
  async function outcomeOf(conversationId: string, seq: number, id: string): Promise<Outcome> {
    let after = seq
    for (const end = performance.now() + OUTCOME_MS; ; ) {
      const page = await store.read(conversationId, after, PAGE, 'desk')
      const found = page.find(({ activity }) => activity.name === EVENTS.outcome && activity.replyToId === id)
      if (found) return found.activity.value as Outcome
      const last = page.at(-1)
      if (last) after = last.seq
      else if (performance.now() > end) throw new AppError('store_unavailable', { waiting: 'outcome' })
      else await pause(LOOK_MS)
    }
  }

  /** Also when it was done before, and its answer was lost: better twice than not at all. */
  async function note({ conversationId: subject, agent: { id: actor }, name, value }: Command): Promise<void> {
    if (name === 'reveal') await audit.record('audit', { actor, action: name, subject, reason: String(value.reason) })
    else if (name === 'claim' && value.take_over === true)
      await audit.record('desk', { actor, action: 'take_over', subject })
    else if (name !== 'reply') await audit.record('desk', { actor, action: name, subject })
  }

  async function command(request: Command): Promise<CommandDone> {
    const { conversationId, agent, name, clientId, value } = request
    const { seq, id } = await receive({
      conversationId,
      origin: 'agent',
      audience: 'desk',
      clientId: `${agent.id}:${clientId}`,
      activity: {
        type: 'event',
        name: EVENTS[name],
        value,
        timestamp: new Date(now()).toISOString(),
        channelId: 'directline',
        conversation: { id: conversationId },
        from: { id: agent.id, name: agent.name },
      },
    })
    await turns.run(conversationId)
    const outcome = await outcomeOf(conversationId, seq, id)
    if (!outcome.ok) throw new AppError(outcome.code, outcome.by === undefined ? {} : { by: outcome.by })
    await note(request)
    return { owner: outcome.owner, epoch: outcome.epoch }
  }

  /** @throws AppError `conversation_unknown`, also for what this reader may know nothing of. */
  async function enter(reader: Reader, conversationId: string): Promise<{ state: ConversationState; access: Access }> {
    const state = await stateOf(conversationId)
    const access = accessTo(state, reader)
    if (!access) throw new AppError('conversation_unknown')
    return { state, access }
  }

  /** Whose conversation it is reads it as their work; anybody else is on record before they see a word. */
  async function noteReading(
    { id: actor }: Reader,
    subject: string,
    { owner, handoff }: ConversationState,
  ): Promise<void> {
    if (owner === 'agent' && handoff?.agent?.id === actor) return
    const key = `${actor} ${subject}`
    if (now() - (readings.get(key) ?? -SAME_READING_MS) < SAME_READING_MS) return
    await audit.record('audit', { actor, action: 'read', subject })
    if (readings.size >= MOST_READINGS) readings.clear()
    readings.set(key, now())
  }

  async function mayRead(reader: Reader, conversationId: string): Promise<boolean> {
    const loaded = await store.load(conversationId)
    return loaded?.state !== undefined && accessTo(parseState(loaded.state), reader) === 'all'
  }

  return {
    command,
    mayRead,

    async queue(reader: Reader): Promise<QueueItem[]> {
      const rows = await store.queue()
      // Who may be in danger comes before who has waited longest.
      const sorted = rows.toSorted((a, b) => Number(b.reason === 'crisis') - Number(a.reason === 'crisis'))
      return sorted.map((row) => toQueueItem(row, reader))
    },

    /** @param locale language of the console, for the names of steps. */
    async view(reader: Reader, conversationId: string, locale: Locale): Promise<ConversationView> {
      const { state, access } = await enter(reader, conversationId)
      if (access === 'all') await noteReading(reader, conversationId, state)
      const isTaken = access === 'taken'
      const [entries, receipts] = await Promise.all([
        isTaken ? [] : messages(conversationId),
        access === 'all' ? store.receipts(conversationId) : [],
      ])
      return toView({ conversationId, state, entries, receipts, now: new Date(now()) }, access, texts, locale)
    },

    async activities(reader: Reader, conversationId: string, after: number): Promise<ActivitySet> {
      const entries = await store.read(conversationId, after, PAGE, 'all')
      // Asked last: what came after the claim was lost is not shown.
      const { state, access } = await enter(reader, conversationId)
      if (access !== 'all') throw new AppError('conversation_unknown')
      await noteReading(reader, conversationId, state)
      return { activities: entries.map((e) => maskText(e.activity)), watermark: String(entries.at(-1)?.seq ?? after) }
    },

    /** The addresses that the member wrote, in full. Needs the claim and a reason (`value.reason`), and nothing is shown that is not recorded. */
    async reveal(request: Omit<Command, 'name'>): Promise<string[]> {
      await command({ ...request, name: 'reveal' })
      const written = (await messages(request.conversationId)).filter((e) => e.origin === 'member')
      return [...new Set(written.flatMap((e) => addressesIn(e.activity.text ?? '')))]
    },

    async dead(reader: Reader): Promise<DeadLetter[]> {
      const [dead, claimed] = await Promise.all([store.dead(100), store.claimed()])
      const theirs = new Set(claimed.flatMap((row) => (row.agentId === reader.id ? row.conversationId : [])))
      const seen = dead.filter(({ conversationId }) => reader.role === 'lead' || theirs.has(conversationId))
      return seen.map(toDeadLetter)
    },
  }
}

/** Whatever `maskAddresses` hides; as it was written when no address can be read from it. */
function addressesIn(text: string): string[] {
  const places = meantSpans(text).map(({ start, end }) => text.slice(start, end))
  return places.map((place) => findEmail(place)?.email ?? place)
}

function toDeadLetter({ workId, kind, conversationId, at, attempts, code }: DeadWork): DeadLetter {
  return { id: workId, kind, conversationId, failedAt: at, attempts, code }
}
