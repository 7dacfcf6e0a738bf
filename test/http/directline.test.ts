import { once } from 'node:events'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { WebSocket } from 'ws'
import { createTokens, TICKET_SECONDS, TOKEN_SECONDS } from '../../src/channels/directline/tokens.ts'
import { SECRET, startTestApp, type TestApp, TOKEN_KEYS, WIDGET_ORIGIN } from '../support/app.ts'
import { type Member, openStream, startMember } from '../support/directline.ts'
import { type Ask, ask } from '../support/http.ts'
import { until } from '../support/until.ts'

const HOUR_MS = 3_600_000
const tokensAt = (ms: number) => createTokens(TOKEN_KEYS, () => ms)

let app: TestApp
let base: string

beforeAll(async () => {
  app = await startTestApp()
  base = `${app.url}v3/directline`
})
afterAll(() => app.end())

/** A button's words, which lead to `rejected.start`. */
const rejected = () => app.texts.say('fr', 'welcome:menu.options.rejected')
const call = (path: string, options?: Ask) => ask(`${base}${path}`, options)
const started = () => startMember(app.url)
const grantOf = ({ conversationId, userId }: Member) => ({ conversationId, userId })

/** What answers an upgrade that is refused. */
async function statusOf(streamUrl: string, headers: Record<string, string> = {}): Promise<number | undefined> {
  const socket = new WebSocket(streamUrl, { headers })
  const [, response] = await once(socket, 'unexpected-response')
  socket.on('error', () => undefined)
  socket.terminate()
  return response.statusCode
}

