/** What of a conversation an agent is shown, and who may see how much. Pure. */
import { createHash } from 'node:crypto'
import { type ConversationState, verifiedAs } from '../conversation/state.ts'
import type { DeskRow, LogEntry, WorkReceipt } from '../conversation/store.ts'
import { maskAddress, maskAddresses } from '../language/mask.ts'
import type { Texts } from '../language/texts.ts'
import type { Activity, Locale, Owner } from '../wire/activity.ts'
import type {
  Access,
  AgentRef,
  Answer,
  ConversationView,
  Known,
  QueueItem,
  Role,
  Step,
  Summary,
  TriedAddress,
} from '../wire/desk.ts'

/** Who asks. */
export interface Reader extends AgentRef {
  role: Role
}

/** @returns undefined for what is not at the desk, or not any more: for this reader there is no such conversation. */
export function accessTo({ owner, handoff }: ConversationState, { id, role }: Reader): Access | undefined {
  if (role === 'lead') return 'all'
  if (owner === 'agent') return handoff?.agent?.id === id ? 'all' : 'taken'
  return owner === 'waiting' ? 'request' : undefined
}

/** What somebody asked for is theirs and the leads' to know once it is claimed; that a person may be in danger is everybody's. */
export function toQueueItem(row: DeskRow, reader: Reader): QueueItem {
  const { conversationId, owner, locale, requestedAt, reason, agentId, agentName, lostBy } = row
  const isTaken = owner === 'agent' && agentId !== reader.id && reader.role !== 'lead'
  return {
    conversationId,
    ticket: ticketOf(conversationId),
    owner,
    locale,
    requestedAt,
    ...(isTaken && reason !== 'crisis' ? {} : { reason }),
    ...(agentId === undefined ? {} : { agent: { id: agentId, name: agentName ?? '' } }),
    ...(lostBy === undefined ? {} : { lostBy }),
  }
}

/** What belongs to one conversation. */
export interface Story {
  conversationId: string
  state: ConversationState
  /** Of the log, what is for all. */
  entries: readonly LogEntry[]
  receipts: readonly WorkReceipt[]
  now: Date
}

/** @param locale language of the console, for the names of steps. */
export function toView(story: Story, access: Access, texts: Texts, locale: Locale): ConversationView {
  const { conversationId, state, entries } = story
  const { owner, epoch, handoff } = state
  const { requestedAt, reason, lostBy } = access === 'taken' ? {} : (handoff ?? {})
  return {
    conversationId,
    access,
    ticket: ticketOf(conversationId),
    owner,
    locale: state.locale,
    epoch,
    ...(handoff?.agent ? { agent: handoff.agent } : {}),
    ...(requestedAt === undefined ? {} : { requestedAt }),
    ...(reason === undefined ? {} : { reason }),
    ...(lostBy === undefined ? {} : { lostBy }),
    summary: {
      steps: access === 'taken' ? [] : stepsOf(entries, texts, locale),
      ...(access === 'all' ? detailsOf(story, texts, locale) : { addresses: [], answers: [] }),
    },
    activities: access === 'all' ? entries.map((e) => maskText(e.activity)) : [],
    watermark: access === 'all' ? String(entries.at(-1)?.seq ?? 0) : '0',
  }
}

function detailsOf({ state, receipts, now }: Story, texts: Texts, locale: Locale): Omit<Summary, 'steps'> {
  const known = knownAs(state, now)
  return {
    ...(known ? { known } : {}),
    addresses: state.tried.map((tried) => toTried(tried, receipts)),
    answers: toAnswers(texts, locale, state.dialog.slots),
    ...(state.feedback ? { feedback: maskComment(state.feedback) } : {}),
  }
}

function knownAs(state: ConversationState, now: Date): Known | undefined {
  const person = verifiedAs(state, now)
  return person && { account: person.member !== undefined, addresses: person.emails.map(maskAddress) }
}

/** A short name for people to say; not unique for ever, not a key. */
export function ticketOf(conversationId: string): string {
  const alphabet = 'ABCDEFGHJKMNPQRSTUVWXYZ23456789'
  const bytes = createHash('sha256').update(conversationId).digest().subarray(0, 4)
  return [...bytes].map((byte) => alphabet[byte % alphabet.length]).join('')
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

export function maskText(activity: Activity): Activity {
  return activity.text === undefined ? activity : { ...activity, text: maskAddresses(activity.text) }
}

function maskComment(feedback: NonNullable<ConversationState['feedback']>): NonNullable<Summary['feedback']> {
  const { comment } = feedback
  return comment === undefined ? { rating: feedback.rating } : { ...feedback, comment: maskAddresses(comment) }
}
