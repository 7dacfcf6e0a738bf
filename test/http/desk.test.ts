import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { WebSocket } from 'ws'
import { startTestApp, type TestApp } from '../support/app.ts'
import { type Agent, DESK_HEADER, signIn } from '../support/desk.ts'
import { type Member, startMember } from '../support/directline.ts'
import { ask } from '../support/http.ts'
import { until } from '../support/until.ts'

let app: TestApp
let maelle: Agent
let omar: Agent
let member: Member

beforeAll(async () => {
  app = await startTestApp()
  maelle = await signIn(app, 'Maëlle', 'lead')
  omar = await signIn(app, 'Omar')
})
afterAll(() => app.end())

/** A member who asked for a person. */
async function askForPerson(): Promise<Member> {
  const asking = await startMember(app.url)
  await asking.send('Parler à une personne')
  await asking.sees('that they wait', (a) => a.channelData?.owner === 'waiting')
  return asking
}

/** What a button says: its words may change, its key does not. */
const button = (key: string) => app.texts.say('fr', key)
const at = (path: string, { conversationId } = member) => `/conversations/${conversationId}${path}`
const claim = async (agent: Agent) => (await agent.call(at('/claim'), { method: 'POST' })).body as { epoch: number }
const reply = (agent: Agent, epoch: number, text: string, id: string = crypto.randomUUID()) =>
  agent.call(at('/messages'), { body: { epoch, text, clientActivityID: id } })
const view = async (agent = maelle, locale = 'fr') => (await agent.call(at(`?locale=${locale}`))).body
const fromAgents = async () => (await member.history()).filter((a) => a.channelData?.author === 'agent')

describe('signing in', () => {
  test('a link works once, and the cookie is for our pages alone', async () => {
    await app.agents.add('Inès')
    const body = { token: await app.agents.link('Inès') }
    const sign = () => ask(`${app.url}desk/api/session`, { body, headers: DESK_HEADER })
    const first = await sign()
    expect(first.body).toEqual({
      agent: { id: expect.any(String), name: 'Inès' },
      role: 'agent',
      hasPassword: false,
      hasSecondStep: false,
    })
    expect(first.headers.get('set-cookie')).toMatch(/^sesame_desk=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/)
    const again = await sign()
    expect([again.status, again.body.code]).toEqual([401, 'sign_in_failed'])
    expect(again.headers.get('set-cookie')).toBeNull()
  })

  test('signing out ends the session', async () => {
    const ines = await signIn(app, 'Béa')
    expect((await ines.call('/queue')).status).toBe(200)
    expect((await ines.call('/session', { method: 'DELETE' })).status).toBe(204)
    expect((await ines.call('/queue')).status).toBe(401)
  })
})

