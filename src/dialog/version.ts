/** Trees change while conversations run: which trees a state was made with, and how it goes on in others. Pure. */
import type { DialogState, Place, Target, Trees } from './types.ts'

const WAITING: readonly string[] = ['ask', 'collect', 'await', 'handoff']

const versions = new WeakMap<Trees, string>()

/** Eight hexadecimal digits; the same trees have the same version in every process. */
export function versionOf(trees: Trees): string {
  const known = versions.get(trees)
  if (known !== undefined) return known
  const all = [...trees.values()].map(({ name, start, fallback, nodes }) => [name, start, fallback, [...nodes]])
  const made = fingerprint(JSON.stringify(all.sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1))))
  versions.set(trees, made)
  return made
}

/** A stored state made ready for these trees: a node that is gone is followed by its dialog's `fallback`, a dialog that is gone
 *  by `menu`. What was collected stays. `moved`: the question that was asked is no longer there. */
export function settle(trees: Trees, state: DialogState, menu: Target): { state: DialogState; moved: boolean } {
  const version = versionOf(trees)
  if (state.version === version) return { state, moved: false }
  const exists = ({ dialog, node }: Place) => trees.get(dialog)?.nodes.has(node) === true
  const back = state.back.filter(({ stack }) => stack.every(exists))
  const gone = state.stack.findIndex((place) => !exists(place))
  // What stands on top waited for somebody: a node of another kind under the same name is another one.
  const top = state.stack.at(-1)
  const isOther = gone < 0 && top && !WAITING.includes(trees.get(top.dialog)?.nodes.get(top.node)?.type ?? '')
  const lost = isOther ? state.stack.length - 1 : gone
  const stack = lost < 0 ? state.stack : [...state.stack.slice(0, lost), instead(trees, state.stack[lost], menu)]
  const settled: DialogState = { ...state, version, stack, back }
  const stands = stack.at(-1)
  const node = stands && trees.get(stands.dialog)?.nodes.get(stands.node)
  if (node?.type !== 'await' && lost >= 0) delete settled.waiting
  if (lost >= 0) delete settled.offer
  return { state: settled, moved: lost >= 0 }
}

function instead(trees: Trees, lost: Place | undefined, menu: Target): Place {
  const dialog = lost && trees.get(lost.dialog)
  if (dialog) return { dialog: dialog.name, node: dialog.fallback }
  const [name = '', node = ''] = menu.split('.')
  return { dialog: name, node }
}

/** FNV-1a, 32 bits. */
function fingerprint(text: string): string {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return (h >>> 0).toString(16).padStart(8, '0')
}
