/** The engine: (trees, where we stand, what happened) -> (where we stand, what to say, what to have done). Pure. */
import { AppError } from '../errors.ts'
import {
  type Asking,
  expectationOf,
  isAsking,
  lastTaking,
  MEMBER,
  nameOf,
  nodeAt,
  OFFER,
  optionsOf,
  own,
  resolve,
  targetOf,
} from './expect.ts'
import { arrive, copy, copyOf, enter, go, holds, leave, MAX_HOPS, pick, plain, type Run, sayOf } from './run.ts'
import type {
  Answer,
  DialogInput,
  DialogState,
  Facts,
  Heard,
  Node,
  Option,
  Place,
  Result,
  Step,
  Trees,
} from './types.ts'

const PERSON: Option = { id: 'person', key: 'common:options.person' }

export const emptyDialog = (): DialogState => ({
  version: '',
  stack: [],
  slots: {},
  misses: 0,
  waits: 0,
  visits: {},
  back: [],
})

/** @param heard asked at every question that this input leads to, before it is put to the member.
 *  @throws AppError `tree_broken` when the stored place is not in the trees (see `settle`), or a tree runs in a circle. */
export function step(trees: Trees, before: DialogState, input: DialogInput, facts: Facts, heard?: Heard): Step {
  const run: Run = { trees, facts, state: copy(before), says: [], effects: [], path: [] }
  if (heard) run.heard = heard
  take(run, input)
  return { state: run.state, says: run.says, effects: run.effects, path: run.path }
}

function take(run: Run, input: DialogInput): void {
  switch (input.type) {
    case 'start':
      run.state = { ...emptyDialog(), waits: run.state.waits, stack: [resolve(input.at, '')] }
      return walk(run)
    case 'interrupt':
      return interrupt(run, resolve(input.at, ''), resolve(input.under, ''))
    case 'jump':
      return jump(run, resolve(input.at, ''))
    case 'back':
      return goBack(run)
    case 'repeat':
      delete run.state.offer
      return walk(run)
    case 'resume':
      return resume(run)
    case 'correct':
      return correct(run, input.answer)
    case 'timeout':
      if (run.state.waiting?.ref === input.ref) endWait(run, undefined)
      return
    case 'result':
      if (run.state.waiting?.event === input.event && (input.ref ?? run.state.waiting.ref) === run.state.waiting.ref)
        endWait(run, input)
      return
    default:
      return answer(run, input)
  }
}

function interrupt(run: Run, place: Place, under: Place): void {
  const { state } = run
  const already = state.stack.findIndex((p) => p.dialog === place.dialog)
  if (already >= 0) state.stack.length = already
  delete state.offer
  if (state.stack.length === 0) state.stack.push(under)
  enter(state, arrive(run, place))
  walk(run)
}

function jump(run: Run, place: Place): void {
  leave(run)
  delete run.state.offer
  delete run.state.waiting
  run.state.stack = [arrive(run, place)]
  walk(run)
}

function goBack(run: Run): void {
  const { state } = run
  const earlier = state.back.pop()
  if (earlier) Object.assign(state, { ...copyOf(earlier), misses: 0 })
  if (earlier) delete state.waiting
  delete state.offer
  walk(run)
}

function resume(run: Run): void {
  const place = run.state.stack.at(-1)
  const node = place && nodeAt(run.trees, place)
  if (node?.type === 'handoff') go(run, node.next)
  walk(run)
}

/** The latest question that takes such an answer, answered anew; without an answer it is asked anew. */
function correct(run: Run, input: Answer | { type: 'email' }): void {
  const { back } = run.state
  const at = lastTaking(run.trees, run.state, input)
  const earlier = back[at]
  if (!earlier) return walk(run)
  Object.assign(run.state, { back: back.slice(0, at), misses: 0, ...copyOf(earlier) })
  delete run.state.offer
  delete run.state.waiting
  return 'value' in input || 'option' in input ? answer(run, input) : walk(run)
}

