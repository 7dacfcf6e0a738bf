/** What the bot makes of a member's message while it has the conversation. */
import { move } from '../conversation/state.ts'
import { awake, canCorrect, expectsNext, MEMBER, nodeAt, optionsOf } from '../dialog/expect.ts'
import type { Answer, DialogState, Heard, Option, Trees } from '../dialog/types.ts'
import { emailSpans } from '../language/email.ts'
import type { SmallTalk } from '../language/small-talk.ts'
import type { Texts } from '../language/texts.ts'
import { wordsOf } from '../language/words.ts'
import { LOCALES, type Locale } from '../wire/activity.ts'
import type { Handler, Handlers } from './handlers.ts'
import { sayToReply } from './replies.ts'
import { ENTRIES, type Stepper } from './stepper.ts'
import type { Turn } from './turn.ts'
import type { Situation, Understanding, Understood } from './understand.ts'

/** The button beside the guesses of "do you mean ...?". */
const NONE: Option = { id: 'none', key: 'common:options.none' }
/** A French speaker says these in English too, and the other way round: they tell nothing of the language. */
const POLITE: ReadonlySet<string> = new Set(['greeting', 'thanks', 'goodbye'])
/** Answers nothing that was asked: the second in a row offers a person. */
const NO_ANSWER: ReadonlySet<string> = new Set(['out_of_scope', 'yes', 'no', 'not_sure'])
/** Earlier questions whose answer may be taken back in words. */
const CORRECTABLE = 3

export interface AnswerOptions {
  trees: Trees
  texts: Texts
  understanding: Understanding
  handlers: Handlers
  stepper: Stepper
  understood: (understood: Understood) => void
}

/** A message at a question. `asked` is where it stands: what is stored, or the menu when nothing was asked. */
interface Message {
  turn: Turn
  text: string
  asked: DialogState
}

