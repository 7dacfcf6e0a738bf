/** T12, T13: hostile text in every field that a browser shows, with the pages' policy and without it: nothing may run, load or lead
 *  away. What the service sends is made up here, so that what it would clean reaches the pages as it is. */
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { mountMailbox } from '../../src/http/mailbox-routes.ts'
import { createHttp, type Http } from '../../src/http/server.ts'
import { composeLetter } from '../../src/mail/compose.ts'
import type { Activity } from '../../src/wire/activity.ts'
import type { ConversationView, QueueItem } from '../../src/wire/desk.ts'
import { keepLog, startTestApp, type TestApp } from '../support/app.ts'
import { launchChromium } from '../support/chromium.ts'
import { CONTENT } from '../support/conversation.ts'
import { NO_ORIGINS } from '../support/http.ts'
import { EVIL, PAYLOADS } from '../support/payloads.ts'
import { until } from '../support/until.ts'

const AT = '2026-03-09T14:32:00.000Z'
const ID = 'a'.repeat(22)
/** What is shown last: when it is there, all is. */
const LAST = 'voilà tout'

let app: TestApp
let mailbox: Http
let browser: Browser

beforeAll(async () => {
  app = await startTestApp()
  browser = await launchChromium()
  mailbox = createHttp({ texts: CONTENT.texts, log: keepLog().log, origins: { ...NO_ORIGINS, ownHost: () => true } })
  const mails = PAYLOADS.map((text, n) => ({ id: `${n}`, to: text, subject: text, text, html: text, at: AT }))
  mountMailbox(mailbox, () => mails, CONTENT.texts, 'UTC')
  mailbox.server.listen(0, '127.0.0.1')
  await once(mailbox.server.server, 'listening')
}, 300_000)

afterAll(async () => {
  await browser?.close()
  await mailbox?.stop()
  await app?.end()
})

/** A page that notes whatever runs, leads away or is loaded from elsewhere. */
async function openPage(bypassCSP: boolean) {
  const context = await browser.newContext({ bypassCSP, locale: 'fr-CA' })
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  const seen: string[] = []
  await page.exposeFunction('__xss', () => seen.push('ran'))
  page.on('dialog', (dialog) => {
    seen.push('dialog')
    void dialog.dismiss()
  })
  page.on('popup', () => seen.push('popup'))
  page.on('request', (request) => {
    if (request.url().includes(EVIL)) seen.push('request')
  })
  await page.route(`**//${EVIL}/**`, (route) => route.abort())
  let pages = 0
  page.on('framenavigated', (frame) => {
    if (frame === page.mainFrame() && ++pages > 1) seen.push(`went to ${frame.url()}`)
  })
  return { page, seen, end: () => context.close() }
}

const json = (body: unknown, status = 200) => ({ status, contentType: 'application/json', body: JSON.stringify(body) })

function activity(seq: number, more: Partial<Activity>): Activity {
  const id = `${ID}|${String(seq).padStart(7, '0')}`
  return {
    ...{ type: 'message', id, timestamp: AT, channelId: 'directline', conversation: { id: ID }, text: '' },
    ...{ from: { id: 'sesame', role: 'bot' }, ...more },
  }
}

/** Members and agents say everything, under every name; bot and service, who share their way of showing, half of it each. */
function transcript(all: readonly string[]): Activity[] {
  const said = all.flatMap((text, n): Partial<Activity>[] => [
    { text, from: { id: 'dl_1', name: text, role: 'user' }, channelData: { author: 'member', clientActivityID: text } },
    { text, from: { id: 'x', name: text, role: 'bot' }, channelData: { author: 'agent', owner: 'agent', node: text } },
    { text, name: text, value: text, locale: text, channelData: { author: n % 2 ? 'bot' : 'system', node: text } },
  ])
  const actions = all.map((text) => ({
    ...{ type: 'imBack' as const, title: text, value: text },
    channelData: { option: text },
  }))
  const last = { text: LAST, suggestedActions: { actions }, channelData: { author: 'bot', owner: 'bot' } as const }
  return [...said, last].map((more, n) => activity(n + 1, more))
}

// What runs in the page is text: these files know nothing of the DOM.
/** The host page says it is in each of these languages. */
const speakAll = (languages: readonly string[]) => `
  for (const language of ${JSON.stringify(languages)}) {
    document.querySelector('sesame-chat').setAttribute('locale', language)
    document.documentElement.lang = language
  }`

