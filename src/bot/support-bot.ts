import { ActivityTypes, EventFactory, type TurnContext } from 'botbuilder'
import { EVENTS, parseStart, type ResultValue } from '../conversation/events.ts'
import { type ConversationState, move } from '../conversation/state.ts'
import { awake } from '../dialog/expect.ts'
import type { DialogInput, Option, Step, Trees } from '../dialog/types.ts'
import type { Hours } from '../hours.ts'
import { MASKED_CODE } from '../language/mask.ts'
import type { Texts } from '../language/texts.ts'
import { LOCALE_EVENT } from '../wire/activity.ts'
import { draftOf, entryOf } from './adapter.ts'
import { createAnswer } from './answer.ts'
import { loseAgent, runDeskCommand } from './desk-commands.ts'
import { settleProof } from './effects.ts'
import type { Handlers } from './handlers.ts'
import { EXACT } from './options.ts'
import { commonReply, type Reply, sayToReply } from './replies.ts'
import { endSilence, watchSilence } from './silence.ts'
import { createStepper, ENTRIES, type Stepper } from './stepper.ts'
import type { Turn } from './turn.ts'
import type { Understanding, Understood } from './understand.ts'
import { answerWaiting, BACK_TO_BOT } from './waiting.ts'

const PERSON: readonly Option[] = [{ id: 'person', key: 'common:options.person' }]

/** Told what a turn makes of things; for authors' tools. */
export interface Trace {
  understood(understood: Understood): void
  stepped(input: DialogInput, result: Step): void
}

export interface SupportBotOptions {
  trees: Trees
  texts: Texts
  understanding: Understanding
  handlers: Handlers
  /** When people answer; always, without it. */
  hours?: Hours
  trace?: Trace
}

/** Answers one entry of a conversation's log, by who owns the conversation. Changes the draft; calls nothing outside. */
export class SupportBot {
  readonly #trees: Trees
  readonly #texts: Texts
  readonly #understanding: Understanding
  readonly #handlers: Handlers
  readonly #stepper: Stepper
  readonly #answer: ReturnType<typeof createAnswer>

  constructor({ trees, texts, understanding, handlers, hours = () => 'open', trace }: SupportBotOptions) {
    this.#trees = trees
    this.#texts = texts
    this.#understanding = understanding
    this.#handlers = handlers
    const stepped: Trace['stepped'] = (input, result) => trace?.stepped(input, result)
    const understood: Trace['understood'] = (each) => trace?.understood(each)
    const stepper = createStepper({ trees, texts, hours, stepped })
    this.#stepper = stepper
    this.#answer = createAnswer({ trees, texts, understanding, handlers, stepper, understood })
  }

  /** Replies are collected and sent once: one pass through the middleware a turn. */
  async run(context: TurnContext): Promise<void> {
    const turn: Turn = { context, draft: draftOf(context), replies: [] }
    if (!this.#take(turn, context.activity.type)) return
    watchSilence(turn, this.#trees)
    if (turn.replies.length > 0) await context.sendActivities(turn.replies)
  }

  /** @returns false for what is none of ours to answer. */
  #take(turn: Turn, type: string): boolean {
    if (type === ActivityTypes.Message) this.#onMessage(turn)
    else if (type === ActivityTypes.Event) this.#onEvent(turn)
    else if (type === ActivityTypes.ConversationUpdate) this.#greet(turn)
    else return false
    return true
  }

  #greet(turn: Turn): void {
    const { identity, network } = parseStart(entryOf(turn.context).activity.value)
    const { state } = turn.draft
    if (identity)
      state.verified = { member: identity.member, emails: identity.email ? [{ email: identity.email }] : [] }
    if (network) state.network = network
    this.#stepper.step(turn, { type: 'start', at: ENTRIES.hello })
  }

  #onMessage(turn: Turn): void {
    const { state, now } = turn.draft
    const text = entryOf(turn.context).activity.text ?? ''
    state.heardAt = now.toISOString()
    if (text.includes(MASKED_CODE)) this.#stepper.say(turn, 'code_masked')
    if (text.trim() === MASKED_CODE && state.owner === 'bot') return this.#askAgain(turn)
    const leaves = state.owner === 'waiting' && this.#understanding.choose(text, BACK_TO_BOT, EXACT) !== undefined
    if (!leaves && this.#isWithPeople(state) && this.#understanding.isCrisis(text)) return this.#inDanger(turn, text)
    switch (state.owner) {
      case 'agent':
        return
      case 'waiting':
        return this.#whileWaiting(turn, text)
      case 'closed':
      case 'bot':
        return this.#answer.answer(turn, text)
    }
  }

