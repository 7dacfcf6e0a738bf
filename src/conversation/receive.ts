import type { Hub } from './hub.ts'
import type { ConversationStore, Inbound, Received } from './store.ts'
import type { Turns } from './turn.ts'

/** The one door into a log. Resolves when the entry is on disk; the turn runs after it. */
export type Receive = (inbound: Inbound) => Promise<Received>

export function createReceive({ store, hub, turns }: { store: ConversationStore; hub: Hub; turns: Turns }): Receive {
  return async (inbound) => {
    const received = await store.receive(inbound)
    // What was received before may still be pending (its process ended): running a turn again costs nothing.
    if (!received.repeated) hub.announce(inbound.conversationId)
    void turns.run(inbound.conversationId)
    return received
  }
}
