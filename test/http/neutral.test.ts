import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { LOCALES, type Locale } from '../../src/wire/activity.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { CONTENT } from '../support/conversation.ts'
import { type Member, startMember } from '../support/directline.ts'
import { ask } from '../support/http.ts'
import { until } from '../support/until.ts'

/** One address of every case of the sample invitations, with the receipt that only the desk may see. */
const CASES = [
  ['pending', { fr: 'camille.tremblay@example.com', en: 'emma.wilson@example.com' }, 1],
  ['claimed', { fr: 'helene.bouchard@example.com', en: 'grace.taylor@example.com' }, 1],
  ['expired', { fr: 'sylvie.fortin@example.com', en: 'daniel.brown@example.com' }, 1],
  ['another region', { fr: 'amelie.roy@example.com', en: 'priya.sharma@example.com' }, 1],
  ['through family', { fr: 'mathieu.bouchard@example.com', en: 'sam.taylor@example.com' }, 1],
  ['unknown', { fr: 'personne.inconnue@example.com', en: 'nobody.known@example.com' }, 0],
] as const

let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app.end())

const button = (locale: Locale, key: string) => CONTENT.texts.say(locale, key)

async function mailsTo(address: string): Promise<{ subject: string; text: string }[]> {
  const { body } = await ask(`${app.url}dev/mailbox/messages`)
  return body.filter((mail: { to: string }) => mail.to === address)
}

/** Asks for the code and goes on for a few turns. */
async function talk(locale: Locale, address: string): Promise<Member> {
  const member = await startMember(app.url, `${locale}-CA`)
  const turns = [
    button(locale, 'welcome:menu.options.resend'),
    button(locale, 'resend:which_address.options.work'),
    address,
    button(locale, 'arrived:question.options.no'),
    locale === 'fr' ? 'recommencer' : 'start over',
    button(locale, 'welcome:menu.options.resend'),
  ]
  for (const text of turns) {
    const { body } = await member.send(text)
    await member.sees(`an answer to "${text}"`, (a) => a.replyToId === body.id)
  }
  return member
}

/** All that the member's side gets, without what differs between any two conversations. */
async function seen(member: Member, address: string): Promise<unknown> {
  const { body } = await member.call('/activities?watermark=')
  const text = JSON.stringify(body)
    .replaceAll(member.conversationId, 'C')
    .replaceAll(member.userId, 'U')
    .replaceAll(address, 'ADDRESS')
    .replace(/"timestamp":"[^"]+"/g, '"timestamp":"T"')
  return JSON.parse(text)
}

describe.each(LOCALES)('asking for a code (%s)', (locale) => {
  test('the chat is the same to the byte whoever the address belongs to; only the mailbox tells', async () => {
    const views: unknown[] = []
    for (const [name, addresses, mails] of CASES) {
      const address = addresses[locale]
      const member = await talk(locale, address)
      views.push(await seen(member, address))
      await until(`${name}: the work is done`, async () => (await receiptsDone(member)) === true)
      expect([name, (await mailsTo(address)).length]).toEqual([name, mails])
    }
    for (const view of views) expect(view).toEqual(views[0])
    // Six kinds of address one after the other, each with a mail or as much work.
  }, 30_000)
})

/** The resend is over once nothing of it is due any more: another conversation's request for the same address changes nothing. */
async function receiptsDone(member: Member): Promise<boolean> {
  const { DatabaseSync } = await import('node:sqlite')
  const db = new DatabaseSync(`${app.dataDir}/sesame.db`, { readOnly: true })
  try {
    const rows = db
      .prepare("SELECT code FROM work WHERE kind = 'resend' AND conversation_id = ?")
      .all(member.conversationId)
    return rows.length === 1 && rows.every((row) => row.code !== null)
  } finally {
    db.close()
  }
}

test('asking again within a minute, from anywhere, sends one mail', async () => {
  const address = 'noemie.cote+sante@example.com'
  for (let i = 0; i < 3; i++) {
    const member = await talk('fr', address)
    await until('the work is done', () => receiptsDone(member))
  }
  expect(await mailsTo(address)).toHaveLength(1)
}, 30_000)

test('no code, address or text of a message is in the log', async () => {
  const codes = (await ask(`${app.url}dev/mailbox/messages`)).body.flatMap(
    (mail: { text: string }) => mail.text.match(/\b[A-Z2-9]{4}-[A-Z2-9]{4}\b/g) ?? [],
  )
  expect(codes.length).toBeGreaterThan(3)
  const logged = JSON.stringify(app.logged)
  for (const secret of [...codes, 'example.com', 'recommencer']) expect(logged).not.toContain(secret)
})
