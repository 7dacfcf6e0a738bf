/** "There is more": hints to whoever watches in this process. A hint may be lost; readers catch up by seq. */
import type { LogEntry } from './store.ts'

/** @param fresh entries just written, without a gap between them: who has seen all before them need not read. */
export type Tell = (fresh?: readonly LogEntry[]) => void

export interface Hub {
  /** @returns a function that ends the watch. */
  watch(conversationId: string, tell: Tell): () => void
  /** Watches every change of what the desk lists. */
  watchDesk(tell: () => void): () => void
  announce(conversationId: string, fresh?: readonly LogEntry[]): void
  announceDesk(): void
}

export function createHub(): Hub {
  const watchers = new Map<string, Set<Tell>>()
  const desk = new Set<() => void>()
  return {
    watch(conversationId, tell) {
      const set = watchers.get(conversationId) ?? new Set()
      watchers.set(conversationId, set.add(tell))
      return () => {
        set.delete(tell)
        if (set.size === 0 && watchers.get(conversationId) === set) watchers.delete(conversationId)
      }
    },
    watchDesk(tell) {
      desk.add(tell)
      return () => desk.delete(tell)
    },
    announce(conversationId, fresh) {
      for (const tell of watchers.get(conversationId) ?? []) tell(fresh)
    },
    announceDesk() {
      for (const tell of desk) tell()
    },
  }
}
