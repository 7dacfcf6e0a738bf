/** What the desk lists: a row with its conversation, in every partition. */
import { type DeskRow, placeOf } from '../../conversation/store.ts'
import { readDeskRow } from '../stored.ts'
import { askEverywhere } from './everywhere.ts'
import type { Link } from './link.ts'

const LISTED = 1_000
/** However many wait, somebody in danger is listed. */
const inDangerFirst = (a: DeskRow, b: DeskRow) => Number(b.reason === 'crisis') - Number(a.reason === 'crisis')
/** The view in memory is read anew at most this often, ms. */
const FRESH_MS = 1_000

/** Who waits, as this process knows it: exact for what it wrote itself, a second old for the rest. A turn must not ask 256
 *  partitions for a number that people are told as "about". */
export interface DeskView {
  ahead(conversationId: string): number
  /** This process wrote a row. */
  listed(conversationId: string, row: DeskRow | null): void
}

export interface Desk extends DeskView {
  queue(): Promise<DeskRow[]>
  claimed(): Promise<DeskRow[]>
  /** Some process wrote a row: what is known is read anew. */
  changed(): void
}

export async function createDesk(link: Link): Promise<Desk> {
  let waiting = new Map<string, string>()
  /** Their places, in order; undefined after a change. */
  let order: string[] | undefined
  let isComing = false

  async function read(): Promise<DeskRow[]> {
    return (await askEverywhere(link, 'HVALS', 'desk'))
      .flat()
      .flatMap(readDeskRow)
      .sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1))
  }

  async function refresh(): Promise<void> {
    isComing = false
    const rows = await read()
    waiting = new Map(rows.filter(isWaiting).map((row) => [row.conversationId, placeOf(row)]))
    order = undefined
  }

  await refresh()
  return {
    queue: async () => (await read()).toSorted(inDangerFirst).slice(0, LISTED),
    claimed: async () => (await read()).filter((row) => !isWaiting(row)),
    changed() {
      // A look that fails is made up for by the next change, and by the one that follows a broken connection.
      if (isComing) return
      isComing = true
      setTimeout(() => void refresh().catch(() => undefined), FRESH_MS).unref()
    },
    listed(conversationId, row) {
      const isNew = row !== null && isWaiting(row) && waiting.get(conversationId) !== placeOf(row)
      if (isNew) waiting.set(conversationId, placeOf(row))
      else if (row && isWaiting(row)) return
      else if (!waiting.delete(conversationId)) return
      order = undefined
    },
    ahead(conversationId) {
      if (waiting.size === 0) return 0
      order ??= [...waiting.values()].sort()
      const mine = waiting.get(conversationId)
      return mine === undefined ? order.length : countBefore(order, mine)
    },
  }
}

const isWaiting = ({ owner }: DeskRow): boolean => owner === 'waiting'

/** How many of a sorted list come before one. */
function countBefore(sorted: readonly string[], one: string): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] ?? '') < one) low = middle + 1
    else high = middle
  }
  return low
}
