/** "There is more": hints to whoever watches in this process. A hint may be lost; readers catch up by seq. */
import type { LogEntry } from './store.ts'

/** What is known of the news: entries just written, without a gap between them (who has seen all before them need not read); or the
 *  seq of the last one; or a seq that the log reaches, and may be beyond by now; nothing: look for yourself. */
export type News = { fresh: readonly LogEntry[] } | { last: number } | { atLeast: number } | undefined
export type Tell = (news?: News) => void

export interface Hub {
  /** @returns a function that ends the watch. */
  watch(conversationId: string, tell: Tell): () => void
  /** Watches every change of what the desk lists. */
  watchDesk(tell: () => void): () => void
  announce(conversationId: string, news?: News): void
  announceDesk(): void
}

/** Port: what processes tell each other. Nothing depends on it but how soon a reader looks. */
export interface Hints {
  /** Whom to tell that something was written, by any process. */
  listen(told: { conversation(conversationId: string, news?: News): void; desk(): void }): void
  follow(conversationId: string): void
  unfollow(conversationId: string): void
}

/** @param hints absent where one process does it all. */
export function createHub(hints?: Hints): Hub {
  const watchers = new Map<string, Set<Tell>>()
  const desk = new Set<() => void>()
  const hub: Hub = {
    watch(conversationId, tell) {
      const known = watchers.get(conversationId)
      const set = known ?? new Set()
      watchers.set(conversationId, set.add(tell))
      if (!known) hints?.follow(conversationId)
      return () => {
        set.delete(tell)
        if (set.size > 0 || watchers.get(conversationId) !== set) return
        watchers.delete(conversationId)
        hints?.unfollow(conversationId)
      }
    },
    watchDesk(tell) {
      desk.add(tell)
      return () => desk.delete(tell)
    },
    announce(conversationId, news) {
      for (const tell of watchers.get(conversationId) ?? []) tell(news)
    },
    announceDesk() {
      for (const tell of desk) tell()
    },
  }
  hints?.listen({ conversation: hub.announce, desk: hub.announceDesk })
  return hub
}