describe('tokens', () => {
  test('the secret makes one for a conversation that is not started yet', async () => {
    const { status, body, headers } = await call('/tokens/generate', { method: 'POST', token: SECRET })
    expect(status).toBe(200)
    expect(body).toEqual({ conversationId: expect.any(String), token: expect.any(String), expires_in: 1800 })
    expect(headers.get('cache-control')).toBe('no-store')
    const path = `/conversations/${body.conversationId}`
    expect((await call(path, { token: body.token })).status).toBe(404)
    expect((await call(`${path}/activities`, { token: body.token })).status).toBe(404)
  })

  test.each([
    { user: { id: 'dl_moi' } },
    { User: { Id: 'dl_moi' } },
    { USER: { ID: 'dl_moi', Name: 'Moi' }, trustedOrigins: [] },
  ])('the user of %j is the one the member speaks as', async (body) => {
    const { token } = (await call('/tokens/generate', { token: SECRET, body })).body
    const { conversationId } = (await call('/conversations', { token, method: 'POST' })).body
    await call(`/conversations/${conversationId}/activities`, {
      token,
      body: { type: 'message', from: { id: 'dl_autre' }, text: 'Bonjour' },
    })
    const { activities } = (await call(`/conversations/${conversationId}/activities`, { token })).body
    expect(activities.find((a: { text: string }) => a.text === 'Bonjour').from).toEqual({ id: 'dl_moi', role: 'user' })
  })

  test.each(['moi', 'dl_', 'dl_a b', `dl_${'x'.repeat(200)}`, 7, { a: 1 }])('refuses the user id %j', async (id) => {
    const { status, body } = await call('/tokens/generate', { token: SECRET, body: { user: { id } } })
    expect([status, body.error.code]).toEqual([400, 'BadArgument'])
  })

  test('a token makes none, and the secret is not one to refresh', async () => {
    const { token } = await started()
    expect((await call('/tokens/generate', { token, method: 'POST' })).status).toBe(403)
    expect((await call('/tokens/refresh', { token: SECRET, method: 'POST' })).status).toBe(403)
  })

  test('refreshing gives another one for the same conversation', async () => {
    const member = await started()
    const { status, body } = await call('/tokens/refresh', { token: member.token, method: 'POST' })
    expect(status).toBe(200)
    expect(body).toEqual({ conversationId: member.conversationId, token: expect.any(String), expires_in: 1800 })
    expect((await member.call('', { token: body.token })).status).toBe(200)
  })

  test('an expired one is 403 TokenExpired everywhere', async () => {
    const member = await started()
    const token = await tokensAt(Date.now() - (TOKEN_SECONDS + 2) * 1000).issue(grantOf(member))
    const answers = [
      await call('/tokens/refresh', { token, method: 'POST' }),
      await call('/conversations', { token, method: 'POST' }),
      await member.call('', { token }),
      await member.call('/activities', { token }),
      await member.call('/activities', { token, body: { type: 'message', from: { id: 'x' }, text: 'Bonjour' } }),
    ]
    for (const { status, body } of answers) expect([status, body.error.code]).toEqual([403, 'TokenExpired'])
  })

  test('the widget may trade one that ended for a fresh one of the same conversation, for three days', async () => {
    const member = await started()
    const old = await tokensAt(Date.now() - 48 * HOUR_MS).issue(grantOf(member))
    const { status, body } = await ask(`${app.url}widget/token`, { body: { token: old } })
    expect([status, body.conversationId, body.userId]).toEqual([200, member.conversationId, member.userId])
    expect((await member.call('', { token: body.token })).status).toBe(200)
    const older = await tokensAt(Date.now() - 80 * HOUR_MS).issue(grantOf(member))
    for (const token of [older, 'x', await tokensAt(Date.now()).issueTicket(grantOf(member))]) {
      const refused = await ask(`${app.url}widget/token`, { body: { token } })
      expect([refused.status, refused.body.code]).toEqual([403, 'token_invalid'])
    }
    expect((await ask(`${app.url}widget/token`, { body: { token: 7 } })).status).toBe(400)
  })

  test('garbage, forged and borrowed ones are 403, no header 401', async () => {
    const member = await started()
    const foreignKey = createTokens([{ kid: 'test', key: Buffer.alloc(32, 9) }], Date.now)
    const unknownKey = createTokens([{ kid: 'other', key: Buffer.alloc(32, 7) }], Date.now)
    const [head, body] = member.token.split('.')
    const none = Buffer.from('{"alg":"none","kid":"test"}').toString('base64url')
    const bad = [
      'garbage',
      `${head}.${body}.`,
      `${none}.${body}.`,
      `${SECRET}x`,
      await foreignKey.issue(grantOf(member)),
      await unknownKey.issue(grantOf(member)),
      await tokensAt(Date.now()).issueTicket(grantOf(member)),
    ]
    for (const token of bad) expect((await member.call('/activities', { token })).status).toBe(403)
    for (const authorization of ['', 'Bearer', 'Bearer ', `Basic ${member.token}`, 'Bearer %00'])
      expect((await call(`/conversations/${member.conversationId}`, { headers: { authorization } })).status).toBe(401)
  })

  test('one for another conversation learns only that there is no such conversation', async () => {
    const [mine, theirs] = [await started(), await started()]
    const unknown = `/conversations/${'x'.repeat(22)}`
    const message = { body: { type: 'message', from: { id: mine.userId }, text: 'Bonjour' } }
    for (const [path, options] of [
      ['', {}],
      ['/activities', {}],
      ['/activities', message],
    ] as const) {
      const foreign = await theirs.call(path, { ...options, token: mine.token })
      const none = await call(`${unknown}${path}`, { ...options, token: mine.token })
      expect(foreign.status).toBe(404)
      expect(foreign.body).toEqual(none.body)
    }
    const before = await theirs.history()
    expect(before.some((a) => a.text === 'Bonjour')).toBe(false)
  })
})

