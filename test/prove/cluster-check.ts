/** What a failover of a Redis Cluster did to conversations. Its replicas follow asynchronously, so a master that dies may take
 *  with it what it acknowledged: that is counted here, and set apart from faults, which may not be. Pure. */
import type { Activity } from '../../src/wire/activity.ts'
import { type ClientLog, isAcked, judge, type Verdict } from './checker.ts'

const SHOWN = 6

export interface Seen {
  log: ClientLog
  final: readonly Activity[]
}

/** `lost`, `doubled` and `inverted` are of what was kept: nothing excuses them. */
export interface ClusterVerdict extends Verdict {
  /** Acknowledged and nowhere in the log: what died with a master. */
  gone: number
  /** Entries that a client was shown and that are gone, or are others now. */
  takenBack: number
  /** Entries that never reached a client that goes on listening: its socket is mute, or it skipped them. */
  unseen: number
  /** Entries of which it can't be told whether their client shows them or what stood there before. */
  doubtful: number
}

export function judgeFailover(all: readonly Seen[]): ClusterVerdict {
  const kept = all.map(withoutGone)
  const verdict = judge(kept.map(({ log, final }) => ({ clients: [log], final })))
  const sum = (of: (one: Seen) => number) => all.reduce((n, one) => n + of(one), 0)
  const acked = sum(({ log }) => log.sends.filter(isAcked).length)
  const missed = all.flatMap(unseen)
  const faults = [...verdict.faults, ...missed.slice(0, SHOWN)]
  return {
    ...verdict,
    acked,
    gone: acked - verdict.acked,
    faults,
    takenBack: sum(takenBack),
    unseen: missed.length,
    doubtful: sum(doubtful),
  }
}

const keysOf = (final: readonly Activity[]) => new Set(final.map(({ channelData }) => channelData?.clientActivityID))

/** The same evidence as if the client had never known what is gone. */
function withoutGone({ log, final }: Seen): Seen {
  const keys = keysOf(final)
  const ids = new Set(final.map(({ id }) => id))
  const sends = log.sends.filter((send) => !isAcked(send) || keys.has(send.clientId))
  return { log: { ...log, sends, seen: log.seen.filter((id) => ids.has(id)), changed: [] }, final }
}

function takenBack({ log, final }: Seen): number {
  const ids = new Set(final.map(({ id }) => id))
  return log.seen.filter((id) => !ids.has(id)).length + log.changed.length
}

/** Never told of at all. */
function unseen({ log, final }: Seen): string[] {
  const seen = new Set(log.seen)
  const end = final.at(-1)?.id
  return final.filter(({ id }) => !seen.has(id)).map(({ id }) => `${id} of ${end} never reached its client`)
}

/** Other words stand now where a message that is gone was acknowledged, and the client noted no change. A client's log keeps
 *  ids and not words: it may show the old ones still, or may have been told of that place only when the new ones stood there. */
function doubtful({ log, final }: Seen): number {
  const changed = new Set(log.changed)
  const told = new Set(log.seen.filter((id) => !changed.has(id)))
  const keys = keysOf(final)
  const gone = log.sends.filter(({ clientId }) => !keys.has(clientId))
  const texts = new Map(gone.flatMap(({ answers, text }) => answers.map((id) => [id, text] as const)))
  return final.filter(({ id, text }) => told.has(id) && texts.has(id) && texts.get(id) !== text).length
}

/** @returns each client's longest wait between two acknowledged messages since `at`, ms; a pause of its own is part of it. */
export function waitsSince(at: number, logs: readonly ClientLog[]): number[] {
  return logs.map(({ sends }) => {
    const acks = sends.map(({ ackedAt }) => ackedAt ?? 0).filter((time) => time > at)
    const times = [at, ...acks.sort((a, b) => a - b)]
    return Math.max(...times.map((time, i) => (times[i + 1] ?? time) - time))
  })
}
