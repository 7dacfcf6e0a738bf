/** F10 in the widget itself: answers and pieces of the stream come late and overtake one another; what is shown has the log's order. */
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Browser, Page, WebSocketRoute } from 'playwright-core'
import type { Activity, WidgetToken } from '../../src/wire/activity.ts'
import { createRandom } from '../prove/random.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { launchChromium } from '../support/chromium.ts'
import { CONTENT } from '../support/conversation.ts'
import { ask } from '../support/http.ts'
import { wait } from '../support/redis.ts'
import { freePort } from '../support/service.ts'

const MOST_MS = 2_000
/** Share of frames that come again. */
const TWICE = 0.5
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000)
const random = createRandom(seed)
const LINES = Array.from({ length: 5 }, (_, n) => [`ici ${n}`, `ailleurs ${n}`] as const)
const OURS: readonly string[] = LINES.flat()
/** A log in which nothing was written for so long is whole, ms. */
const QUIET_MS = 500
const t = (key: string) => CONTENT.texts.say('fr', key)

let app: TestApp
let browser: Browser

beforeAll(async () => {
  // Pages that are our own may open sockets: the service has to know its port.
  const port = String(await freePort())
  app = await startTestApp({ PORT: port, PUBLIC_URL: `http://127.0.0.1:${port}/` })
  browser = await launchChromium()
}, 300_000)

afterAll(async () => {
  await browser?.close()
  await app?.end()
})

/** Holds every answer and every frame for a time of its own until it is released. */
async function holdBack(page: Page) {
  /** With the frames on their way. Within one socket too they overtake one another, which TCP never does. */
  const sockets = new Map<WebSocketRoute, Promise<void>[]>()
  let mostMs = MOST_MS
  let held: WidgetToken | undefined
  const hold = () => pause(random.next() * mostMs)
  await page.route(/\/(widget\/token|v3\/directline\/.*)$/, async (route) => {
    const response = await route.fetch()
    if (route.request().url().endsWith('/widget/token')) held = await response.json()
    await hold()
    // The page may have given up waiting.
    await route.fulfill({ response }).catch(() => undefined)
  })
  await page.routeWebSocket(/\/stream\?/, (socket) => {
    sockets.set(socket, [])
    const server = socket.connectToServer()
    server.onMessage((frame) => {
      const times = random.next() < TWICE ? 2 : 1
      for (let n = 0; n < times; n++) sockets.get(socket)?.push(hold().then(() => socket.send(frame)))
    })
    socket.onClose(() => void sockets.delete(socket))
  })
  return {
    token: () => held,
    /** Closes the stream after what is held, as a stream breaks: nothing after a hole. The widget comes back by another socket. */
    async cut() {
      for (const [socket, held] of [...sockets]) {
        sockets.delete(socket)
        await Promise.all(held)
        await socket.close({ code: 1012 })
      }
    },
    release() {
      mostMs = 0
    },
  }
}

/** Notes every text of the member's that ever stands there twice. As text: it runs in the page. */
const WATCH = `
  window.doubled = []
  const root = document.querySelector('sesame-chat').shadowRoot
  const look = () => {
    const texts = [...root.querySelectorAll('article.member .bubble')].map((bubble) => bubble.textContent)
    window.doubled.push(...texts.filter((text, at) => texts.indexOf(text) !== at))
  }
  new MutationObserver(look).observe(root, { childList: true, subtree: true, characterData: true })`

/** What is read in the log of the widget, from above to below; without what only screen readers are told. */
const SHOWN = `
  [...document.querySelector('sesame-chat').shadowRoot.querySelectorAll('article .bubble')].map((bubble) => {
    const copy = bubble.cloneNode(true)
    for (const hidden of copy.querySelectorAll('.sr')) hidden.remove()
    return copy.textContent
  })`

/** The texts of the log; undefined until all of ours are in it and nothing more comes. */
async function serverLog(held: WidgetToken): Promise<(string | undefined)[] | undefined> {
  const before = await readLog(held)
  await pause(QUIET_MS)
  const all = await readLog(held)
  const isWhole = OURS.every((ours) => all.some(({ text }) => text === ours))
  if (!isWhole || all.length > before.length) return undefined
  return all.filter(({ type, text }) => type === 'message' && text).map(({ text }) => text)
}

async function readLog({ conversationId, token }: WidgetToken): Promise<Activity[]> {
  return (await ask(`${app.url}v3/directline/conversations/${conversationId}/activities`, { token })).body.activities
}

test(`the widget shows the log in its order, nothing twice, while all that comes overtakes itself (seed ${seed})`, async () => {
  const page = await (await browser.newContext({ locale: 'fr-CA' })).newPage()
  page.setDefaultTimeout(20_000)
  const way = await holdBack(page)
  await page.goto(app.url)
  const chat = page.locator('sesame-chat')
  await chat.getByRole('button', { name: t('widget:launcher.label') }).click()
  await chat.getByRole('log').getByText(t('welcome:menu.say')).first().waitFor()
  await page.evaluate(WATCH)
  const token = (await wait('a token', way.token)) as WidgetToken

  for (const [n, [here, elsewhere]] of LINES.entries()) {
    await chat.getByRole('textbox').fill(here)
    await page.keyboard.press('Enter')
    const path = `v3/directline/conversations/${token.conversationId}/activities`
    const { status } = await ask(`${app.url}${path}`, {
      token: token.token,
      body: { type: 'message', from: { id: token.userId }, text: elsewhere },
    })
    expect(status).toBe(200)
    if (n === 2) await way.cut()
  }

  const log = await wait('all answers', () => serverLog(token).then((found) => found ?? false), 60_000)
  way.release()
  const released = Date.now()
  await wait(
    'the widget to be whole',
    // One that was confirmed and not seen yet stands at the end, until it is.
    async () => JSON.stringify(await page.evaluate(SHOWN)) === JSON.stringify(log),
    20_000,
  )
  expect(await page.evaluate('window.doubled')).toEqual([])
  // What was held already may take its time; then it's soon.
  expect(Date.now() - released).toBeLessThan(MOST_MS + 5_000)
}, 120_000)
