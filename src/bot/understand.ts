/** What a member's words mean where the conversation stands now. Nothing is looked up. */
import type { DialogInput, Expectation, Option } from '../dialog/types.ts'
import type { Command, Language } from '../language/commands.ts'
import { findEmail } from '../language/email.ts'
import { type CompiledOptions, compileOptions, matchExact, matchOption } from '../language/match.ts'
import { normalize } from '../language/normalize.ts'
import type { SmallTalk } from '../language/small-talk.ts'
import type { Texts } from '../language/texts.ts'
import { LOCALES } from '../wire/activity.ts'

export type Understood = { command: Command } | { small: SmallTalk } | { input: DialogInput }

export interface Understanding {
  /** @param expected what was asked; undefined when nothing was. */
  understand(text: string, expected: Expectation | undefined): Understood
  /** The one of these options whose very words the text is. */
  exactly(text: string, options: readonly Option[]): string | undefined
  /** The text is what a button says: it was clicked, or might as well have been. */
  isLabel(text: string, option: Option): boolean
  /** The one of these options that the text names, if it names one. @param least how surely, to 1. */
  choose(text: string, options: readonly Option[], least?: number): string | undefined
}

/** The score of an answer that leaves no doubt. */
const EXACT = 1

export function createUnderstanding(texts: Texts, language: Language): Understanding {
  const compiled = new Map<string, CompiledOptions>()

  function compile(options: readonly Option[]): CompiledOptions {
    const key = options.map((o) => o.key).join(' ')
    const known = compiled.get(key)
    if (known) return known
    const made = compileOptions(options.map((option) => ({ id: option.id, texts: waysToSay(texts, option) })))
    compiled.set(key, made)
    return made
  }

  function match(text: string, options: readonly Option[]): { id: string; score: number } | undefined {
    if (options.length === 0) return undefined
    return matchOption(text, compile(options)) ?? matchYesNo(text, options)
  }

  function matchYesNo(text: string, options: readonly Option[]): { id: string; score: number } | undefined {
    const answer = language.yesNo(text)
    return answer && options.some((o) => o.id === answer) ? { id: answer, score: EXACT } : undefined
  }

  /** In the order of what is surest; guessing comes last, and costs the most. */
  function understandText(text: string, expected: Expectation | undefined): Understood {
    const options = expected?.options ?? []
    const button = options.length > 0 ? matchExact(text, compile(options)) : undefined
    if (button) return { input: { type: 'choose', option: button.id } }
    const found = expected?.takesEmail ? findEmail(text) : undefined
    if (found) return { input: emailInput(found) }
    const command = language.findCommand(text)
    if (command) return { command }
    // A free text is taken as it is: a name or a comment may well resemble a button.
    const small = expected?.takesText ? undefined : language.smallTalk(text)
    // "It works" answers every question, but one that asks just that; so does "I am lost".
    if (small === 'solved' && !options.some((o) => o.id === 'yes')) return { small }
    if (small === 'lost' && !options.some((o) => o.id === 'not_sure')) {
      const said = match(text, options)
      return said && said.score >= EXACT ? { input: { type: 'choose', option: said.id } } : { small }
    }
    const worded = options.length > 0 ? matchOption(text, compile(options)) : undefined
    // "Ok, thanks" is no yes, unless the question takes it for one.
    if (!worded && small) return { small }
    const choice = worded ?? matchYesNo(text, options)
    if (choice && (choice.score >= EXACT || !expected?.takesText))
      return { input: { type: 'choose', option: choice.id } }
    return { input: { type: 'text', value: text } }
  }

  return {
    exactly: (text, options) => (options.length > 0 ? matchExact(normalize(text), compile(options))?.id : undefined),
    isLabel: (text, option) => LOCALES.some((locale) => texts.find(locale, option.key) === text),
    choose(text, options, least = 0) {
      const found = match(normalize(text), options)
      return found && found.score >= least ? found.id : undefined
    },
    understand: (text, expected) => understandText(normalize(text), expected),
  }
}

function emailInput({ email, suggested }: { email: string; suggested?: string }): DialogInput {
  return { type: 'email', value: email, ...(suggested === undefined ? {} : { suggested }) }
}

/** The button's text and its aliases, in both languages: a member may type either. */
function waysToSay(texts: Texts, option: Option): string[] {
  const aliases = option.key.replace('.options.', '.aliases.').replace(':options.', ':aliases.')
  return LOCALES.flatMap((locale) => [
    texts.find(locale, option.key) ?? '',
    ...(texts.find(locale, aliases)?.split('|') ?? []),
  ]).filter((text) => text.trim() !== '')
}
