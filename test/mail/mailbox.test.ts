import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from '@jest/globals'
import { createMailbox } from '../../src/mail/mailbox.ts'

const mail = (n: number) => ({
  messageId: `${n}@example.com`,
  to: 'camille.tremblay@example.com',
  subject: `Courriel ${n}`,
  text: 'é',
  html: '<p>é</p>',
  language: 'fr-CA',
})

test('newest first, the same mail once, still there after a restart', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'sesame-mailbox-')), 'mailbox.db')
  const first = createMailbox(path)
  for (const n of [1, 2, 1, 3]) await first.send(mail(n))
  first.close()
  const second = createMailbox(path)
  await second.send(mail(2))
  await second.pretend(mail(4))
  expect(second.list(10).map((m) => m.id)).toEqual(['3@example.com', '2@example.com', '1@example.com'])
  expect(second.list(1)).toEqual([
    {
      id: '3@example.com',
      to: mail(3).to,
      subject: 'Courriel 3',
      text: 'é',
      html: '<p>é</p>',
      at: expect.stringMatching(/^\d{4}-.*Z$/),
    },
  ])
  expect(second.list(Number.NaN)).toHaveLength(1)
  second.close()
})

test('shares an open database, keeps the last thousand, and says when the file is unusable', async () => {
  const db = new DatabaseSync(':memory:')
  const mailbox = createMailbox(db)
  for (let n = 1; n <= 1_005; n++) await mailbox.send(mail(n))
  expect(
    mailbox
      .list(9_999)
      .map((m) => m.id)
      .slice(-1),
  ).toEqual(['6@example.com'])
  mailbox.close()
  expect(db.isOpen).toBe(true)
  db.close()
  await expect(mailbox.send(mail(1))).rejects.toMatchObject({ code: 'mail_unavailable' })
  expect(() => createMailbox('/nonexistent/mailbox.db')).toThrow(expect.objectContaining({ code: 'mail_unavailable' }))
})