describe('the door', () => {
  const POSTS = ['/claim', '/messages', '/handback', '/resolve', '/reveal']
  const GETS = ['/session', '/queue', '/dead', '/conversations/x', '/conversations/x/activities']
  beforeAll(async () => {
    member = await askForPerson()
  })

  test('nobody who is not signed in reads or does anything', async () => {
    for (const cookie of ['', 'sesame_desk=', `sesame_desk=${'x'.repeat(43)}`]) {
      for (const path of GETS) expect((await maelle.call(path, { headers: { cookie } })).status).toBe(401)
      for (const path of POSTS)
        expect((await maelle.call(at(path), { body: { epoch: 0 }, headers: { cookie } })).status).toBe(401)
    }
  })

  test('a member’s token opens nothing here', async () => {
    expect((await ask(`${app.url}desk/api/queue`, { token: member.token })).status).toBe(401)
  })

  test('nothing changes without our header, from another site, or as a form', async () => {
    const cookie = maelle.cookie
    const wrong = [
      [{ 'x-sesame-desk': '' }, 403],
      [{ 'sec-fetch-site': 'cross-site' }, 403],
      [{ 'sec-fetch-site': 'same-site' }, 403],
      [{ origin: 'https://evil.example.org' }, 403],
      [{ origin: 'null' }, 403],
      [{ 'content-type': 'text/plain' }, 415],
    ] as const
    for (const [headers, status] of wrong) {
      for (const path of [...POSTS.map((p) => at(p)), '/session', '/password'])
        expect((await maelle.call(path, { body: { epoch: 0 }, headers: { cookie, ...headers } })).status).toBe(status)
    }
    expect((await view()).owner).toBe('waiting')
  })

  test('faults are problem details in the language of the browser, without internals', async () => {
    const { status, headers, body } = await maelle.call('/conversations/x', { headers: { 'accept-language': 'en-CA' } })
    expect([status, headers.get('content-type')]).toEqual([404, 'application/problem+json'])
    expect(body).toEqual({
      type: 'about:blank',
      title: app.texts.say('en', 'errors:conversation_unknown'),
      status: 404,
      code: 'conversation_unknown',
    })
  })

  test.each([
    ['/messages', {}],
    ['/messages', { epoch: 0, clientActivityID: 'x' }],
    ['/messages', { epoch: -1, clientActivityID: 'x', text: 'a' }],
    ['/messages', { epoch: '0', clientActivityID: 'x', text: 'a' }],
    ['/messages', { epoch: 0, clientActivityID: 'x', text: ' \n' }],
    ['/messages', { epoch: 0, clientActivityID: 'x', text: 'x'.repeat(2_001) }],
    ['/messages', { epoch: 0, clientActivityID: '', text: 'a' }],
    ['/handback', {}],
    ['/resolve', { epoch: 1.5 }],
    ['/reveal', null],
    ['/reveal', { epoch: 0 }],
    ['/reveal', { epoch: 0, reason: 'curious' }],
    ['/claim', { take_over: true }],
    ['/claim', { take_over: 'yes', epoch: 0 }],
  ])('%s with %j is 400', async (path, body) => {
    expect((await maelle.call(at(path), { body })).status).toBe(400)
  })

  test('the console’s socket needs the session and our own page', async () => {
    const url = `${app.url.replace('http', 'ws')}desk/api/stream`
    for (const headers of [
      {},
      { cookie: maelle.cookie },
      { origin: 'https://evil.example.org', cookie: maelle.cookie },
    ]) {
      const socket = new WebSocket(url, { headers })
      const status = await new Promise((resolve) => {
        socket.on('error', () => undefined)
        socket.on('open', () => resolve('open'))
        socket.on('unexpected-response', (_, response) => resolve(response.statusCode))
      })
      socket.terminate()
      expect(status).toBe(403)
    }
  })
})

