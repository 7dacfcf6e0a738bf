/** What the console shows, as one value, and who is told when it changes. */
import type { Locale } from '../../src/wire/activity.ts'
import type { ConversationView, DeadLetter, QueueItem, Session } from '../../src/wire/desk.ts'
import type { Outgoing } from './kept.ts'

/** Which screen. `opening`: looking whether someone is signed in. */
export type Phase = 'opening' | 'signedOut' | 'choosePassword' | 'setSecondStep' | 'ready'

export type SignInFault = 'linkFailed' | 'failed' | 'ended' | 'unreachable' | 'busy'

export type Filter = 'all' | 'unclaimed' | 'mine'

/** On narrow screens one is shown at a time. */
export type Pane = 'queue' | 'conversation' | 'context'

/** `key` in `desk:notice`. */
export interface Notice {
  kind: 'good' | 'bad'
  key:
    | 'claimLost'
    | 'claimLostUnknown'
    | 'claimStale'
    | 'claimStaleBy'
    | 'codeInText'
    | 'commandStale'
    | 'takenOver'
    | 'lostMine'
    | 'notWaiting'
    | 'unreachable'
    | 'failed'
    | Done
  values: Readonly<Record<string, string>>
}

export type Done = 'claimed' | 'handback' | 'resolve'

export interface DeskState {
  locale: Locale
  phase: Phase
  session?: Session
  fault?: SignInFault
  /** At the door: who tried to come in has a second step. Stays through a wrong number, so that the next try is one try. */
  needsNumber: boolean
  online: boolean
  /** Undefined until first read. */
  queue?: QueueItem[]
  dead: DeadLetter[]
  filter: Filter
  pane: Pane
  selected?: string
  /** Of `selected`; undefined while it is read. */
  view?: ConversationView
  /** The selected conversation does not exist any more. */
  gone: boolean
  drafts: Record<string, string>
  outbox: Record<string, Outgoing[]>
  notice?: Notice
  /** Conversations in danger, still in the queue, whose banner this agent has had on screen. */
  heeded: string[]
  /** A command is on its way; its buttons rest. */
  busy: boolean
  shortcuts: boolean
}

type Listener = () => void

export interface Cell {
  get(): DeskState
  /** `undefined` removes a value. */
  set(change: { [K in keyof DeskState]?: DeskState[K] | undefined }): void
  subscribe(listener: Listener): () => void
}

export function createCell(first: DeskState): Cell {
  let state = first
  const listeners = new Set<Listener>()
  return {
    get: () => state,
    set(change) {
      state = { ...state, ...change } as DeskState
      for (const listener of listeners) listener()
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** The queue as filtered, in the server's order: emergencies, then oldest first. */
export function shownQueue({ queue, filter, session }: DeskState): QueueItem[] {
  if (!queue) return []
  if (filter === 'unclaimed') return queue.filter((i) => i.owner === 'waiting')
  if (filter === 'mine') return queue.filter((i) => i.agent?.id === session?.agent.id && i.owner === 'agent')
  return queue
}

/** Who wrote it is the signed-in agent. */
export function isMine({ view, session }: DeskState): boolean {
  return view?.owner === 'agent' && view.agent?.id !== undefined && view.agent.id === session?.agent.id
}

/** A lead may take over what a colleague has. */
export function mayTakeOver(state: DeskState): boolean {
  return state.session?.role === 'lead' && state.view?.owner === 'agent' && !isMine(state)
}

/** The queue knows more of the open conversation than was read of it. */
export function hasMoved({ selected, view, gone, queue = [] }: DeskState): boolean {
  const item = queue.find((one) => one.conversationId === selected)
  if (!view) return gone && item !== undefined
  const listed = view.owner === 'waiting' || view.owner === 'agent'
  if (!item) return listed
  return (
    view.owner !== item.owner ||
    view.agent?.id !== item.agent?.id ||
    (view.access !== 'taken' && view.reason !== item.reason)
  )
}

/** Somebody may be in danger there: of a queue item or of a conversation. */
export function isCrisis({ reason }: { reason?: string }): boolean {
  return reason === 'crisis'
}

/** The open conversation is an emergency. The queue may know it before the conversation is read again. */
export function inDanger({ view, queue = [] }: DeskState): boolean {
  if (!view) return false
  return isCrisis(view) || queue.some((i) => i.conversationId === view.conversationId && isCrisis(i))
}

/** Emergencies that this agent has not had on screen, whatever the filter. */
export function unheeded({ queue = [], heeded }: DeskState): QueueItem[] {
  return queue.filter((i) => isCrisis(i) && !heeded.includes(i.conversationId))
}
