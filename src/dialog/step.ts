/** The engine: (trees, where we stand, what happened) -> (where we stand, what to say, what to have done). Pure. */
import { AppError } from '../errors.ts'
import type {
  Condition,
  DialogInput,
  DialogState,
  Effect,
  Expectation,
  Facts,
  Node,
  Option,
  Place,
  Say,
  Step,
  Target,
  Trees,
} from './types.ts'

/** Nodes one input may pass. More is a tree that runs in a circle without asking anything. */
const MAX_HOPS = 100
/** Called dialogs kept; the oldest are forgotten first. More never happens in a tree that makes sense. */
const MAX_DEPTH = 12
/** Questions "back" can go back. */
const MAX_BACK = 10

const PERSON: Option = { id: 'person', key: 'common:options.person' }
const OFFER: readonly Option[] = [
  { id: 'yes', key: 'common:did_you_mean.options.yes' },
  { id: 'no', key: 'common:did_you_mean.options.no' },
]

export const emptyDialog = (): DialogState => ({ stack: [], slots: {}, misses: 0, waits: 0, back: [] })

/** @throws AppError `tree_broken` when the stored place is not in the trees, or a tree runs in a circle. */
export function step(trees: Trees, before: DialogState, input: DialogInput, facts: Facts): Step {
  const run: Run = { trees, facts, state: copy(before), says: [], effects: [] }
  take(run, input)
  return run
}

/** The question after a wait: what is said before the wait is over may answer it already. */
export function expectsNext(trees: Trees, state: DialogState): Expectation | undefined {
  const place = state.stack.at(-1)
  const node = place && nodeAt(trees, place)
  if (!place || node?.type !== 'await') return expects(trees, state)
  return expects(trees, { ...state, stack: [...state.stack.slice(0, -1), resolve(node.timeout, place.dialog)] })
}

/** What the member's next words answer. @returns undefined when the dialog ended or waits for no member. */
export function expects(trees: Trees, state: DialogState): Expectation | undefined {
  const place = state.stack.at(-1)
  if (!place) return undefined
  const node = nodeAt(trees, place)
  if (node.type !== 'ask' && node.type !== 'collect') return undefined
  const common = { node: nameOf(place), options: state.offer ? OFFER : optionsOf(place, node) }
  if (node.type === 'collect')
    return { ...common, collects: node.as, takesEmail: node.as === 'email', takesText: node.as === 'text' }
  return { ...common, takesEmail: node.email !== undefined, takesText: node.text !== undefined }
}

/** Splits `dialog.node`; a bare node is in `home`. */
export function resolve(target: Target, home: string): Place {
  const dot = target.indexOf('.')
  return dot < 0 ? { dialog: home, node: target } : { dialog: target.slice(0, dot), node: target.slice(dot + 1) }
}

export const nameOf = (place: Place): string => `${place.dialog}.${place.node}`

interface Run extends Step {
  trees: Trees
  facts: Facts
  state: DialogState
  says: Say[]
  effects: Effect[]
}

function copy(state: DialogState): DialogState {
  return { ...state, stack: state.stack.map((p) => ({ ...p })), slots: { ...state.slots }, back: [...state.back] }
}

function nodeAt(trees: Trees, place: Place): Node {
  const node = trees.get(place.dialog)?.nodes.get(place.node)
  if (!node) throw new AppError('tree_broken', { node: nameOf(place) })
  return node
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
    case 'timeout':
      if (run.state.waiting?.ref === input.ref) endWait(run, undefined)
      return
    case 'result':
      if (run.state.waiting?.event === input.event) endWait(run, input.value)
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
  enter(state, place)
  walk(run)
}

function jump(run: Run, place: Place): void {
  leave(run)
  delete run.state.offer
  delete run.state.waiting
  run.state.stack = [place]
  walk(run)
}

function goBack(run: Run): void {
  const { state } = run
  const earlier = state.back.pop()
  if (!earlier) run.says.push(plain(run, 'common:back_impossible.say'))
  else Object.assign(state, { stack: earlier.stack.map((p) => ({ ...p })), slots: { ...earlier.slots }, misses: 0 })
  delete state.offer
  walk(run)
}

function resume(run: Run): void {
  const place = run.state.stack.at(-1)
  const node = place && nodeAt(run.trees, place)
  if (node?.type === 'handoff') go(run, node.next)
  walk(run)
}

function endWait(run: Run, result: string | undefined): void {
  const place = run.state.stack.at(-1)
  const node = place && nodeAt(run.trees, place)
  if (node?.type !== 'await') return
  delete run.state.waiting
  go(run, (result === undefined ? undefined : own(node.on, result)) ?? node.timeout)
  walk(run)
}

type Answer = Extract<DialogInput, { type: 'choose' | 'email' | 'text' }>

