/** Where a typed sentence leads beyond the question that was asked. */
import { expects, expectsNext, resolve, step } from '../dialog/step.ts'
import type { DialogInput, DialogState, Facts, Target, Trees } from '../dialog/types.ts'
import type { Understanding } from './understand.ts'

/** How surely another topic must be named to leave the question for it. */
const SURE = 0.75
/** Options whose words answer many questions ("no", "something else"): they answer the one that was asked only. */
const GENERAL: ReadonlySet<string> = new Set(
  'yes no not_yet not_sure other another something_else all_tried go_on try_one skip menu done'.split(' '),
)

export interface Topics {
  trees: Trees
  understanding: Understanding
}

/** One of the menu's causes, named where something else was asked: the member changed their mind. */
export function findTopic({ trees, understanding }: Topics, menu: Target, dialog: DialogState, text: string) {
  const place = resolve(menu, '')
  const node = trees.get(place.dialog)?.nodes.get(place.node)
  const expected = expectsNext(trees, dialog)
  if (node?.type !== 'ask' || !expected || expected.takesText || expected.node === menu) return undefined
  const options = Object.keys(node.options).map((id) => ({ id, key: `${place.dialog}:${place.node}.options.${id}` }))
  const at = node.options[understanding.choose(text, options, SURE) ?? '']
  const jump: DialogInput | undefined = at === undefined || at === expected.node ? undefined : { type: 'jump', at }
  return jump
}

/** The state after a choice whose very words answer the next question as well ("forgot password" at the menu), with that
 *  answer: nobody is asked what they just said. Questions that keep the answer are always asked. */
export function findSecond(
  { trees, understanding }: Topics,
  dialog: DialogState,
  input: DialogInput,
  text: string,
  facts: Facts,
) {
  if (input.type !== 'choose' || dialog.offer) return undefined
  const chosen = expectsNext(trees, dialog)?.options.find((option) => option.id === input.option)
  if (chosen && understanding.isLabel(text, chosen)) return undefined
  const { state, says, effects } = step(trees, dialog, input, facts)
  const expected = expects(trees, state)
  const top = state.stack.at(-1)
  const node = top && trees.get(top.dialog)?.nodes.get(top.node)
  if (!expected || says.length !== 1 || effects.length > 0 || node?.type !== 'ask' || node.slot) return undefined
  const option = understanding.exactly(text, expected.options)
  if (option === undefined || GENERAL.has(option)) return undefined
  const second: DialogInput = { type: 'choose', option }
  return { state, input: second }
}
