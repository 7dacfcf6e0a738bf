/** One conversation in memory, through the whole turn: for authors' tests and the terminal. No store, no network, no waiting:
 *  time passes when it is told to. */
import { EVENTS, type ResultValue } from '../conversation/events.ts'
import { type ConversationState, newState } from '../conversation/state.ts'
import type { LogEntry, NewActivity, NewEntry, Origin, WorkItem } from '../conversation/store.ts'
import type { Draft } from '../conversation/turn.ts'
import { expects, nodeAt, resolve } from '../dialog/expect.ts'
import { step } from '../dialog/step.ts'
import type { DialogInput, Step, Target } from '../dialog/types.ts'
import { maskCodes } from '../language/mask.ts'
import { type Activity, activityId, LOCALE_EVENT, LOCALE_TAGS, type Locale } from '../wire/activity.ts'
import { type Content, createBot } from './bot.ts'
import type { Trace } from './support-bot.ts'

const ID = 'session'
const AGENT = { id: 'agent-1', name: 'Camille' }

export interface SessionOptions {
  content: Content
  locale: Locale
  /** Stands there at once, instead of at the greeting. */
  at?: Target
  /** What is known already, at `at`. */
  slots?: Readonly<Record<string, string>>
  /** Who the member is known to be: `member` by the host page, `number` by a one-time number. */
  verified?: 'member' | 'number'
  /** Whether people answer now. */
  hours?: 'open' | 'closed'
  trace?: Trace
  now?: Date
}

/** What one happening brought about. */
export interface Outcome {
  /** In the order in which they were written; the member is shown those for `all`. */
  entries: Activity[]
  /** What was asked to be done. */
  work: WorkItem[]
  /** Steps of the trees, in order. */
  steps: { input: DialogInput; result: Step }[]
}

export type AgentCommand = 'claim' | 'reply' | 'handback' | 'resolve'

export type Session = ReturnType<typeof createSession>

export function createSession(options: SessionOptions) {
  const { content, locale, at, slots = {}, hours = 'open', verified, trace, now = new Date(0) } = options
  let steps: Outcome['steps'] = []
  const bot = createBot(content, {
    hours: () => hours,
    trace: {
      understood: (understood) => trace?.understood(understood),
      stepped(input, result) {
        steps.push({ input, result })
        trace?.stepped(input, result)
      },
    },
  })
  let state: ConversationState = { ...newState(locale), ...knownAs(verified) }
  let timers: WorkItem[] = []
  let clock = now.getTime()
  let seq = 0

  async function happen(origin: Origin, activity: Partial<NewActivity> & { type: string }): Promise<Outcome> {
    seq += 1
    const entry = {
      seq,
      origin,
      audience: origin === 'member' ? 'all' : 'desk',
      activity: numbered(activity, origin),
    } as LogEntry
    const draft: Draft = { conversationId: ID, now: new Date(clock), ahead: 0, state, entries: [], work: [] }
    steps = []
    await bot.run(draft, entry)
    state = draft.state
    timers.push(...draft.work.filter(({ kind }) => kind === 'timer'))
    return { entries: draft.entries.map(toActivity), work: draft.work.filter(({ kind }) => kind !== 'timer'), steps }
  }

  function numbered(activity: Partial<NewActivity> & { type: string }, origin: Origin): Activity {
    const from = origin === 'agent' ? AGENT : { id: origin === 'member' ? 'dl_member' : 'system' }
    const timestamp = new Date(clock).toISOString()
    const common = { timestamp, channelId: 'directline' as const, conversation: { id: ID }, from }
    return { ...common, id: activityId(ID, seq), ...activity } as Activity
  }

  function toActivity({ activity }: NewEntry): Activity {
    seq += 1
    return { ...activity, id: activityId(ID, seq) } as Activity
  }

  /** The greeting, or the question of `at`. */
  async function open(): Promise<Outcome> {
    const outcome = await happen('system', { type: 'conversationUpdate', locale: LOCALE_TAGS[locale] })
    if (at === undefined) return outcome
    const place = resolve(at, '')
    nodeAt(content.trees, place)
    const input: DialogInput = { type: 'start', at }
    const facts = {
      locale,
      owner: 'bot',
      attempts: '0',
      verified: verified ? 'yes' : 'no',
      member: verified === 'member' ? 'yes' : 'no',
      hours,
    }
    const result = step(content.trees, state.dialog, input, facts)
    state = { ...state, dialog: { ...result.state, slots: { ...result.state.slots, ...slots } } }
    return { entries: [], work: [], steps: [{ input, result }] }
  }

  async function fire({ payload, dueAt }: WorkItem): Promise<Outcome> {
    clock = Math.max(clock, dueAt)
    return happen('system', { type: 'event', name: EVENTS.timer, value: payload })
  }

  return {
    open,
    state: () => state,
    /** What the member is asked now. */
    expects: () => expects(content.trees, state.dialog),
    say: (text: string) => happen('member', { type: 'message', text: maskCodes(text).text, textFormat: 'plain' }),
    chooseLocale: (to: Locale) => happen('member', { type: 'event', name: LOCALE_EVENT, value: { locale: to } }),
    result: (result: ResultValue) => happen('system', { type: 'event', name: EVENTS.result, value: result }),
    agent: (name: AgentCommand, text = '') =>
      happen('agent', {
        type: 'event',
        name: EVENTS[name],
        value: { epoch: state.epoch, text, clientActivityID: `a${seq}` },
      }),
    /** Lets time pass; timers that are due come in their order. */
    async pass(seconds: number): Promise<Outcome> {
      const until = clock + seconds * 1000
      const all: Outcome = { entries: [], work: [], steps: [] }
      for (;;) {
        const due = timers.toSorted((a, b) => a.dueAt - b.dueAt)[0]
        if (!due || due.dueAt > until) break
        timers = timers.filter((timer) => timer !== due)
        const outcome = await fire(due)
        all.entries.push(...outcome.entries)
        all.work.push(...outcome.work)
        all.steps.push(...outcome.steps)
      }
      clock = until
      return all
    },
  }
}

function knownAs(verified: SessionOptions['verified']): Pick<ConversationState, 'verified'> {
  if (!verified) return {}
  return {
    verified: { ...(verified === 'member' ? { member: 'member-1' } : {}), emails: [{ email: 'sam@example.com' }] },
  }
}
