/** Coverage directory in a SQLite file: the invitations of `npm run coverage -- import`, with their access codes. */
import { DatabaseSync } from 'node:sqlite'
import { AppError } from '../errors.ts'
import { parseEmail } from '../language/email.ts'
import { messageIdFor } from '../mail/compose.ts'
import type { Mailer } from '../mail/mailer.ts'
import { type Locale, parseLocale } from '../wire/activity.ts'
import type { Budget } from '../work/limits.ts'
import { caseOf, RECEIPT_OF } from './cases.ts'
import type { CoverageDirectory, Linked, Person } from './directory.ts'
import { composeMail, type ServiceInfo } from './mails.ts'
import { COLUMNS, type Invitation, isFamily, REGIONS, RELATIONS, STATUSES } from './records.ts'

export interface SqliteCoverageOptions {
  /** From `openCoverageDb`; closed with the directory. */
  db: DatabaseSync
  mailer: Mailer
  /** Asked before each mail that is really sent. */
  budget: Budget
  /** What the mails say of the service; `mailFrom` is the sender's bare address, whose domain ends the Message-IDs. */
  from: ServiceInfo & { mailFrom?: string }
  /** Used when neither the record nor the conversation names a language we speak. */
  defaultLocale: Locale
}

/** An invitation with its code. Stays in this file. */
interface CodedInvitation {
  invitation: Invitation
  code: string
}

export function createSqliteCoverage(o: SqliteCoverageOptions): CoverageDirectory {
  const { db, mailer, budget, from, defaultLocale } = o
  const lookUp = createLookUp(db)
  const claim = guarded(() =>
    db.prepare("UPDATE invitation SET status = 'claimed', member = ? WHERE email = ? AND status = 'pending'"),
  )

  return {
    async find(request) {
      const found = lookUp(request)?.invitation
      return found && { case: caseIn(found, request.region), email: found.email, region: found.region }
    },
    async resend(request) {
      const found = lookUp(request)
      // An address that gets nothing costs the same as one that does: a mail is made for it, whole, and thrown away. Otherwise
      // the worker would be free sooner, and the moment of a later reply could tell who is covered.
      const { invitation, code } = found ?? NOBODY
      const which = caseIn(invitation, found ? request.region : undefined)
      const language = invitation.language || (parseLocale(request.locale) ?? defaultLocale)
      const mail = composeMail(which, { ...invitation, language }, code, from, messageIdFor(request.id, from.mailFrom))
      if (!found || request.hold) {
        await budget.pretend(request.id)
        await mailer.pretend(mail)
        return found ? 'limited' : 'unknown'
      }
      await budget.take(request.id)
      await mailer.send(mail)
      return RECEIPT_OF[which]
    },
    async link({ member, email }) {
      const proven = parseEmail(email) ?? ''
      const isNew = member !== '' && guarded(() => claim.run(member, proven)).changes === 1
      return isNew ? 'linked' : linkedAlready(lookUp({ email: proven })?.invitation, member)
    },
    async close() {
      if (db.isOpen) db.close()
    },
  }
}

/** By the account, then by the address. One account may use several invitations: the one of this address comes first. */
function createLookUp(db: DatabaseSync): (person: Person) => CodedInvitation | undefined {
  const byMember = guarded(() =>
    db.prepare("SELECT * FROM invitation WHERE member = ? AND member <> '' ORDER BY email <> ?, email LIMIT 1"),
  )
  const byAddress = guarded(() => db.prepare('SELECT * FROM invitation WHERE email = ?'))
  return ({ email: typed, member = '' }) => {
    const email = parseEmail(typed) ?? ''
    const row = guarded(() => byMember.get(member, email) ?? byAddress.get(email))
    return row && toCoded(row)
  }
}

function caseIn(invitation: Invitation, region: string | undefined) {
  return caseOf({ ...invitation, isFamily: isFamily(invitation) }, region)
}

