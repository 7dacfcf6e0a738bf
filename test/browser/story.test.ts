import { execFile } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { AxeBuilder } from '@axe-core/playwright'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Browser, Locator, Page } from 'playwright-core'
import type { Locale } from '../../src/wire/activity.ts'
import { launchChromium } from '../support/chromium.ts'
import { CONTENT, ROOT } from '../support/conversation.ts'
import { tempFolder } from '../support/folder.ts'
import { ask } from '../support/http.ts'
import { type RedisServer, startRedis } from '../support/redis.ts'
import { freePort, type Service, startService } from '../support/service.ts'
import { until } from '../support/until.ts'

/** Screenshots for people to look at; never committed. */
const SHOTS = join(ROOT, 'artifacts')
const folder = tempFolder()
let port = 0
let redis: RedisServer
let settings: Record<string, string>
let service: Service
let browser: Browser
const faults: string[] = []

beforeAll(async () => {
  mkdirSync(SHOTS, { recursive: true })
  port = await freePort()
  redis = await startRedis()
  browser = await launchChromium()
}, 300_000)

afterAll(async () => {
  await browser?.close()
  await service?.kill('SIGTERM')
  await redis?.end()
  folder.remove()
})

async function serveOn(store: 'redis' | 'sqlite'): Promise<void> {
  await service?.kill('SIGTERM')
  settings = { DATA_DIR: folder.path, ...(store === 'redis' ? { REDIS_URL: redis.url } : {}) }
  service = await startService(settings, port)
}

const words = (locale: Locale) => (key: string, values?: Record<string, string | number>) =>
  CONTENT.texts.say(locale, key, values)

async function openPage(locale: Locale, path: string, width = 1200): Promise<Page> {
  const context = await browser.newContext({ locale: `${locale}-CA`, viewport: { width, height: 860 } })
  const page = await context.newPage()
  page.on('pageerror', (error) => faults.push(error.message))
  page.on('console', (line) => {
    if (/content security policy/i.test(line.text())) faults.push(line.text())
  })
  page.setDefaultTimeout(15_000)
  await page.goto(new URL(path, service.url).href)
  return page
}

/** The member in the widget. */
async function openWidget(locale: Locale) {
  const t = words(locale)
  const page = await openPage(locale, '/')
  const chat = page.locator('sesame-chat')
  await chat.getByRole('button', { name: t('widget:launcher.label') }).click()
  const log = chat.getByRole('log')
  const sees = (key: string, values?: Record<string, string | number>) =>
    log
      .getByText(firstLine(t(key, values)))
      .last()
      .waitFor()
  await sees('welcome:menu.say')
  return {
    page,
    chat,
    t,
    sees,
    async click(key: string) {
      await chat
        .getByRole('button', { name: t(key), exact: true })
        .last()
        .click()
    },
    async type(text: string) {
      await chat.getByRole('textbox').fill(text)
      await page.keyboard.press('Enter')
    },
  }
}
type Widget = Awaited<ReturnType<typeof openWidget>>

const firstLine = (text: string): string => text.split('\n')[0] ?? text

async function signInLink(name: string): Promise<string> {
  const args = ['--disable-warning=ExperimentalWarning', 'src/cli/agents.ts', 'add', name]
  const env = { PATH: process.env.PATH ?? '', PORT: String(port), ...settings }
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT, env })
  const link = /http\S+#token=\S+/.exec(stdout)?.[0]
  if (!link) throw new Error(`no link in: ${stdout}`)
  return link
}

/** An agent at the console. */
async function openConsole(locale: Locale, link: string): Promise<Page> {
  const page = await openPage(locale, link, 1400)
  await page.getByRole('button', { name: words(locale)('desk:password.later') }).click()
  return page
}

async function accessible(page: Page, what: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  expect([what, violations.map((v) => `${v.id}: ${v.nodes[0]?.target}`)]).toEqual([what, []])
}

const shot = (page: Page, name: string) => page.screenshot({ path: join(SHOTS, `${name}.png`) })

async function mailTo(address: string): Promise<{ subject: string; text: string } | undefined> {
  const { body } = await ask(`${service.url}/dev/mailbox/messages`)
  return body.find((mail: { to: string }) => mail.to === address)
}

/** Code never came, address given, neutral answer, mail; then the other ways that the article names. */
async function helpYourself(member: Widget, locale: Locale, address: string): Promise<void> {
  await member.type(locale === 'fr' ? 'jai jamais recu mon code' : 'i never got my code')
  await member.sees('missing:start.say')
  await member.type(locale === 'fr' ? `c'est ${address} merci` : `it's ${address} thanks`)
  await member.sees('resend:sent.say')
  await member.sees('arrived:question.say')
  const mail = await until('the mail with the code', () => mailTo(address))
  expect(mail.text).toMatch(/\b[A-Z2-9]{4}-[A-Z2-9]{4}\b/)
  expect(mail.subject).not.toMatch(/[A-Z2-9]{4}-[A-Z2-9]{4}/)
  await shot(member.page, `${locale}-1-sent`)
  await accessible(member.page, `the widget (${locale})`)
  await member.click('arrived:question.options.no')
  await member.sees('spam:look.say')
  await shot(member.page, `${locale}-2-not-arrived`)
  await member.click('spam:look.options.no')
  await member.click('missing:causes.options.another')
  await member.sees('resend:another.say')
  await member.type(locale === 'fr' ? 'retour' : 'back')
  await member.click('missing:causes.options.family')
  await member.sees('family:start.say')
  await member.type(locale === 'fr' ? 'recommencer' : 'start over')
  await member.sees('welcome:restart.say')
  await member.click('welcome:menu.options.region')
  await member.sees('region:start.say')
}

