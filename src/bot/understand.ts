/** What a member's words mean where the conversation stands now. Nothing is looked up. */
import type { Answer, Expectation, Heard, Option } from '../dialog/types.ts'
import type { Command, Language } from '../language/commands.ts'
import { emailSpans, findEmail, looksLikeAddress } from '../language/email.ts'
import { rankWithDanger } from '../language/intents/danger.ts'
import { type Decision, decide } from '../language/intents/decide.ts'
import type { Classifier } from '../language/intents/model.ts'
import { tellLocale } from '../language/locale.ts'
import { normalize } from '../language/normalize.ts'
import type { SmallTalk } from '../language/small-talk.ts'
import type { Texts } from '../language/texts.ts'
import { NEGATIONS, wordsOf } from '../language/words.ts'
import type { Locale } from '../wire/activity.ts'
import { createOptionReader, EXACT } from './options.ts'

export type Understood =
  | { kind: 'answer'; answer: Answer }
  /** An earlier answer is taken back. */
  | { kind: 'correct'; answer: Answer }
  /** `locale`: the one that is asked for. */
  | { kind: 'intent'; intent: string; locale?: Locale }
  | { kind: 'small'; small: SmallTalk }
  /** One of these intents, the likeliest first. */
  | { kind: 'unsure'; intents: string[] }
  | { kind: 'lost' }

export interface Situation {
  /** What was asked; undefined when nothing was. */
  expected: Expectation | undefined
  /** Of the questions answered before, the latest first: a member may say that an answer was wrong. */
  earlier: readonly (readonly Option[])[]
  /** "Do you mean ...?" was asked with these. */
  guesses: readonly Option[]
  /** The question is the menu, where every intent is near. */
  isMenu: boolean
}

export interface Understanding {
  understand(text: string, situation: Situation): Understood
  /** Somebody is in danger. */
  isCrisis(text: string): boolean
  /** The language of the text; undefined when unsure. */
  tellLocale(text: string): Locale | undefined
  /** What the message says about a question that it was not an answer to. */
  heard(text: string): Heard
  /** The one of these options that the text names, if it names one. @param least how surely, to 1. */
  choose(text: string, options: readonly Option[], least?: number): string | undefined
}

/** From here on the words are a button's, whatever else they sound like. */
const CLOSE = 0.8
/** An address that comes with these is where to send the code. */
const WANTS_SENDING: ReadonlySet<string> = new Set(['code_not_received', 'find_code', 'other_email', 'resend_code'])
/** Words that are an answer rather than a story. */
const BRIEF = 2
/** Words beside an address that make it a story, at the menu. */
const STORY = 5
/** Asked about in the middle of a free answer. */
const ABOUT_US: ReadonlySet<string> = new Set(['privacy', 'bot_identity'])
export const NOTHING_ASKED: Situation = { expected: undefined, earlier: [], guesses: [], isMenu: false }

export interface UnderstandingOptions {
  texts: Texts
  language: Language
  classifier: Classifier
  /** The intent can be put as "do you mean ...?". */
  canAsk: (intent: string) => boolean
}

