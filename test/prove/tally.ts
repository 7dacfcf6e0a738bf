/** What all clients of a run counted together. */
import type { Answer } from './call.ts'

export interface Tally {
  /** Answers by status; 0: none came. */
  statuses: Map<number, number>
  /** Sends that were answered 200: time to the answer, ms. */
  ackMs: number[]
  /** Longest request, ms. */
  longestMs: number
  /** 503 and 429 answers that did not say when to come back. */
  withoutRetryAfter: number
  /** Answers that a member would be shown as an error: nothing to wait for, nothing to repeat. */
  errorsShown: string[]
  /** Sockets opened, and those given up because they were silent. */
  sockets: number
  silentSockets: number
}

export function createTally(): Tally & { note(answer: Answer): void } {
  return {
    statuses: new Map(),
    ackMs: [],
    longestMs: 0,
    withoutRetryAfter: 0,
    errorsShown: [],
    sockets: 0,
    silentSockets: 0,
    note({ status, took, headers }) {
      this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1)
      this.longestMs = Math.max(this.longestMs, took)
      if ((status === 503 || status === 429) && headers['retry-after'] === undefined) this.withoutRetryAfter++
    },
  }
}

/** `200 x 1200, 503 x 4`. */
export function statusesOf({ statuses }: Tally): string {
  return [...statuses]
    .sort(([a], [b]) => a - b)
    .map(([status, n]) => `${status || 'no answer'} x ${n}`)
    .join(', ')
}
