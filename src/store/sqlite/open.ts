import { DatabaseSync } from 'node:sqlite'
import type { Store } from '../../conversation/store.ts'
import { createConversations } from './conversations.ts'
import { createGroup } from './group.ts'
import { migrate } from './schema.ts'
import { createWork } from './work.ts'

/** The embedded store: one file, one process writing turns. `db` is shared with the agents' tables.
 *  @throws AppError `store_unavailable`, or SQLite's error when the file can't be opened. */
export function openSqliteStore(path: string, now: () => number = Date.now): Store & { db: DatabaseSync } {
  const db = new DatabaseSync(path)
  migrate(db)
  const group = createGroup(db)
  const { receiveNow, ...conversations } = createConversations(db, group, now)
  return {
    ...conversations,
    ...createWork(db, group, receiveNow),
    db,
    ping: () => group.write(() => undefined),
    async close() {
      group.flush()
      db.close()
    },
  }
}