describe('a request', () => {
  beforeEach(async () => {
    member = await askForPerson()
  })

  test('is in the queue, oldest first, until it is resolved', async () => {
    const later = await askForPerson()
    const ids = async () =>
      (await maelle.call('/queue')).body.items.map((i: { conversationId: string }) => i.conversationId)
    const queue = await ids()
    expect(queue.indexOf(member.conversationId)).toBeLessThan(queue.indexOf(later.conversationId))
    const { epoch } = await claim(maelle)
    const { items } = (await maelle.call('/queue')).body
    expect(items.find((i: { conversationId: string }) => i.conversationId === member.conversationId)).toMatchObject({
      owner: 'agent',
      agent: { name: 'Maëlle' },
      locale: 'fr',
      reason: 'member_asked',
    })
    await maelle.call(at('/resolve'), { body: { epoch } })
    expect(await ids()).not.toContain(member.conversationId)
  })

  test('goes to exactly one of two agents, and the other is told to whom', async () => {
    const racers = [maelle, omar, maelle, omar, maelle, omar]
    const results = await Promise.all(racers.map((agent) => agent.call(at('/claim'), { method: 'POST' })))
    const { agent: winner, epoch } = await view()
    for (const [i, { status, body }] of results.entries()) {
      if (racers[i]?.name === winner.name) expect([status, body]).toEqual([200, { owner: 'agent', epoch }])
      else expect([status, body.code, body.by]).toEqual([409, 'claim_lost', winner.name])
    }
    const joined = (await member.history()).filter((a) => a.channelData?.author === 'system')
    expect(joined.map((a) => a.text)).toEqual([app.texts.say('fr', 'common:agent_joined.say', { agent: winner.name })])
  })

  test('an agent’s reply reaches the member once, under the agent’s name; the bot is silent', async () => {
    const { epoch } = await claim(maelle)
    const sent = await Promise.all(
      [1, 2, 3].map(() => reply(maelle, epoch, 'Bonjour <b>Camille</b> & bienvenue', 'same')),
    )
    expect(sent.map((s) => s.status)).toEqual([200, 200, 200])
    expect(await fromAgents()).toMatchObject([
      { text: 'Bonjour <b>Camille</b> & bienvenue', from: { name: 'Maëlle' }, textFormat: 'plain' },
    ])
    const before = (await member.history()).length
    await member.send('Merci')
    await reply(maelle, epoch, 'De rien')
    expect((await member.history()).slice(before).map((a) => a.text)).toEqual(['Merci', 'De rien'])
  })

  test('whoever does not hold the claim can say and do nothing, also with an old one', async () => {
    const refused = { status: 409, body: expect.objectContaining({ code: 'claim_stale' }) }
    const all = async (agent: Agent, epoch: number) => {
      expect(await reply(agent, epoch, 'trop tard')).toMatchObject(refused)
      for (const path of ['/handback', '/resolve', '/reveal'])
        expect(await agent.call(at(path), { body: { epoch, reason: 'find_record' } })).toMatchObject(refused)
    }
    await all(maelle, 0)
    const { epoch } = await claim(maelle)
    await all(omar, epoch)
    await all(maelle, epoch - 1)
    await all(maelle, epoch + 1)
    expect((await reply(omar, epoch, 'x')).body.by).toBe('Maëlle')
    await maelle.call(at('/handback'), { body: { epoch } })
    expect(await reply(maelle, epoch, 'trop tard')).toMatchObject(refused)
    expect(await maelle.call(at('/resolve'), { body: { epoch } })).toMatchObject(refused)
    expect(await fromAgents()).toEqual([])
  })

  test('claimed again after it was handed back, an answer under the old claim is refused', async () => {
    const first = await claim(maelle)
    await maelle.call(at('/handback'), { body: first })
    await member.send('Parler à une personne')
    await until('the request', async () => (await view()).owner === 'waiting')
    const second = await claim(maelle)
    expect(second.epoch).toBeGreaterThan(first.epoch)
    expect((await reply(maelle, first.epoch, 'trop tard')).body.code).toBe('claim_stale')
    expect((await reply(maelle, second.epoch, 'à temps')).status).toBe(200)
  })

  test('handed back, the bot says so and asks again what it had asked', async () => {
    const { epoch } = await claim(maelle)
    const answers = await Promise.all([1, 2].map(() => maelle.call(at('/handback'), { body: { epoch } })))
    expect(answers.map((a) => a.body)).toEqual([answers[0]?.body, answers[0]?.body])
    const menu = (await member.history()).at(-1)
    expect(menu?.channelData).toMatchObject({ node: 'welcome.menu', owner: 'bot' })
    const handedBack = app.texts.say('fr', 'common:handed_back.say', { agent: 'Maëlle' })
    expect((await member.history()).filter((a) => a.text === handedBack)).toHaveLength(1)
    const { body } = await member.send(button('welcome:menu.options.rejected'))
    const next = await member.sees('the bot’s answer', (a) => a.replyToId === body.id)
    expect(next.channelData?.node).toBe('rejected.start')
  })

  test('resolved, the member is asked whether it helped, and the desk keeps the answer', async () => {
    const { epoch } = await claim(maelle)
    expect((await maelle.call(at('/resolve'), { body: { epoch } })).body).toMatchObject({ owner: 'bot' })
    const question = (await member.history()).at(-1)
    expect(question?.channelData?.node).toBe('feedback.ask')
    const good = question?.suggestedActions?.actions.find((a) => a.channelData.option === 'good')
    await member.send(good?.value ?? '')
    await until('the rating', async () => (await view()).summary.feedback?.rating === 'good')
  })

  test('a code that an agent pasted is refused with its reason, and nothing of it is kept', async () => {
    const { epoch } = await claim(maelle)
    for (const code of ['KX7P-92QM', 'kx7p 92qm', 'K X 7 P 9 2 Q M', 'ＫＸ７Ｐ－９２ＱＭ', 'KX7\u200bP-92QM']) {
      const { status, body } = await reply(maelle, epoch, `Votre code est ${code}`)
      expect([code, status, body.code]).toEqual([code, 400, 'code_in_text'])
    }
    expect(await fromAgents()).toEqual([])
    expect(JSON.stringify((await view()).activities.map((a: { text?: string }) => a.text))).not.toMatch(/7P|92/)
    expect((await reply(maelle, epoch, 'Votre code est dans le courriel.')).status).toBe(200)
  })
})