async function claim(agent: Page, item: Locator, locale: Locale): Promise<void> {
  await item.click()
  await agent.getByRole('button', { name: words(locale)('desk:conversation.claim') }).click()
}

test.each([
  ['fr', 'redis'],
  ['en', 'sqlite'],
] as const)(
  'the whole story (%s, on %s)',
  async (locale, store) => {
    await serveOn(store)
    const t = words(locale)
    const name = locale === 'fr' ? 'Maude' : 'Sam'
    const first = await openConsole(locale, await signInLink(name))
    const second = await openConsole(locale, await signInLink(`${name} 2`))
    const member = await openWidget(locale)
    await shot(member.page, `${locale}-0-welcome`)
    await helpYourself(member, locale, locale === 'fr' ? 'camille.tremblay@example.com' : 'emma.wilson@example.com')

    // A person, at any moment; both agents see the request at once.
    await member.click('widget:panel.person')
    await member.sees('common:waiting.say', { count: 1 })
    const queue = (page: Page) => page.getByRole('list', { name: t('desk:queue.list') }).getByRole('button')
    await queue(first).first().waitFor()
    await queue(second).first().click()
    await accessible(first, `the console (${locale})`)
    await claim(first, queue(first).first(), locale)
    await member.sees('common:agent_joined.say', { agent: name })
    // The story is there: what the bot said, the address masked, the receipt.
    await first.getByText('c•••@e•••.com').or(first.getByText('e•••@e•••.com')).first().waitFor()
    await first.getByText(t('terms:receipts.code_sent')).first().waitFor()
    await first
      .getByText(firstLine(t('resend:sent.say')))
      .first()
      .waitFor()
    await second.getByText(t('desk:queue.takenBy', { name })).first().waitFor()

    const greeting =
      locale === 'fr' ? 'Bonjour, je <b>regarde</b> ça avec vous.' : 'Hello, I am <b>looking</b> into it.'
    await first.getByRole('textbox').fill(greeting)
    await first.keyboard.press('Enter')
    await member.chat.getByRole('log').getByText(greeting).waitFor()
    const answer = locale === 'fr' ? 'Merci <img src=x onerror=alert(1)>!' : 'Thanks <img src=x onerror=alert(1)>!'
    await member.type(answer)
    await first.getByRole('log').getByText(answer).waitFor()
    await accessible(first, `the console with a conversation (${locale})`)
    await shot(first, `${locale}-3-console`)
    await shot(member.page, `${locale}-4-with-agent`)

    // The process dies under both of them, and comes back.
    await service.kill('SIGKILL')
    await member.type(locale === 'fr' ? 'Êtes-vous encore là?' : 'Are you still there?')
    service = await startService(settings, port)
    await first
      .getByRole('log')
      .getByText(locale === 'fr' ? 'Êtes-vous encore là?' : 'Are you still there?')
      .waitFor({ timeout: 40_000 })

    // Words of danger are answered at once, though an agent has the conversation, and the agents are told.
    await member.type(
      locale === 'fr' ? 'je veux mourir, jai pris toutes mes pilules' : 'i want to die, i took all my pills',
    )
    await member.sees('crisis:lines.say')
    await first.getByRole('alert').getByText(t('desk:crisis.title')).waitFor()
    await queue(second).first().getByText(t('desk:crisis.badge'), { exact: true }).waitFor()
    await accessible(first, `the console in an emergency (${locale})`)
    await shot(first, `${locale}-4-crisis-console`)
    await shot(member.page, `${locale}-4-crisis-member`)

    await first.getByRole('button', { name: t('desk:conversation.handback') }).click()
    await first
      .getByRole('dialog')
      .getByRole('button', { name: t('desk:confirm.handbackYes') })
      .click()
    await member.sees('common:handed_back.say', { agent: name })
    await member.sees('region:start.say')
    await member.click('widget:panel.person')
    await queue(first).first().waitFor()
    await claim(first, queue(first).first(), locale)
    await first.getByRole('button', { name: t('desk:conversation.resolve') }).click()
    await first
      .getByRole('dialog')
      .getByRole('button', { name: t('desk:confirm.resolveYes') })
      .click()
    await member.sees('common:resolved.say', { agent: name })
    await member.click('feedback:ask.options.good')
    await member.click('feedback:comment.options.skip')
    await member.sees('feedback:thanks.say')
    await shot(member.page, `${locale}-5-thanks`)
    expect(faults).toEqual([])
  },
  180_000,
)

test('the widget survives a reload, follows the language switch, and works by keyboard alone', async () => {
  const member = await openWidget('fr')
  await member.type('bonjour')
  await member.page.reload()
  const t = words('en')
  const chat = member.page.locator('sesame-chat')
  await chat.getByText('bonjour', { exact: true }).waitFor()
  await chat.getByRole('button', { name: 'English' }).click()
  await chat.getByRole('log').getByText(t('talk:language.say')).waitFor()
  await chat.getByRole('button', { name: t('widget:panel.person') }).waitFor()
  await member.page.keyboard.press('Escape')
  await chat.getByRole('button', { name: t('widget:launcher.resume') }).waitFor()
  await member.page.keyboard.press('Enter')
  await chat.getByRole('textbox').waitFor()
}, 60_000)
