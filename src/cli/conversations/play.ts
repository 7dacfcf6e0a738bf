/** Plays written conversations and says where they go another way. */
import type { Content } from '../../bot/bot.ts'
import { createSession, type Outcome, type Session } from '../../bot/session.ts'
import type { Passed } from '../../dialog/types.ts'
import { AppError } from '../../errors.ts'
import type { Activity, Locale } from '../../wire/activity.ts'
import { type Conversation, secondsOf, type TestStep } from './format.ts'

export interface Played {
  conversation: Conversation
  locale: Locale
  /** What was passed on the way. */
  path: Passed[]
  failure?: Failure
}

export interface Failure {
  line: number
  /** Which expectation: `bot`, `offers`, `slots`, `effects`, `owner`, `language`, `click` for a button
   *  that is not there (`got`: those that are), or `fault` for what was thrown. */
  what: string
  wanted: string
  got: string
}

/** A step that can't be done: no such button. */
class NoButton extends Error {
  readonly id: string
  readonly offered: readonly string[]

  constructor(id: string, offered: readonly string[]) {
    super(id)
    this.id = id
    this.offered = offered
  }
}

export async function playAll(content: Content, all: readonly Conversation[]): Promise<Played[]> {
  const played: Played[] = []
  for (const conversation of all) {
    for (const locale of conversation.locales) played.push(await play(content, conversation, locale))
  }
  return played
}

async function play(content: Content, conversation: Conversation, locale: Locale): Promise<Played> {
  const { at, slots, hours, verified, steps, lines } = conversation
  const path: Passed[] = []
  let line = lines[0] ?? 1
  try {
    const session = createSession({
      content,
      locale,
      hours,
      ...(at ? { at } : {}),
      ...(slots ? { slots } : {}),
      ...(verified ? { verified } : {}),
    })
    const opened = await session.open()
    path.push(...pathOf(opened))
    for (const [i, step] of steps.entries()) {
      line = lines[i] ?? line
      const outcome = (await act(session, step, content)) ?? opened
      if (outcome !== opened) path.push(...pathOf(outcome))
      const wrong = compare(session, step, outcome, content)
      if (wrong) return { conversation, locale, path, failure: { line, ...wrong } }
    }
    return { conversation, locale, path }
  } catch (error) {
    return { conversation, locale, path, failure: { line, ...thrown(error) } }
  }
}

const pathOf = ({ steps }: Outcome): Passed[] => steps.flatMap(({ result }) => result.path)

function thrown(error: unknown): Wrong {
  if (error instanceof AppError && error.code === 'tree_broken')
    return { what: 'at', wanted: String(error.facts.node), got: '-' }
  if (error instanceof NoButton) return { what: 'click', wanted: error.id, got: error.offered.join(', ') || '-' }
  return { what: 'fault', wanted: '-', got: error instanceof Error ? error.message : String(error) }
}

/** @returns undefined when the step only looks at what is there. */
async function act(session: Session, step: TestStep, content: Content): Promise<Outcome | undefined> {
  if (step.member !== undefined) return session.say(step.member)
  if (step.click !== undefined) return session.say(labelOf(session, step.click, content))
  if (step.wait !== undefined) return session.pass(secondsOf(step.wait))
  if (step.agent !== undefined) return session.agent(step.agent, step.text)
  if (step.result !== undefined) return session.result(step.result)
  if (step.switch !== undefined) return session.chooseLocale(step.switch)
  return undefined
}

function labelOf(session: Session, id: string, { texts }: Content): string {
  const { locale, owner, guesses } = session.state()
  if (owner === 'waiting' && id === 'back_to_bot') return texts.say(locale, 'common:options.back_to_bot')
  if (id === 'person' && !session.expects()?.options.some((each) => each.id === id))
    return texts.say(locale, 'common:options.person')
  if (id === 'menu' && !session.expects()?.options.some((each) => each.id === id))
    return texts.say(locale, 'common:options.menu')
  if (guesses && id === 'none') return texts.say(locale, 'common:options.none')
  const option = session.expects()?.options.find((each) => each.id === id)
  if (!option) throw new NoButton(id, session.expects()?.options.map((each) => each.id) ?? [])
  return texts.say(locale, option.key)
}