export function createUnderstanding({ texts, language, classifier, canAsk }: UnderstandingOptions): Understanding {
  const read = createOptionReader(texts, language)

  /** In the order of what is surest. */
  function understandText(whole: string, situation: Situation): Understood {
    const text = normalize(whole)
    const { expected, guesses, isMenu } = situation
    const options = expected?.options ?? []
    const button = read.exact(text, guesses, true) ?? read.exact(text, options)
    if (button !== undefined) return choose(button)
    const small = language.smallTalk(text)
    const isDangerLikely = mayBeDanger(text, small) && !expected?.takesText
    const decision = decide(rankWithDanger(whole, classifier.rank), canAsk, { isDangerLikely })
    if (decision.kind === 'sure' && decision.intent === 'crisis') return { kind: 'intent', intent: 'crisis' }
    const guessed = read.worded(text, guesses, true)
    if (guessed) return choose(guessed.id)
    const address = findEmail(expected?.collects === 'email' ? text.replace(/\sat\s/i, ' (at) ') : text)
    if (address && expected?.takesEmail && !(isMenu && isStory(text, decision)))
      return { kind: 'answer', answer: toEmail(address) }
    const number = expected?.collects === 'number' ? findNumber(text) : undefined
    if (number) return { kind: 'answer', answer: { type: 'number', value: number } }
    const command = language.findCommand(text)
    if (command) return orOption(fromCommand(command), options)
    if (expected?.takesText) return freeText(text, options, decision)
    if (address && !isStory(text, decision)) return { kind: 'correct', answer: toEmail(address) }
    // Half an address, or a number where an address is asked for: it does not fit, and that is told.
    const isExact = expected?.collects === 'email' || expected?.collects === 'number'
    const isHalf = looksLikeAddress(text) || (isExact && /\d{3}/.test(text))
    if (!address && isHalf) return asText(text)
    const correction = corrected(text, situation)
    if (correction) return correction
    return orOption(fromWords(text, options, decision, situation, small), options)
  }

  /** What is wanted decides what becomes of the address that comes with it. */
  function isStory(text: string, decision: Decision): boolean {
    if (isBareAddress(text)) return false
    if (decision.kind === 'sure') return canAsk(decision.intent)
    const [first = ''] = decision.kind === 'unsure' ? decision.intents : []
    return first !== '' && !WANTS_SENDING.has(first) && wordsOf(text).length >= STORY
  }

  /** A name or a comment may well resemble a button or an intent: only a button's very words are more, and questions about
   *  the service. */
  function freeText(text: string, options: readonly Option[], decision: Decision): Understood {
    const choice = read.worded(text, options) ?? read.yesNo(text, options)
    if (choice && choice.score >= EXACT) return choose(choice.id)
    const answer = language.yesNo(text)
    if ((answer === 'not_sure' || answer === 'no') && options.some((o) => o.id === 'skip')) return choose('skip')
    if (decision.kind === 'sure' && ABOUT_US.has(decision.intent)) return { kind: 'intent', intent: decision.intent }
    return asText(text)
  }

  function fromWords(
    text: string,
    options: readonly Option[],
    decision: Decision,
    { expected, isMenu }: Situation,
    small: SmallTalk | undefined,
  ): Understood {
    // A cry for help is "I don't know", where the question has that answer too.
    if (small === 'help')
      return options.some((o) => o.id === 'not_sure') ? choose('not_sure') : { kind: 'intent', intent: 'not_sure' }
    // "It works" answers every question, but one that asks just that.
    if (small === 'solved' && !options.some((o) => o.id === 'yes')) return { kind: 'small', small }
    const choice = read.worded(text, options)
    if (choice && choice.score >= (isMenu ? EXACT : CLOSE)) return choose(choice.id)
    const meant = decision.kind === 'sure' ? expected?.means[decision.intent] : undefined
    if (meant !== undefined) return choose(meant)
    // "Ok, thanks" is no yes, unless the question takes it for one.
    if (small) return { kind: 'small', small }
    const answer = read.yesNo(text, options)
    if (answer) return choose(answer.id)
    if (decision.kind === 'sure' && options.some((o) => o.id === decision.intent)) return choose(decision.intent)
    if (decision.kind === 'sure') return { kind: 'intent', intent: decision.intent, ...localeIn(text, decision.intent) }
    if (choice) return choose(choice.id)
    return decision
  }

  /** "Sorry, I meant my work address": an option of an earlier question, with words that take the answer back. */
  function corrected(text: string, { expected, earlier }: Situation): Understood | undefined {
    const rest = language.correction(text)
    if (rest === undefined || (read.worded(rest, expected?.options ?? [])?.score ?? 0) >= CLOSE) return undefined
    for (const options of earlier) {
      const meant = read.worded(rest, options)
      if (meant && meant.score >= CLOSE) return { kind: 'correct', answer: { type: 'choose', option: meant.id } }
    }
    return undefined
  }

  return {
    understand: understandText,
    isCrisis(text) {
      const plain = normalize(text)
      const decision = decide(rankWithDanger(text, classifier.rank), canAsk, {
        isDangerLikely: mayBeDanger(plain, language.smallTalk(plain)),
      })
      return decision.kind === 'sure' && decision.intent === 'crisis'
    },
    tellLocale: (text) => tellLocale(text, classifier.locale),
    heard(text) {
      const plain = normalize(text)
      const address = findEmail(plain)
      return (expected) => {
        const takes = expected.collects === 'email' || (expected.heard && expected.takesEmail)
        if (address && takes) return toEmail(address)
        const id = expected.heard
          ? read.named(plain, expected.options)
          : expected.keeps
            ? undefined
            : read.alsoSaid(plain, expected.options)
        return id === undefined ? undefined : { type: 'choose', option: id }
      }
    },
    choose(text, options, least = 0) {
      const plain = normalize(text)
      const found = read.worded(plain, options) ?? read.yesNo(plain, options)
      return found && found.score >= least ? found.id : undefined
    },
  }
}

