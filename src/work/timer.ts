import { EVENTS } from '../conversation/events.ts'
import type { Inbound, LeasedWork } from '../conversation/store.ts'
import type { Handler } from './worker.ts'

/** Ends a wait of a dialog: an event in the log, which a turn takes up. */
export function createTimer(now: () => number): Handler {
  return {
    keep: () => ({}),
    run: async (work) => ({ inbound: systemEvent(work, EVENTS.timer, { ref: work.payload.ref ?? '' }, now()) }),
  }
}

/** What a work item reports to its conversation; once, however often it is done. */
export function systemEvent({ id, conversationId }: LeasedWork, name: string, value: unknown, now: number): Inbound {
  return {
    conversationId,
    origin: 'system',
    audience: 'desk',
    clientId: id,
    activity: {
      type: 'event',
      name,
      value,
      timestamp: new Date(now).toISOString(),
      channelId: 'directline',
      conversation: { id: conversationId },
      from: { id: 'system' },
    },
  }
}
