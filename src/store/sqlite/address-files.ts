/** What is kept of an address beside conversations: mails of the development mailbox, and the invitation of a service that keeps its
 *  own. Each file is opened for the moment only; one that is not there holds nothing. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type AddressFiles, type Erased, holdsAddress, type KeptInvitation } from '../../privacy/kept.ts'
import { scrubFile } from './privacy.ts'

const NOTHING: Erased = { count: 0, scrubbed: true }

/** @param email as `parseEmail` gives it. */
export function openAddressFiles(dataDir: string, email: string): AddressFiles {
  const coverage = { file: join(dataDir, 'coverage.db'), table: 'invitation' }
  const mailbox = { file: join(dataDir, 'mailbox.db'), table: 'mailbox' }
  return {
    invitation: () => inTable(coverage, undefined, (db) => invitationOf(db, email)),
    eraseInvitation: () =>
      inTable(coverage, NOTHING, (db) => erase(db, 'DELETE FROM invitation WHERE email = ?', [email])),
    eraseMails: () =>
      inTable(mailbox, NOTHING, (db) => erase(db, 'DELETE FROM mailbox WHERE seq = ?', mailsWith(db, email))),
  }
}

interface Place {
  file: string
  table: string
}

/** @throws the system's error. */
async function inTable<T>({ file, table }: Place, absent: T, use: (db: DatabaseSync) => T): Promise<T> {
  if (!existsSync(file)) return absent
  const db = new DatabaseSync(file, { timeout: 5_000 })
  try {
    db.exec('PRAGMA secure_delete = ON')
    const isThere = db.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(table)
    return isThere ? use(db) : absent
  } finally {
    db.close()
  }
}

function invitationOf(db: DatabaseSync, email: string): KeptInvitation | undefined {
  const found = db.prepare('SELECT * FROM invitation WHERE email = ?').get(email)
  if (!found) return undefined
  const { code: _secret, ...row } = found
  return { row, family: Number(db.prepare('SELECT count(*) AS n FROM invitation WHERE sponsor = ?').get(email)?.n) }
}

function mailsWith(db: DatabaseSync, email: string): number[] {
  const mails = db.prepare('SELECT seq, "to", subject, text FROM mailbox').all()
  return mails.filter((mail) => holdsAddress(mail, email)).map(({ seq }) => Number(seq))
}

/** One row for each of `keys`. Always scrubbed: what was dropped earlier may still be in the file. */
function erase(db: DatabaseSync, sql: string, keys: readonly (string | number)[]): Erased {
  const statement = db.prepare(sql)
  const counts = keys.map((key) => Number(statement.run(key).changes))
  return { count: counts.reduce((a, b) => a + b, 0), scrubbed: scrubFile(db) }
}