/** A set phrase, or a word or two that answer something: danger must be plain in them. */
const mayBeDanger = (text: string, small: SmallTalk | undefined): boolean =>
  small === undefined && wordsOf(text).length > BRIEF

/** Nothing beside the address but signs. */
function isBareAddress(text: string): boolean {
  const [span, ...more] = emailSpans(text)
  return (
    span !== undefined && more.length === 0 && !/[\p{L}\p{N}]/u.test(text.slice(0, span.start) + text.slice(span.end))
  )
}

/** Six digits, as people write them: `123456`, `123 456`, `12-34-56`. More or fewer are something else. */
function findNumber(text: string): string | undefined {
  const runs = text.match(/\d(?:[ -]?\d){0,19}/g)?.map((run) => run.replace(/[ -]/g, '')) ?? []
  const fit = runs.filter((run) => run.length === 6)
  return fit.length === 1 ? fit[0] : undefined
}

const asText = (text: string): Understood => ({ kind: 'answer', answer: { type: 'text', value: text } })

/** Where the tree has its own way to a person, that is the one. */
function orOption(understood: Understood, options: readonly Option[]): Understood {
  const isPerson =
    understood.kind === 'intent' && understood.intent === 'human' && options.some((o) => o.id === 'person')
  return isPerson ? choose('person') : understood
}

const choose = (option: string): Understood => ({ kind: 'answer', answer: { type: 'choose', option } })

function toEmail({ email, suggested }: { email: string; suggested?: string }): Answer {
  return { type: 'email', value: email, ...(suggested === undefined ? {} : { suggested }) }
}

function fromCommand(command: Command): Understood {
  switch (command.type) {
    case 'person':
      return { kind: 'intent', intent: 'human' }
    case 'back':
    case 'restart':
      return { kind: 'intent', intent: command.type }
    case 'language':
      return { kind: 'intent', intent: 'change_language', locale: command.locale }
  }
}

/** Which language a wish for another one names, if it names just one. */
function localeIn(text: string, intent: string): { locale?: Locale } {
  if (intent !== 'change_language') return {}
  const words = wordsOf(text)
  const named = words.flatMap((word, i): { locale: Locale; denied: boolean }[] => {
    const locale = /^fran[cs]|^french|^fr$/.test(word) ? 'fr' : /^angl|^engl|^ang$/.test(word) ? 'en' : undefined
    return locale ? [{ locale, denied: words.slice(Math.max(0, i - 3), i).some((each) => NEGATIONS.has(each)) }] : []
  })
  const wished = named.find(({ denied }) => !denied) ?? named.map(({ locale }) => ({ locale: otherThan(locale) }))[0]
  return wished ? { locale: wished.locale } : {}
}

const otherThan = (locale: Locale): Locale => (locale === 'fr' ? 'en' : 'fr')
