/** T8, T11, T15: tables over every route: who may not, learns nothing and changes nothing. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { startTestApp, type TestApp } from '../support/app.ts'
import { type Agent, signIn } from '../support/desk.ts'
import { type Member, startMember } from '../support/directline.ts'
import { ask, type Reply } from '../support/http.ts'
import { allRoutes } from '../support/routes.ts'

const ROUTES = allRoutes()
const OF_CONVERSATIONS = ROUTES.filter(({ path }) => path.startsWith('/v3/directline/conversations/:id'))
const OF_MEMBERS = ROUTES.filter(({ path }) => path.startsWith('/v3/') && !path.endsWith('getsessionid'))
const CHANGING = ROUTES.filter(({ method, path }) => path.startsWith('/desk/api') && method !== 'GET')

let app: TestApp
let mine: Member
let theirs: Member
let agent: Agent
beforeAll(async () => {
  app = await startTestApp()
  mine = await startMember(app.url)
  theirs = await startMember(app.url)
  agent = await signIn(app, 'Maëlle', 'lead')
})
afterAll(() => app.end())

const url = (path: string, id: string) => app.url + path.replace(':id', id).slice(1)
const message = () => ({ type: 'message', from: { id: mine.userId }, text: 'Je ne suis pas d’ici' })
const bodyFor = (method: string) => (method === 'POST' ? { body: message() } : {})

/** All that an answer tells, but for the moment. */
function told({ status, headers, body }: Reply): unknown {
  const { date, ...rest } = Object.fromEntries(headers)
  return { status, headers: rest, body }
}

describe('a conversation', () => {
  test('there are endpoints to try', () => {
    expect(OF_CONVERSATIONS.length).toBeGreaterThanOrEqual(3)
    expect(OF_MEMBERS.length).toBeGreaterThanOrEqual(6)
    expect(CHANGING.length).toBeGreaterThanOrEqual(8)
  })

  test.each(OF_CONVERSATIONS)(
    '$method $path: with another’s token it is one that does not exist',
    async ({ method, path }) => {
      const before = await theirs.history()
      const foreign = await ask(url(path, theirs.conversationId), { method, token: mine.token, ...bodyFor(method) })
      expect(foreign.status).toBe(404)
      for (const id of ['x'.repeat(22), 'x', 'a%20b', '__proto__', theirs.conversationId.toLowerCase().slice(1)]) {
        const unknown = await ask(url(path, id), { method, token: mine.token, ...bodyFor(method) })
        expect(told(unknown)).toEqual(told(foreign))
      }
      expect(await theirs.history()).toEqual(before)
    },
  )

  test.each(OF_MEMBERS)(
    '$method $path: without a token 401, with a wrong one 403, whatever is there',
    async ({ method, path }) => {
      const ids = [mine.conversationId, theirs.conversationId, 'x'.repeat(22)]
      const wrong = [undefined, 'garbage', `${mine.token.slice(0, -2)}AA`]
      for (const token of wrong) {
        const answers = await Promise.all(
          ids.map((id) => ask(url(path, id), { method, ...(token ? { token } : {}), ...bodyFor(method) })),
        )
        for (const answer of answers) {
          expect(answer.status).toBe(token ? 403 : 401)
          expect(told(answer)).toEqual(told(answers[0] as Reply))
        }
      }
    },
  )

  test('an agent’s cookie opens nothing of it', async () => {
    for (const { method, path } of OF_MEMBERS) {
      const headers = { cookie: agent.cookie, 'x-sesame-desk': '1' }
      expect((await ask(url(path, mine.conversationId), { method, headers, ...bodyFor(method) })).status).toBe(401)
    }
  })
})

