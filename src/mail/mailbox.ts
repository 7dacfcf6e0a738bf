/** Mailer for development: keeps the mails in a file instead of sending them, for `/dev/mailbox` and tests. */
import { DatabaseSync } from 'node:sqlite'
import { AppError } from '../errors.ts'
import type { KeptMail, Mailer } from './mailer.ts'

export interface Mailbox extends Mailer {
  /** Newest first, at most `limit` (1 to 1,000). */
  list(limit: number): KeptMail[]
  close(): void
}

/** Older mails are dropped beyond this many. */
const KEPT = 1_000

/** @param where a file (made when missing), or an open database, which is then left open by `close`.
 *  @throws AppError `mail_unavailable` when the file cannot be used. */
export function createMailbox(where: string | DatabaseSync): Mailbox {
  const db = guarded(() => openMailbox(where))
  const insert = db.prepare(`INSERT INTO mailbox (id, "to", subject, text, html, at) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (id) DO NOTHING`)
  const prune = db.prepare('DELETE FROM mailbox WHERE seq <= (SELECT max(seq) FROM mailbox) - ?')
  const newest = db.prepare('SELECT id, "to", subject, text, html, at FROM mailbox ORDER BY seq DESC LIMIT ?')
  return {
    async send(mail) {
      guarded(() => {
        insert.run(mail.messageId, mail.to, mail.subject, mail.text, mail.html, new Date().toISOString())
        prune.run(KEPT)
      })
    },
    // Here what takes time is the handing over itself.
    async pretend() {},
    list: (limit) => newest.all(Math.min(Math.max(Math.trunc(limit) || 1, 1), KEPT)).map(toKeptMail),
    close: () => {
      if (typeof where === 'string') db.close()
    },
  }
}

function openMailbox(where: string | DatabaseSync): DatabaseSync {
  const db = typeof where === 'string' ? new DatabaseSync(where, { timeout: 5_000 }) : where
  if (typeof where === 'string') db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  db.exec(`CREATE TABLE IF NOT EXISTS mailbox (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, "to" TEXT NOT NULL, subject TEXT NOT NULL,
    text TEXT NOT NULL, html TEXT NOT NULL, at TEXT NOT NULL) STRICT`)
  return db
}

function toKeptMail(row: Record<string, unknown>): KeptMail {
  const field = (name: string) => String(row[name])
  return {
    id: field('id'),
    to: field('to'),
    subject: field('subject'),
    text: field('text'),
    html: field('html'),
    at: field('at'),
  }
}

function guarded<T>(use: () => T): T {
  try {
    return use()
  } catch (error) {
    throw new AppError('mail_unavailable', { why: 'mailbox' }, { cause: error })
  }
}
