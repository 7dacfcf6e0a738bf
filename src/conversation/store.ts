/** Port: where conversations live. One writer (the turn), one reader protocol ("all after seq N").
 *  Contract: `test/contracts/store.ts`. Resolved = on disk. */
import type { Activity, Locale, Owner } from '../wire/activity.ts'

/** Who put an entry into the log; set by the server, never by a client. */
export type Origin = 'member' | 'bot' | 'agent' | 'system'

/** `all`: the member's client is shown it. `desk`: internal (commands, timers, audit). */
export type Audience = 'all' | 'desk'

/** An activity before the store numbered it. */
export type NewActivity = Omit<Activity, 'id'>

export interface NewEntry {
  origin: Origin
  audience: Audience
  activity: NewActivity
}

/** One entry of the log. `seq` counts 1, 2, 3 ... within the conversation. */
export interface LogEntry extends NewEntry {
  seq: number
  activity: Activity
}

/** Entries of a conversation beyond which members' messages are refused: nobody talks that long, and whoever opens it at the desk, exports
 *  or erases it reads all of it. */
export const MOST_ENTRIES = 2_000

/** Something that happened to a conversation from outside. */
export interface Inbound extends NewEntry {
  conversationId: string
  /** Idempotency key within (conversation, origin); the same key again is the same entry. */
  clientId: string
  /** Makes the conversation if it is new. Otherwise an unknown one is refused. */
  create?: boolean
}

export interface Received {
  seq: number
  id: string
  /** True when this key was received before; nothing was written. */
  repeated: boolean
  /** What a turn would load now, where the store has it at hand. A turn may start from it: the version guards its commit. */
  loaded?: Loaded
}

/** `resend`, `mail`: mails, whose outcome never comes back to the chat; two kinds, because processes of an older version know only the
 *  first and would send something else. `lookup`: questions whose answer does, as an event in the log. */
export const WORK_KINDS = ['resend', 'timer', 'lookup', 'mail'] as const
export type WorkKind = (typeof WORK_KINDS)[number]

/** Durable work outside a turn. `dueAt` in epoch milliseconds. */
export interface WorkItem {
  /** Unique; adding the same id twice adds it once. */
  id: string
  kind: WorkKind
  conversationId: string
  dueAt: number
  payload: Readonly<Record<string, string>>
}

export interface LeasedWork extends WorkItem {
  /** Attempts begun, this one included: 1, 2, 3 ... */
  attempts: number
  /** Proof of the lease; a later holder has another one. */
  lease: string
}

/** What the desk lists of a conversation that a person was asked for. */
export interface DeskRow {
  conversationId: string
  owner: Extract<Owner, 'waiting' | 'agent'>
  locale: Locale
  requestedAt: string
  reason: string
  agentId?: string
  agentName?: string
  /** Waits again because this agent, by name, was gone: goes before who asked later. */
  lostBy?: string
}

/** Sorts the desk's rows: who was with somebody already goes first, then who has waited longest. */
export function placeOf({ lostBy, requestedAt }: DeskRow): string {
  return lostBy === undefined ? requestedAt : `0${requestedAt}`
}

export interface Loaded {
  /** 0 until the first commit. */
  version: number
  /** As stored, any schema version; undefined until the first commit. */
  state: unknown
  /** Inbound entries no turn has taken yet, in order; of very many only the first ones. */
  pending: readonly LogEntry[]
  /** This process is the one to take them: false while another one does, until that one ends (see `adopt`). */
  isMine: boolean
  /** Failed runs of the first pending entry. */
  attempts: number
  /** Requests waiting for a person before this one (all of them when this one does not wait). What other processes did may be missing
   *  for a second. */
  ahead: number
}

export interface Commit {
  conversationId: string
  /** Version the turn started from. */
  expected: number
  state: unknown
  /** Seq of the last inbound entry the turn took. */
  processed: number
  entries: readonly NewEntry[]
  work: readonly WorkItem[]
  /** What the desk lists from now on; null: nothing. */
  desk: DeskRow | null
}

export interface Adopted {
  conversationId: string
  /** Set when it was taken over from a process that ended: failed runs before that. */
  leftAfter?: number
}

export interface Committed {
  /** Seq of the last entry of the log. */
  last: number
  /** Input came meanwhile that no turn took yet. */
  hasMore: boolean
}

/** What became of a work item, for the desk. `payload` replaces the item's own, so that nothing outlives its use. */
export interface WorkReceipt {
  workId: string
  kind: WorkKind
  code: string
  at: string
  payload: Readonly<Record<string, string>>
}

