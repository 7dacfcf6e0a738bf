/** Runs turns: one at a time per conversation, committed whole or not at all, repeatable without effect. */
import { AppError, codeOf, placeOf } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Locale } from '../wire/activity.ts'
import { activityId, parseLocale } from '../wire/activity.ts'
import type { Hub, News } from './hub.ts'
import { type ConversationState, newState, parseState } from './state.ts'
import type { Adopted, Committed, ConversationStore, DeskRow, Loaded, LogEntry, NewEntry, WorkItem } from './store.ts'

/** What one turn makes. `state` may be changed in place: it is a copy of what is stored. */
export interface Draft {
  readonly conversationId: string
  readonly now: Date
  /** Requests for a person that wait before this one. */
  readonly ahead: number
  state: ConversationState
  entries: NewEntry[]
  work: WorkItem[]
}

/** What happens in a turn; the bot. Calls nothing outside, so that running it twice is harmless. */
export interface Advance {
  run(draft: Draft, entry: LogEntry): Promise<void>
  /** Instead of `run`, for an entry that failed too often: says sorry, offers a person. */
  apologise(draft: Draft, entry: LogEntry): void
}

export interface Turns {
  /** Takes all pending input of a conversation. Resolves when there is none, or when it has to be tried again later.
   *  @param loaded what the store gave along with the input: saves asking for it. */
  run(conversationId: string, loaded?: Loaded): Promise<void>
  /** Takes up what was left behind by a process that ended, or by a run that was interrupted. */
  recover(olderThanMs: number): Promise<void>
  /** Resolves when no turn runs. */
  idle(): Promise<void>
}

/** A turn that the store interrupted is run again after so long, ms, and up to twice that. */
const AGAIN_MS = 500
/** Of those that never failed before, so many run together. */
const TOGETHER = 20
/** Conversations taken up at once of those that were left behind. */
const AT_ONCE = 1_000
/** Conversations whose last version is remembered. */
const MOST_WRITTEN = 10_000
/** Runs of one entry before it is set aside. */
export const MAX_FAILURES = 5

export interface TurnOptions {
  store: ConversationStore
  advance: Advance
  hub: Hub
  log: Log
  now: () => number
  /** Called after work was committed. */
  onWork: (work: readonly WorkItem[]) => void
}

export function createTurns({ store, advance, hub, log, now, onWork }: TurnOptions): Turns {
  const running = new Map<string, Promise<void>>()
  const written = createWritten()
  const again = new Set<string>()
  const interrupted = new Set<string>()
  /** Taken over and not yet run. */
  const queued = new Set<string>()

  async function drain(conversationId: string, known?: Loaded): Promise<void> {
    try {
      let loaded = known
      do {
        while (await turn(conversationId, loaded)) loaded = undefined
        loaded = undefined
      } while (again.delete(conversationId))
    } finally {
      // In the same tick as the last look at `again`: a call in between would be lost.
      running.delete(conversationId)
    }
  }

  /** @returns true when there may be more to do now. */
  async function turn(conversationId: string, known?: Loaded): Promise<boolean> {
    const loaded = known ?? (await store.load(conversationId))
    const first = loaded?.pending[0]
    if (!loaded?.isMine || !first) return false
    const { draft, processed, failure } = await takeAll(conversationId, loaded, first)
    if (draft && processed > 0) return save(draft, loaded, processed)
    return failed(conversationId, first, failure)
  }

  /** Runs entries in order until one fails; what came before it is still worth committing. */
  async function takeAll(conversationId: string, loaded: Loaded, first: LogEntry): Promise<Taken> {
    const taken: Taken = { processed: 0 }
    try {
      taken.draft = openDraft(conversationId, loaded, first, now(), written.has(conversationId, loaded.version))
      for (const entry of loaded.pending) {
        const { draft } = taken
        taken.safe = taken.processed > 0 ? structuredClone(draft) : undefined
        if (taken.processed === 0 && loaded.attempts >= MAX_FAILURES) setAside(draft, entry)
        else await advance.run(draft, entry)
        taken.processed = entry.seq
      }
      return taken
    } catch (failure) {
      return taken.processed > 0 ? { draft: taken.safe, processed: taken.processed } : { processed: 0, failure }
    }
  }

  function setAside(draft: Draft, entry: LogEntry): void {
    log.error({ conversationId: draft.conversationId, seq: entry.seq }, 'turn.dead_lettered')
    advance.apologise(draft, entry)
  }

  async function save(draft: Draft, loaded: Loaded, processed: number): Promise<boolean> {
    const { conversationId, state, entries, work } = draft
    const desk = deskRow(conversationId, state)
    let committed: Committed
    try {
      committed = await store.commit({
        conversationId,
        expected: loaded.version,
        state,
        processed,
        entries,
        work,
        desk,
      })
    } catch (error) {
      if (codeOf(error) === 'state_conflict') return true
      throw error
    }
    written.add(conversationId, loaded.version + 1)
    hub.announce(conversationId, newsOf(draft, loaded, processed, committed.last))
    if (work.length > 0) onWork(work)
    if (desk || hasOwnerChanged(loaded, state)) hub.announceDesk()
    return committed.hasMore
  }

  async function failed(conversationId: string, entry: LogEntry, failure: unknown): Promise<boolean> {
    const failures = await store.countFailure(conversationId)
    log.warn(
      { conversationId, seq: entry.seq, failures, code: codeOf(failure), where: whereOf(failure) },
      'turn.failed',
    )
    return true
  }

  function run(conversationId: string, loaded?: Loaded): Promise<void> {
    const current = running.get(conversationId)
    if (current) {
      again.add(conversationId)
      return current
    }
    const started = drain(conversationId, loaded).catch((error) => {
      log.error({ conversationId, code: codeOf(error) }, 'turn.interrupted')
      // What was received is in the log, whatever became of its turn.
      hub.announce(conversationId)
      if (interrupted.has(conversationId)) return
      interrupted.add(conversationId)
      setTimeout(() => void runAgain(conversationId), AGAIN_MS * (1 + Math.random())).unref()
    })
    running.set(conversationId, started)
    return started
  }

  /** The interrupted commit may have been kept all the same: then nothing is left to run, and its answers to be shown. */
  async function runAgain(conversationId: string): Promise<void> {
    interrupted.delete(conversationId)
    await run(conversationId)
    hub.announce(conversationId)
  }

  /** What ended a process may be among these. Each counts as a failed run when it begins, not before, and whoever failed already
   *  runs alone: so an input that ends processes is set aside, and those that waited beside it are not. */
  async function takeOver(found: readonly Adopted[]): Promise<void> {
    const left = found.filter(({ leftAfter }) => leftAfter !== undefined)
    for (const { conversationId } of left) queued.add(conversationId)
    const fresh = left.filter(({ leftAfter }) => leftAfter === 0)
    try {
      for (let i = 0; i < fresh.length; i += TOGETHER) await Promise.all(fresh.slice(i, i + TOGETHER).map(begin))
      for (const suspect of left.filter(({ leftAfter = 0 }) => leftAfter > 0)) await begin(suspect)
    } finally {
      // Also when the store refused: those that did not begin are this process's own now.
      for (const { conversationId } of left) queued.delete(conversationId)
    }
  }

  async function begin({ conversationId }: Adopted): Promise<void> {
    await store.countFailure(conversationId)
    await run(conversationId)
  }

  return {
    run,
    async recover(olderThanMs) {
      const found = (await store.adopt(now() - olderThanMs, AT_ONCE)).filter((one) => !queued.has(one.conversationId))
      const own = found.filter(({ leftAfter }) => leftAfter === undefined)
      await Promise.all([...own.map(({ conversationId }) => run(conversationId)), takeOver(found)])
    },
    async idle() {
      while (running.size > 0) await Promise.all(running.values())
    },
  }
}

