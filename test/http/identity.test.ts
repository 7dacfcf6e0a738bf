/** Members whom the host page vouches for, and members who prove an address: through the whole service. */
import { createSecretKey } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { SignJWT } from 'jose'
import type { Activity } from '../../src/wire/activity.ts'
import { startTestApp, type TestApp } from '../support/app.ts'
import { CONTENT } from '../support/conversation.ts'
import { signIn } from '../support/desk.ts'
import { ask, type Reply } from '../support/http.ts'
import { until } from '../support/until.ts'

const KEY = Buffer.alloc(32, 4)
const OLD_KEY = Buffer.alloc(32, 5)
const base64 = (key: Buffer) => key.toString('base64')

let app: TestApp
beforeAll(async () => {
  app = await startTestApp({ IDENTITY_KEYS: `new:HS256:${base64(KEY)},old:HS256:${base64(OLD_KEY)}` })
})
afterAll(() => app.end())

const MEMBER = { sub: 'membre-1', email: 'camille.tremblay@example.com', email_verified: true }

function vouch(claims: Record<string, unknown> = MEMBER, [kid, key]: [string, Buffer] = ['new', KEY], seconds = 300) {
  const jwt = new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid }).setAudience('sesame').setIssuedAt()
  return jwt.setExpirationTime(Math.floor(Date.now() / 1000) + seconds).sign(createSecretKey(key))
}

const door = (body: object = {}) => ask(`${app.url}widget/token`, { body })
const line = (path: string, token: string, body?: object) =>
  ask(`${app.url}v3/directline/${path}`, { token, ...(body ? { body } : {}) })
const codeOf = ({ status, body }: Reply) => [status, body.code ?? body.error?.code]

/** A conversation, begun with or without a name. */
async function begin(identity?: string) {
  const { body: held } = await door({ identity })
  const started = await line('conversations', held.token, { locale: 'fr-CA', identity })
  expect(started.status).toBe(201)
  const path = `conversations/${held.conversationId}/activities`
  const history = async (): Promise<Activity[]> => (await line(`${path}?watermark=`, held.token)).body.activities
  const sees = (node: string) =>
    until(`at ${node}`, async () => {
      const last = (await history()).at(-1)
      return last?.channelData?.node === node ? last : undefined
    })
  const say = (text: string) => line(path, held.token, { type: 'message', from: { id: 'x' }, text })
  const press = (node: string, option: string) =>
    say(CONTENT.texts.say('fr', `${node.replace('.', ':')}.options.${option}`))
  await sees('welcome.menu')
  return { held, history, sees, say, press }
}

describe('a conversation of a member', () => {
  test('opens for them alone', async () => {
    const { held } = await begin(await vouch())
    expect(held.identified).toBe(true)
    // Nobody, somebody else, and the member again.
    expect(codeOf(await door({ token: held.token }))).toEqual([403, 'identity_invalid'])
    const other = await vouch({ sub: 'membre-2', email: MEMBER.email, email_verified: true })
    expect(codeOf(await door({ token: held.token, identity: other }))).toEqual([403, 'identity_clash'])
    const again = await door({ token: held.token, identity: await vouch() })
    expect([again.status, again.body.conversationId]).toEqual([200, held.conversationId])
    expect(codeOf(await line('tokens/refresh', held.token, {}))).toEqual([403, 'identity_invalid'])
    // A new socket is no new token: otherwise one that got away would never end.
    const { body } = await line(`conversations/${held.conversationId}`, held.token)
    expect([body.token, body.expires_in < held.expires_in]).toEqual([held.token, true])
  })

  test('is not made of one that was begun without a name', async () => {
    const { held } = await begin()
    expect(held.identified).toBeUndefined()
    expect(codeOf(await door({ token: held.token, identity: await vouch() }))).toEqual([403, 'identity_clash'])
    expect((await door({ token: held.token })).body.conversationId).toBe(held.conversationId)
  })

  test('starts with the name that its token was given for', async () => {
    const { body: named } = await door({ identity: await vouch() })
    const { body: nameless } = await door()
    const other = await vouch({ sub: 'membre-2' })
    expect(codeOf(await line('conversations', named.token, {}))).toEqual([403, 'identity_invalid'])
    expect(codeOf(await line('conversations', named.token, { identity: other }))).toEqual([403, 'identity_clash'])
    expect(codeOf(await line('conversations', nameless.token, { identity: other }))).toEqual([403, 'identity_clash'])
  })

  test('any of the live keys vouches; no other, and none that is over', async () => {
    expect((await door({ identity: await vouch(MEMBER, ['old', OLD_KEY]) })).status).toBe(200)
    for (const identity of [
      await vouch(MEMBER, ['new', OLD_KEY]),
      await vouch(MEMBER, ['new', KEY], -120),
      'x',
      7,
      null,
    ])
      expect(codeOf(await door({ identity }))).toEqual([403, 'identity_invalid'])
  })

  test('no token or log line says who they are', async () => {
    const { held } = await begin(await vouch())
    const claims = Buffer.from(held.token.split('.')[1] ?? '', 'base64url').toString()
    for (const text of [claims, JSON.stringify(app.logged)]) {
      expect(text).not.toContain(MEMBER.sub)
      expect(text).not.toContain(MEMBER.email)
    }
  })
})