export interface DeadWork extends WorkReceipt {
  conversationId: string
  attempts: number
}

export interface ConversationStore {
  /** Appends once per (conversation, origin, clientId) and marks the conversation as having pending input, in one step. The process that
   *  finds none pending before is the one to run its turns, until none is.
   *  @throws AppError `conversation_unknown`, or `too_many` for a member's message beyond MOST_ENTRIES. */
  receive(inbound: Inbound): Promise<Received>
  /** @returns undefined when unknown; not an error. */
  load(conversationId: string): Promise<Loaded | undefined>
  /** Saves state, replies, work and desk row together.
   *  @throws AppError `state_conflict` when another turn committed first; nothing was written. */
  commit(commit: Commit): Promise<Committed>
  /** Counts a failed run of the first pending entry. @returns runs failed so far. */
  countFailure(conversationId: string): Promise<number>
  /** Entries after `seq`, in order, at most `limit`. `audience` 'all' leaves internal ones out. */
  read(conversationId: string, afterSeq: number, limit: number, audience: Audience): Promise<LogEntry[]>
  /** Conversations whose input has been pending since before `before` (epoch ms), oldest first, and which no other living process is
   *  about to run: its own, and those of processes that ended, which are taken over, once. */
  adopt(before: number, limit: number): Promise<Adopted[]>
  /** Erases conversations in which nothing was received since `before` (epoch ms; a store may
   *  count in whole days), with all that belongs to them.
   *  @returns how many were old enough; `limit` of them means that there may be more. */
  forget(before: number, limit: number): Promise<number>
}

export interface WorkStore {
  /** Takes due items of a kind, oldest first, so that nobody else gets them for `leaseMs`. */
  lease(kind: WorkKind, now: number, leaseMs: number, limit: number): Promise<LeasedWork[]>
  /** Ends an item, with its receipt for the desk and the event that reports it to its conversation, in one step.
   *  @returns false when the lease was lost; nothing was written. */
  complete(work: LeasedWork, done: { receipt?: WorkReceipt; inbound?: Inbound }): Promise<boolean>
  /** Keeps a lease that is still worked on. @returns false when it was lost. */
  renew(work: LeasedWork, until: number): Promise<boolean>
  retry(work: LeasedWork, dueAt: number): Promise<void>
  /** Gives up: kept, visible at the desk, never tried again. */
  bury(work: LeasedWork, receipt: WorkReceipt): Promise<void>
  /** When the next item of a kind is due, epoch ms. */
  nextDue(kind: WorkKind): Promise<number | undefined>
  receipts(conversationId: string): Promise<WorkReceipt[]>
  dead(limit: number): Promise<DeadWork[]>
}

/** At most `most` in any `ms` milliseconds. */
export interface Allowance {
  most: number
  ms: number
}

export interface LimitStore {
  /** Counts `holder` under `key` at `now` (epoch ms) unless that would exceed one of the allowances; one step, whatever runs beside it.
   *  A holder that is counted already (within the longest allowance) is allowed again without being counted anew: a retry.
   *  @returns whether it is counted now. What is refused is not counted. */
  allow(key: string, holder: string, now: number, allowances: readonly Allowance[]): Promise<boolean>
  /** Forgets what was counted under `key`. */
  clear(key: string): Promise<void>
}

/** For the commands that answer a member's wish to see or erase what is kept. Not used while people are served. */
export interface PrivacyStore {
  /** Conversations in an order of the store's own, at most about `limit`, after `cursor` (absent: the first).
   *  @returns `next` until there are no more; what begins or ends meanwhile may be missed. */
  list(cursor: string | undefined, limit: number): Promise<{ ids: string[]; next?: string }>
  /** Erases a conversation with all that belongs to it, now. @returns false when there was none. */
  erase(conversationId: string): Promise<boolean>
  /** Makes what was erased unreadable in the store's own files, as far as the store lets us.
   *  @returns false when its operator has to do that (a Redis user without the right to rewrite the file). */
  scrub(): Promise<boolean>
}

export interface DeskStore {
  /** Waiting and claimed conversations: who may be in danger, then by `placeOf`. Of very many only the first. */
  queue(): Promise<DeskRow[]>
  /** The claimed ones, all of them. */
  claimed(): Promise<DeskRow[]>
}

export type Store = ConversationStore &
  WorkStore &
  DeskStore &
  LimitStore &
  PrivacyStore & {
    /** Resolves when the store answers. @throws AppError `store_unavailable`. */
    ping(): Promise<void>
    close(): Promise<void>
  }
