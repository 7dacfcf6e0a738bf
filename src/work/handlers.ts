import { createHmac } from 'node:crypto'
import { EVENTS } from '../conversation/events.ts'
import type { LeasedWork, WorkStore } from '../conversation/store.ts'
import type { CoverageDirectory } from '../coverage/directory.ts'
import { maskAddress } from '../language/mask.ts'
import { parseLocale } from '../wire/activity.ts'
import type { Handler } from './worker.ts'

/** One mail an address in this time, however often and from wherever it is asked for. Milliseconds. */
export const RESEND_WINDOW_MS = 15 * 60_000

export interface ResendOptions {
  store: WorkStore
  coverage: CoverageDirectory
  /** Keys the hash of addresses, so that a stolen file does not tell who asked. */
  hashKey: Buffer
  now: () => number
}

/** Has the code sent again. Only the desk learns what became of it. */
export function createResend({ store, coverage, hashKey, now }: ResendOptions): Handler {
  const keep = ({ payload }: LeasedWork) => ({ masked: maskAddress(payload.email ?? '') })
  return {
    keep,
    async run(work) {
      const { email = '', region } = work.payload
      const key = `resend:${createHmac('sha256', hashKey).update(email).digest('base64url')}`
      const mine = await store.reserve(key, work.id, now(), RESEND_WINDOW_MS)
      const locale = parseLocale(work.payload.locale) ?? 'fr'
      const request = { id: work.id, email, locale, ...(region === undefined ? {} : { region }) }
      const code = mine ? await coverage.resend(request) : 'repeated'
      const at = new Date(now()).toISOString()
      return { receipt: { workId: work.id, kind: work.kind, code, at, payload: keep(work) } }
    },
  }
}

/** Ends a wait of a dialog: an event in the log, which a turn takes up. */
export function createTimer(now: () => number): Handler {
  return {
    keep: () => ({}),
    async run({ id, conversationId, payload }) {
      return {
        inbound: {
          conversationId,
          origin: 'system',
          audience: 'desk',
          clientId: id,
          activity: {
            type: 'event',
            name: EVENTS.timer,
            value: { ref: payload.ref ?? '' },
            timestamp: new Date(now()).toISOString(),
            channelId: 'directline',
            conversation: { id: conversationId },
            from: { id: 'system' },
          },
        },
      }
    },
  }
}