describe('what changes something at the desk', () => {
  const KINDS: readonly (readonly [name: string, headers: Record<string, string>, body: string])[] = [
    ['another site', { 'sec-fetch-site': 'cross-site' }, '{"epoch":0}'],
    ['a neighbour', { 'sec-fetch-site': 'same-site' }, '{"epoch":0}'],
    ['another origin', { origin: 'https://evil.example.org' }, '{"epoch":0}'],
    ['a page without origin', { origin: 'null' }, '{"epoch":0}'],
    ['a page that holds the widget', { origin: 'https://aide.example.com' }, '{"epoch":0}'],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 'epoch=0'],
    ['a form with files', { 'content-type': 'multipart/form-data; boundary=x' }, '--x--'],
    ['a form of text', { 'content-type': 'text/plain' }, '{"epoch":0}'],
    ['a form without a type', { 'content-type': '' }, '{"epoch":0}'],
    ['a page that sets no header', { 'x-sesame-desk': '' }, '{"epoch":0}'],
  ]

  test.each(KINDS)('is refused to %s', async (_name, headers, body) => {
    for (const { method, path } of CHANGING) {
      const answer = await ask(url(path, mine.conversationId), {
        method,
        body,
        headers: { 'x-sesame-desk': '1', cookie: agent.cookie, ...headers },
      })
      expect([path, answer.status]).toEqual([path, expect.any(Number)])
      expect([403, 415]).toContain(answer.status)
      expect(answer.headers.getSetCookie()).toEqual([])
    }
    // Signed in as before: not even signing out was done.
    expect((await agent.call('/session')).status).toBe(200)
  })

  test('reading never changes anything: there is no GET for it', () => {
    const gets = ROUTES.filter(({ method }) => method === 'GET').map(({ path }) => path)
    for (const { path } of CHANGING.filter(({ path }) => path !== '/desk/api/session')) expect(gets).not.toContain(path)
  })
})

describe('what a client says about itself', () => {
  const OVERWRITTEN: Readonly<Record<string, unknown>> = {
    id: `${'x'.repeat(22)}|0000001`,
    timestamp: '1999-01-01T00:00:00Z',
    localTimestamp: '1999-01-01T00:00:00Z',
    role: 'bot',
    from: { id: 'agent:1', name: 'Maëlle', role: 'bot', aadObjectId: 'x' },
    conversation: { id: 'elsewhere', isGroup: true },
    recipient: { id: 'bot' },
    channelId: 'sms',
    serviceUrl: 'https://evil.example.org/',
    textFormat: 'xml',
    replyToId: 'nowhere',
    inputHint: 'expectingInput',
    speak: '<speak/>',
    summary: 'x',
    importance: 'high',
    entities: [{ type: 'x' }],
    attachments: [{ contentType: 'text/html', content: '<b>x</b>' }],
    attachmentLayout: 'carousel',
    suggestedActions: { actions: [{ type: 'openUrl', title: 'x', value: 'javascript:alert(1)' }] },
    channelData: { author: 'agent', owner: 'agent', node: 'a.b', input: 'email', clientActivityID: 'mine', extra: 1 },
    value: { a: 1 },
    audience: 'desk',
    origin: 'agent',
    seq: 1,
  }

  test.each([...Object.keys(OVERWRITTEN), 'everything at once'])('%s is not believed', async (name) => {
    const extra = name === 'everything at once' ? OVERWRITTEN : { [name]: OVERWRITTEN[name] }
    const member = await startMember(app.url)
    const { body } = await member.call('/activities', {
      body: { type: 'message', from: { id: 'x' }, text: 'Bonjour', ...extra },
    })
    const echo = await member.sees('the echo', (a) => a.id === body.id)
    const { channelData, ...rest } = echo
    expect(rest).toEqual({
      id: expect.stringMatching(new RegExp(`^${member.conversationId}\\|\\d{7}$`)),
      type: 'message',
      text: 'Bonjour',
      textFormat: 'plain',
      timestamp: expect.stringMatching(/^20[2-9]/),
      channelId: 'directline',
      conversation: { id: member.conversationId },
      from: { id: member.userId, role: 'user' },
    })
    expect(channelData).toEqual({
      author: 'member',
      ...('channelData' in extra ? { clientActivityID: expect.any(String) } : {}),
    })
  })
})

test.each(['../../etc/passwd', '%2e%2e', '__proto__', 'constructor', 'x'.repeat(1_500)])(
  'the desk’s language %p is French, and leads nowhere',
  async (name) => {
    const path = `/conversations/${mine.conversationId}?locale=`
    const [strange, french] = await Promise.all([agent.call(path + encodeURIComponent(name)), agent.call(`${path}fr`)])
    expect([strange.status, strange.body]).toEqual([200, french.body])
  },
)
