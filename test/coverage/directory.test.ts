import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Readable } from 'node:stream'
import { describe, expect, test } from '@jest/globals'
import { importCsv } from '../../src/coverage/import.ts'
import { createSqliteCoverage, listInvitations, openCoverageDb } from '../../src/coverage/sqlite.ts'
import { AppError } from '../../src/errors.ts'
import { parseEmail } from '../../src/language/email.ts'
import { createMailbox } from '../../src/mail/mailbox.ts'
import type { Mail, Mailer } from '../../src/mail/mailer.ts'
import { createSmtpMailer } from '../../src/mail/smtp.ts'
import { type CoverageUnderTest, coverageContract, createTestBudget, request } from '../contracts/coverage.ts'
import { startSink } from '../prove/mail.ts'
import { tempFolder } from '../support/folder.ts'

const CODE = /\b[A-Z2-9]{4}-[A-Z2-9]{4}\b/
const FROM = {
  orgName: 'Sésame Santé',
  supportEmail: 'soutien@example.com',
  publicUrl: 'https://aide.example.com/',
  signInUrl: 'https://aide.example.com/connexion',
  mailFrom: 'sesame@example.com',
}

/** Over the sample; a mailer that counts what it builds. */
async function underTest(mailer: Mailer, more: Pick<CoverageUnderTest, 'mails' | 'end'>): Promise<CoverageUnderTest> {
  const folder = tempFolder()
  const db = openCoverageDb(join(folder.path, 'coverage.db'))
  await importCsv(db, Readable.from([readFileSync('src/coverage/sample.csv')]))
  let built = 0
  const counted = (way: 'send' | 'pretend') => (mail: Mail) => {
    built++
    return mailer[way](mail)
  }
  const budget = createTestBudget()
  const counting = { send: counted('send'), pretend: counted('pretend') }
  const directory = createSqliteCoverage({ db, mailer: counting, budget, from: FROM, defaultLocale: 'fr' })
  return {
    ...more,
    directory,
    budget,
    work: () => built,
    async end() {
      await directory.close()
      await more.end()
      folder.remove()
    },
  }
}

coverageContract('SQLite, mails kept in the mailbox', async () => {
  const mailbox = createMailbox(new DatabaseSync(':memory:'))
  const mails = () =>
    mailbox
      .list(100)
      .reverse()
      .map(({ id, to }) => ({ key: id, to }))
  return underTest(mailbox, { mails, end: async () => mailbox.close() })
})

coverageContract('SQLite, mails sent by SMTP', async () => {
  const sink = await startSink(1)
  const mailer = createSmtpMailer({ url: sink.urls[0] ?? '', from: FROM.mailFrom })
  return underTest(mailer, {
    // The sink shows domains with their accents.
    mails: () => sink.mails.map(({ messageId, to }) => ({ key: messageId, to: parseEmail(to) ?? to })),
    async end() {
      mailer.close()
      await sink.end()
    },
  })
})

async function setUp(mailer?: Mailer, from: typeof FROM | Omit<typeof FROM, 'mailFrom'> = FROM) {
  const folder = mkdtempSync(join(tmpdir(), 'sesame-directory-'))
  const db = openCoverageDb(join(folder, 'coverage.db'))
  await importCsv(db, Readable.from([readFileSync('src/coverage/sample.csv')]))
  const mailbox = createMailbox(join(folder, 'mailbox.db'))
  const sent: Mail[] = []
  const recorder: Mailer = {
    async send(mail) {
      sent.push(mail)
      await mailbox.send(mail)
    },
    pretend: mailbox.pretend,
  }
  const budget = createTestBudget()
  const directory = createSqliteCoverage({ db, mailer: mailer ?? recorder, budget, from, defaultLocale: 'fr' })
  const codeOf = (email: string) => String(db.prepare('SELECT code FROM invitation WHERE email = ?').get(email)?.code)
  return { db, directory, sent, mailbox, codeOf }
}

