/** The console of agents and leads: what is seen before a claim, taking over, why an address is shown, and the idle lock. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { AxeBuilder } from '@axe-core/playwright'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type TOTP, URI } from 'otpauth'
import type { Browser, Page } from 'playwright-core'
import { decodeQR } from 'qr/decode.js'
import type { Locale } from '../../src/wire/activity.ts'
import type { Role } from '../../src/wire/desk.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { launchChromium } from '../support/chromium.ts'
import { CONTENT, ROOT } from '../support/conversation.ts'
import { type Member, startMember } from '../support/directline.ts'
import { freePort } from '../support/service.ts'

const words = (locale: Locale) => (key: string, values?: Record<string, string>) =>
  CONTENT.texts.say(locale, key, values)
const SAID = 'Je préfère expliquer à quelqu’un.'
const ADDRESS = 'camille.tremblay@example.com'

/** An agent without a sign for so long is gone, ms. Long enough to sign in again on a busy machine. */
const ABSENT_MS = 8_000

let app: TestApp
let browser: Browser

beforeAll(async () => {
  // The console's socket is only opened to our own pages: the service has to know its port.
  const port = String(await freePort())
  app = await startTestApp({ PORT: port, PUBLIC_URL: `http://127.0.0.1:${port}/` }, { absentMs: ABSENT_MS })
  browser = await launchChromium()
}, 300_000)

afterAll(async () => {
  await browser?.close()
  await app?.end()
})

async function openConsole(name: string, role: Role, locale: Locale): Promise<Page> {
  await app.agents.add(name, role)
  const context = await browser.newContext({ locale: `${locale}-CA`, viewport: { width: 1400, height: 860 } })
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  await signInAgain(page, name, locale)
  return page
}

const linkFor = async (name: string) => `${app.url}desk/#token=${await app.agents.link(name)}`

async function signInAgain(page: Page, name: string, locale: Locale): Promise<void> {
  await page.goto(await linkFor(name))
  await page.getByRole('button', { name: words(locale)('desk:password.later') }).click()
}

async function askForPerson(): Promise<Member> {
  const member = await startMember(app.url)
  await member.send(CONTENT.texts.say('fr', 'welcome:menu.options.resend'))
  await member.send(ADDRESS)
  await member.sees('that a message is on its way', (a) => a.channelData?.node?.startsWith('arrived.') ?? false)
  await member.send('parler à une personne')
  await member.sees('that they wait', (a) => a.channelData?.owner === 'waiting')
  await member.send(SAID)
  return member
}

async function accessible(page: Page, what: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect([what, violations.map((v) => `${v.id}: ${v.nodes[0]?.target}`)]).toEqual([what, []])
}

const shot = (page: Page, name: string) => page.screenshot({ path: join(ROOT, 'artifacts', `desk-${name}.png`) })
const firstOf = (page: Page, locale: Locale) =>
  page
    .getByRole('list', { name: words(locale)('desk:queue.list') })
    .getByRole('button')
    .first()

async function resolve(page: Page, locale: Locale): Promise<void> {
  const t = words(locale)
  await page.getByRole('button', { name: t('desk:conversation.resolve') }).click()
  const sure = page.getByRole('dialog')
  await sure.getByRole('button', { name: t('desk:confirm.resolveYes') }).click()
  await page.getByText(t('desk:queue.empty')).waitFor()
}

test.each(['fr', 'en'] as const)(
  'before a claim, with it, and when a lead takes over (%s)',
  async (locale) => {
    const t = words(locale)
    const [owner, lead] = [`Maude ${locale}`, `Inès ${locale}`]
    await askForPerson()
    const page = await openConsole(owner, 'agent', locale)
    const other = await openConsole(lead, 'lead', locale)
    await firstOf(page, locale).click()
    // Enough to decide: why, how long, which way; not a word of the member's.
    const outline = page.getByRole('region', { name: t('desk:conversation.outline') })
    await outline.getByText(t('terms:reasons.member_asked')).waitFor()
    await outline.getByText(t('welcome:menu.options.resend')).waitFor()
    expect(await page.getByText(SAID).count()).toBe(0)
    await accessible(page, `before the claim (${locale})`)
    await shot(page, `${locale}-1-outline`)
    await firstOf(other, locale).click()
    await other.getByText(SAID).waitFor()
    await other.getByText(t('desk:context.readingNoted')).waitFor()
    await accessible(other, `what a lead reads (${locale})`)
    await shot(other, `${locale}-2-lead`)

    await page.getByRole('button', { name: t('desk:conversation.claim') }).click()
    await page.getByText(SAID).waitFor()
    // Nobody knows who this is: what became of the mail is not theirs to hear.
    await page.getByText(t('desk:context.identity.unknown')).waitFor()
    await page.getByRole('button', { name: t('desk:context.reveal') }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: t('desk:reveal.yes') }).click()
    expect(await page.getByText(ADDRESS).count()).toBe(0)
    await dialog.getByRole('radio', { name: t('desk:reveal.reasons.find_record') }).check()
    await accessible(page, `why addresses are shown (${locale})`)
    await shot(page, `${locale}-2-reveal`)
    await dialog.getByRole('button', { name: t('desk:reveal.yes') }).click()
    await page.getByText(ADDRESS).waitFor()

    await page.getByRole('textbox').fill('Un instant')
    await other.getByRole('button', { name: t('desk:conversation.takeOver') }).click()
    const sure = other.getByRole('dialog')
    await sure.getByText(t('desk:confirm.takeOverText', { name: owner })).waitFor()
    await sure.getByRole('button', { name: t('desk:confirm.takeOverYes') }).click()
    await page
      .getByRole('alert')
      .getByText(t('desk:notice.takenOver', { name: lead }))
      .waitFor()
    await page.getByText(t('desk:conversation.takenHelp')).waitFor()
    await page.getByText(t('desk:reply.kept')).waitFor()
    expect([await page.getByText(SAID).count(), await page.getByText(ADDRESS).count()]).toEqual([0, 0])
    await accessible(page, `when a colleague has it (${locale})`)
    await shot(page, `${locale}-3-taken`)
    await other.getByRole('textbox').waitFor()
    await resolve(other, locale)
  },
  120_000,
)

