/** Coverage directory in a SQLite file: the invitations of `npm run coverage -- import`, with their access codes. */
import { DatabaseSync } from 'node:sqlite'
import { AppError } from '../errors.ts'
import { parseEmail } from '../language/email.ts'
import { messageIdFor } from '../mail/compose.ts'
import type { Mailer } from '../mail/mailer.ts'
import { type Locale, parseLocale } from '../wire/activity.ts'
import type { CoverageDirectory, Receipt, ResendRequest } from './directory.ts'
import { composeMail, type MailKind, mailKindOf, type ServiceInfo } from './mails.ts'
import { COLUMNS, type Invitation, REGIONS, RELATIONS, STATUSES } from './records.ts'

export interface SqliteCoverageOptions {
  /** From `openCoverageDb`. */
  db: DatabaseSync
  mailer: Mailer
  /** What the mails say of the service; `mailFrom` is the sender's bare address, whose domain ends the Message-IDs. */
  from: ServiceInfo & { mailFrom?: string }
  /** Used when neither the record nor the conversation names a language we speak. */
  defaultLocale: Locale
}

const RECEIPT_OF = {
  own: 'code_sent',
  claimed: 'already_registered',
  other_region: 'other_region',
  family: 'family',
  expired: 'expired',
} as const satisfies Record<MailKind, Receipt>

/** An invitation with its code. Stays in this file. */
interface CodedInvitation {
  invitation: Invitation
  code: string
}

export function createSqliteCoverage({ db, mailer, from, defaultLocale }: SqliteCoverageOptions): CoverageDirectory {
  const byAddress = guarded(() => db.prepare('SELECT * FROM invitation WHERE email = ?'))
  const find = (typed: string): CodedInvitation | undefined => {
    const email = parseEmail(typed)
    const row = guarded(() => byAddress.get(email ?? ''))
    return row && toCoded(row)
  }

  return {
    async resend(request: ResendRequest): Promise<Receipt> {
      const found = find(request.email)
      // An unknown address costs the same as a known one: a mail is composed for nobody and thrown away. Otherwise the
      // worker would be free sooner, and the moment of a later reply could tell who is covered.
      const { invitation, code } = found ?? NOBODY
      const kind = mailKindOf(invitation, found ? request.region : undefined)
      const language = invitation.language || (parseLocale(request.locale) ?? defaultLocale)
      const id = messageIdFor(request.id, from.mailFrom)
      const mail = composeMail(kind, { ...invitation, language }, code, from, id)
      if (!found) return 'unknown'
      await mailer.send(mail)
      return RECEIPT_OF[kind]
    },
  }
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
  },
  code: '0000-0000',
}

const SCHEMA_VERSION = 1

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
  const version = Number(db.prepare('PRAGMA user_version').get()?.user_version)
  if (version > SCHEMA_VERSION) throw new AppError('coverage_unavailable', { schema: version })
  if (version < SCHEMA_VERSION) db.exec(SCHEMA)
}

const oneOf = (values: readonly string[]): string => `IN (${values.map((v) => `'${v}'`).join(', ')})`

const SCHEMA = `BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS invitation (
  email TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  relation TEXT NOT NULL CHECK (relation ${oneOf(RELATIONS)}),
  sponsor TEXT NOT NULL,
  organisation TEXT NOT NULL,
  region TEXT NOT NULL CHECK (region ${oneOf(REGIONS)}),
  status TEXT NOT NULL CHECK (status ${oneOf(STATUSES)}),
  language TEXT NOT NULL CHECK (language IN ('fr', 'en', '')),
  code TEXT NOT NULL UNIQUE CHECK (length(code) = 9)
) STRICT;
PRAGMA user_version = ${SCHEMA_VERSION};
COMMIT;`

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
