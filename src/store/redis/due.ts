/** When work is due next in each partition, as this process knows it: what it wrote itself at once, the rest within a second. Without
 *  it every look for work would ask all partitions. */
import { WORK_KINDS, type WorkKind } from '../../conversation/store.ts'
import { askEverywhere } from './everywhere.ts'
import { PARTITIONS } from './keys.ts'
import type { Link } from './link.ts'

/** All partitions are asked again when what is known is older than this, ms. */
const FRESH_MS = 900
const NEVER = Number.POSITIVE_INFINITY

export interface Due {
  added(kind: WorkKind, partition: number, dueAt: number): void
  /** What a step said is the earliest now; null: nothing. */
  earliest(kind: WorkKind, partition: number, score: string | null): void
  /** Work vanished with its conversations: what is known may be of those. */
  doubt(): void
  next(kind: WorkKind): Promise<number | undefined>
  /** Partitions with something due at `now`, earliest first. */
  partitions(kind: WorkKind, now: number): Promise<number[]>
}

export function createDue(link: Link): Due {
  const table = byKind(() => new Float64Array(PARTITIONS).fill(NEVER))
  const readAt = byKind(() => Number.NEGATIVE_INFINITY)

  async function refresh(kind: WorkKind): Promise<Float64Array> {
    const known = table[kind]
    if (performance.now() - readAt[kind] < FRESH_MS) return known
    const heads = await askEverywhere(link, 'ZRANGE', `due:${kind}`, 0, 0, 'WITHSCORES')
    for (const [partition, head] of heads.entries()) known[partition] = head[1] === undefined ? NEVER : Number(head[1])
    readAt[kind] = performance.now()
    return known
  }

  return {
    added(kind, partition, dueAt) {
      table[kind][partition] = Math.min(table[kind][partition] ?? NEVER, dueAt)
    },
    earliest(kind, partition, score) {
      table[kind][partition] = score === null ? NEVER : Number(score)
    },
    doubt() {
      for (const kind of WORK_KINDS) readAt[kind] = Number.NEGATIVE_INFINITY
    },
    async next(kind) {
      const earliest = (await refresh(kind)).reduce((a, b) => Math.min(a, b), NEVER)
      return earliest === NEVER ? undefined : earliest
    },
    async partitions(kind, now) {
      const known = await refresh(kind)
      const due = [...known.keys()].filter((p) => (known[p] ?? NEVER) <= now)
      return due.sort((a, b) => (known[a] ?? NEVER) - (known[b] ?? NEVER))
    },
  }
}

function byKind<T>(make: () => T): Record<WorkKind, T> {
  return Object.fromEntries(WORK_KINDS.map((kind) => [kind, make()])) as Record<WorkKind, T>
}