function endWait(run: Run, result: Result | undefined): void {
  const place = run.state.stack.at(-1)
  const node = place && nodeAt(run.trees, place)
  // A digression stands on it: the wait is over when that is.
  if (node?.type !== 'await') {
    if (run.state.waiting)
      run.state.waiting = { ...run.state.waiting, ref: '', ...(result ? { came: plainResult(result) } : {}) }
    return
  }
  goOn(run, node, result)
  walk(run)
}

const plainResult = ({ value, slots }: Result): Result => ({ value, ...(slots ? { slots } : {}) })

function goOn(run: Run, node: Extract<Node, { type: 'await' }>, result: Result | undefined): void {
  delete run.state.waiting
  Object.assign(run.state.slots, result?.slots)
  go(run, (result && own(node.on, result.value)) ?? node.timeout)
}

function answer(run: Run, input: Answer): void {
  const place = run.state.stack.at(-1)
  if (!place) return
  const node = nodeAt(run.trees, place)
  if (node.type === 'await') return answerEarly(run, node, input)
  if (!isAsking(node)) return
  const { offer } = run.state
  if (offer && input.type === 'choose')
    return keepEmail(run, node, input.option === 'yes' ? offer.suggested : offer.typed)
  const target = targetOf(node, input)
  if (target === undefined) return miss(run, place, node)
  if (input.type === 'email' && input.suggested) return offerCorrection(run, input.value, input.suggested)
  if (input.type === 'email') return keepEmail(run, node, input.value)
  if (input.type === 'choose') run.path.push({ node: nameOf(place), option: input.option })
  leave(run)
  const slot = input.type === 'choose' ? (node.type === 'ask' ? node.slot : undefined) : textSlot(node)
  if (slot) run.state.slots[slot] = input.type === 'choose' ? input.option : input.value
  go(run, target)
  walk(run)
}

/** Said before the wait is over: an answer to the question after it, or else that question comes now. */
function answerEarly(run: Run, node: Extract<Node, { type: 'await' }>, input: Answer): void {
  delete run.state.waiting
  if (node.event === MEMBER) {
    run.state.stack.pop()
    return answer(run, input)
  }
  go(run, node.timeout)
  const place = run.state.stack.at(-1)
  const next = place && nodeAt(run.trees, place)
  // Free words belong to a question that was read.
  if (next && isAsking(next) && input.type !== 'text' && targetOf(next, input) !== undefined) return answer(run, input)
  walk(run)
}

const textSlot = (node: Asking): string | undefined => (node.type === 'collect' ? node.slot : node.text?.slot)

function offerCorrection(run: Run, typed: string, suggested: string): void {
  run.state.offer = { typed, suggested }
  run.says.push({ ...plain(run, 'common:did_you_mean.say'), values: { suggested }, options: OFFER })
}

function keepEmail(run: Run, node: Asking, email: string): void {
  leave(run)
  delete run.state.offer
  const takes = node.type === 'collect' ? { slot: node.slot, go: node.next } : (node.email ?? node.text)
  if (!takes) return
  run.state.slots[takes.slot] = email
  // Another address is another try: what was counted belongs to the one before.
  run.state.visits = {}
  go(run, takes.go)
  walk(run)
}

/** An answer that does not fit: asked again, with a person offered the second time; then another way, if the tree has one. */
function miss(run: Run, place: Place, node: Asking): void {
  const misses = ++run.state.misses
  const limit = node.type === 'collect' ? { max: node.retries, go: node.otherwise } : node.unclear
  if (limit && misses > limit.max) {
    run.state.misses = 0
    go(run, limit.go)
    return walk(run)
  }
  const text = node.type === 'collect' ? `${place.dialog}:${place.node}.invalid` : 'common:unclear.say'
  const key = misses > 1 && node.type === 'ask' ? 'common:unclear_person.say' : text
  const options = run.state.offer ? OFFER : optionsOf(place, node)
  const input = node.type === 'collect' ? { input: node.as } : {}
  run.says.push({ ...plain(run, key), options: misses > 1 ? withPerson(options) : options, ...input })
}