type Wrong = Omit<Failure, 'line'>

function compare(session: Session, step: TestStep, outcome: Outcome, content: Content): Wrong | undefined {
  const state = session.state()
  return (
    compareReplies(step.bot, outcome, content, state.locale) ??
    compareLists('offers', step.offers, offersOf(outcome)) ??
    compareSlots(step.slots, state.dialog.slots) ??
    compareLists('effects', step.effects, effectsOf(outcome)) ??
    compareOne('owner', step.owner, state.owner) ??
    compareOne('language', step.language, state.locale)
  )
}

const shown = ({ entries }: Outcome): Activity[] => entries.filter((entry) => entry.type === 'message')

function compareReplies(
  wanted: TestStep['bot'],
  outcome: Outcome,
  content: Content,
  locale: Locale,
): Wrong | undefined {
  if (wanted === undefined) return undefined
  const replies = shown(outcome)
  const wrong = (): Wrong => ({
    what: 'bot',
    wanted: [wanted].flat().join(', ') || '-',
    got: replies.map(brief).join(', ') || '-',
  })
  if (typeof wanted === 'string') {
    const last = replies.at(-1)
    return last && isReply(last, wanted, content, locale) ? undefined : wrong()
  }
  const same =
    wanted.length === replies.length && replies.every((reply, i) => isReply(reply, wanted[i] ?? '', content, locale))
  return same ? undefined : wrong()
}

/** A node, a text key, or words. */
function isReply({ text = '', channelData }: Activity, wanted: string, { texts }: Content, locale: Locale): boolean {
  if (/^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$/.test(wanted)) return channelData?.node === wanted
  if (/^[a-z][a-z0-9_]*:[\w.]+$/.test(wanted)) return says(text, texts.find(locale, wanted))
  return text.includes(wanted)
}

/** The text of a key, whatever was filled in. */
function says(text: string, template: string | undefined): boolean {
  return template?.split(/\{\{\w+\}\}/).every((piece) => text.includes(piece)) ?? false
}

const brief = ({ text = '', channelData }: Activity): string =>
  channelData?.node ? `${channelData.node} "${text.slice(0, 40)}"` : `"${text.slice(0, 60)}"`

function offersOf(outcome: Outcome): string[] {
  const last = shown(outcome).findLast((reply) => reply.suggestedActions)
  return last?.suggestedActions?.actions.map((action) => action.channelData.option) ?? []
}

function effectsOf({ steps }: Outcome): string[] {
  return steps.flatMap(({ result }) =>
    result.effects.flatMap((effect) => {
      if (effect.do === 'run') return [effect.effect]
      return effect.do === 'handoff' ? [`handoff:${effect.reason}`] : []
    }),
  )
}

function compareLists(what: string, wanted: readonly string[] | undefined, got: readonly string[]): Wrong | undefined {
  if (wanted === undefined || wanted.join(', ') === got.join(', ')) return undefined
  return { what, wanted: wanted.join(', ') || '-', got: got.join(', ') || '-' }
}

function compareSlots(wanted: TestStep['slots'], got: Readonly<Record<string, string>>): Wrong | undefined {
  const wrong = Object.entries(wanted ?? {}).find(([slot, value]) => (got[slot] ?? null) !== value)
  return wrong && { what: 'slots', wanted: `${wrong[0]}: ${wrong[1]}`, got: `${wrong[0]}: ${got[wrong[0]] ?? null}` }
}

function compareOne(what: string, wanted: string | undefined, got: string): Wrong | undefined {
  return wanted === undefined || wanted === got ? undefined : { what, wanted, got }
}
