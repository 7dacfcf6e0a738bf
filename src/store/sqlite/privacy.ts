import type { DatabaseSync } from 'node:sqlite'
import type { PrivacyStore } from '../../conversation/store.ts'
import type { WorkReader } from '../../privacy/kept.ts'
import { asStoreError, type Group } from './group.ts'
import { toItem, type WorkRow } from './work.ts'

/** SQLite's code for a lock that another process held all the time. */
const BUSY = 5

/** The part of the store for the commands about what is kept; erasing is with the conversations. */
export function createPrivacy(db: DatabaseSync, group: Group): Omit<PrivacyStore, 'erase'> & WorkReader {
  const work = db.prepare('SELECT * FROM work WHERE conversation_id = ? AND ended_at IS NULL')
  const page = db.prepare('SELECT n, id FROM conversation WHERE n > ? ORDER BY n LIMIT ?')
  return {
    async list(cursor, limit) {
      const rows = page.all(Number(cursor ?? 0), limit) as unknown as { n: number; id: string }[]
      const last = rows.length < limit ? undefined : rows.at(-1)
      return { ids: rows.map(({ id }) => id), ...(last && { next: String(last.n) }) }
    },
    workOf: async (conversationId) => (work.all(conversationId) as unknown as WorkRow[]).map(toItem),
    async scrub() {
      group.flush()
      return scrubFile(db)
    },
  }
}

/** Writes the file anew without what was deleted, and empties its journal. Others that write to it wait meanwhile; it needs as much
 *  room again as the file has. @returns false when another process used it all the time (as long as the handle waits for locks).
 *  @throws AppError `store_unavailable`. */
export function scrubFile(db: DatabaseSync): boolean {
  try {
    db.exec('VACUUM')
    return db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.busy === 0
  } catch (error) {
    if ((error as { errcode?: number }).errcode === BUSY) return false
    throw asStoreError(error)
  }
}