describe('starting', () => {
  test('is 201 the first time, 200 after that, and greets once', async () => {
    const { token, conversationId } = (await ask(`${app.url}widget/token`, { method: 'POST' })).body
    const [first, ...again] = await Promise.all(
      Array.from({ length: 5 }, () => call('/conversations', { token, body: { locale: 'en-CA' } })),
    )
    expect([first?.status, ...again.map((a) => a.status)].sort()).toEqual([200, 200, 200, 200, 201])
    expect(first?.body).toMatchObject({ conversationId, token: expect.any(String), expires_in: 1800 })
    expect(first?.body.streamUrl).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\/v3\/directline\/conversations\//)
    const hellos = () => call(`/conversations/${conversationId}/activities`, { token })
    const { body } = await until('the welcome', async () => {
      const answer = await hellos()
      return answer.body.activities.length >= 3 && answer
    })
    expect(body.activities.map((a: { channelData: { node: string } }) => a.channelData.node)).toEqual([
      'welcome.hello',
      'welcome.privacy',
      'welcome.menu',
    ])
    expect(body.activities[0]).toMatchObject({ locale: 'en-CA', from: { role: 'bot' } })
  })

  test('the secret starts one as well; an unknown language is French', async () => {
    const { status, body } = await call('/conversations', {
      token: SECRET,
      body: { locale: '../../etc', user: { id: 'dl_x' } },
    })
    expect(status).toBe(201)
    const { activities } = await until('the welcome', async () => {
      const answer = await call(`/conversations/${body.conversationId}/activities`, { token: SECRET })
      return answer.body.activities.length > 0 && answer.body
    })
    expect(activities[0].locale).toBe('fr-CA')
  })
})

describe('sending', () => {
  test('is answered with the id that the echo carries; the echo comes before the reply, both in order', async () => {
    const member = await started()
    const before = await member.history()
    const { status, body } = await member.send('C’est quoi, ce code?', { channelData: { clientActivityID: 'abc' } })
    expect([status, Object.keys(body)]).toEqual([200, ['id']])
    const reply = await member.sees('a reply', (a) => a.replyToId === body.id)
    const all = await member.history()
    const echo = all[before.length]
    expect(echo).toMatchObject({
      id: body.id,
      type: 'message',
      text: 'C’est quoi, ce code?',
      from: { id: member.userId, role: 'user' },
      channelData: { clientActivityID: 'abc' },
    })
    expect(echo?.replyToId).toBeUndefined()
    expect(all.indexOf(all.find((a) => a.id === reply.id) as never)).toBeGreaterThan(before.length)
    const times = all.map((a) => Date.parse(a.timestamp))
    expect(times).toEqual([...times].sort((a, b) => a - b))
  })

  test('the same client id twice is one message with one id, alone or at once', async () => {
    const member = await started()
    const sends = await Promise.all(
      Array.from({ length: 6 }, (_, i) => member.send(`essai ${i}`, { channelData: { clientActivityID: 'same' } })),
    )
    sends.push(await member.send('essai plus tard', { channelData: { clientActivityID: 'same' } }))
    expect(new Set(sends.map((s) => s.body.id)).size).toBe(1)
    await member.sees('a reply', (a) => a.replyToId === sends[0]?.body.id)
    const mine = (await member.history()).filter((a) => a.from.role === 'user')
    expect(mine.map((a) => a.text)).toEqual(['essai 0'])
  })

  test('nothing that the client says about itself is believed', async () => {
    const member = await started()
    const forged = JSON.stringify({
      type: 'message',
      from: { id: 'agent:maelle', name: 'Maëlle', role: 'bot' },
      text: 'Je suis une agente',
      id: 'x|0000001',
      timestamp: '1999-01-01T00:00:00Z',
      conversation: { id: 'ailleurs' },
      channelId: 'sms',
      textFormat: 'markdown',
      replyToId: 'nowhere',
      value: { a: 1 },
      attachments: [{ contentType: 'text/html', content: '<b>x</b>' }],
      suggestedActions: { actions: [{ type: 'openUrl', title: 'x', value: 'https://example.com' }] },
      channelData: { clientActivityID: 'c1', author: 'agent', owner: 'agent', node: 'a.b' },
    }).replace('{', '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},')
    const { status, body } = await member.call('/activities', { body: forged })
    expect(status).toBe(200)
    const echo = await member.sees('the echo', (a) => a.id === body.id)
    expect(echo).toEqual({
      id: body.id,
      type: 'message',
      text: 'Je suis une agente',
      textFormat: 'plain',
      timestamp: expect.stringMatching(/^20[2-9]/),
      channelId: 'directline',
      conversation: { id: member.conversationId },
      from: { id: member.userId, role: 'user' },
      channelData: { author: 'member', clientActivityID: 'c1' },
    })
    expect('polluted' in {}).toBe(false)
  })

  test.each(['sesame/claim', 'sesame/timer', 'handoff.status', 'webchat/join'])(
    'the event %s is acknowledged, not kept, and has no effect',
    async (name) => {
      const member = await started()
      const before = await member.history()
      const body = { type: 'event', name, from: { id: member.userId }, value: { ref: '1', epoch: 0 } }
      const { status, body: kept } = await member.call('/activities', { body })
      // The number of what stands nowhere.
      expect([status, kept.id]).toEqual([200, `${member.conversationId}|0000000`])
      const { body: sent } = await member.send(rejected())
      const reply = await member.sees('a reply', (a) => a.replyToId === sent.id)
      expect(reply.channelData).toMatchObject({ node: 'rejected.start', owner: 'bot' })
      expect((await member.history()).length).toBe(before.length + 2)
    },
  )

  test.each([
    { type: 'typing' },
    { type: 'conversationUpdate' },
    { type: 'endOfConversation' },
    { type: 'messageReaction' },
  ])('%j is acknowledged and not kept', async (activity) => {
    const member = await started()
    const before = await member.history()
    const { status, body } = await member.call('/activities', { body: { ...activity, from: { id: member.userId } } })
    expect([status, typeof body.id]).toEqual([200, 'string'])
    expect(await member.history()).toEqual(before)
  })

  test('a code that was pasted is stored nowhere', async () => {
    const member = await started()
    const { body } = await member.send('Mon code est KX7P-92QM-44TR')
    const echo = await member.sees('the echo', (a) => a.id === body.id)
    expect(echo.text).not.toMatch(/KX7P|92QM|44TR/)
  })

  test('the language switch is followed', async () => {
    const member = await started()
    const body = { type: 'event', name: 'sesame/locale', from: { id: member.userId }, value: { locale: 'en' } }
    await member.call('/activities', { body })
    await member.sees('an English question', (a) => a.locale === 'en-CA' && a.channelData?.node === 'welcome.menu')
    const wrong = await member.call('/activities', { body: { ...body, value: { locale: 'klingon' } } })
    expect([wrong.status, wrong.body.error.code]).toEqual([400, 'BadArgument'])
  })
})

