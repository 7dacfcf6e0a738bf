/** A page of the provider that vouches for its members, on a device that several people use. */
import { createSecretKey } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { SignJWT } from 'jose'
import type { Browser, Page } from 'playwright-core'
import { startTestApp, type TestApp } from '../support/app.ts'
import { launchChromium } from '../support/chromium.ts'
import { CONTENT } from '../support/conversation.ts'

const KEY = Buffer.alloc(32, 4)
const t = (key: string) => CONTENT.texts.say('fr', key)

let app: TestApp
let host: Server
let hostUrl = ''
let browser: Browser
let page: Page

beforeAll(async () => {
  host = createServer(async (req, res) => {
    const who = /who=(\w+)/.exec(req.headers.cookie ?? '')?.[1]
    if (req.url !== '/moi/sesame') return res.setHeader('content-type', 'text/html').end(pageOf(app.url))
    res.statusCode = who ? 200 : 401
    res.setHeader('content-type', 'application/json')
    return res.end(JSON.stringify(who ? { identity: await vouch(who) } : {}))
  })
  host.listen(0, '127.0.0.1')
  await once(host, 'listening')
  hostUrl = `http://127.0.0.1:${(host.address() as AddressInfo).port}`
  app = await startTestApp({ IDENTITY_KEYS: `k:HS256:${KEY.toString('base64')}`, WIDGET_ORIGINS: hostUrl })
  browser = await launchChromium()
  page = await (await browser.newContext({ locale: 'fr-CA' })).newPage()
  page.setDefaultTimeout(15_000)
}, 300_000)

afterAll(async () => {
  await browser?.close()
  host?.close()
  await app?.end()
})

const pageOf = (server: string) =>
  `<!doctype html><html lang="fr-CA"><title>Mon compte</title><body><h1>Mon compte</h1>
   <script src="${server}widget.js" data-identity-url="/moi/sesame" async></script></body></html>`

function vouch(who: string): Promise<string> {
  const claims =
    who === 'camille' ? { sub: who, email: 'camille.tremblay@example.com', email_verified: true } : { sub: who }
  const jwt = new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'k' }).setAudience('sesame').setIssuedAt()
  return jwt.setExpirationTime('5m').sign(createSecretKey(KEY))
}

/** Whoever is signed in now opens the page and the chat. */
async function visitAs(who: string | undefined) {
  await page.context().clearCookies()
  if (who) await page.context().addCookies([{ name: 'who', value: who, url: hostUrl }])
  await page.goto(hostUrl)
  const chat = page.locator('sesame-chat')
  await page.waitForFunction('customElements.get("sesame-chat") !== undefined')
  await chat.evaluate((element) => (element as unknown as { open(): void }).open())
  const log = chat.getByRole('log')
  await log.getByText(t('welcome:menu.say')).first().waitFor()
  return { chat, log, button: (key: string) => chat.getByRole('button', { name: t(key), exact: true }).last() }
}

test('only the member whom the page vouches for reads their conversation', async () => {
  const first = await visitAs('camille')
  await first.button('welcome:menu.options.resend').click()
  await first.log.getByText('c•••@e•••.com').waitFor()
  await first.chat.getByRole('textbox').fill('un brouillon de Camille')

  // The page is loaded again by the same member: their conversation goes on.
  const again = await visitAs('camille')
  await again.log.getByText('c•••@e•••.com').waitFor()

  for (const other of [undefined, 'mathieu', undefined]) {
    const { log, chat } = await visitAs(other)
    expect(await log.getByText('c•••@e•••.com').count()).toBe(0)
    expect(await chat.getByRole('textbox').inputValue()).toBe('')
    const kept = await page.evaluate(() => JSON.stringify({ ...localStorage }))
    expect(kept).not.toContain('brouillon')
  }
}, 120_000)

test('a page whose word does not count still has its members served, without a name', async () => {
  await page.route('**/moi/sesame', (route) => route.fulfill({ json: { identity: 'x.y.z' } }))
  const { log, button } = await visitAs('camille')
  await button('welcome:menu.options.resend').click()
  await log.getByText(t('resend:which_address.say').split('\n')[0] ?? '').waitFor()
}, 60_000)
