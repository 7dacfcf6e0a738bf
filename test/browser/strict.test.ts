/** The widget on a page of somebody else, whose policy is strict; more tabs than sockets; and the console when a code was pasted. */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { launchChromium } from '../support/chromium.ts'
import { CONTENT, ROOT } from '../support/conversation.ts'
import { tempFolder } from '../support/folder.ts'
import { freePort, type Service, startService } from '../support/service.ts'
import { until } from '../support/until.ts'

const folder = tempFolder()
const t = (key: string, values?: Record<string, string>) => CONTENT.texts.say('fr', key, values)
const MENU = t('welcome:menu.say').split('\n')[0] ?? ''
let service: Service
let host: Server
let hostUrl: string
let browser: Browser
let settings: Record<string, string>

beforeAll(async () => {
  const port = await freePort()
  host = createServer((_req, res) => {
    const own = `http://localhost:${port}`
    res.setHeader(
      'content-security-policy',
      `default-src 'none'; script-src ${own}; connect-src ${own} ${own.replace('http', 'ws')}; base-uri 'none'; ` +
        "require-trusted-types-for 'script'; trusted-types 'none'",
    )
    res.setHeader('cross-origin-embedder-policy', 'require-corp')
    res.setHeader('content-type', 'text/html; charset=utf-8')
    res.end(
      `<!doctype html><html lang="fr"><title>Aide</title><body><h1>Aide</h1><script src="${own}/widget.js"></script>`,
    )
  }).listen(0, '127.0.0.1')
  await once(host, 'listening')
  const address = host.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  hostUrl = `http://127.0.0.1:${address.port}`
  settings = { DATA_DIR: folder.path, WIDGET_ORIGINS: hostUrl }
  service = await startService(settings, port)
  browser = await launchChromium()
}, 300_000)

afterAll(async () => {
  await browser?.close()
  await service?.kill('SIGTERM')
  host?.close()
  folder.remove()
})

async function openContext(): Promise<{ context: BrowserContext; faults: string[] }> {
  const context = await browser.newContext({ locale: 'fr-CA' })
  context.setDefaultTimeout(15_000)
  const faults: string[] = []
  context.on('weberror', (error) => faults.push(error.error().message))
  context.on('console', (line) => {
    if (line.type() === 'error' || /security policy|trusted/i.test(line.text())) faults.push(line.text())
  })
  return { context, faults }
}

const chatOf = (page: Page) => page.locator('sesame-chat')

async function say(page: Page, text: string): Promise<void> {
  await chatOf(page).getByRole('textbox').fill(text)
  await page.keyboard.press('Enter')
}

const sees = (page: Page, text: string) =>
  chatOf(page).getByRole('log').getByText(text, { exact: true }).last().waitFor()

test('on a page that allows our script and nothing else, it works, and breaks none of the page’s rules', async () => {
  const { context, faults } = await openContext()
  const page = await context.newPage()
  await page.goto(hostUrl)
  await chatOf(page)
    .getByRole('button', { name: t('widget:launcher.label') })
    .click()
  await sees(page, MENU)
  await say(page, 'Parler à une personne')
  await sees(page, 'Parler à une personne')
  await page.reload()
  await sees(page, 'Parler à une personne')
  expect(faults).toEqual([])
  await context.close()
}, 60_000)

test('with five tabs all read on, and none takes another’s socket for ever', async () => {
  const { context, faults } = await openContext()
  let sockets = 0
  const tabs: Page[] = []
  for (let n = 0; n < 5; n++) {
    const page = await context.newPage()
    page.on('websocket', () => sockets++)
    await page.goto(hostUrl)
    const launcher = n === 0 ? 'widget:launcher.label' : 'widget:launcher.resume'
    await chatOf(page)
      .getByRole('button', { name: t(launcher) })
      .click()
    await sees(page, MENU)
    tabs.push(page)
  }
  const [first, , , , last] = tabs as [Page, Page, Page, Page, Page]
  await say(last, 'dit du dernier')
  for (const tab of tabs) await sees(tab, 'dit du dernier')
  await say(first, 'dit du premier')
  for (const tab of tabs) await sees(tab, 'dit du premier')
  // Longer than it takes to come back.
  await first.waitForTimeout(4_000)
  expect(sockets).toBe(5)
  // Looked at again, a tab has a socket again.
  await first.evaluate("window.dispatchEvent(new Event('pageshow'))")
  await until('its socket', () => sockets === 6)
  await say(last, 'encore du dernier')
  for (const tab of tabs) await sees(tab, 'encore du dernier')
  expect(faults).toEqual([])
  await context.close()
}, 90_000)

async function signInLink(name: string): Promise<string> {
  const args = ['--disable-warning=ExperimentalWarning', 'src/cli/agents.ts', 'add', name]
  const env = { PATH: process.env.PATH ?? '', PORT: new URL(service.url).port, ...settings }
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: ROOT, env })
  return /http\S+#token=\S+/.exec(stdout)?.[0] ?? ''
}

test('an agent who pastes a code is told why it did not go, and keeps the words', async () => {
  const { context } = await openContext()
  const member = await context.newPage()
  await member.goto(hostUrl)
  await chatOf(member)
    .getByRole('button', { name: t('widget:launcher.label') })
    .click()
  await sees(member, MENU)
  await say(member, 'Parler à une personne')
  const agent = await context.newPage()
  await agent.goto(await signInLink('Maude'))
  await agent.getByRole('button', { name: t('desk:password.later') }).click()
  await agent
    .getByRole('list', { name: t('desk:queue.list') })
    .getByRole('button')
    .last()
    .click()
  await agent.getByRole('button', { name: t('desk:conversation.claim') }).click()
  const box = agent.getByRole('textbox')
  const words = 'Bonjour, votre code est KX7P-92QM.'
  await box.fill(words)
  await agent.keyboard.press('Enter')
  await agent.getByText(t('desk:notice.codeInText')).waitFor()
  expect(await box.inputValue()).toBe(words)
  expect(await agent.getByRole('log').getByText('KX7P').count()).toBe(0)
  await box.fill('Bonjour, votre code est dans le courriel.')
  await agent.keyboard.press('Enter')
  await sees(member, 'Bonjour, votre code est dans le courriel.')
  expect(await chatOf(member).getByText('KX7P').count()).toBe(0)
  await context.close()
}, 60_000)