describe('watermarks', () => {
  let member: Member
  beforeAll(async () => {
    member = await started()
    const { body } = await member.send(rejected())
    await member.sees('a reply', (a) => a.replyToId === body.id)
  })
  const read = async (query: string) => (await member.call(`/activities${query}`)).body

  test('are strings; the last one gives nothing more and stays', async () => {
    const { activities, watermark } = await read('')
    expect(typeof watermark).toBe('string')
    expect(activities.length).toBe(5)
    expect(await read(`?watermark=${watermark}`)).toEqual({ activities: [], watermark })
  })

  test('every one between gives exactly what came after it', async () => {
    const { activities, watermark } = await read('')
    for (let w = 0; w <= Number(watermark); w++) {
      const after = await read(`?watermark=${w}`)
      expect(after.activities).toEqual(activities.filter((a: { id: string }) => Number(a.id.split('|')[1]) > w))
    }
  })

  test.each(['', '?watermark=', '?watermark=-1', '?watermark=abc', '?watermark=99999', '?watermark=1e3'])(
    '%j gives all',
    async (query) => {
      expect(await read(query)).toEqual(await read('?watermark=0'))
    },
  )
})

describe('streams', () => {
  test('replay what was missed, then go on; every frame is an activity set with a watermark', async () => {
    const member = await started()
    const stream = await openStream(member.streamUrl)
    await until('the welcome', () => stream.activities.length >= 3)
    const { body } = await member.send(rejected())
    await until('a reply', () => stream.activities.some((a) => a.replyToId === body.id))
    expect(stream.activities).toEqual(await member.history())
    const echo = stream.activities.findIndex((a) => a.id === body.id)
    expect(stream.activities[echo + 1]?.replyToId).toBe(body.id)
    for (const frame of stream.frames) {
      const set = JSON.parse(frame)
      expect(Object.keys(set)).toEqual(['activities', 'watermark'])
      expect(set.watermark).toMatch(/^\d+$/)
    }
    await stream.close()
  })

  test('a reconnect gives a token and a URL that goes on after the watermark', async () => {
    const member = await started()
    const seen = (await member.call('/activities')).body.watermark
    const { status, body } = await member.call(`?watermark=${seen}`)
    expect(status).toBe(200)
    expect(body).toMatchObject({ conversationId: member.conversationId, token: expect.any(String) })
    expect(new URL(body.streamUrl).searchParams.get('watermark')).toBe(seen)
    const stream = await openStream(body.streamUrl)
    const sent = await member.send('Bonjour', { token: body.token })
    await until('the echo', () => stream.activities.length > 0)
    expect(stream.activities[0]?.id).toBe(sent.body.id)
    await stream.close()
  })

  test('an empty watermark, as clients send it before their first frame, replays all', async () => {
    const member = await started()
    for (const query of ['?watermark=', '']) {
      const stream = await openStream((await member.call(query)).body.streamUrl)
      await until('the welcome', () => stream.activities.length >= 3)
      expect(stream.activities).toEqual(await member.history())
      await stream.close()
    }
  })

  test('several tabs see the same, each with a ticket of its own', async () => {
    const member = await started()
    const urls = await Promise.all([1, 2, 3].map(async () => (await member.call('?watermark=')).body.streamUrl))
    const tabs = await Promise.all(urls.map((url) => openStream(url)))
    const { body } = await member.send(rejected())
    for (const tab of tabs) await until('a reply', () => tab.activities.some((a) => a.replyToId === body.id))
    for (const tab of tabs) expect(tab.activities).toEqual(tabs[0]?.activities)
    expect(tabs.every((tab) => tab.socket.readyState === WebSocket.OPEN)).toBe(true)
    await Promise.all(tabs.map((tab) => tab.close()))
  })

  test('keep-alive frames, and whatever else a client sends there, are no messages and do no harm', async () => {
    const member = await started()
    const stream = await openStream(member.streamUrl)
    for (const frame of ['', '', 'not json', '{"type":"message","text":"x"}', 'x'.repeat(16_000)])
      stream.socket.send(frame)
    const { body } = await member.send(rejected())
    await until('a reply', () => stream.activities.some((a) => a.replyToId === body.id))
    expect(stream.activities.filter((a) => a.from.role === 'user')).toHaveLength(1)
    const closed = once(stream.socket, 'close')
    stream.socket.send('x'.repeat(17_000))
    expect((await closed)[0]).toBe(1009)
  })

  test('a ticket opens one socket, for a minute, for its own conversation', async () => {
    const [member, other] = [await started(), await started()]
    const stream = await openStream(member.streamUrl)
    expect(await statusOf(member.streamUrl)).toBe(403)
    await stream.close()
    expect(await statusOf(member.streamUrl)).toBe(403)
    const at = (ticket: string, { conversationId } = member) =>
      `${base.replace('http', 'ws')}/conversations/${conversationId}/stream?t=${ticket}`
    const late = await tokensAt(Date.now() - (TICKET_SECONDS + 1) * 1000).issueTicket(grantOf(member))
    const fresh = () => tokensAt(Date.now()).issueTicket(grantOf(member))
    expect(await statusOf(at(late))).toBe(403)
    expect(await statusOf(at('garbage'))).toBe(403)
    expect(await statusOf(at(''))).toBe(403)
    expect(await statusOf(at(member.token))).toBe(403)
    expect(await statusOf(at(await fresh(), other))).toBe(404)
    expect(await statusOf(`${app.url.replace('http', 'ws')}v3/nothing`)).toBe(404)
    const race = await Promise.allSettled(
      Array(5)
        .fill(at(await fresh()))
        .map((url) => statusOrOpen(url)),
    )
    expect(race.filter((r) => r.status === 'fulfilled' && r.value === 'open')).toHaveLength(1)
  })

  test('the ticket is not the token, and the URL holds nothing that lives longer than a minute', async () => {
    const { streamUrl, token } = await started()
    expect(streamUrl).not.toContain(token)
    const [, claims = ''] = (new URL(streamUrl).searchParams.get('t') ?? '').split('.')
    const { iat, exp } = JSON.parse(Buffer.from(claims, 'base64url').toString())
    expect(exp - iat).toBe(60)
  })
})