const withPerson = (options: readonly Option[]): readonly Option[] =>
  options.some((o) => o.id === PERSON.id) ? options : [...options, PERSON]

/** Passes nodes until one waits for somebody, or all dialogs ended. */
function walk(run: Run): void {
  for (let hops = 0; hops < MAX_HOPS; hops++) {
    const place = run.state.stack.at(-1)
    if (!place) return
    const node = nodeAt(run.trees, place)
    run.path.push({ node: nameOf(place) })
    if (isAsking(node) && answerHeard(run, place, node)) return
    if (visit(run, place, node) === 'waits') return
  }
  throw new AppError('tree_broken', { node: run.state.stack.map(nameOf).join(' ') })
}

/** The message that led here answers this question too. Each question is answered so once, or circles would not end. */
function answerHeard(run: Run, place: Place, node: Asking): boolean {
  const { heard } = run
  const answered = heard?.(expectationOf(place, node))
  if (!heard || !answered || targetOf(node, answered) === undefined) return false
  const name = nameOf(place)
  run.heard = (expected) => (expected.node === name ? undefined : heard(expected))
  answer(run, answered)
  return true
}

function visit(run: Run, place: Place, node: Node): 'waits' | 'goes' {
  switch (node.type) {
    case 'say':
      run.says.push(sayOf(run, place, []))
      go(run, node.next)
      return 'goes'
    case 'ask':
      run.says.push(sayOf(run, place, optionsOf(place, node)))
      return 'waits'
    case 'collect':
      run.says.push({ ...sayOf(run, place, optionsOf(place, node)), input: node.as })
      return 'waits'
    case 'do':
      run.effects.push({ do: 'run', effect: node.effect, with: pick(run.state.slots, node.with), node: nameOf(place) })
      go(run, node.next)
      return 'goes'
    case 'await':
      return startWait(run, node)
    case 'branch':
      go(run, node.cases.find((c) => holds(c.when, run))?.go ?? node.else)
      return 'goes'
    case 'call':
      call(run, node.dialog)
      return 'goes'
    case 'go':
      go(run, node.to)
      return 'goes'
    case 'handoff':
      run.effects.push({ do: 'handoff', reason: node.reason, node: nameOf(place) })
      return 'waits'
    case 'end':
      return endDialog(run, node)
    case 'close':
      run.state.stack.pop()
      run.effects.push({ do: 'end', outcome: 'closed' })
      return 'waits'
  }
}

function startWait(run: Run, node: Extract<Node, { type: 'await' }>): 'waits' | 'goes' {
  // A digression is over: the wait is under way still, or its time or its result came meanwhile.
  if (run.state.waiting?.ref) return 'waits'
  if (run.state.waiting) {
    goOn(run, node, run.state.waiting.came)
    return 'goes'
  }
  const ref = String(++run.state.waits)
  run.state.waiting = { ref, event: node.event }
  run.effects.push({ do: 'timer', ref, seconds: node.seconds })
  return 'waits'
}

function call(run: Run, name: string): void {
  const dialog = run.trees.get(name)
  if (!dialog) throw new AppError('tree_broken', { node: name })
  enter(run.state, arrive(run, { dialog: name, node: dialog.start }))
}

/** Back to whoever called, or to the question that was interrupted, which is asked again. */
function endDialog(run: Run, { outcome, again }: Extract<Node, { type: 'end' }>): 'waits' | 'goes' {
  run.state.stack.pop()
  const caller = run.state.stack.at(-1)
  if (!caller) {
    run.effects.push({ do: 'end', outcome })
    return 'waits'
  }
  const node = nodeAt(run.trees, caller)
  if (node.type === 'call') go(run, node.on?.[outcome] ?? node.next)
  else if (again === false) return 'waits'
  return 'goes'
}
