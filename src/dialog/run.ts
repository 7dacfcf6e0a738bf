/** What one step works on, and the small moves it is made of. Changes the run's own copy of the state. */
import { AppError } from '../errors.ts'
import { nameOf, nodeAt, resolve } from './expect.ts'
import type {
  Condition,
  DialogState,
  Effect,
  Facts,
  Heard,
  Option,
  Passed,
  Place,
  Say,
  Step,
  Target,
  Trees,
} from './types.ts'

/** Nodes one input may pass. More is a tree that runs in a circle without asking anything. */
export const MAX_HOPS = 100

/** Called dialogs kept; the oldest are forgotten first. More never happens in a tree that makes sense. */
const MAX_DEPTH = 12

/** Questions "back" can go back. */
const MAX_BACK = 10

export interface Run extends Step {
  trees: Trees
  facts: Facts
  state: DialogState
  says: Say[]
  effects: Effect[]
  path: Passed[]
  heard?: Heard
}

export const copyOf = ({ stack, slots }: DialogState['back'][number]) => ({
  stack: stack.map((p) => ({ ...p })),
  slots: { ...slots },
})

export function copy(state: DialogState): DialogState {
  return {
    ...state,
    stack: state.stack.map((p) => ({ ...p })),
    slots: { ...state.slots },
    visits: { ...state.visits },
    back: [...state.back],
  }
}

export function plain(run: Run, key: string): Say {
  const place = run.state.stack.at(-1)
  return { key, node: place ? nameOf(place) : '', values: run.state.slots, options: [] }
}

export function sayOf(run: Run, place: Place, options: readonly Option[]): Say {
  return { ...plain(run, `${place.dialog}:${place.node}.say`), node: nameOf(place), options }
}

export function pick(slots: Readonly<Record<string, string>>, names: readonly string[]): Record<string, string> {
  const picked: Record<string, string> = {}
  for (const name of names) {
    const value = slots[name]
    if (value !== undefined) picked[name] = value
  }
  return picked
}

export function holds(when: Condition, run: Run): boolean {
  const value = when.slot !== undefined ? run.state.slots[when.slot] : run.facts[when.fact as keyof Facts]
  if ('set' in when) return when.set === (value !== undefined)
  if (value === undefined) return false
  if ('in' in when) return when.in.includes(value)
  const number = Number(value)
  return number >= (when.min ?? -Infinity) && number <= (when.max ?? Infinity)
}

/** Counts the ways into a node with a limit; past it they lead elsewhere. */
export function arrive({ trees, state }: Run, place: Place): Place {
  for (let at = place, hops = 0; hops < MAX_HOPS; hops++) {
    const { limit } = nodeAt(trees, at)
    const visits = (state.visits[nameOf(at)] ?? 0) + 1
    if (!limit) return at
    state.visits[nameOf(at)] = visits
    if (visits <= limit.max) return at
    at = resolve(limit.go, at.dialog)
  }
  throw new AppError('tree_broken', { node: nameOf(place) })
}

/** Moves the running dialog to a target. */
export function go(run: Run, target: Target): void {
  const { stack } = run.state
  const home = stack.pop()
  stack.push(arrive(run, resolve(target, home?.dialog ?? '')))
  run.state.misses = 0
  // It belonged to the question that is left.
  delete run.state.offer
}

/** Remembers the question for "back". */
export function leave(run: Run): void {
  const { state } = run
  state.back.push(copyOf(state))
  if (state.back.length > MAX_BACK) state.back.shift()
  state.misses = 0
}

export function enter({ stack }: DialogState, place: Place): void {
  stack.push(place)
  if (stack.length > MAX_DEPTH) stack.shift()
}