/** What a careless page would do. */
const asMarkup = (texts: readonly string[]) => `
  for (const text of ${JSON.stringify(texts)}) {
    const place = document.createElement('div')
    document.body.append(place)
    place.innerHTML = text
  }`

/** Wherever something leads or is loaded from. */
const PLACES = `
  [document, ...[...document.querySelectorAll('*')].flatMap((element) => element.shadowRoot ?? [])]
    .flatMap((root) => [...root.querySelectorAll('[href],[src],[action],[srcdoc]')])
    .flatMap((element) => ['href', 'src', 'action', 'srcdoc'].flatMap((name) => element.getAttribute(name) ?? []))`

/** Links lead to the web, to mailboxes, or stay here. */
async function hostileLinks(page: Page): Promise<string[]> {
  const places = (await page.evaluate(PLACES)) as string[]
  return places.filter((place) => !/^(https?:\/\/|mailto:|\/|#|\?)/.test(place) || place.startsWith('//'))
}

/** Resolves when a picture that was asked for after all others has failed, and what came of it is painted. */
const SETTLED = `new Promise((resolve) => {
  const last = new Image()
  last.addEventListener('error', () => requestAnimationFrame(() => requestAnimationFrame(resolve)))
  last.src = '/nowhere.png'
})`

async function settled(page: Page): Promise<void> {
  await page.evaluate(SETTLED)
}

async function openWidget(page: Page, all: readonly Activity[]): Promise<void> {
  const door = { conversationId: ID, token: 't', userId: 'dl_1', expires_in: 1_800 }
  const stream = { ...door, streamUrl: `${app.url.replace('http', 'ws')}v3/directline/conversations/${ID}/stream?t=x` }
  await page.route('**/widget/token', (route) => route.fulfill(json(door)))
  await page.route('**/v3/directline/**', (route) => {
    const isMessage = route.request().url().endsWith('/activities')
    return route.fulfill(json(isMessage ? { id: `${ID}|0009999` } : stream))
  })
  await page.routeWebSocket(/\/stream\?/, (socket) => {
    socket.send(JSON.stringify({ activities: all, watermark: String(all.length) }))
  })
  await page.goto(app.url)
  await page.locator('sesame-chat').getByRole('button').first().click()
}

async function openConsole(page: Page, all: readonly string[]): Promise<void> {
  const agent = (n: number) => ({ id: `a${n}`, name: PAYLOADS[n] ?? '' })
  const items: QueueItem[] = all.map((text, n) => ({
    ...{ conversationId: n === 0 ? ID : `c${n}`, ticket: text, owner: n === 0 ? 'waiting' : 'agent', locale: 'fr' },
    ...{ requestedAt: AT, reason: text, agent: agent(n), lostBy: text },
  }))
  const view: ConversationView = {
    ...{ conversationId: ID, access: 'all', ticket: PAYLOADS[2] ?? '', owner: 'waiting', locale: 'fr' },
    ...{ epoch: 1, agent: agent(3), lostBy: PAYLOADS[6] ?? '' },
    ...{ requestedAt: AT, reason: PAYLOADS[4] ?? '', activities: transcript(all), watermark: '1' },
    summary: {
      steps: all.map((text) => ({ at: AT, dialog: text, node: text, choice: text })),
      known: { account: true, addresses: [...all] },
      addresses: all.map((masked) => ({ masked, at: AT, receipt: masked })),
      answers: all.map((text) => ({ label: text, value: text })),
      feedback: { rating: PAYLOADS[5] ?? '', comment: PAYLOADS[2] ?? '' },
    },
  }
  const dead = all.map((text) => ({
    ...{ id: text, kind: text, conversationId: text, failedAt: AT, attempts: 3, code: text },
  }))
  let claims = 0
  await page.route('**/desk/api/**', (route) => {
    const path = new URL(route.request().url()).pathname
    if (path.endsWith('/session'))
      return route.fulfill(json({ agent: agent(2), role: 'agent', hasPassword: true, hasSecondStep: true }))
    if (path.endsWith('/queue')) return route.fulfill(json({ items }))
    if (path.endsWith('/dead')) return route.fulfill(json({ items: dead }))
    if (path.endsWith('/claim')) return route.fulfill(json({ code: 'claim_lost', by: PAYLOADS[2 + claims++] }, 409))
    return route.fulfill(json(view))
  })
  await page.routeWebSocket(/\/desk\/api\/stream/, () => {})
  await page.goto(`${app.url}desk/`)
  await page.getByRole('list').getByRole('button').first().click()
}

test('there are more than 500', () => {
  expect(PAYLOADS.length).toBeGreaterThan(500)
})

describe.each([
  ['with the policy of the page', false],
  ['without any policy', true],
])('%s', (_name, bypass) => {
  test('the widget: texts, names, buttons', async () => {
    const { page, seen, end } = await openPage(bypass)
    await openWidget(page, transcript(PAYLOADS))
    const log = page.locator('sesame-chat').getByRole('log')
    await log.getByText(LAST).waitFor()
    expect(await log.locator('article, li').count()).toBeGreaterThan(PAYLOADS.length)
    await settled(page)
    expect(await hostileLinks(page)).toEqual([])
    expect(seen).toEqual([])
    await end()
  }, 120_000)

  test('the widget: what is typed, and the language of the page', async () => {
    const { page, seen, end } = await openPage(bypass)
    await openWidget(page, [activity(1, { text: LAST, channelData: { author: 'bot', owner: 'bot' } })])
    const box = page.locator('sesame-chat').getByRole('textbox')
    for (const text of PAYLOADS.filter((_, n) => n % 30 === 2)) {
      await box.fill(text)
      await page.keyboard.press('Enter')
    }
    await page.evaluate(speakAll(PAYLOADS))
    await settled(page)
    expect(await hostileLinks(page)).toEqual([])
    expect(seen).toEqual([])
    await end()
  }, 120_000)

  test('the console: queue, transcript, summary, names', async () => {
    const { page, seen, end } = await openPage(bypass)
    await openConsole(page, PAYLOADS)
    await page.getByRole('log').getByText(LAST).waitFor()
    await settled(page)
    expect(await hostileLinks(page)).toEqual([])
    expect(seen).toEqual([])
    await end()
  }, 120_000)

  test('the console: notices', async () => {
    const { page, seen, end } = await openPage(bypass)
    await openConsole(page, PAYLOADS.slice(0, 5))
    for (let n = 0; n < 12; n++) {
      await page.getByRole('button', { name: CONTENT.texts.say('fr', 'desk:conversation.claim') }).click()
      await page.getByText('vient de prendre cette demande').first().waitFor()
    }
    await settled(page)
    expect(await hostileLinks(page)).toEqual([])
    expect(seen).toEqual([])
    await end()
  }, 120_000)

  test('the mailbox of development', async () => {
    const { page, seen, end } = await openPage(bypass)
    await page.goto(`http://127.0.0.1:${mailbox.server.address().port}/dev/mailbox`)
    expect(await page.locator('article').count()).toBe(PAYLOADS.length)
    await settled(page)
    expect(await hostileLinks(page)).toEqual([])
    expect(seen).toEqual([])
    await end()
  }, 60_000)
})

test('a mail in a reader that runs everything: each of its fields', async () => {
  const { page, seen, end } = await openPage(true)
  for (let from = 0; from < PAYLOADS.length; from += 50) {
    const some = PAYLOADS.slice(from, from + 50)
    const { html } = composeLetter({
      language: some[0] ?? '',
      title: some[1] ?? '',
      links: Object.fromEntries(some.map((text) => [text.slice(0, 5), 'https://example.com/'])),
      blocks: [
        ...some.map((text) => ({ kind: 'heading' as const, text })),
        ...some.map((text) => ({ kind: 'paragraph' as const, text })),
        ...some.map((text) => ({ kind: 'code' as const, label: text, code: text })),
        { kind: 'steps', items: some },
      ],
    })
    await page.setContent(html)
    expect(await hostileLinks(page)).toEqual([])
  }
  await settled(page)
  expect(seen).toEqual([])
  await end()
}, 60_000)

describe('the test itself', () => {
  test('notices a page that shows text as markup', async () => {
    const { page, seen, end } = await openPage(true)
    await page.goto(`${app.url}desk/`)
    // Those that lead away end what the others began.
    await page.evaluate(asMarkup(PAYLOADS.filter((text) => !text.includes('http-equiv'))))
    await until('what runs', () => seen.filter((one) => one === 'ran').length > 100)
    expect(seen).toContain('request')
    await end()
  }, 60_000)

  test.each(['desk/', ''])(
    'on our pages (/%s) the policy alone would stop it',
    async (path) => {
      const { page, seen, end } = await openPage(false)
      await page.goto(app.url + path)
      await expect(page.evaluate(asMarkup(PAYLOADS))).rejects.toThrow(/TrustedHTML/)
      await settled(page)
      expect(seen).toEqual([])
      await end()
    },
    60_000,
  )
})