describe('what agents see', () => {
  const why = { reason: 'confirm_address' }
  const MARKUP = '<img src=x onerror=alert(1)> [lien](javascript:alert(1))'

  test('text of a member stays text, their addresses are masked, and a reveal needs the claim', async () => {
    member = await startMember(app.url)
    await member.send(button('welcome:menu.options.resend'))
    await member.send('camille.tremblay@example.com')
    await member.sees('that a message is on its way', (a) => a.channelData?.node?.startsWith('arrived.') ?? false)
    await member.send('Parler à une personne')
    await member.sees('that they wait', (a) => a.channelData?.owner === 'waiting')
    await member.send(MARKUP)
    await until('the receipt', async () => (await view()).summary.addresses[0]?.receipt)

    const seen = await view()
    expect(seen.activities.find((a: { text?: string }) => a.text === MARKUP)).toMatchObject({ textFormat: 'plain' })
    expect(JSON.stringify([seen, (await maelle.call(at('/activities'))).body])).not.toContain('camille.tremblay')
    expect(seen.summary.addresses).toEqual([
      { masked: expect.stringContaining('•'), at: expect.any(String), receipt: expect.any(String) },
    ])
    expect(seen.summary).not.toHaveProperty('known')
    expect(seen.summary.steps.map((s: { node: string }) => s.node)).toContain('welcome.menu')
    expect((await view(maelle, 'en')).summary.steps[0].choice).toBe(app.texts.say('en', 'welcome:menu.options.resend'))

    expect((await maelle.call(at('/reveal'), { body: { epoch: 0, ...why } })).body.code).toBe('claim_stale')
    const { epoch } = await claim(maelle)
    expect((await omar.call(at('/reveal'), { body: { epoch, ...why } })).body.code).toBe('claim_stale')
    const revealed = await maelle.call(at('/reveal'), { body: { epoch, ...why } })
    expect(revealed.body).toEqual({ addresses: ['camille.tremblay@example.com'] })
  })

  test('an address that is misspelt, said in words or in a comment is masked as well', async () => {
    member = await askForPerson()
    const written = [
      'camille point tremblay arobase exemple point ca',
      'josé@exemple.ca',
      'a @ exemple.ca, b@exemple.ca',
    ]
    for (const text of written) await member.send(text)
    const { epoch } = await claim(maelle)
    const shown = JSON.stringify((await view()).activities)
    for (const part of ['camille', 'josé', 'exemple']) expect(shown).not.toContain(part)
    expect((await maelle.call(at('/reveal'), { body: { epoch, ...why } })).body.addresses).toEqual([
      'camille.tremblay@exemple.ca',
      'josé@exemple.ca',
      'a@exemple.ca',
      'b@exemple.ca',
    ])
    await maelle.call(at('/resolve'), { body: { epoch } })
    await member.send(button('feedback:ask.options.bad'))
    await member.sees('the offer of help', (a) => a.channelData?.node === 'feedback.help')
    await member.send(button('feedback:help.options.no'))
    await member.sees('the wish for a comment', (a) => a.channelData?.node === 'feedback.comment')
    await member.send('répondez à camille@example.com')
    await member.sees('thanks', (a) => a.channelData?.node === 'feedback.thanks')
    expect((await view()).summary.feedback).toEqual({ rating: 'bad', comment: 'répondez à c•••@e•••.com' })
  })

  test('internal entries of the log reach neither the member nor the transcript', async () => {
    const names = [...(await member.history()), ...(await view()).activities].map((a) => a.type)
    expect([...new Set(names)]).toEqual(['message'])
  })
})

test('nothing that was said, no address and no session is in the log of the service', () => {
  expect(JSON.stringify(app.logged)).not.toMatch(/camille|example\.com|sesame_desk|Bonjour|onerror/)
  expect(app.logged.filter((line) => line.level === 'error')).toEqual([])
})
