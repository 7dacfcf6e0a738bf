/** What the desk lists: a row with its conversation, in every partition. */
import type { DeskRow } from '../../conversation/store.ts'
import { everywhere } from './keys.ts'
import type { Link } from './link.ts'

const LISTED = 1_000
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
}

export async function createDesk(link: Link): Promise<Desk> {
  let waiting = new Map<string, string>()
  let readAt = 0
  let reading = false

  async function read(): Promise<DeskRow[]> {
    const rows = await link.each<string[]>(
      'HVALS',
      everywhere('desk').map((key) => [key]),
    )
    return rows
      .flat()
      .map((row) => JSON.parse(row) as DeskRow)
      .sort((a, b) => (a.requestedAt < b.requestedAt ? -1 : 1))
  }

  async function refresh(): Promise<void> {
    if (reading || performance.now() - readAt < FRESH_MS) return
    reading = true
    const rows = await read().catch(() => undefined)
    if (rows) waiting = new Map(rows.filter(isWaiting).map((row) => [row.conversationId, row.requestedAt]))
    reading = false
    readAt = performance.now()
  }

  readAt = Number.NEGATIVE_INFINITY
  await refresh()
  return {
    queue: async () => (await read()).slice(0, LISTED),
    listed(conversationId, row) {
      if (row && isWaiting(row)) waiting.set(conversationId, row.requestedAt)
      else waiting.delete(conversationId)
    },
    ahead(conversationId) {
      void refresh()
      if (waiting.size === 0) return 0
      const mine = waiting.get(conversationId) ?? '9'
      let before = 0
      for (const requestedAt of waiting.values()) if (requestedAt < mine) before++
      return before
    },
  }
}

const isWaiting = ({ owner }: DeskRow): boolean => owner === 'waiting'
