/** What agents see and do. Every command is an entry in the conversation's log; the turn decides, in the log's order. */
import { createHash } from 'node:crypto'
import { setImmediate as breathe, setTimeout as pause } from 'node:timers/promises'
import { EVENTS, type Outcome } from '../conversation/events.ts'
import type { Receive } from '../conversation/receive.ts'
import { type ConversationState, newState, parseState } from '../conversation/state.ts'
import type { DeadWork, DeskRow, LogEntry, Store, WorkReceipt } from '../conversation/store.ts'
import type { Turns } from '../conversation/turn.ts'
import { AppError } from '../errors.ts'
import { findEmail, meantSpans } from '../language/email.ts'
import { maskAddresses } from '../language/mask.ts'
import type { Texts } from '../language/texts.ts'
import type { Audit } from '../privacy/audit.ts'
import type { Activity, ActivitySet, Locale, Owner } from '../wire/activity.ts'
import type {
  AgentRef,
  Answer,
  CommandDone,
  ConversationView,
  DeadLetter,
  QueueItem,
  Step,
  Summary,
  TriedAddress,
} from '../wire/desk.ts'

const PAGE = 200
/** How long a command waits for its outcome, and how often it looks, ms. */
const OUTCOME_MS = 6_000
const LOOK_MS = 25

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
  async function note({ conversationId: subject, agent: { id: actor }, name: action }: Command): Promise<void> {
    if (action === 'reveal') await audit.record('audit', { actor, action, subject })
    else if (action !== 'reply') await audit.record('desk', { actor, action, subject })
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

  return {
    command,

    async queue(): Promise<QueueItem[]> {
      const rows = await store.queue()
      // Who may be in danger comes before who has waited longest.
      return rows.toSorted((a, b) => Number(b.reason === 'crisis') - Number(a.reason === 'crisis')).map(toQueueItem)
    },

    /** @param locale language of the console, for the names of steps. */
    async view(conversationId: string, locale: Locale): Promise<ConversationView> {
      const state = await stateOf(conversationId)
      const [entries, receipts] = await Promise.all([messages(conversationId), store.receipts(conversationId)])
      const { owner, epoch, handoff } = state
      return {
        conversationId,
        ticket: ticketOf(conversationId),
        owner,
        locale: state.locale,
        epoch,
        ...(handoff?.agent ? { agent: handoff.agent } : {}),
        ...(handoff ? { requestedAt: handoff.requestedAt, reason: handoff.reason } : {}),
        summary: {
          steps: stepsOf(entries, texts, locale),
          addresses: state.tried.map((tried) => toTried(tried, receipts)),
          answers: toAnswers(texts, locale, state.dialog.slots),
          ...(state.feedback ? { feedback: maskComment(state.feedback) } : {}),
        },
        activities: entries.map((e) => maskText(e.activity)),
        watermark: String(entries.at(-1)?.seq ?? 0),
      }
    },

    async activities(conversationId: string, after: number): Promise<ActivitySet> {
      const entries = await store.read(conversationId, after, PAGE, 'all')
      return { activities: entries.map((e) => maskText(e.activity)), watermark: String(entries.at(-1)?.seq ?? after) }
    },

    /** The addresses that the member wrote, in full. Needs the claim, and nothing is shown that is not recorded. */
    async reveal(request: Omit<Command, 'name'>): Promise<string[]> {
      await command({ ...request, name: 'reveal' })
      const written = (await messages(request.conversationId)).filter((e) => e.origin === 'member')
      return [...new Set(written.flatMap((e) => addressesIn(e.activity.text ?? '')))]
    },

    async dead(): Promise<DeadLetter[]> {
      return (await store.dead(100)).map(toDeadLetter)
    },
  }
}

