import type { ConversationStore, Inbound, Received } from './store.ts'
import type { Turns } from './turn.ts'

/** The one door into a log. Resolves when the entry is on disk; the turn runs after it, and announces the entry together
 *  with what answers it. */
export type Receive = (inbound: Inbound) => Promise<Received>

export function createReceive({ store, turns }: { store: ConversationStore; turns: Turns }): Receive {
  return async (inbound) => {
    const received = await store.receive(inbound)
    // Also for a repeat: what was received before may still be pending, because its process ended.
    void turns.run(inbound.conversationId, received.loaded)
    return received
  }
}