function answer(run: Run, input: Answer): void {
  const place = run.state.stack.at(-1)
  if (!place) return
  const node = nodeAt(run.trees, place)
  if (node.type === 'await') return answerEarly(run, node, input)
  if (node.type !== 'ask' && node.type !== 'collect') return
  const { offer } = run.state
  if (offer && input.type === 'choose')
    return keepEmail(run, node, input.option === 'yes' ? offer.suggested : offer.typed)
  const target = targetOf(node, input)
  if (target === undefined) return miss(run, place, node)
  if (input.type === 'email' && input.suggested) return offerCorrection(run, input.value, input.suggested)
  if (input.type === 'email') return keepEmail(run, node, input.value)
  leave(run)
  const slot = input.type === 'choose' ? (node.type === 'ask' ? node.slot : undefined) : textSlot(node)
  if (slot) run.state.slots[slot] = input.type === 'choose' ? input.option : input.value
  go(run, target)
  walk(run)
}

/** Said before the wait is over: an answer to the question after it, or else that question comes now. */
function answerEarly(run: Run, node: Extract<Node, { type: 'await' }>, input: Answer): void {
  delete run.state.waiting
  go(run, node.timeout)
  const place = run.state.stack.at(-1)
  const next = place && nodeAt(run.trees, place)
  const isAsking = next?.type === 'ask' || next?.type === 'collect'
  // Free words belong to a question that was read.
  if (isAsking && input.type !== 'text' && targetOf(next, input) !== undefined) return answer(run, input)
  walk(run)
}

function targetOf(node: Asking, input: Answer): Target | undefined {
  if (input.type === 'choose') return own(node.options, input.option)
  if (node.type === 'ask') return input.type === 'email' ? (node.email ?? node.text)?.go : node.text?.go
  return node.as === input.type || node.as === 'text' ? node.next : undefined
}

/** What comes from outside may be called `constructor`. */
const own = (targets: Readonly<Record<string, Target>> | undefined, key: string): Target | undefined =>
  targets && Object.hasOwn(targets, key) ? targets[key] : undefined

type Asking = Extract<Node, { type: 'ask' | 'collect' }>

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
  go(run, takes.go)
  walk(run)
}

/** Remembers the question for "back". */
function leave(run: Run): void {
  const { state } = run
  state.back.push({ stack: state.stack.map((p) => ({ ...p })), slots: { ...state.slots } })
  if (state.back.length > MAX_BACK) state.back.shift()
  state.misses = 0
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

/** Moves the running dialog to a target. */
function go(run: Run, target: Target): void {
  const { stack } = run.state
  const home = stack.pop()
  stack.push(resolve(target, home?.dialog ?? ''))
  run.state.misses = 0
  // It belonged to the question that is left.
  delete run.state.offer
}

/** Passes nodes until one waits for somebody, or all dialogs ended. */
function walk(run: Run): void {
  for (let hops = 0; hops < MAX_HOPS; hops++) {
    const place = run.state.stack.at(-1)
    if (!place || visit(run, place, nodeAt(run.trees, place)) === 'waits') return
  }
  throw new AppError('tree_broken', { node: run.state.stack.map(nameOf).join(' ') })
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
      return endDialog(run, node.outcome)
  }
}

function startWait(run: Run, node: Extract<Node, { type: 'await' }>): 'waits' {
  const ref = String(++run.state.waits)
  run.state.waiting = { ref, event: node.event }
  run.effects.push({ do: 'timer', ref, seconds: node.seconds })
  return 'waits'
}

function call(run: Run, name: string): void {
  const dialog = run.trees.get(name)
  if (!dialog) throw new AppError('tree_broken', { node: name })
  enter(run.state, { dialog: name, node: dialog.start })
}

function enter({ stack }: DialogState, place: Place): void {
  stack.push(place)
  if (stack.length > MAX_DEPTH) stack.shift()
}

/** Back to whoever called, or to the question that was interrupted, which is asked again. */
function endDialog(run: Run, outcome: string): 'waits' | 'goes' {
  run.state.stack.pop()
  const caller = run.state.stack.at(-1)
  if (!caller) {
    run.effects.push({ do: 'end', outcome })
    return 'waits'
  }
  const node = nodeAt(run.trees, caller)
  if (node.type === 'call') go(run, node.on?.[outcome] ?? node.next)
  return 'goes'
}

function holds(when: Condition, run: Run): boolean {
  const value = when.slot !== undefined ? run.state.slots[when.slot] : run.facts[when.fact ?? '']
  return 'set' in when ? when.set === (value !== undefined) : value !== undefined && when.in.includes(value)
}

function optionsOf(place: Place, node: Asking): Option[] {
  return Object.keys(node.options ?? {}).map((id) => ({ id, key: `${place.dialog}:${place.node}.options.${id}` }))
}

function sayOf(run: Run, place: Place, options: readonly Option[]): Say {
  return { ...plain(run, `${place.dialog}:${place.node}.say`), node: nameOf(place), options }
}

function plain(run: Run, key: string): Say {
  const place = run.state.stack.at(-1)
  return { key, node: place ? nameOf(place) : '', values: run.state.slots, options: [] }
}

function pick(slots: Readonly<Record<string, string>>, names: readonly string[]): Record<string, string> {
  const picked: Record<string, string> = {}
  for (const name of names) {
    const value = slots[name]
    if (value !== undefined) picked[name] = value
  }
  return picked
}
