import { ActivityHandler, EventFactory, type TurnContext } from 'botbuilder'
import { EVENTS } from '../conversation/events.ts'
import { type ConversationState, move, remember } from '../conversation/state.ts'
import type { Draft } from '../conversation/turn.ts'
import { expects, expectsNext, step } from '../dialog/step.ts'
import type { DialogInput, DialogState, Effect, Option, Target, Trees } from '../dialog/types.ts'
import type { Command } from '../language/commands.ts'
import { emailSpans } from '../language/email.ts'
import { detectLocale } from '../language/locale.ts'
import { MASKED_CODE, maskAddress } from '../language/mask.ts'
import type { SmallTalk } from '../language/small-talk.ts'
import type { Texts } from '../language/texts.ts'
import { LOCALE_EVENT } from '../wire/activity.ts'
import { draftOf, entryOf } from './adapter.ts'
import { runDeskCommand } from './desk-commands.ts'
import { commonReply, type Reply, sayToReply } from './replies.ts'
import { findSecond, findTopic, type Topics } from './topics.ts'
import type { Turn } from './turn.ts'
import type { Understanding, Understood } from './understand.ts'

/** Where the bot enters the trees. Checked at start. */
export const ENTRIES = {
  hello: 'welcome.hello',
  menu: 'welcome.menu',
  person: 'person.request',
  feedback: 'feedback.ask',
} as const satisfies Record<string, Target>

/** Effects that `do` nodes may name. */
export const EFFECTS = ['resend_code', 'feedback'] as const

const BACK_TO_BOT: readonly Option[] = [{ id: 'back_to_bot', key: 'common:options.back_to_bot' }]
const PERSON: readonly Option[] = [{ id: 'person', key: 'common:options.person' }]

/** A waiting member who keeps writing is told again that they wait, but not more often than this. */
const TELL_AGAIN_MS = 60_000
const POLITE: ReadonlySet<SmallTalk> = new Set(['greeting', 'thanks', 'goodbye', 'noted'])
/** What a waiting member says to hear something back. */
const WANTS_ANSWER: ReadonlySet<SmallTalk> = new Set(['there', 'greeting', 'upset', 'lost', 'robot', 'health'])

export interface SupportBotOptions {
  trees: Trees
  texts: Texts
  understanding: Understanding
}

/** Answers one entry of a conversation's log, by who owns the conversation. Changes the draft; calls nothing outside. */
export class SupportBot extends ActivityHandler {
  readonly #trees: Trees
  readonly #texts: Texts
  readonly #understanding: Understanding
  readonly #topics: Topics

