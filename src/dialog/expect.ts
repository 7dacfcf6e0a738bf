/** Reading the trees: what a state waits for, and where an answer to it would lead. Pure. */
import { AppError } from '../errors.ts'
import type { Answer, DialogState, Expectation, Node, Option, Place, Target, Trees } from './types.ts'

export type Asking = Extract<Node, { type: 'ask' | 'collect' }>

/** The answers to a correction that was offered for an address. */
export const OFFER: readonly Option[] = [
  { id: 'yes', key: 'common:did_you_mean.options.yes' },
  { id: 'no', key: 'common:did_you_mean.options.no' },
]

/** The event of an `await` that any words of the member end: they answer the question that was interrupted. */
export const MEMBER = 'member'

/** The question after a wait: what is said before the wait is over may answer it already. */
export function expectsNext(trees: Trees, state: DialogState): Expectation | undefined {
  const place = state.stack.at(-1)
  const node = place && nodeAt(trees, place)
  if (!place || node?.type !== 'await' || node.event === MEMBER) return expects(trees, state)
  return expects(trees, { ...state, stack: [...state.stack.slice(0, -1), resolve(node.timeout, place.dialog)] })
}

/** What the member's next words answer. @returns undefined when the dialog ended or waits for no member. */
export function expects(trees: Trees, state: DialogState): Expectation | undefined {
  const place = state.stack.at(-1)
  if (!place) return undefined
  const node = nodeAt(trees, place)
  if (node.type === 'await' && node.event === MEMBER)
    return expects(trees, { ...state, stack: state.stack.slice(0, -1) })
  if (!isAsking(node)) return undefined
  return { ...expectationOf(place, node), ...(state.offer ? { options: OFFER } : {}) }
}

export function expectationOf(place: Place, node: Asking): Expectation {
  const common = { node: nameOf(place), options: optionsOf(place, node) }
  if (node.type === 'collect') {
    const takes = { collects: node.as, takesEmail: node.as === 'email', takesText: node.as === 'text' }
    return { ...common, ...takes, heard: false, keeps: false, means: {} }
  }
  const takes = { takesEmail: node.email !== undefined, takesText: node.text !== undefined }
  return { ...common, ...takes, heard: node.heard === true, keeps: node.slot !== undefined, means: node.means ?? {} }
}

/** A word of the member ends the silence: the question that was interrupted stands again. */
export function awake(trees: Trees, state: DialogState): DialogState {
  const place = state.stack.at(-1)
  const node = place && trees.get(place.dialog)?.nodes.get(place.node)
  if (node?.type !== 'await' || node.event !== MEMBER) return state
  const { waiting: _over, ...rest } = state
  return { ...rest, stack: state.stack.slice(0, -1) }
}

/** Seconds of silence after which the present question's dialog wants the idle dialog; 0 = never. */
export function idleOf(trees: Trees, state: DialogState): number {
  const place = state.stack.at(-1)
  const node = place && trees.get(place.dialog)?.nodes.get(place.node)
  if (!place || !node || !isAsking(node)) return 0
  return node.idle ?? trees.get(place.dialog)?.idle ?? 0
}

/** Splits `dialog.node`; a bare node is in `home`. */
export function resolve(target: Target, home: string): Place {
  const dot = target.indexOf('.')
  return dot < 0 ? { dialog: home, node: target } : { dialog: target.slice(0, dot), node: target.slice(dot + 1) }
}

export const nameOf = (place: Place): string => `${place.dialog}.${place.node}`

/** @throws AppError `tree_broken` when the trees have no such place. */
export function nodeAt(trees: Trees, place: Place): Node {
  const node = trees.get(place.dialog)?.nodes.get(place.node)
  if (!node) throw new AppError('tree_broken', { node: nameOf(place) })
  return node
}

export const isAsking = (node: Node): node is Asking => node.type === 'ask' || node.type === 'collect'

export function targetOf(node: Asking, input: Answer): Target | undefined {
  if (input.type === 'choose') return own(node.options, input.option)
  if (node.type === 'ask') return input.type === 'email' ? (node.email ?? node.text)?.go : node.text?.go
  return node.as === input.type || node.as === 'text' ? node.next : undefined
}

/** What comes from outside may be called `constructor`. */
export const own = (targets: Readonly<Record<string, Target>> | undefined, key: string): Target | undefined =>
  targets && Object.hasOwn(targets, key) ? targets[key] : undefined

export function optionsOf(place: Place, node: Asking): Option[] {
  return Object.keys(node.options ?? {}).map((id) => ({ id, key: `${place.dialog}:${place.node}.options.${id}` }))
}

/** An earlier question would take this answer instead of the one it got. */
export const canCorrect = (trees: Trees, state: DialogState, answer: Answer): boolean =>
  lastTaking(trees, state, answer) >= 0

/** The latest of the earlier questions that takes such an answer; `{ type: 'email' }` is any address. @returns -1 for none. */
export function lastTaking(trees: Trees, { back }: DialogState, answer: Answer | { type: 'email' }): number {
  return back.findLastIndex(({ stack }) => {
    const place = stack.at(-1)
    const node = place && trees.get(place.dialog)?.nodes.get(place.node)
    return node !== undefined && isAsking(node) && takes(node, answer)
  })
}

function takes(node: Asking, answer: Answer | { type: 'email' }): boolean {
  if (answer.type === 'email') return node.type === 'collect' ? node.as === 'email' : node.email !== undefined
  return targetOf(node, answer) !== undefined
}
