/** F12 at the console: a reply is held on its way until the conversation is somebody else's. It is refused, and the agent keeps it. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { startTestApp, type TestApp } from '../support/app.ts'
import { launchChromium } from '../support/chromium.ts'
import { CONTENT } from '../support/conversation.ts'
import { type Agent, signIn } from '../support/desk.ts'
import { type Member, startMember } from '../support/directline.ts'
import { freePort } from '../support/service.ts'
import { until } from '../support/until.ts'

const t = (key: string, values?: Record<string, string>) => CONTENT.texts.say('fr', key, values)
const LATE = 'Je regarde ça et je vous reviens.'

let app: TestApp
let browser: Browser

beforeAll(async () => {
  // The console's socket is only opened to our own pages: the service has to know its port.
  const port = String(await freePort())
  app = await startTestApp({ PORT: port, PUBLIC_URL: `http://127.0.0.1:${port}/` })
  browser = await launchChromium()
}, 300_000)

afterAll(async () => {
  await browser?.close()
  await app?.end()
})

async function openConsole(name: string): Promise<Page> {
  const page = await (await browser.newContext({ locale: 'fr-CA', viewport: { width: 1400, height: 860 } })).newPage()
  page.setDefaultTimeout(15_000)
  await page.goto(`${app.url}desk/#token=${await app.agents.link(name)}`)
  await skipPassword(page)
  return page
}

const skipPassword = (page: Page) => page.getByRole('button', { name: t('desk:password.later') }).click()

const viewOf = async (agent: Agent, id: string) => (await agent.call(`/conversations/${id}`)).body

/** The member asks for a person. */
async function askFor(member: Member, agent: Agent): Promise<void> {
  await member.send('parler à une personne')
  await until('the request', async () => (await viewOf(agent, member.conversationId)).owner === 'waiting')
}

async function handBack(agent: Agent, id: string): Promise<void> {
  const { epoch } = await viewOf(agent, id)
  expect((await agent.call(`/conversations/${id}/handback`, { body: { epoch } })).status).toBe(200)
}

async function claimIn(page: Page): Promise<void> {
  await page
    .getByRole('list', { name: t('desk:queue.list') })
    .getByRole('button')
    .first()
    .click()
  await page.getByRole('button', { name: t('desk:conversation.claim') }).click()
  await page.getByRole('textbox').waitFor()
}

test('a reply that comes when the claim is over is not shown to the member, and stays with the agent as a draft', async () => {
  const elsewhere = await signIn(app, 'Maude')
  const colleague = await signIn(app, 'Sam')
  const member = await startMember(app.url)
  const id = member.conversationId
  const page = await openConsole('Maude')
  await askFor(member, elsewhere)
  await claimIn(page)

  const way = Promise.withResolvers<void>()
  let isHeld = false
  await page.route('**/messages', async (route) => {
    isHeld = true
    await way.promise
    await route.continue()
  })
  await page.getByRole('textbox').fill(LATE)
  await page.keyboard.press('Enter')
  await until('the reply to be under way', () => isHeld)
  await handBack(elsewhere, id)
  await askFor(member, elsewhere)
  expect((await colleague.call(`/conversations/${id}/claim`, { body: {} })).status).toBe(200)
  way.resolve()

  await page
    .getByRole('alert')
    .getByText(t('desk:notice.claimStaleBy', { name: 'Sam' }))
    .waitFor()
  await page.getByText(t('desk:reply.kept')).waitFor()
  expect((await member.history()).filter(({ text }) => text === LATE)).toEqual([])

  // The draft outlives the tab's reload, and is there when the conversation is the agent's again.
  await page.reload()
  await skipPassword(page)
  await handBack(colleague, id)
  await askFor(member, elsewhere)
  await claimIn(page)
  expect(await page.getByRole('textbox').inputValue()).toBe(LATE)
}, 120_000)