test('a session that nobody used asks to sign in again, and the agent stands where they were, the draft kept', async () => {
  const t = words('fr')
  await askForPerson()
  const page = await openConsole('Zoé', 'agent', 'fr')
  await firstOf(page, 'fr').click()
  await page.getByRole('button', { name: t('desk:conversation.claim') }).click()
  await page.getByRole('textbox').fill('Je regarde votre dossier')
  // Nobody touched anything for long.
  const db = new DatabaseSync(join(app.dataDir, 'sesame.db'), { timeout: 5_000 })
  db.exec('UPDATE agent_sessions SET seen_at = 0')
  db.close()
  await page.getByText(t('desk:signIn.ended')).waitFor({ timeout: 40_000 })
  expect(await page.getByText(SAID).count()).toBe(0)
  await signInAgain(page, 'Zoé', 'fr')
  await page.getByText(SAID).waitFor()
  expect(await page.getByRole('textbox').inputValue()).toBe('Je regarde votre dossier')
  await resolve(page, 'fr')
}, 120_000)

/** What a telephone reads off the screen. */
async function photograph(page: Page): Promise<string> {
  const code = page.getByRole('img', { name: words('fr')('desk:secondStep.qr') })
  const size = Number((await code.getAttribute('viewBox'))?.split(' ').at(-1))
  const squares = [...((await code.locator('path').getAttribute('d')) ?? '').matchAll(/M(\d+) (\d+)/g)]
  const scale = 4
  const side = size * scale
  const data = new Uint8Array(side * side * 4).fill(255)
  for (const [, x, y] of squares)
    for (let n = 0; n < scale * scale; n++) {
      const at = (Number(y) * scale + Math.floor(n / scale)) * side + Number(x) * scale + (n % scale)
      data.fill(0, at * 4, at * 4 + 3)
    }
  return decodeQR({ width: side, height: side, data })
}

test('with a second step a stolen password opens nothing, and a lost telephone is replaced by a link', async () => {
  const t = words('fr')
  const password = 'une phrase assez longue'
  const page = await openConsole('Noémie', 'agent', 'fr')
  await page.getByRole('button', { name: t('desk:top.changePassword') }).click()
  for (const key of ['new', 'again'])
    await page
      .getByRole('dialog')
      .getByLabel(t(`desk:password.${key}`))
      .fill(password)
  await page.getByRole('button', { name: t('desk:password.save') }).click()
  await page.getByRole('button', { name: t('desk:top.secondStep') }).click()
  const dialog = page.getByRole('dialog')
  const phone = URI.parse(await photograph(page)) as TOTP
  expect((await dialog.locator('.secret').textContent())?.replaceAll(' ', '')).toBe(phone.secret.base32)
  await accessible(page, 'the second step')
  await shot(page, 'fr-5-second-step')
  const field = dialog.getByLabel(t('desk:secondStep.number'))
  await field.fill('000000')
  await page.keyboard.press('Enter')
  await dialog.getByText(t('desk:secondStep.wrong')).waitFor()
  await field.fill(phone.generate())
  await page.keyboard.press('Enter')
  await dialog.getByText(t('desk:secondStep.isOn')).waitFor()
  await accessible(page, 'the second step, when it is on')
  await dialog.getByRole('button', { name: t('desk:secondStep.close') }).click()
  await page.getByRole('button', { name: t('desk:top.signOut') }).click()

  await page.getByLabel(t('desk:signIn.name')).fill('Noémie')
  await page.getByLabel(t('desk:signIn.password')).fill(password)
  await page.keyboard.press('Enter')
  const number = page.getByLabel(t('desk:signIn.number'))
  await number.waitFor()
  expect(await number.evaluate((input) => input.matches(':focus'))).toBe(true)
  await accessible(page, 'the number at the door')
  await shot(page, 'fr-6-number')
  await number.fill('000000')
  await page.keyboard.press('Enter')
  await page.getByRole('alert').getByText(t('desk:signIn.failed')).waitFor()
  await page.getByLabel(t('desk:signIn.name')).fill('Noémie')
  await page.getByLabel(t('desk:signIn.password')).fill(password)
  // The next one: each is good for one time.
  await number.fill(phone.generate({ timestamp: Date.now() + 30_000 }))
  await page.keyboard.press('Enter')
  await page.getByText(t('desk:queue.title')).first().waitFor()

  await page.getByRole('button', { name: t('desk:top.signOut') }).click()
  await page.goto('about:blank')
  const link = await linkFor('Noémie')
  await page.goto(link)
  await page.getByRole('button', { name: t('desk:top.secondStep') }).click()
  await dialog.getByRole('button', { name: t('desk:secondStep.off') }).click()
  await page.getByRole('img', { name: t('desk:secondStep.qr') }).waitFor()
}, 120_000)

