/** `npm run chat [-- --locale fr|en] [--trace] [--at dialog.node]`: the bot in a terminal, without a server. */
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { createSession, type Outcome, type Session } from '../bot/session.ts'
import type { Understood } from '../bot/understand.ts'
import { loadContent, SAMPLE_VALUES } from '../content.ts'
import type { ResultValue } from '../conversation/events.ts'
import { resolve } from '../dialog/expect.ts'
import type { Effect } from '../dialog/types.ts'
import { type Say, terminalLocale, terminalWords } from '../terminal.ts'
import { type Locale, parseLocale, type QuickReply } from '../wire/activity.ts'
import { Refusal, runCli } from './run.ts'

const ROOT = join(import.meta.dirname, '..', '..')

/** Thirty days, seconds. */
const LONGEST_WAIT = 2_592_000

interface Flags {
  locale: Locale
  trace: boolean
  at?: string
}

async function runChat(flags: Flags, say: Say): Promise<number> {
  const content = loadContent({ root: ROOT, always: SAMPLE_VALUES })
  if (flags.at !== undefined && !content.trees.get(resolve(flags.at, '').dialog)?.nodes.has(resolve(flags.at, '').node))
    throw new Refusal(say('cli:chat.no_node', { node: flags.at }))
  const out = (line: string) => process.stdout.write(`${line}\n`)
  const notes: string[] = []
  const trace = {
    understood: (understood: Understood) => notes.push(briefOf(understood)),
    stepped: () => undefined,
  }
  const session = createSession({ content, ...flags, trace, now: new Date() })
  const show = (outcome: Outcome): QuickReply[] => {
    if (flags.trace) for (const line of [...notes.splice(0), ...traceOf(outcome, session)]) out(`    · ${line}`)
    return print(outcome, session, content.texts.say, out)
  }
  out(say('cli:chat.help'))
  let offered = show(await session.open())
  if (flags.at !== undefined) offered = ask(session, content.texts.say, out)
  const reader = createInterface({ input: process.stdin, output: process.stdout, prompt: '> ' })
  reader.prompt()
  for await (const line of reader) {
    const typed = line.trim()
    if (flags.trace && /^[^/]\D/.test(typed)) notes.push(ranking(content.classifier.rank(typed)))
    if (typed === '/quit') break
    if (typed !== '') offered = show(await act(session, typed, offered))
    reader.prompt()
  }
  reader.close()
  return 0
}

/** `event value slot=text slot=text` */
function parseResult(text: string): ResultValue {
  const [event = '', value = '', ...more] = text.split(/\s+/)
  const slots = Object.fromEntries(more.map((each) => [each.split('=')[0] ?? '', each.slice(each.indexOf('=') + 1)]))
  return { event, value, slots, ...(event === 'number' && value === 'right' ? { proven: 'sam@example.com' } : {}) }
}

/** A number presses that button; `/wait 120` lets seconds pass; `/agent claim` is what an agent does; `/result coverage own` is what a
 *  lookup answers; all else is said. */
function act(session: Session, typed: string, offered: readonly QuickReply[]): Promise<Outcome> {
  const [, command, rest = ''] = /^\/(wait|agent|result|en|fr)\b\s*(.*)$/.exec(typed) ?? []
  if (command === 'wait') return session.pass(Math.min(Math.max(Number.parseInt(rest, 10) || 60, 0), LONGEST_WAIT))
  if (command === 'result') return session.result(parseResult(rest))
  if (command === 'en' || command === 'fr') return session.chooseLocale(command)
  if (command === 'agent') {
    const [name = '', ...text] = rest.split(' ')
    if (name === 'claim' || name === 'reply' || name === 'handback' || name === 'resolve')
      return session.agent(name, text.join(' '))
  }
  const button = /^\d$/.test(typed) ? offered[Number(typed) - 1] : undefined
  return session.say(button?.value ?? typed)
}

type Words = (locale: Locale, key: string, values?: Readonly<Record<string, string | number>>) => string

