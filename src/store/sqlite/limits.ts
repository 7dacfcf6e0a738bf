import type { DatabaseSync } from 'node:sqlite'
import type { Allowance, LimitStore } from '../../conversation/store.ts'
import type { Group } from './group.ts'

/** Rows that count no more are removed so many at once, so that no write waits for very many of them. */
const CLEAR_AT_ONCE = 100

/** The limits' part of the store: a row for each holder that is counted. */
export function createLimits(db: DatabaseSync, group: Group): LimitStore {
  const sql = statements(db)

  function allowNow(key: string, holder: string, now: number, allowances: readonly Allowance[]): boolean {
    const longest = Math.max(...allowances.map(({ ms }) => ms))
    sql.expire.run(now)
    if (sql.counted.get(key, holder, now - longest)) return true
    // One row that leaves no room is enough to know: the newest but `most`.
    if (allowances.some(({ most, ms }) => sql.full.get(key, now - ms, most - 1))) return false
    sql.count.run(key, holder, now, now + longest)
    return true
  }

  return {
    allow: (key, holder, now, allowances) => group.write(() => allowNow(key, holder, now, allowances)),
    clear: (key) => group.write(() => void sql.clear.run(key)),
  }
}

function statements(db: DatabaseSync) {
  return {
    expire: db.prepare(
      `DELETE FROM allowed WHERE (key, holder) IN
       (SELECT key, holder FROM allowed WHERE until <= ? ORDER BY until LIMIT ${CLEAR_AT_ONCE})`,
    ),
    counted: db.prepare('SELECT 1 FROM allowed WHERE key = ? AND holder = ? AND at > ?'),
    full: db.prepare('SELECT 1 FROM allowed WHERE key = ? AND at > ? ORDER BY at DESC LIMIT 1 OFFSET ?'),
    count: db.prepare('INSERT OR REPLACE INTO allowed (key, holder, at, until) VALUES (?, ?, ?, ?)'),
    clear: db.prepare('DELETE FROM allowed WHERE key = ?'),
  }
}