/** A short name for people to say; not unique for ever, not a key. */
export function ticketOf(conversationId: string): string {
  const alphabet = 'ABCDEFGHJKMNPQRSTUVWXYZ23456789'
  const bytes = createHash('sha256').update(conversationId).digest().subarray(0, 4)
  return [...bytes].map((byte) => alphabet[byte % alphabet.length]).join('')
}

function toQueueItem(row: DeskRow): QueueItem {
  const { conversationId, owner, locale, requestedAt, reason, agentId, agentName } = row
  const agent = agentId === undefined ? {} : { agent: { id: agentId, name: agentName ?? '' } }
  return { conversationId, ticket: ticketOf(conversationId), owner, locale, requestedAt, reason, ...agent }
}

/** The way through the trees, read off the log: what was asked, and which button answered it. */
function stepsOf(entries: readonly LogEntry[], texts: Texts, locale: Locale): Step[] {
  const steps: Step[] = []
  let asked: Activity | undefined
  let owner: Owner | undefined
  for (const { origin, activity } of entries) {
    const { node, owner: next = owner } = activity.channelData ?? {}
    if (origin === 'member') {
      const at = owner === 'bot' ? asked?.channelData?.node : undefined
      // The same question asked again (after a greeting, a slip) is one step.
      if (at && steps.at(-1)?.node === at && steps.at(-1)?.choice === undefined) steps.pop()
      if (at) steps.push(toStep(texts, locale, activity.timestamp, at, chosen(asked, activity)))
      asked = undefined
      continue
    }
    if (node && next === 'waiting' && owner !== 'waiting')
      steps.push(toStep(texts, locale, activity.timestamp, node, undefined))
    if (node) asked = activity
    owner = next
  }
  return steps
}

/** Id of the button whose text the member sent. */
function chosen(asked: Activity | undefined, { text }: Activity): string | undefined {
  return asked?.suggestedActions?.actions.find((action) => action.value === text)?.channelData.option
}

function toStep(texts: Texts, locale: Locale, at: string, node: string, option: string | undefined): Step {
  const [dialog = '', name = ''] = node.split('.')
  const title = texts.find(locale, `${dialog}:title`) ?? dialog
  const choice = option === undefined ? undefined : texts.find(locale, `${dialog}:${name}.options.${option}`)
  return { at, dialog: title, node, ...(choice === undefined ? {} : { choice }) }
}

function toTried(
  { at, masked, workId }: ConversationState['tried'][number],
  receipts: readonly WorkReceipt[],
): TriedAddress {
  const code = receipts.find((r) => r.workId === workId)?.code
  if (code === undefined) return { masked, at }
  return { masked, at, receipt: code.startsWith('dead:') ? 'failed' : code }
}

/** Only what has a name in `terms:slots` is for agents. */
function toAnswers(texts: Texts, locale: Locale, slots: Readonly<Record<string, string>>): Answer[] {
  return Object.entries(slots).flatMap(([slot, value]) => {
    const label = texts.find(locale, `terms:slots.${slot}`)
    const named = texts.find(locale, `terms:values.${slot}.${value}`)
    return label === undefined ? [] : [{ label, value: named ?? maskAddresses(value) }]
  })
}

function maskText(activity: Activity): Activity {
  return activity.text === undefined ? activity : { ...activity, text: maskAddresses(activity.text) }
}

/** Whatever `maskAddresses` hides; as it was written when no address can be read from it. */
function addressesIn(text: string): string[] {
  const places = meantSpans(text).map(({ start, end }) => text.slice(start, end))
  return places.map((place) => findEmail(place)?.email ?? place)
}

function maskComment(feedback: NonNullable<ConversationState['feedback']>): NonNullable<Summary['feedback']> {
  const { comment } = feedback
  return comment === undefined ? { rating: feedback.rating } : { ...feedback, comment: maskAddresses(comment) }
}

function toDeadLetter({ workId, kind, conversationId, at, attempts, code }: DeadWork): DeadLetter {
  return { id: workId, kind, conversationId, failedAt: at, attempts, code }
}
