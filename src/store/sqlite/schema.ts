import type { DatabaseSync } from 'node:sqlite'
import { AppError } from '../../errors.ts'

/** Steps from one layout to the next; `user_version` counts those done. Append only: a shipped step never changes. */
const MIGRATIONS = [
  `CREATE TABLE conversation (
     n INTEGER PRIMARY KEY,
     id TEXT NOT NULL UNIQUE,
     version INTEGER NOT NULL DEFAULT 0,
     state TEXT,
     last_seq INTEGER NOT NULL DEFAULT 0,
     last_inbound INTEGER NOT NULL DEFAULT 0,
     processed INTEGER NOT NULL DEFAULT 0,
     pending_since INTEGER,
     failures INTEGER NOT NULL DEFAULT 0,
     day INTEGER NOT NULL DEFAULT 0
   ) STRICT;
   CREATE INDEX conversation_pending ON conversation (pending_since) WHERE pending_since IS NOT NULL;
   CREATE INDEX conversation_day ON conversation (day);
   -- key = n * 1,000,000 + seq: a log lies together, in order, and needs no second index.
   CREATE TABLE entry (
     key INTEGER PRIMARY KEY,
     inbound INTEGER NOT NULL,
     origin TEXT NOT NULL,
     audience TEXT NOT NULL,
     body TEXT NOT NULL
   ) STRICT;
   CREATE TABLE client (
     n INTEGER NOT NULL,
     id TEXT NOT NULL,
     seq INTEGER NOT NULL,
     PRIMARY KEY (n, id)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE work (
     id TEXT PRIMARY KEY,
     kind TEXT NOT NULL,
     conversation_id TEXT NOT NULL,
     due_at INTEGER,
     attempts INTEGER NOT NULL DEFAULT 0,
     lease TEXT,
     payload TEXT NOT NULL,
     code TEXT,
     ended_at TEXT
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX work_due ON work (kind, due_at) WHERE due_at IS NOT NULL;
   CREATE INDEX work_conversation ON work (conversation_id);
   CREATE INDEX work_dead ON work (ended_at) WHERE code LIKE 'dead:%';
   CREATE TABLE desk (
     conversation_id TEXT PRIMARY KEY,
     owner TEXT NOT NULL,
     requested_at TEXT NOT NULL,
     body TEXT NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX desk_order ON desk (owner, requested_at);
   CREATE TABLE reservation (
     key TEXT PRIMARY KEY,
     holder TEXT NOT NULL,
     until INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX reservation_until ON reservation (until);`,
  // A reservation was a limit of one at a time, of a quarter of an hour at the longest: those of before count no more.
  `DROP TABLE reservation;
   CREATE TABLE allowed (
     key TEXT NOT NULL,
     holder TEXT NOT NULL,
     at INTEGER NOT NULL,
     until INTEGER NOT NULL,
     PRIMARY KEY (key, holder)
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX allowed_at ON allowed (key, at);
   CREATE INDEX allowed_until ON allowed (until);`,
]

/** Brings a database to the present layout, or to an older one. @throws AppError `store_unavailable` when it was written by a newer version. */
export function migrate(db: DatabaseSync, layout = MIGRATIONS.length): void {
  db.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000; PRAGMA wal_autocheckpoint = 4000; PRAGMA secure_delete = ON;',
  )
  const { user_version } = db.prepare('PRAGMA user_version').get() as { user_version: number }
  if (user_version > MIGRATIONS.length) throw new AppError('store_unavailable', { newer: user_version })
  for (const [index, step] of MIGRATIONS.slice(0, layout).entries()) {
    if (index >= user_version) db.exec(`BEGIN IMMEDIATE; ${step} PRAGMA user_version = ${index + 1}; COMMIT;`)
  }
}
