import { DatabaseSync } from 'node:sqlite'
import type { KeptStore } from '../../privacy/kept.ts'
import { createConversations } from './conversations.ts'
import { createGroup } from './group.ts'
import { createLimits } from './limits.ts'
import { createPrivacy } from './privacy.ts'
import { migrate } from './schema.ts'
import { createWork } from './work.ts'

export type SqliteStore = KeptStore & { db: DatabaseSync }

/** The embedded store: one file, one process writing turns. `db` is shared with the agents' tables.
 *  @throws AppError `store_unavailable`, or SQLite's error when the file can't be opened. */
export function openSqliteStore(path: string, now: () => number = Date.now): SqliteStore {
  const db = new DatabaseSync(path)
  migrate(db)
  const group = createGroup(db)
  const { receiveNow, ...conversations } = createConversations(db, group, now)
  return {
    ...conversations,
    ...createWork(db, group, receiveNow),
    ...createLimits(db, group),
    ...createPrivacy(db, group),
    db,
    ping: () => group.write(() => undefined),
    async close() {
      group.flush()
      db.close()
    },
  }
}