async function statusOrOpen(url: string): Promise<number | 'open'> {
  const socket = new WebSocket(url)
  socket.on('error', () => undefined)
  const status = await Promise.race([
    once(socket, 'open').then(() => 'open' as const),
    once(socket, 'unexpected-response').then(([, response]) => response.statusCode as number),
  ])
  socket.terminate()
  return status
}

describe('other sites', () => {
  const preflight = (origin: string, path = '/conversations') =>
    call(path, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type,x-ms-bot-agent',
      },
    })

  test('a page that holds the widget may call', async () => {
    const { status, headers } = await preflight(WIDGET_ORIGIN)
    expect(status).toBe(204)
    expect(headers.get('access-control-allow-origin')).toBe(WIDGET_ORIGIN)
    for (const name of ['authorization', 'content-type', 'accept', 'x-ms-bot-agent'])
      expect(headers.get('access-control-allow-headers')).toContain(name)
    for (const method of ['GET', 'POST', 'OPTIONS'])
      expect(headers.get('access-control-allow-methods')).toContain(method)
    expect(headers.get('vary')).toBe('origin')
    expect(headers.get('access-control-allow-credentials')).toBeNull()
  })

  test('faults can be read there too', async () => {
    const { status, headers } = await call('/conversations/x', { headers: { origin: WIDGET_ORIGIN }, token: 'garbage' })
    expect([status, headers.get('access-control-allow-origin')]).toEqual([403, WIDGET_ORIGIN])
  })

  test.each([
    'https://evil.example.org',
    'null',
    `${WIDGET_ORIGIN}.evil.example.org`,
    'http://aide.example.com',
    `${WIDGET_ORIGIN}:8443`,
    `${WIDGET_ORIGIN}.`,
    `${WIDGET_ORIGIN}/`,
    WIDGET_ORIGIN.toUpperCase(),
    WIDGET_ORIGIN.replace('https://', 'https://not-'),
    WIDGET_ORIGIN.replace('https://', 'https://aide@'),
    `${WIDGET_ORIGIN}, ${WIDGET_ORIGIN}`,
    `https://evil.example.org/${WIDGET_ORIGIN}`,
    'file://',
    '',
  ])('the origin %j is refused: preflight, call, door and socket', async (origin) => {
    const member = await started()
    const answers = [
      await preflight(origin),
      await member.call('/activities', { headers: { origin } }),
      await ask(`${app.url}widget/token`, { method: 'POST', headers: { origin } }),
    ]
    for (const { status, headers } of answers)
      expect([status, headers.get('access-control-allow-origin')]).toEqual([403, null])
    expect(await statusOf(member.streamUrl, { origin })).toBe(403)
  })

  test('the widget page may open the socket', async () => {
    const stream = await openStream((await started()).streamUrl, { origin: WIDGET_ORIGIN })
    await stream.close()
  })
})

