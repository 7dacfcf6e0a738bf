/** The logs of who did what, in SQLite. Each method is one statement or one transaction of its own, so it may share its handle. */
import type { DatabaseSync } from 'node:sqlite'
import { AUDIT_LOGS, type AuditLog, type AuditStore, type SealedEntry } from '../../privacy/audit.ts'
import { asStoreError } from './group.ts'

/** AUTOINCREMENT: SQLite itself keeps the number used last, whatever is deleted. */
const TABLES = AUDIT_LOGS.map(
  (log) => `CREATE TABLE IF NOT EXISTS audit_${log} (
  n INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, text TEXT NOT NULL, hash TEXT NOT NULL
) STRICT;`,
).join('\n')

/** @param db an open handle; its owner closes it. */
export function createAuditStore(db: DatabaseSync): AuditStore {
  const sql = guarded(() => {
    db.exec(TABLES)
    return { desk: statements(db, 'desk'), audit: statements(db, 'audit') }
  })
  const lastOf = (log: AuditLog) => Number(sql[log].used.get()?.n ?? 0)
  return {
    append: async (log, { n, at, text, hash }) =>
      guarded(() => sql[log].append.run(n, at, text, hash, n).changes === 1),
    last: async (log) =>
      guarded(() => {
        const n = lastOf(log)
        const [entry] = sql[log].read.all(n - 1, 1)
        return { n, ...(entry && { entry: toEntry(entry) }) }
      }),
    read: async (log, after, limit) => guarded(() => sql[log].read.all(after, limit).map(toEntry)),
    prune: async (log, before) => guarded(() => Number(sql[log].prune.run(before).changes)),
  }
}

function statements(db: DatabaseSync, log: AuditLog) {
  const used = `SELECT seq AS n FROM sqlite_sequence WHERE name = 'audit_${log}'`
  return {
    used: db.prepare(used),
    append: db.prepare(
      `INSERT INTO audit_${log} (n, at, text, hash) SELECT ?, ?, ?, ? WHERE ? = coalesce((${used}), 0) + 1`,
    ),
    read: db.prepare(`SELECT n, at, text, hash FROM audit_${log} WHERE n > ? ORDER BY n LIMIT ?`),
    prune: db.prepare(
      `DELETE FROM audit_${log} WHERE n < coalesce(
         (SELECT n FROM audit_${log} WHERE at >= ? ORDER BY n LIMIT 1), (SELECT max(n) FROM audit_${log}))`,
    ),
  }
}

function toEntry({ n, at, text, hash }: Record<string, unknown>): SealedEntry {
  return { n: Number(n), at: Number(at), text: String(text), hash: String(hash) }
}

function guarded<T>(use: () => T): T {
  try {
    return use()
  } catch (error) {
    throw asStoreError(error)
  }
}