  constructor({ trees, texts, understanding }: SupportBotOptions) {
    super()
    this.#trees = trees
    this.#texts = texts
    this.#understanding = understanding
    this.#topics = { trees, understanding }
    this.onMembersAdded((context, next) => this.#handle(context, next, this.#greet))
    this.onMessage((context, next) => this.#handle(context, next, this.#onMessage))
    this.onEvent((context, next) => this.#handle(context, next, this.#onEvent))
  }

  /** Replies are collected and sent once: one pass through the middleware a turn. */
  async #handle(context: TurnContext, next: () => Promise<void>, handler: Handler): Promise<void> {
    const replies: Reply[] = []
    handler.call(this, { context, draft: draftOf(context), replies })
    if (replies.length > 0) await context.sendActivities(replies)
    await next()
  }

  #greet(turn: Turn): void {
    this.#step(turn, { type: 'start', at: ENTRIES.hello })
  }

  #onMessage(turn: Turn): void {
    const text = entryOf(turn.context).activity.text ?? ''
    if (text.includes(MASKED_CODE)) turn.replies.push(this.#common(turn, 'code_masked'))
    switch (turn.draft.state.owner) {
      case 'agent':
        return
      case 'waiting':
        return this.#whileWaiting(turn, text)
      case 'closed':
      case 'bot':
        return this.#answer(turn, text)
    }
  }

  #answer(turn: Turn, text: string): void {
    const { state } = turn.draft
    const isOver = state.dialog.stack.length === 0
    const menu: DialogInput = { type: 'start', at: ENTRIES.menu }
    const dialog = isOver ? step(this.#trees, state.dialog, menu, factsOf(state)).state : state.dialog
    const understood = this.#understand(dialog, text)
    if ('small' in understood) return this.#smallTalk(turn, text, understood.small)
    if (state.owner === 'closed') move(state, 'bot')
    if ('command' in understood) return this.#obey(turn, understood.command)
    const { input } = understood
    const isNoticed = input.type !== 'choose' && this.#followLanguage(turn, text)
    if (isOver && input.type === 'text') return this.#step(turn, menu)
    state.dialog = dialog
    if (input.type === 'email' && namesSeveral(text)) turn.replies.push(this.#common(turn, 'one_address'))
    if (input.type === 'text') return this.#onWords(turn, text, input, isNoticed)
    const second = findSecond(this.#topics, state.dialog, input, text, factsOf(state))
    if (second) state.dialog = second.state
    this.#step(turn, second?.input ?? input)
  }

  /** Words that fit no button: another topic, or what the question makes of them. */
  #onWords(turn: Turn, text: string, input: DialogInput, isNoticed: boolean): void {
    const { dialog } = turn.draft.state
    const topic = findTopic(this.#topics, ENTRIES.menu, dialog, text)
    // "I don't speak French" is answered by speaking English.
    const isAnswered = isNoticed && expects(this.#trees, dialog)?.takesText === false
    this.#step(turn, topic ?? (isAnswered ? { type: 'repeat' } : input))
  }

  #understand(dialog: DialogState, text: string): Understood {
    // Thanks while waiting for the mail are no answer to the question that comes after.
    const early = dialog.waiting ? this.#understanding.understand(text, undefined) : undefined
    if (early && 'small' in early && early.small !== 'solved') return early
    return this.#understanding.understand(text, expectsNext(this.#trees, dialog))
  }

  /** A short kind answer, then the question again. */
  #smallTalk(turn: Turn, text: string, small: SmallTalk): void {
    const { state } = turn.draft
    // A French speaker says "thanks" and "bye" too.
    if (!POLITE.has(small)) this.#followLanguage(turn, text)
    const isOver = state.dialog.stack.length === 0
    if (state.owner === 'closed' && small === 'greeting') move(state, 'bot')
    if (small === 'solved' && !isOver) return this.#step(turn, { type: 'start', at: ENTRIES.feedback })
    const options = small === 'goodbye' ? expects(this.#trees, state.dialog)?.options : undefined
    turn.replies.push(this.#common(turn, small === 'solved' ? 'thanks' : small, options ? { options } : {}))
    if (isOver && state.owner === 'bot') return this.#step(turn, { type: 'start', at: ENTRIES.menu })
    if (!isOver && !state.dialog.waiting && small !== 'goodbye') this.#step(turn, { type: 'repeat' })
  }

  /** Speaks the language that the member writes, unless they chose one with the switch. */
  #followLanguage(turn: Turn, text: string): boolean {
    const { state } = turn.draft
    const noticed = state.localeChosen ? undefined : detectLocale(text)
    if (noticed === undefined || noticed === state.locale) return false
    state.locale = noticed
    turn.replies.push(this.#common(turn, 'language_noticed'))
    return true
  }

  #obey(turn: Turn, command: Command): void {
    const { state } = turn.draft
    switch (command.type) {
      case 'person':
        return this.#step(turn, { type: 'interrupt', at: ENTRIES.person, under: ENTRIES.menu })
      case 'back':
        return this.#step(turn, state.dialog.stack.length > 0 ? { type: 'back' } : { type: 'start', at: ENTRIES.menu })
      case 'restart':
        turn.replies.push(this.#common(turn, 'restarted'))
        return this.#step(turn, { type: 'start', at: ENTRIES.menu })
      case 'language':
        Object.assign(state, { locale: command.locale, localeChosen: true })
        return this.#repeat(turn)
    }
  }

  /** The present question again, in the language that was just chosen. */
  #repeat(turn: Turn): void {
    turn.replies.push(this.#common(turn, 'language_changed'))
    const asked = turn.draft.state.dialog.stack.length > 0
    this.#step(turn, asked ? { type: 'repeat' } : { type: 'start', at: ENTRIES.menu })
  }

  #whileWaiting(turn: Turn, text: string): void {
    const { state, now } = turn.draft
    const understood = this.#understanding.understand(text, undefined)
    const command = 'command' in understood ? understood.command : undefined
    if (command?.type === 'language') Object.assign(state, { locale: command.locale, localeChosen: true })
    const told = Date.parse(state.handoff?.toldAt ?? '')
    const small = 'small' in understood ? understood.small : undefined
    if (!small && this.#understanding.choose(text, BACK_TO_BOT)) return this.#backToBot(turn)
    if (small === 'health') turn.replies.push(this.#common(turn, small))
    if (command || (small && WANTS_ANSWER.has(small))) return this.#tellPosition(turn, 'position')
    // It works now: they may want to leave the line.
    if (small === 'solved') turn.replies.push(this.#common(turn, 'waiting_again', { options: BACK_TO_BOT }))
    if (small === 'solved') return
    if (now.getTime() - told < TELL_AGAIN_MS) return
    turn.replies.push(this.#common(turn, 'waiting_again', { options: BACK_TO_BOT }))
    if (state.handoff) state.handoff.toldAt = now.toISOString()
  }

  #tellPosition(turn: Turn, key: 'waiting' | 'position' = 'waiting'): void {
    const count = turn.draft.ahead + 1
    turn.replies.push(this.#common(turn, key, { values: { count }, options: BACK_TO_BOT }))
  }

  #backToBot(turn: Turn): void {
    const { state } = turn.draft
    turn.replies.push(EventFactory.createHandoffStatus(turn.context.activity.conversation, 'failed', 'member_left'))
    move(state, 'bot')
    delete state.handoff
    turn.replies.push(this.#common(turn, 'back_to_bot'))
    this.#step(turn, { type: 'resume' })
  }

  #onEvent(turn: Turn): void {
    const { origin, activity } = entryOf(turn.context)
    if (origin === 'agent') return this.#onDeskCommand(turn)
    if (origin === 'member' && activity.name === LOCALE_EVENT) return this.#onLocaleChosen(turn)
    if (origin === 'system' && activity.name === EVENTS.timer && turn.draft.state.owner === 'bot') {
      const { ref } = activity.value as { ref: string }
      this.#step(turn, { type: 'timeout', ref })
    }
  }

  #onLocaleChosen(turn: Turn): void {
    const { owner } = turn.draft.state
    if (owner === 'bot') this.#repeat(turn)
    if (owner === 'waiting') this.#tellPosition(turn)
    if (owner === 'closed') turn.replies.push(this.#common(turn, 'language_changed'))
  }

  #onDeskCommand(turn: Turn): void {
    const after = runDeskCommand(turn, this.#texts)
    if (after === 'resume') this.#step(turn, { type: 'resume' })
    if (after === 'feedback') this.#step(turn, { type: 'start', at: ENTRIES.feedback })
  }

  /** One step of the trees: its sentences become replies, its effects work. */
  #step(turn: Turn, input: DialogInput): void {
    const { state } = turn.draft
    const result = step(this.#trees, state.dialog, input, factsOf(state))
    state.dialog = result.state
    for (const say of result.says) turn.replies.push(sayToReply(this.#texts, state.locale, say))
    for (const effect of result.effects) this.#effect(turn, effect)
  }

  #effect(turn: Turn, effect: Effect): void {
    switch (effect.do) {
      case 'run':
        return this.#run(turn, effect)
      case 'timer':
        return addTimer(turn, effect)
      case 'handoff':
        return this.#handOff(turn, effect)
      case 'end':
        return move(turn.draft.state, 'closed')
    }
  }

  #run(turn: Turn, effect: Extract<Effect, { do: 'run' }>): void {
    const { email, rating, comment } = effect.with
    if (effect.effect === 'resend_code' && email) addResend(turn, email, effect.with.region)
    if (effect.effect === 'feedback' && rating) {
      turn.draft.state.feedback = comment === undefined ? { rating } : { rating, comment }
    }
  }

  #handOff(turn: Turn, effect: Extract<Effect, { do: 'handoff' }>): void {
    const { reason, node } = effect
    turn.replies.push(EventFactory.createHandoffInitiation(turn.context, { reason, node }))
    const values = { count: turn.draft.ahead + 1 }
    turn.replies.push(this.#common(turn, 'waiting', { node, values, options: BACK_TO_BOT }))
  }

  #common(turn: Turn, key: string, o: Parameters<typeof commonReply>[3] = {}): Reply {
    const place = turn.draft.state.dialog.stack.at(-1)
    const node = place ? { node: `${place.dialog}.${place.node}` } : {}
    return commonReply(this.#texts, turn.draft.state.locale, key, { ...node, ...o })
  }
}

type Handler = (this: SupportBot, turn: Turn) => void

const factsOf = ({ locale, owner }: ConversationState) => ({ locale, owner })

/** Only the last of several is used. */
const namesSeveral = (text: string): boolean => new Set(emailSpans(text).map((span) => span.email)).size > 1

/** What the member is told when their message could not be handled: in the log, without the bot's logic. */
export function sorry(texts: Texts, draft: Draft): Reply {
  return commonReply(texts, draft.state.locale, 'sorry', { options: PERSON })
}

function addResend({ context, draft }: Turn, email: string, region: string | undefined): void {
  const { conversationId, now, state } = draft
  const id = `resend:${entryOf(context).activity.id}`
  const payload = { email, locale: state.locale, ...(region === undefined ? {} : { region }) }
  draft.work.push({ id, kind: 'resend', conversationId, dueAt: now.getTime(), payload })
  remember(state.tried, { at: now.toISOString(), masked: maskAddress(email), workId: id })
}

function addTimer({ context, draft }: Turn, { ref, seconds }: Extract<Effect, { do: 'timer' }>): void {
  const id = `timer:${entryOf(context).activity.id}:${ref}`
  const dueAt = draft.now.getTime() + seconds * 1000
  draft.work.push({ id, kind: 'timer', conversationId: draft.conversationId, dueAt, payload: { ref } })
}
