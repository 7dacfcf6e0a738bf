/** Stores that fail while they cite what they were given, and two that give it away. Only the harness has them. */
import type { Commit, Committed, Inbound, Loaded, LogEntry, Store } from '../../../src/conversation/store.ts'
import { MAX_FAILURES } from '../../../src/conversation/turn.ts'

/** Where a message that begins with one of these words makes its error: when it is received, in the turn, when that is saved. */
export const CITED_AT = ['receive', 'turn', 'commit'] as const
type Step = (typeof CITED_AT)[number]

const isCitedAt = (step: Step, text: string | undefined): text is string => text?.startsWith(`${step} `) === true

/** As libraries do: over several lines, one of them like a place in the code. */
function cite(step: Step, text: string | undefined): void {
  if (isCitedAt(step, text)) throw new Error(`can't ${step}\n"${text}"\n    at ${text}`)
}

export function citingStore(store: Store): Store {
  const saved = new Set<string>()
  return {
    ...store,
    async receive(inbound) {
      cite('receive', inbound.activity.text)
      const { loaded, ...received } = await store.receive(inbound)
      return { ...received, ...(loaded && { loaded: failingTurn(loaded) }) }
    },
    async load(id) {
      const loaded = await store.load(id)
      return loaded && failingTurn(loaded)
    },
    async commit(commit) {
      const pending = (await store.load(commit.conversationId))?.pending ?? []
      const cited = pending.find(({ activity }) => isCitedAt('commit', activity.text) && !saved.has(activity.id))
      // Once: a store that never saves is another fault.
      if (cited) saved.add(cited.activity.id)
      cite('commit', cited?.activity.text)
      return store.commit(commit)
    },
  }
}

function failingTurn(loaded: Loaded): Loaded {
  if (loaded.attempts >= MAX_FAILURES) return loaded
  return { ...loaded, pending: loaded.pending.map(failingEntry) }
}

/** Whoever reads its text meets the fault. */
function failingEntry(entry: LogEntry): LogEntry {
  const { text } = entry.activity
  if (!isCitedAt('turn', text)) return entry
  const activity = Object.defineProperty({ ...entry.activity }, 'text', { get: () => cite('turn', text) })
  return { ...entry, activity }
}

/** Sabotage: a forgotten line, written to find a fault. */
export function loggingStore(store: Store): Store {
  const logged = (inbound: Inbound) => {
    process.stderr.write(`${JSON.stringify({ level: 20, text: inbound.activity.text, msg: 'debug.message' })}\n`)
    return inbound
  }
  return { ...store, receive: (inbound) => store.receive(logged(inbound)) }
}

/** Sabotage: it counts by the address itself, not by its keyed hash. */
export function namingStore(store: Store): Store {
  async function commit(commit: Commit): Promise<Committed> {
    const committed = await store.commit(commit)
    for (const { id, payload } of commit.work) {
      if (payload.email) await store.allow(`resend:${payload.email}`, id, Date.now(), [{ most: 3, ms: 3_600_000 }])
    }
    return committed
  }
  return { ...store, commit }
}
