/** Remembers which mails were handed over: one whose process was killed before it could say so is not sent again. Between the server's
 *  last word and this note a kill can still do that; then the Message-ID is the same. */
import { DatabaseSync } from 'node:sqlite'
import type { Log } from '../log.ts'
import type { Mailer } from './mailer.ts'

/** Work is given up, or done, within about a day (`src/work/worker.ts`), ms. */
const KEPT_MS = 2 * 86_400_000

/** The note must never keep a mail back, nor make a sent one look unsent: without its file mails go out as they would anyway.
 *  @param path of the file, made when missing; shared by the processes of this machine. */
export function createOnceMailer<M extends Mailer & { close(): void }>(mailer: M, path: string, log: Log): M {
  const notes = attempt(() => openNotes(path))

  function attempt<T>(use: () => T): T | undefined {
    try {
      return use()
    } catch {
      log.warn({}, 'mail.note_failed')
      return undefined
    }
  }

  return {
    ...mailer,
    async send(mail) {
      if (attempt(() => notes?.has(mail.messageId))) return
      await mailer.send(mail)
      attempt(() => notes?.add(mail.messageId))
    },
    async pretend(mail) {
      attempt(() => notes?.has(mail.messageId))
      await mailer.pretend(mail)
      // Under another name: should the same mail be sent one day, it has to go out.
      attempt(() => notes?.add(`not ${mail.messageId}`))
    },
    close() {
      mailer.close()
      attempt(() => notes?.close())
    },
  }
}

function openNotes(path: string) {
  const db = new DatabaseSync(path, { timeout: 1_000 })
  // A kill of the process loses nothing of it; a power cut may, and then a mail may come twice.
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS sent (id TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS sent_at ON sent (at)`)
  const find = db.prepare('SELECT 1 FROM sent WHERE id = ?')
  const insert = db.prepare('INSERT INTO sent (id, at) VALUES (?, ?) ON CONFLICT (id) DO NOTHING')
  const prune = db.prepare('DELETE FROM sent WHERE at < ?')
  return {
    has: (id: string): boolean => find.get(id) !== undefined,
    add(id: string): void {
      insert.run(id, Date.now())
      prune.run(Date.now() - KEPT_MS)
    },
    close: () => db.close(),
  }
}