function linkedAlready(invitation: Invitation | undefined, member: string): Linked {
  if (!invitation) return 'unknown'
  if (invitation.status === 'expired') return 'expired'
  return member !== '' && invitation.member === member ? 'linked' : 'taken'
}

/** For the decoy. Its mail goes nowhere and its code opens nothing. */
const NOBODY: CodedInvitation = {
  invitation: {
    email: 'nobody@sesame.invalid',
    name: 'Sésame',
    relation: 'employee',
    sponsor: '',
    organisation: 'Sésame',
    region: 'CA-QC',
    status: 'pending',
    language: '',
    member: '',
  },
  code: '0000-0000',
}

/** Opens the file, made when missing. WAL, so that an import never blocks a resend.
 *  @throws AppError `coverage_unavailable` when it cannot be used or a newer version wrote it. */
export function openCoverageDb(path: string): DatabaseSync {
  return guarded(() => {
    const db = new DatabaseSync(path, { timeout: 5_000 })
    try {
      migrate(db)
      return db
    } catch (error) {
      db.close()
      throw error
    }
  })
}

function migrate(db: DatabaseSync): void {
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  // The version is read within the transaction: another process may be doing the same.
  if (versionOf(db) === STEPS.length) return
  db.exec('BEGIN IMMEDIATE')
  try {
    const version = versionOf(db)
    if (version > STEPS.length) throw new AppError('coverage_unavailable', { schema: version })
    for (const step of STEPS.slice(version)) db.exec(step)
    db.exec(`PRAGMA user_version = ${STEPS.length}; COMMIT`)
  } catch (error) {
    db.exec('ROLLBACK')
    throw error
  }
}

function versionOf(db: DatabaseSync): number {
  return Number(db.prepare('PRAGMA user_version').get()?.user_version)
}

const oneOf = (values: readonly string[]): string => `IN (${values.map((v) => `'${v}'`).join(', ')})`

/** The schema's versions: step N makes version N of version N - 1. A step that was released is never changed. */
const STEPS = [
  `CREATE TABLE IF NOT EXISTS invitation (
    email TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    relation TEXT NOT NULL CHECK (relation ${oneOf(RELATIONS)}),
    sponsor TEXT NOT NULL,
    organisation TEXT NOT NULL,
    region TEXT NOT NULL CHECK (region ${oneOf(REGIONS)}),
    status TEXT NOT NULL CHECK (status ${oneOf(STATUSES)}),
    language TEXT NOT NULL CHECK (language IN ('fr', 'en', '')),
    code TEXT NOT NULL UNIQUE CHECK (length(code) = 9)
  ) STRICT`,
  `ALTER TABLE invitation ADD COLUMN member TEXT NOT NULL DEFAULT '';
  CREATE INDEX invitation_member ON invitation (member) WHERE member <> ''`,
]

export function countInvitations(db: DatabaseSync): number {
  return guarded(() => Number(db.prepare('SELECT count(*) AS n FROM invitation').get()?.n))
}

/** By address; one at a time, so that a large directory does not fill the memory. */
export function* listInvitations(
  db: DatabaseSync,
  filter: { status?: string; region?: string } = {},
): Generator<Invitation> {
  const rows = guarded(() =>
    db
      .prepare(`SELECT ${COLUMNS.join(', ')} FROM invitation
        WHERE status = coalesce(?, status) AND region = coalesce(?, region) ORDER BY email`)
      .iterate(filter.status ?? null, filter.region ?? null),
  )
  for (const row of rows) yield toInvitation(row)
}

type Row = Record<string, unknown>

function toCoded(row: Row): CodedInvitation {
  return { invitation: toInvitation(row), code: String(row.code) }
}

/** The table's CHECKs keep every column sound, so that a row needs no second reading. */
function toInvitation(row: Row): Invitation {
  return Object.fromEntries(COLUMNS.map((c) => [c, row[c]])) as unknown as Invitation
}

function guarded<T>(use: () => T): T {
  try {
    return use()
  } catch (error) {
    throw error instanceof AppError ? error : new AppError('coverage_unavailable', {}, { cause: error })
  }
}