describe('bad input', () => {
  let member: Member
  // One each: together they would be a flood.
  beforeEach(async () => {
    member = await started()
  })
  const message = (o: Record<string, unknown>) => ({ type: 'message', from: { id: 'x' }, text: 'Bonjour', ...o })
  const post = (body: unknown, headers?: Record<string, string>) =>
    member.call('/activities', { method: 'POST', body, ...(headers ? { headers } : {}) })

  test.each([
    ['{', 'BadSyntax'],
    ['{"type":"message"', 'BadSyntax'],
    ['null', 'BadSyntax'],
    ['"text"', 'BadSyntax'],
    ['7', 'BadSyntax'],
    ['[]', 'BadArgument'],
    ['{}', 'MissingProperty'],
    [message({ from: undefined }), 'MissingProperty'],
    [message({ from: 'x' }), 'MissingProperty'],
    [message({ type: 7 }), 'MissingProperty'],
    [message({ type: '' }), 'MissingProperty'],
    [message({ from: { id: 7 } }), 'BadArgument'],
    [message({ text: 7 }), 'BadArgument'],
    [message({ text: undefined }), 'BadArgument'],
    [message({ text: '  \n ' }), 'BadArgument'],
    [message({ text: '\u0000\u202e' }), 'BadArgument'],
    [message({ text: 'x'.repeat(2_001) }), 'MessageSizeTooBig'],
    [message({ name: {} }), 'BadArgument'],
  ])('%j is 400 %s', async (body, code) => {
    const { status, body: fault, headers } = await post(body)
    expect([status, fault.error?.code]).toEqual([400, code])
    expect(fault).toEqual({ error: { code, message: expect.stringMatching(/\S \S/) } })
    expect(headers.get('content-type')).toBe('application/json')
  })

  test('2,000 characters are fine', async () => {
    expect((await post(message({ text: 'é'.repeat(2_000) }))).status).toBe(200)
  })

  test('wrong client data is left out, not fatal', async () => {
    const { status } = await post(message({ channelData: 'x', id: 7, locale: {} }))
    expect(status).toBe(200)
  })

  test.each([17_000, 1_000_000])('a body of %d bytes is 413', async (size) => {
    const { status, body } = await post(message({ text: 'x', padding: 'x'.repeat(size) }))
    expect([status, body.error.code]).toEqual([413, 'MessageSizeTooBig'])
  })

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/octet-stream', 'text/html'])(
    'the content type %s is 415',
    async (type) => {
      const { status, body } = await post(JSON.stringify(message({})), { 'content-type': type })
      expect([status, body.error.code]).toEqual([415, 'unsupported_media_type'])
    },
  )

  test('a packed body is 415: it could unpack to anything', async () => {
    expect((await post(message({}), { 'content-encoding': 'gzip' })).status).toBe(415)
  })

  test('unknown routes are 404, wrong methods 405, in the shape of the protocol', async () => {
    const { token } = member
    for (const path of [
      '/',
      '/nothing',
      '/conversations/x/y/z',
      `/conversations/${member.conversationId}/upload`,
      '/../../keys.json',
    ])
      expect((await call(path, { token })).status).toBe(404)
    for (const [method, path] of [
      ['GET', '/tokens/generate'],
      ['PUT', '/conversations'],
      ['DELETE', `/conversations/${member.conversationId}`],
    ] as const) {
      const { status, body } = await call(path, { token, method })
      expect([status, body.error.code]).toEqual([405, 'method_not_allowed'])
    }
    const elsewhere = await ask(`${app.url}nothing`, { headers: { 'accept-language': 'en' } })
    expect(elsewhere.status).toBe(404)
    expect(elsewhere.headers.get('content-type')).toBe('application/problem+json')
    expect(elsewhere.body).toMatchObject({ status: 404, code: 'not_found', title: expect.stringMatching(/\S \S/) })
  })

  test('after what was refused the conversation goes on', async () => {
    for (const body of ['{', '[]', {}, message({ text: 7 })]) expect((await post(body)).status).toBe(400)
    const { body } = await member.send(rejected())
    await member.sees('a reply', (a) => a.replyToId === body.id)
  })
})

test('nothing that was said, and no token, is in the log of the service', () => {
  const log = JSON.stringify(app.logged)
  expect(log).not.toMatch(/Bonjour|Mon code|essai|eyJ|example\.com/)
  expect(app.logged.filter((line) => line.level === 'error')).toEqual([])
})