  /** The member did something, but said nothing. */
  #askAgain(turn: Turn): void {
    const { state } = turn.draft
    this.#stepper.settle(turn)
    this.#stepper.stepFrom(turn, awake(this.#trees, state.dialog), { type: 'repeat' })
  }

  #isWithPeople = ({ owner }: ConversationState): boolean => owner === 'waiting' || owner === 'agent'

  /** Emergency lines at once, though the bot is silent otherwise; the person who has the conversation, or will, is told why. */
  #inDanger(turn: Turn, text: string): void {
    const { state } = turn.draft
    const handler = this.#handlers.get('crisis')
    if (!handler) return
    this.#answer.followLanguage(turn, text)
    if (state.handoff) state.handoff.reason = 'crisis'
    const say = {
      key: `${handler.at.replace('.', ':')}.say`,
      node: handler.at,
      values: state.dialog.slots,
      options: state.owner === 'waiting' ? BACK_TO_BOT : [],
    }
    turn.replies.push(sayToReply(this.#texts, state.locale, say))
    turn.replies.push({ type: 'event', name: EVENTS.alert, value: { reason: 'crisis' } })
  }

  #whileWaiting(turn: Turn, text: string): void {
    const { state, now } = turn.draft
    const { type, locale, intent = '' } = answerWaiting(this.#understanding, text, turn.draft)
    if (locale) Object.assign(state, { locale, localeChosen: true })
    if (type === 'back_to_bot') return this.#backToBot(turn)
    if (type === 'position') return this.#tellPosition(turn, 'position')
    if (type === 'nothing') return
    if (type === 'question') return this.#answer.sayOnly(turn, intent)
    this.#stepper.say(turn, 'waiting_again', { options: BACK_TO_BOT })
    if (type === 'noted' && state.handoff) state.handoff.toldAt = now.toISOString()
  }

  #tellPosition(turn: Turn, key: 'waiting' | 'position' = 'waiting'): void {
    this.#stepper.say(turn, key, { values: { count: turn.draft.ahead + 1 }, options: BACK_TO_BOT })
  }

  #backToBot(turn: Turn): void {
    const { state } = turn.draft
    turn.replies.push(EventFactory.createHandoffStatus(turn.context.activity.conversation, 'failed', 'member_left'))
    move(state, 'bot')
    delete state.handoff
    this.#stepper.say(turn, 'back_to_bot')
    this.#resume(turn)
  }

  #onEvent(turn: Turn): void {
    const { origin, activity } = entryOf(turn.context)
    if (origin === 'agent') return this.#onDeskCommand(turn)
    if (origin === 'member' && activity.name === LOCALE_EVENT) return this.#onLocaleChosen(turn)
    if (origin !== 'system') return
    if (activity.name === EVENTS.timer) return this.#onTimer(turn, refOf(activity.value))
    if (activity.name === EVENTS.lost) return loseAgent(turn, this.#texts)
    if (activity.name === EVENTS.result) this.#onResult(turn, activity.value as ResultValue)
  }

  #onResult(turn: Turn, result: ResultValue): void {
    const { event, value, slots, ref } = result
    settleProof(turn, result)
    // While a person has the conversation the wait goes on; when the tree does, its time is over.
    if (turn.draft.state.owner !== 'bot') return
    this.#stepper.settle(turn)
    this.#stepper.step(turn, { type: 'result', event, value, ...(slots ? { slots } : {}), ...(ref ? { ref } : {}) })
  }

  #onTimer(turn: Turn, ref: string): void {
    const { owner, dialog } = turn.draft.state
    if (ref !== 'idle') {
      if (dialog.waiting?.ref !== ref) return
      // A person has the conversation: the wait is over when the tree goes on.
      if (owner !== 'bot') dialog.waiting = { ...dialog.waiting, ref: '' }
      if (owner !== 'bot') return
      this.#stepper.settle(turn)
      return this.#stepper.step(turn, { type: 'timeout', ref })
    }
    if (!endSilence(turn, this.#trees)) return
    this.#stepper.settle(turn)
    this.#stepper.step(turn, { type: 'interrupt', at: ENTRIES.idle, under: ENTRIES.menu })
  }

  #onLocaleChosen(turn: Turn): void {
    const { owner } = turn.draft.state
    if (owner === 'waiting') return this.#tellPosition(turn)
    if (owner === 'closed') return this.#answer.sayOnly(turn, 'change_language')
    const handler = this.#handlers.get('change_language')
    if (owner !== 'bot' || !handler) return
    this.#stepper.settle(turn)
    const asked = awake(this.#trees, turn.draft.state.dialog)
    this.#stepper.stepFrom(turn, asked, { type: 'interrupt', at: handler.at, under: ENTRIES.menu })
  }

  #onDeskCommand(turn: Turn): void {
    const after = runDeskCommand(turn, this.#texts)
    if (after === 'resume') this.#resume(turn)
    if (after === 'feedback') this.#stepper.step(turn, { type: 'start', at: ENTRIES.feedback })
  }

  #resume(turn: Turn): void {
    this.#stepper.step(turn, this.#stepper.settle(turn) ? { type: 'repeat' } : { type: 'resume' })
  }
}

const refOf = (value: unknown): string => (value as { ref?: string } | undefined)?.ref ?? ''

/** What the member is told when their message could not be handled: in the log, without the bot's logic. */
export function sorry(texts: Texts, { state }: { state: ConversationState }): Reply {
  return commonReply(texts, state.locale, 'sorry', { options: PERSON })
}