export function createAnswer({ trees, texts, understanding, handlers, stepper, understood: told }: AnswerOptions) {
  function answer(turn: Turn, text: string): void {
    const { state } = turn.draft
    if (stepper.settle(turn) && !understanding.isCrisis(text)) return stepper.step(turn, { type: 'repeat' })
    const isOver = state.dialog.stack.length === 0
    const message: Message = { turn, text, asked: isOver ? stepper.atMenu(turn) : awake(trees, state.dialog) }
    if (!isOver) state.dialog = message.asked
    const { guesses } = state
    delete state.guesses
    const understood = understand(message.asked, text, guessOptions(guesses?.intents))
    told(understood)
    if (understood.kind === 'small') return smallTalk(turn, understood.small)
    if ((isOver || state.owner === 'closed') && isFarewell(understood)) return sayOnly(turn, intentOf(understood))
    if (state.owner === 'closed') move(state, 'bot')
    const chosen = guesses && chosenOf(understood)
    if (chosen === NONE.id) return stepper.stepFrom(turn, message.asked, { type: 'text', value: '' })
    if (chosen && guesses.intents.includes(chosen)) return onIntent({ ...message, text: guesses.email ?? '' }, chosen)
    // A name is of any language, and so is a button; a wish for a language says more than the words it is made in.
    const isPlain = understood.kind === 'answer' || understood.kind === 'correct'
    const tellsLanguage = !isPlain && !POLITE.has(intentOf(understood)) && intentOf(understood) !== 'change_language'
    act(message, understood, tellsLanguage && followLanguage(turn, text))
  }

  function understand(dialog: DialogState, text: string, guesses: readonly Option[]): Understood {
    const expected = expectsNext(trees, dialog)
    const isMenu = expected?.node === ENTRIES.menu
    const situation = { expected, guesses, isMenu, earlier: earlierOptions(trees, dialog) }
    // Thanks while waiting for the mail are no answer to the question that comes after.
    const isAway = dialog.waiting !== undefined && dialog.waiting.event !== MEMBER
    return (isAway ? talkWhileAway(text, situation) : undefined) ?? understanding.understand(text, situation)
  }

  function talkWhileAway(text: string, situation: Situation): Understood | undefined {
    const understood = understanding.understand(text, { ...situation, expected: undefined })
    const isTalk = understood.kind === 'small' ? understood.small !== 'solved' : POLITE.has(intentOf(understood))
    return isTalk ? understood : undefined
  }

  function act(message: Message, understood: Exclude<Understood, { kind: 'small' }>, isNoticed: boolean): void {
    const { turn, text, asked } = message
    switch (understood.kind) {
      case 'answer':
        return onAnswer(message, understood.answer)
      case 'correct':
        return onCorrection(message, understood.answer)
      case 'intent':
        return onIntent(message, understood.intent, understood.locale)
      case 'unsure':
        return askBack(message, understood.intents)
      case 'lost': {
        // "I don't speak French" is answered by speaking English; a first word that says nothing by the menu.
        const asksAgain = isNoticed || turn.draft.state.dialog.stack.length === 0
        return stepper.stepFrom(turn, asked, asksAgain ? { type: 'repeat' } : { type: 'text', value: text })
      }
    }
  }

  function onAnswer({ turn, text, asked }: Message, given: Answer): void {
    if (given.type === 'email') tellOneAddress(turn, text)
    stepper.stepFrom(turn, asked, given, isButton(asked, given, text) ? undefined : understanding.heard(text))
  }

  /** A button was pressed, or its very words typed: they say nothing about the question after it. */
  function isButton(asked: DialogState, given: Answer, text: string): boolean {
    if (given.type !== 'choose' || asked.offer) return true
    const chosen = expectsNext(trees, asked)?.options.find((option) => option.id === given.option)
    return chosen !== undefined && LOCALES.some((locale) => texts.find(locale, chosen.key) === text)
  }

  /** An address where none was asked, or "I meant ...": the earlier question that takes it is answered anew. */
  function onCorrection({ turn, text, asked }: Message, given: Answer): void {
    if (given.type === 'email') tellOneAddress(turn, text)
    if (canCorrect(trees, asked, given)) return stepper.stepFrom(turn, asked, { type: 'correct', answer: given })
    stepper.stepFrom(turn, asked, { type: 'jump', at: ENTRIES.menu }, fromMenu(understanding.heard(text), given))
  }

  function onIntent(message: Message, intent: string, locale?: Locale): void {
    const { turn, text, asked } = message
    const { state } = turn.draft
    const handler = handlers.get(intent)
    if (intent === 'back' && asked.back.length > 0) return stepper.stepFrom(turn, asked, { type: 'back' })
    if (intent === 'change_language')
      Object.assign(state, { locale: locale ?? otherThan(state.locale), localeChosen: true })
    // The first odd answer gets its own words, the next one in a row a person.
    const isNothing = intent === 'out_of_scope' && wordsOf(text).length <= 2
    const isMiss = !handler || isNothing || (NO_ANSWER.has(intent) && asked.misses > 0)
    if (isMiss) return stepper.stepFrom(turn, asked, { type: 'text', value: text })
    if (intent === 'restart') return stepper.stepFrom(turn, asked, { type: 'start', at: handler.at })
    if (!handler.returns) return changeTopic(message, handler)
    stepper.stepFrom(turn, asked, { type: 'interrupt', at: handler.at, under: ENTRIES.menu })
    if (NO_ANSWER.has(intent)) state.dialog.misses += 1
  }

  function changeTopic({ turn, text, asked }: Message, { at }: Handler): void {
    // A topic may begin with a branch: what counts is the question it comes to.
    const comesTo = stepper.preview(turn, asked, { type: 'jump', at }).at(-1)?.node
    const isThere = comesTo !== undefined && comesTo === expectsNext(trees, asked)?.node
    if (isThere && asked.misses > 0) return stepper.stepFrom(turn, asked, { type: 'text', value: text })
    if (isThere) {
      stepper.stepFrom(turn, asked, { type: 'repeat' }, understanding.heard(text))
      turn.draft.state.dialog.misses += 1
      return
    }
    tellOneAddress(turn, text)
    stepper.stepFrom(turn, asked, { type: 'jump', at }, understanding.heard(text))
  }

  /** "Do you mean ...?", with the likeliest as buttons. An address that came with it is not asked for again. */
  function askBack({ turn, text, asked }: Message, intents: string[]): void {
    const email = emailSpans(text).at(-1)?.email
    turn.draft.state.dialog = asked
    turn.draft.state.guesses = { intents, ...(email === undefined ? {} : { email }) }
    stepper.say(turn, 'guess', { options: guessOptions(intents) })
  }

  function guessOptions(intents: readonly string[] | undefined): Option[] {
    if (!intents) return []
    return [...intents.flatMap((intent) => handlers.get(intent)?.guess ?? []), NONE]
  }

  /** A short kind answer to somebody who leaves; nothing begins again. */
  function sayOnly(turn: Turn, intent: string): void {
    const handler = handlers.get(intent)
    if (!handler) return
    const [first] = stepper.preview(turn, stepper.atMenu(turn), { type: 'jump', at: handler.at })
    if (first) turn.replies.push(sayToReply(texts, turn.draft.state.locale, first))
  }

  /** A short kind answer, then the question again. */
  function smallTalk(turn: Turn, small: SmallTalk): void {
    const { state } = turn.draft
    const isOver = state.dialog.stack.length === 0
    if (small === 'solved' && !isOver && state.owner === 'bot')
      return stepper.step(turn, { type: 'start', at: ENTRIES.feedback })
    // Nothing begins again for somebody who only says "ok" to a goodbye.
    if (small === 'solved' || (state.owner === 'closed' && small === 'noted')) return sayOnly(turn, 'thanks')
    if (state.owner === 'closed') move(state, 'bot')
    // "One moment, I'll try": the buttons stay, the question is not put again.
    const isPause = small === 'noted' && !isOver && !state.dialog.waiting
    const options = isPause ? expectsNext(trees, state.dialog)?.options : undefined
    stepper.say(turn, small, options ? { options } : {})
    if (isPause) return
    if (isOver) return stepper.step(turn, { type: 'start', at: ENTRIES.menu })
    if (!isOver && !state.dialog.waiting) stepper.step(turn, { type: 'repeat' })
  }

  /** Speaks the language that the member writes, unless they chose one with the switch. */
  function followLanguage(turn: Turn, text: string): boolean {
    const { state } = turn.draft
    const noticed = state.localeChosen ? undefined : understanding.tellLocale(text)
    if (noticed === undefined || noticed === state.locale) return false
    state.locale = noticed
    stepper.say(turn, 'language_noticed')
    return true
  }

  /** Only the last of several is used. */
  function tellOneAddress(turn: Turn, text: string): void {
    if (new Set(emailSpans(text).map((span) => span.email)).size > 1) stepper.say(turn, 'one_address')
  }

  return { answer, sayOnly, followLanguage }
}

/** What the last questions offered, the latest first; the menu's options are topics of their own. */
function earlierOptions(trees: Trees, { back }: DialogState): Option[][] {
  const latest = back.slice(-CORRECTABLE).reverse()
  return latest.flatMap(({ stack }) => {
    const place = stack.at(-1)
    if (!place || `${place.dialog}.${place.node}` === ENTRIES.menu) return []
    const node = nodeAt(trees, place)
    return node.type === 'ask' ? [optionsOf(place, node)] : []
  })
}

/** The menu takes an address only where it is typed as an answer. */
const fromMenu =
  (heard: Heard, given: Answer): Heard =>
  (expected) =>
    expected.node === ENTRIES.menu ? given : heard(expected)

const chosenOf = (understood: Understood): string | undefined =>
  understood.kind === 'answer' && understood.answer.type === 'choose' ? understood.answer.option : undefined
const intentOf = (understood: Understood): string => (understood.kind === 'intent' ? understood.intent : '')
const isFarewell = (understood: Understood): boolean => ['thanks', 'goodbye'].includes(intentOf(understood))
const otherThan = (locale: Locale): Locale => (locale === 'fr' ? 'en' : 'fr')