test('where a second step is required nothing is shown before it is set up, also on a narrow screen', async () => {
  const t = words('fr')
  const port = String(await freePort())
  const own = { PORT: port, PUBLIC_URL: `http://127.0.0.1:${port}/`, AGENT_SECOND_STEP: 'required' }
  const strict = await startTestApp(own)
  try {
    await strict.agents.add('Noémie')
    const page = await (await browser.newContext({ locale: 'fr-CA', viewport: { width: 320, height: 640 } })).newPage()
    page.setDefaultTimeout(15_000)
    await page.goto(`${strict.url}desk/#token=${await strict.agents.link('Noémie')}`)
    await page.getByRole('heading', { name: t('desk:secondStep.title') }).waitFor()
    const phone = URI.parse(await photograph(page)) as TOTP
    expect(await page.getByText(t('desk:queue.title')).count()).toBe(0)
    await accessible(page, 'the second step that is required')
    await shot(page, 'fr-7-required')
    await page.getByLabel(t('desk:secondStep.number')).fill(phone.generate())
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: t('desk:password.later') }).click()
    await page.getByText(t('desk:queue.empty')).waitFor()
    await page.getByRole('button', { name: t('desk:top.secondStep') }).click()
    await page.getByRole('dialog').getByText(t('desk:secondStep.isOn')).waitFor()
    await accessible(page, 'the second step on a narrow screen')
    await shot(page, 'fr-8-narrow')
    await page
      .getByRole('dialog')
      .getByRole('button', { name: t('desk:secondStep.off') })
      .click()
    // The dialog has the same heading as the screen: only the dialog's end tells that the answer came.
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    await page.getByRole('heading', { name: t('desk:secondStep.title') }).waitFor()
    expect(await page.getByText(t('desk:queue.empty')).count()).toBe(0)
  } finally {
    await strict.end()
  }
}, 120_000)

test('an agent whose line is cut loses the request, keeps the words, and hears why', async () => {
  const t = words('fr')
  const member = await askForPerson()
  const page = await openConsole('Rosalie', 'agent', 'fr')
  const colleague = await openConsole('Émile', 'agent', 'fr')
  await firstOf(page, 'fr').click()
  await page.getByRole('button', { name: t('desk:conversation.claim') }).click()
  await page.getByRole('textbox').fill('Je reviens')
  await page.reload()
  await page.getByRole('button', { name: t('desk:password.later') }).click()
  await page.getByRole('textbox').waitFor()

  // A reply is under way when nothing gets through any more.
  const way = Promise.withResolvers<void>()
  await page.route('**/messages', async (route) => {
    await way.promise
    await route.continue()
  })
  await page.keyboard.press('Tab')
  await page.getByRole('textbox').focus()
  await page.keyboard.press('Enter')
  await page.routeWebSocket(/stream/, (socket) => socket.close())
  await page.evaluate('window.dispatchEvent(new Event("offline"))')
  await firstOf(colleague, 'fr')
    .getByText(t('desk:queue.lostBy', { name: 'Rosalie' }))
    .waitFor()
  await accessible(colleague, 'a lost request')
  await shot(colleague, 'fr-4-lost')
  await member.sees('that somebody else will come', (a) => a.text === t('common:agent_lost.say', { agent: 'Rosalie' }))
  await firstOf(colleague, 'fr').click()
  await colleague.getByRole('button', { name: t('desk:conversation.claim') }).click()
  await colleague.getByText(SAID).waitFor()
  way.resolve()
  await page
    .getByRole('alert')
    .getByText(t('desk:notice.claimStaleBy', { name: 'Émile' }))
    .waitFor()
  await page.getByText(t('desk:reply.kept')).waitFor()
  expect((await member.history()).filter(({ text }) => text === 'Je reviens')).toEqual([])
}, 120_000)