describe('each case has its mail', () => {
  test.each([
    ['own, fr', 'camille.tremblay@example.com', undefined, 'code_sent', true, 'Pour débloquer vos services'],
    ['own, en', 'emma.wilson@example.com', undefined, 'code_sent', true, 'To unlock your services'],
    ['own, same region', 'camille.tremblay@example.com', 'CA-QC', 'code_sent', true, 'région suivante : Québec'],
    ['claimed, fr', 'helene.bouchard@example.com', undefined, 'already_registered', false, '« Mot de passe oublié »'],
    ['claimed, en', 'grace.taylor@example.com', undefined, 'already_registered', false, '“Forgot password”'],
    ['claimed family', 'mia.scott@example.com', 'CA-QC', 'already_registered', false, 'has already been used'],
    ['region, fr', 'camille.tremblay@example.com', 'CA-ON', 'other_region', true, 'Choisissez la région : Québec'],
    ['region, en', 'priya.sharma@example.com', 'CA-QC', 'other_region', true, 'Choose the region: British Columbia'],
    ['region before family', 'andre.morin@exemple.ca', 'CA-QC', 'other_region', true, 'Choisissez la région : Ontario'],
    ['family, fr', 'mathieu.bouchard@example.com', undefined, 'family', true, 'associera votre compte à la couverture'],
    [
      'family, en',
      'sam.taylor@example.com',
      'CA-ON',
      'family',
      true,
      'will link your account to your family member’s coverage',
    ],
    [
      'expired, fr',
      'sylvie.fortin@example.com',
      'CA-ON',
      'expired',
      false,
      'nouvelle invitation à Imprimerie de l’Anse',
    ],
    [
      'expired, en',
      'daniel.brown@example.com',
      undefined,
      'expired',
      false,
      'Ask Harbour Robotics for a new invitation',
    ],
    ['expired family', 'chloe.expiree@exemple.ca', undefined, 'expired', false, 'est expirée'],
  ])('%s', async (_name, email, region, receipt, hasCode, words) => {
    const { directory, sent, codeOf } = await setUp()
    expect(await directory.resend(request(email, region ? { region } : {}))).toBe(receipt)
    expect(sent).toHaveLength(1)
    const [mail] = sent
    expect(mail?.to).toBe(email)
    for (const body of [mail?.text, mail?.html].map((b) => b?.replaceAll('\u00a0', ' '))) {
      expect(body).toContain(words)
      expect(body?.includes(codeOf(email))).toBe(hasCode)
      expect(body?.match(CODE)?.[0]).toBe(hasCode ? codeOf(email) : undefined)
      expect(body).toContain(FROM.supportEmail)
      expect(body).toContain(FROM.publicUrl)
      expect(body).not.toMatch(/\{\{|undefined|\b(parts|steps|own|family|claimed|expired|other_region)\.[a-z]/)
    }
    expect(mail?.subject).not.toMatch(CODE)
  })
})

test('the language is the record’s, else the conversation’s', async () => {
  const { directory, sent } = await setUp()
  await directory.resend(request('emma.wilson@example.com', { locale: 'fr' }))
  await directory.resend(request('zoe.beliveau@example.com', { locale: 'en' }))
  await directory.resend(request('zoe.beliveau@example.com', { locale: 'fr' }))
  expect(sent.map((m) => m.language)).toEqual(['en-CA', 'en-CA', 'fr-CA'])
  expect(sent[2]?.html).toContain('<html lang="fr-CA">')
})

test('an unknown address costs the composing of a mail, as a known one does', async () => {
  let composed = 0
  const watched = Object.defineProperty({ ...FROM }, 'orgName', {
    enumerable: true,
    get() {
      composed++
      return FROM.orgName
    },
  })
  const { directory, sent } = await setUp(undefined, watched)
  await directory.resend(request('camille.tremblay@example.com'))
  const known = composed
  await directory.resend(request('personne@example.com', { region: 'CA-ON' }))
  expect(known).toBeGreaterThan(0)
  expect(composed).toBe(2 * known)
  expect(sent).toHaveLength(1)
})

test('a repeat is the same mail, another request another one', async () => {
  const { directory, sent, mailbox } = await setUp()
  for (const id of ['w1', 'w1', 'w2']) await directory.resend(request('camille.tremblay@example.com', { id }))
  expect(sent[0]).toEqual(sent[1])
  expect(sent[0]?.messageId).toMatch(/^[0-9a-f]{32}@example\.com$/)
  expect(mailbox.list(10)).toHaveLength(2)
  const { mailFrom: _none, ...bare } = FROM
  const other = await setUp(undefined, bare)
  await other.directory.resend(request('camille.tremblay@example.com'))
  expect(other.sent[0]?.messageId).toMatch(/@sesame\.invalid$/)
})

test('values of the file are shown as they are, never as markup or as a text key', async () => {
  const { db, directory, sent } = await setUp()
  const name = `<img src=x onerror=1> & $t(parts.secret) {{orgName}} O'Neil`
  db.prepare('UPDATE invitation SET name = ? WHERE email = ?').run(name, 'camille.tremblay@example.com')
  await directory.resend(request('camille.tremblay@example.com'))
  expect(sent[0]?.text).toContain(`Bonjour ${name},`)
  expect(sent[0]?.html).toContain(
    'Bonjour &#60;img src=x onerror=1&#62; &#38; $t(parts.secret) {{orgName}} O&#39;Neil,',
  )
})

describe('no code gets out but by mail', () => {
  test('in nothing returned, listed or thrown', async () => {
    const { db, directory, sent } = await setUp()
    const out: unknown[] = [...listInvitations(db)]
    for (const { email } of listInvitations(db)) out.push(await directory.resend(request(email, { region: 'CA-QC' })))
    const failing = await setUp({
      async send() {
        throw new AppError('mail_refused', { why: 'EENVELOPE', smtp: 550 })
      },
      async pretend() {},
    })
    out.push(await failing.directory.resend(request('emma.wilson@example.com')).catch((e: unknown) => e))
    db.close()
    out.push(await directory.resend(request('emma.wilson@example.com')).catch((e: unknown) => e))
    expect(sent.length).toBe(30)
    expect(out.slice(-2).map((e) => (e instanceof AppError ? e.code : e))).toEqual([
      'mail_refused',
      'coverage_unavailable',
    ])
    const seen = out.map((o) =>
      o instanceof Error ? `${o.stack} ${String(o.cause)} ${JSON.stringify(o)}` : JSON.stringify(o),
    )
    expect(seen.join('\n')).not.toMatch(CODE)
  })
})