/** Which version of a conversation's state this process wrote last: what it wrote itself need not be checked like what comes from
 *  anywhere. */
function createWritten() {
  const versions = new Map<string, number>()
  return {
    has: (conversationId: string, version: number) => versions.get(conversationId) === version,
    add(conversationId: string, version: number): void {
      versions.delete(conversationId)
      versions.set(conversationId, version)
      if (versions.size > MOST_WRITTEN) versions.delete(versions.keys().next().value ?? '')
    },
  }
}

function openDraft(conversationId: string, loaded: Loaded, first: LogEntry, at: number, isOwn: boolean): Draft {
  const state = isOwn
    ? (loaded.state as ConversationState)
    : readState(loaded, parseLocale(first.activity.locale) ?? 'fr')
  return { conversationId, now: new Date(at), ahead: loaded.ahead, state, entries: [], work: [] }
}

/** A state that can't be read would fail every turn: after the last try the conversation starts afresh, its log kept. */
function readState(loaded: Loaded, locale: Locale): ConversationState {
  if (loaded.state === undefined) return newState(locale)
  try {
    return parseState(loaded.state)
  } catch (error) {
    if (loaded.attempts >= MAX_FAILURES) return newState(locale)
    throw error
  }
}

/** How far a run over the pending entries came. `safe` is the draft before the entry under way. */
interface Taken {
  draft?: Draft
  safe?: Draft | undefined
  processed: number
  failure?: unknown
}

function deskRow(conversationId: string, { owner, locale, handoff }: ConversationState): DeskRow | null {
  if ((owner !== 'waiting' && owner !== 'agent') || !handoff) return null
  const { requestedAt, reason, agent, lostBy } = handoff
  const claimed = agent ? { agentId: agent.id, agentName: agent.name } : {}
  const lost = lostBy === undefined ? {} : { lostBy }
  return { conversationId, owner, locale, requestedAt, reason, ...claimed, ...lost }
}

/** The entries that a turn took and made, unless others came between them; then readers read for themselves. */
function newsOf(draft: Draft, loaded: Loaded, processed: number, last: number): News {
  const taken = loaded.pending.filter((entry) => entry.seq <= processed)
  const first = last - draft.entries.length + 1
  const made = draft.entries.map((entry, index) => numbered(draft.conversationId, first + index, entry))
  const all = [...taken, ...made]
  return all.every((entry, index) => entry.seq === (all[0]?.seq ?? 0) + index) ? { fresh: all } : { last }
}

function numbered(conversationId: string, seq: number, entry: NewEntry): LogEntry {
  return { ...entry, seq, activity: { ...entry.activity, id: activityId(conversationId, seq) } }
}

function hasOwnerChanged(loaded: Loaded, state: ConversationState): boolean {
  return (loaded.state as { owner?: string } | undefined)?.owner !== state.owner
}

function whereOf(failure: unknown): string {
  if (failure instanceof AppError) return JSON.stringify(failure.facts)
  return placeOf(failure)
}