function print(outcome: Outcome, session: Session, words: Words, out: (line: string) => void): QuickReply[] {
  let offered: QuickReply[] = []
  for (const { type, text, suggestedActions, channelData } of outcome.entries) {
    if (type !== 'message') continue
    const name = channelData?.author === 'agent' ? '◇' : '◆'
    out(`\n${name} ${text ?? ''}`)
    offered = suggestedActions?.actions ?? []
    for (const [i, { title }] of offered.entries()) out(`   ${i + 1}. ${title}`)
  }
  if (outcome.entries.length === 0) out(`\n(${session.state().owner})`)
  out('')
  return offered.length > 0 ? offered : actionsOf(session, words)
}

/** The question that `--at` begins with, which no turn has put. */
function ask(session: Session, words: Words, out: (line: string) => void): QuickReply[] {
  const { locale, dialog } = session.state()
  const place = dialog.stack.at(-1)
  if (place && session.expects()) out(`◆ ${words(locale, `${place.dialog}:${place.node}.say`, dialog.slots)}`)
  const actions = actionsOf(session, words)
  for (const [i, { title }] of actions.entries()) out(`   ${i + 1}. ${title}`)
  return actions
}

function actionsOf(session: Session, words: Words): QuickReply[] {
  const { locale } = session.state()
  const options = session.expects()?.options ?? []
  return options.map(({ id, key }) => {
    const title = words(locale, key)
    return { type: 'imBack', title, value: title, channelData: { option: id } }
  })
}

function ranking(ranked: readonly { intent: string; confidence: number }[]): string {
  return ranked
    .slice(0, 3)
    .map(({ intent, confidence }) => `${intent} ${confidence.toFixed(2)}`)
    .join('  ')
}

function briefOf(understood: Understood): string {
  switch (understood.kind) {
    case 'answer':
    case 'correct':
      return `${understood.kind} ${understood.answer.type === 'choose' ? understood.answer.option : understood.answer.type}`
    case 'intent':
      return `intent ${understood.intent}`
    case 'unsure':
      return `unsure ${understood.intents.join(' ')}`
    case 'small':
      return `small ${understood.small}`
    case 'lost':
      return 'lost'
  }
}

function traceOf(outcome: Outcome, session: Session): string[] {
  const path = outcome.steps.flatMap(({ result }) =>
    result.path.map(({ node, option }) => (option === undefined ? node : `${node}/${option}`)),
  )
  const effects = outcome.steps.flatMap(({ result }) => result.effects.map(effectOf))
  const { owner, dialog } = session.state()
  const slots = Object.keys(dialog.slots)
  return [
    ...(path.length > 0 ? [`nodes ${path.join(' -> ')}`] : []),
    ...(effects.length > 0 ? [`effects ${effects.join(', ')}`] : []),
    `owner ${owner}${slots.length > 0 ? `, slots ${slots.join(' ')}` : ''}`,
  ]
}

function effectOf(effect: Effect): string {
  switch (effect.do) {
    case 'run':
      return effect.effect
    case 'timer':
      return `timer ${effect.seconds} s`
    case 'handoff':
      return `handoff ${effect.reason}`
    case 'end':
      return `end ${effect.outcome}`
  }
}

function readFlags(args: readonly string[], say: Say): Flags {
  try {
    const options = {
      locale: { type: 'string', default: 'fr' },
      trace: { type: 'boolean', default: false },
      at: { type: 'string' },
    } as const
    const { locale, trace, at } = parseArgs({ args: [...args], options }).values
    const parsed = parseLocale(locale)
    if (!parsed) throw new Refusal()
    return { locale: parsed, trace, ...(at === undefined ? {} : { at }) }
  } catch {
    throw new Refusal(say('cli:chat.usage'))
  }
}

if (import.meta.main) {
  const say = terminalWords(terminalLocale(process.env))
  // `chat | head` closes the pipe early; that is no fault.
  process.stdout.on('error', () => process.exit(0))
  await runCli(() => runChat(readFlags(process.argv.slice(2), say), say))
}
