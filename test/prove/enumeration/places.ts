/** Every place of the trees where a member may type an address, and the messages that lead there. Read off the trees by the engine
 *  itself, so that a new tree is found without a line here. */
import { expects, expectsNext } from '../../../src/dialog/expect.ts'
import { step } from '../../../src/dialog/step.ts'
import type { DialogInput, DialogState, Effect, Trees } from '../../../src/dialog/types.ts'
import type { Texts } from '../../../src/language/texts.ts'
import type { Locale } from '../../../src/wire/activity.ts'

/** One message on the way: a button's text (by key), some words, or an address that nobody knows and that was not typed before. */
export type Move = { key: string } | { text: string } | { email: true }

export interface Place {
  /** Where the dialog stands: `dialog.node`, with what called it. */
  name: string
  /** The node whose question stands last. */
  node: string
  /** An address is asked for, or allowed, by the question itself. */
  takesEmail: boolean
  /** A person was asked for. */
  isWaiting: boolean
  way: readonly Move[]
}

interface Reached extends Place {
  state: DialogState
  attempts: number
}

const START = 'welcome.hello'
/** Fits no question. */
const NONSENSE = 'zzkrpt wqx'
/** Addresses typed on the way; more is a matter of limits, not of places. */
const MOST_EMAILS = 7
const MOST_MOVES = 16

/** Breadth first, so that ways are short. */
export function findPlaces(trees: Trees): Place[] {
  const first = reach(trees, [], 0, undefined, { type: 'start', at: START })
  const queue = first ? [first] : []
  const seen = new Map(queue.map((each) => [keyOf(each), each]))
  for (const from of queue) {
    if (from.isWaiting || from.way.length >= MOST_MOVES) continue
    for (const next of movesFrom(trees, from)) {
      if (seen.has(keyOf(next))) continue
      seen.set(keyOf(next), next)
      queue.push(next)
    }
  }
  return distinct(queue)
}

/** Addresses tried count only up to the trees' own limit: a way that needs many of them is kept, once a place. */
const keyOf = ({ name, attempts, state }: Reached): string => `${name} ${attempts} ${state.slots.region !== undefined}`

function distinct(places: readonly Reached[]): Place[] {
  const first = new Map<string, Place>()
  for (const place of places) if (!first.has(place.name)) first.set(place.name, place)
  return [...first.values()]
}

function* movesFrom(trees: Trees, from: Reached): Generator<Reached> {
  const expected = expectsNext(trees, from.state)
  if (!expected) return
  const go = (move: Move, input: DialogInput) => reach(trees, [...from.way, move], from.attempts, from.state, input)
  const found = [
    ...expected.options.map(({ id, key }) => go({ key }, { type: 'choose', option: id })),
    ...(expected.takesEmail && from.way.filter((move) => 'email' in move).length < MOST_EMAILS
      ? [go({ email: true }, { type: 'email', value: `nobody${from.way.length}@sesame.invalid` })]
      : []),
    go({ text: NONSENSE }, { type: 'text', value: NONSENSE }),
  ]
  for (const each of found) if (each) yield each
}

function reach(
  trees: Trees,
  way: readonly Move[],
  attempts: number,
  before: DialogState | undefined,
  input: DialogInput,
): Reached | undefined {
  const facts = { attempts: String(attempts), hours: 'open', verified: 'no', owner: 'bot' } as const
  const from = before ?? { version: '', stack: [], slots: {}, misses: 0, waits: 0, visits: {}, back: [] }
  const { state, effects } = step(trees, from, input, facts)
  const top = state.stack.at(-1)
  if (!top) return undefined
  const asked = expects(trees, state)
  return {
    name: state.stack.map(({ dialog, node }) => `${dialog}.${node}`).join(' > '),
    node: `${top.dialog}.${top.node}`,
    takesEmail: asked?.takesEmail ?? expectsNext(trees, state)?.takesEmail ?? false,
    isWaiting: effects.some((effect: Effect) => effect.do === 'handoff'),
    way,
    state,
    attempts: attempts + effects.filter((effect) => effect.do === 'run' && effect.with.email !== undefined).length,
  }
}

/** @param unknown gives an address that nobody has used. */
export function wordsOf(move: Move, locale: Locale, texts: Texts, unknown: () => string): string {
  if ('email' in move) return unknown()
  return 'text' in move ? move.text : texts.say(locale, move.key)
}
