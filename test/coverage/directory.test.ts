import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, test } from '@jest/globals'
import type { ResendRequest } from '../../src/coverage/directory.ts'
import { importCsv } from '../../src/coverage/import.ts'
import { createSqliteCoverage, listInvitations, openCoverageDb } from '../../src/coverage/sqlite.ts'
import { AppError } from '../../src/errors.ts'
import { createMailbox } from '../../src/mail/mailbox.ts'
import type { Mail, Mailer } from '../../src/mail/mailer.ts'

const CODE = /\b[A-Z2-9]{4}-[A-Z2-9]{4}\b/
const FROM = {
  orgName: 'Sésame Santé',
  supportEmail: 'soutien@example.com',
  publicUrl: 'https://aide.example.com/',
  signInUrl: 'https://aide.example.com/connexion',
  mailFrom: 'sesame@example.com',
}

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
  }
  const directory = createSqliteCoverage({ db, mailer: mailer ?? recorder, from, defaultLocale: 'fr' })
  const codeOf = (email: string) => String(db.prepare('SELECT code FROM invitation WHERE email = ?').get(email)?.code)
  return { db, directory, sent, mailbox, codeOf }
}

const request = (email: string, more: Partial<ResendRequest> = {}): ResendRequest => ({
  id: 'w1',
  email,
  locale: 'fr',
  ...more,
})

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

  test('an unknown address gets nothing, and neither does what is not one address', async () => {
    const { directory, sent } = await setUp()
    const odd = [
      'personne@example.com',
      '',
      'camille.tremblay@example.com, x@example.com',
      '"camille.tremblay"@example.com',
    ]
    for (const email of odd) expect(await directory.resend(request(email))).toBe('unknown')
    expect(sent).toHaveLength(0)
  })

  test('the mail goes to the address on file, however it was typed', async () => {
    const { directory, sent } = await setUp()
    await directory.resend(request('Camille.TREMBLAY@example.com'))
    await directory.resend(request('maelle.dastous@québec.exemple.ca'))
    expect(sent.map((m) => m.to)).toEqual(['camille.tremblay@example.com', 'maelle.dastous@xn--qubec-csa.exemple.ca'])
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