describe('what is on file', () => {
  test('is told to a member whom the page vouches for', async () => {
    const { press, sees } = await begin(await vouch())
    await press('welcome.menu', 'resend')
    const told = await sees('verify.own')
    expect(told.text).toContain('c•••@e•••.com')
    expect(told.text).toContain('Québec')
    await press('verify.own', 'resend')
    await sees('arrived.question')
    await until('the mail', async () => (await mailsTo(MEMBER.email)).length === 1)
  })

  test('is told to whoever types the number that went to the address, and joined to their account', async () => {
    const address = 'mathieu.bouchard@example.com'
    const { held, press, sees, say, history } = await begin(await vouch({ sub: 'membre-9' }))
    await press('welcome.menu', 'resend')
    // Vouched for, but nothing is on file for this account.
    await sees('verify.unknown')
    await press('verify.unknown', 'other')
    await sees('verify.address')
    await say(address)
    await sees('verify.number')
    const mail = await until('the number', async () => (await mailsTo(address)).at(0))
    const number = /\b\d{6}\b/.exec(mail.text)?.[0] ?? ''
    expect(mail.subject).not.toContain(number)
    await say(number === '000000' ? '000001' : '000000')
    await sees('verify.wrong')
    await say(`${number.slice(0, 3)} ${number.slice(3)}`)
    expect((await sees('verify.link_offer')).text).toContain('m•••@e•••.com')
    await press('verify.link_offer', 'yes')
    await sees('verify.linked')
    expect(JSON.stringify(await history())).not.toContain('membre-9')
    // Whoever answers them has to know that they may be told.
    await say('parler à une personne')
    const agent = await signIn(app, 'Maëlle', 'lead')
    const summary = await until('the request', async () => {
      const { body } = await agent.call(`/conversations/${held.conversationId}?locale=fr`)
      return body.summary
    })
    expect(summary.known).toEqual({ account: true, addresses: ['m•••@e•••.com'] })
    expect(JSON.stringify(summary)).not.toContain('membre-9')
  })

  test('is not told for a number that went to another conversation, nor for one used before', async () => {
    const address = 'amelie.roy@example.com'
    const [first, second] = [await toNumber(address), await toNumber('sylvie.fortin@example.com')]
    const mail = await until('the number', async () => (await mailsTo(address)).at(0))
    const number = /\b\d{6}\b/.exec(mail.text)?.[0] ?? ''
    await second.say(number)
    await second.sees('verify.wrong')
    // Asked for again at once: no second mail goes out, and the number that came is still the one.
    await first.press('verify.number', 'not_received')
    await first.sees('verify.not_received')
    await first.press('verify.not_received', 'again')
    await first.sees('verify.number')
    await first.say(number)
    // Amélie's invitation is of another region than none was said of: it is her own.
    await first.sees('verify.own')
    expect(await mailsTo(address)).toHaveLength(1)
  })

  test('is not told to anybody who types six digits for an address that nobody was invited at', async () => {
    const { say, sees } = await toNumber('personne.inconnue@example.com')
    for (let i = 0; i < 5; i++) {
      await say(String(100_000 + i))
      await sees('verify.wrong')
    }
    await say('123456')
    await sees('verify.too_many')
    expect(await mailsTo('personne.inconnue@example.com')).toEqual([])
  })
})

/** Where the number is asked for, without a name. */
async function toNumber(address: string) {
  const talk = await begin()
  await talk.press('welcome.menu', 'never_came')
  await talk.sees('missing.start')
  await talk.press('missing.start', 'yes')
  await talk.sees('spam.look')
  await talk.press('spam.look', 'no')
  await talk.sees('missing.causes')
  await talk.press('missing.causes', 'look')
  await talk.sees('verify.address')
  await talk.say(address)
  await talk.sees('verify.number')
  return talk
}

async function mailsTo(address: string): Promise<{ subject: string; text: string }[]> {
  const { body } = await ask(`${app.url}dev/mailbox/messages`)
  return body.filter((mail: { to: string }) => mail.to === address)
}
