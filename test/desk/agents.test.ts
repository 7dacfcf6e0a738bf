import { createHash } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import {
  type Agents,
  createAgents,
  IDLE_MS,
  LINK_MS,
  MAX_FAILURES,
  PAUSE_MS,
  SESSION_MS,
} from '../../src/desk/agents.ts'
import { createDeskSessions, type DeskSessions } from '../../src/http/desk-session.ts'
import { type Audit, createAudit } from '../../src/privacy/audit.ts'
import { createAuditStore } from '../../src/store/sqlite/audit.ts'
import type { AgentsUnderTest } from '../contracts/agents.ts'
import { appNumber, makeRedisAgents, makeSqliteAgents, testSecondStep } from '../support/agent-stores.ts'

const PASSWORD = 'une phrase assez longue'
const MINUTE = 60_000
const HOUR = 60 * MINUTE

let made: AgentsUnderTest
let clock: number
let agents: Agents

function withStore(make: () => Promise<AgentsUnderTest>): void {
  beforeEach(async () => {
    made = await make()
    clock = Date.UTC(2026, 10, 22)
    agents = createAgents({ store: made.store, secondStep: testSecondStep(), now: () => clock })
  })
  afterEach(() => made.remove())
}

async function linkOf(name: string): Promise<string> {
  const token = await agents.link(name)
  if (token === undefined) throw new Error('no such agent')
  return token
}

/** An agent with a password; their link session is over. */
async function newAgent(name = 'Maëlle'): Promise<void> {
  await agents.add(name)
  const { token } = await agents.signInByLink(await linkOf(name))
  await agents.choosePassword(token, PASSWORD)
  await agents.end(token)
}

/** Hashing passwords takes most of the time and does not depend on the store. */
describe('sqlite', () => {
  withStore(makeSqliteAgents)
  describe('names', named)
  describe('one-time links', linked)
  describe('passwords', provePasswords)
  describe('the second step', inTwoSteps)
  describe('sessions', inSessions)
  describe('over HTTP', overHttp)
})

describe('redis', () => {
  withStore(makeRedisAgents)
  describe('names', named)
  describe('one-time links', linked)
  describe('sessions', inSessions)
  describe('over HTTP', overHttp)
})

const failed = expect.objectContaining({ code: 'sign_in_failed' })

function named(): void {
  test('are unique whatever the case, spaces or form of the accents', async () => {
    expect(await agents.add('  Maëlle  Roy ')).toEqual(expect.any(String))
    for (const same of ['maëlle roy', 'MAËLLE ROY', 'Mae\u0308lle Roy']) expect(await agents.add(same)).toBeUndefined()
    expect((await agents.list()).map((a) => a.name)).toEqual(['Maëlle Roy'])
  })

  test.each(['', '   ', 'x'.repeat(41), 'a\u202eb', 'a\u0000b'])('refuse %j', async (name) => {
    await expect(agents.add(name)).rejects.toMatchObject({ code: 'bad_request', facts: { field: 'name' } })
  })

  test('a removed agent is nobody at once: session, link and password', async () => {
    await newAgent()
    const { token } = await agents.signInByPassword('Maëlle', PASSWORD)
    const link = await linkOf('Maëlle')
    expect(await agents.remove('maëlle')).toBe(true)
    expect(await agents.remove('maëlle')).toBe(false)
    expect(await agents.session(token)).toBeUndefined()
    await expect(agents.signInByLink(link)).rejects.toEqual(failed)
    await expect(agents.signInByPassword('Maëlle', PASSWORD)).rejects.toEqual(failed)
    expect(await agents.link('Maëlle')).toBeUndefined()
  })
}

function linked(): void {
  beforeEach(async () => {
    await agents.add('Maëlle')
  })

  test('work once, even when used twice at the same time', async () => {
    const link = await linkOf('Maëlle')
    const results = await Promise.allSettled([agents.signInByLink(link), agents.signInByLink(link)])
    expect(results.filter((r) => r.status === 'fulfilled')).toHaveLength(1)
  })

  test('end after a day, and when a newer one is made', async () => {
    const old = await linkOf('Maëlle')
    const link = await linkOf('Maëlle')
    await expect(agents.signInByLink(old)).rejects.toEqual(failed)
    clock += LINK_MS
    await expect(agents.signInByLink(link)).rejects.toEqual(failed)
  })
}

function provePasswords(): void {
  test('sign in by any spelling of the name; a wrong one, an unknown name and no password fail alike', async () => {
    await newAgent()
    await agents.add('Sans mot de passe')
    expect((await agents.signInByPassword(' MAËLLE ', PASSWORD)).agent.name).toBe('Maëlle')
    for (const name of ['Maëlle', 'Personne', 'Sans mot de passe', 'x'.repeat(5_000)])
      await expect(agents.signInByPassword(name, 'autre mot de passe')).rejects.toEqual(failed)
  })

  test('an unknown name costs as much time as a known one', async () => {
    await newAgent()
    const times: Record<string, number[]> = { Maëlle: [], Personne: [] }
    for (let i = 0; i < 4; i += 1)
      for (const [name, list] of Object.entries(times)) {
        const start = performance.now()
        await agents.signInByPassword(name, 'autre mot de passe').catch(() => undefined)
        list.push(performance.now() - start)
      }
    const [known = 0, unknown = 0] = Object.values(times).map((list) => Math.min(...list))
    expect(unknown / known).toBeGreaterThan(0.5)
  })

  test('five wrong ones pause the name, sent one after the other or together; then it works again', async () => {
    await newAgent()
    await Promise.allSettled(Array.from({ length: MAX_FAILURES }, () => agents.signInByPassword('Maëlle', 'faux')))
    await expect(agents.signInByPassword('maëlle', PASSWORD)).rejects.toEqual(failed)
    clock += PAUSE_MS - 1
    await expect(agents.signInByPassword('Maëlle', PASSWORD)).rejects.toEqual(failed)
    clock += 1
    expect((await agents.signInByPassword('Maëlle', PASSWORD)).agent.name).toBe('Maëlle')
  })

  test('a good one forgets the wrong ones before it', async () => {
    await newAgent()
    for (let i = 0; i < 2 * MAX_FAILURES; i += 1) {
      await expect(agents.signInByPassword('Maëlle', 'faux')).rejects.toEqual(failed)
      if (i % 4 === 3) await agents.signInByPassword('Maëlle', PASSWORD)
    }
    expect((await agents.signInByPassword('Maëlle', PASSWORD)).hasPassword).toBe(true)
  })

  test('changing one needs the old one, unless by link, and ends the other sessions', async () => {
    await newAgent()
    const here = await agents.signInByPassword('Maëlle', PASSWORD)
    const there = await agents.signInByPassword('Maëlle', PASSWORD)
    await expect(agents.choosePassword(here.token, 'trop court')).rejects.toMatchObject({ code: 'bad_request' })
    await expect(agents.choosePassword(here.token, 'une autre phrase')).rejects.toMatchObject({ code: 'forbidden' })
    await agents.choosePassword(here.token, 'une autre phrase', PASSWORD)
    expect(await agents.session(here.token)).toBeDefined()
    expect(await agents.session(there.token)).toBeUndefined()
    const byLink = await agents.signInByLink(await linkOf('Maëlle'))
    await agents.choosePassword(byLink.token, PASSWORD)
    expect((await agents.signInByPassword('Maëlle', PASSWORD)).hasPassword).toBe(true)
  })
}

function inTwoSteps(): void {
  let secret: string
  /** What the agent's app shows now. */
  const number = (more = 0) => appNumber(secret, clock + more)
  const signIn = (given?: string) => agents.signInByPassword('Maëlle', PASSWORD, given)

  /** Maëlle signs in with a password, photographs the code and types the first number. */
  async function setUp(): Promise<string> {
    await newAgent()
    const { token } = await signIn()
    const offer = await agents.offerSecondStep(token)
    secret = offer.secret
    expect(offer.uri).toMatch(/^otpauth:\/\/totp\/S%C3%A9same:Ma%C3%ABlle\?issuer=S%C3%A9same&secret=[A-Z2-7]{32}&/)
    await expect(agents.setSecondStep(token, offer.sealed, appNumber(secret, clock + HOUR))).rejects.toMatchObject({
      code: 'forbidden',
    })
    expect((await agents.session(token))?.hasSecondStep).toBe(false)
    expect((await agents.setSecondStep(token, offer.sealed, number())).hasSecondStep).toBe(true)
    clock += MINUTE
    return token
  }

  test('a password alone signs nobody in any more, and a number does once', async () => {
    await setUp()
    await expect(signIn()).rejects.toMatchObject({ code: 'second_step_needed' })
    const here = number()
    expect((await signIn(`${here.slice(0, 3)} ${here.slice(3)}`)).hasSecondStep).toBe(true)
    await expect(signIn(here)).rejects.toEqual(failed)
    // Nor one that came before it.
    await expect(signIn(number(-30_000))).rejects.toEqual(failed)
    await expect(agents.signInByPassword('Maëlle', 'pas celui-là du tout', number(30_000))).rejects.toEqual(failed)
    expect((await signIn(number(30_000))).agent.name).toBe('Maëlle')
  })

  test.each(['000000', '', '12345', '1234567', 'abcdef', '１２３４５６'])('%j is no number', async (given) => {
    await setUp()
    await expect(signIn(given)).rejects.toEqual(failed)
  })

  test('guessing pauses the name, and the right number then does not help', async () => {
    await setUp()
    for (let n = 0; n < MAX_FAILURES; n++) await expect(signIn('000000')).rejects.toEqual(failed)
    await expect(signIn(number())).rejects.toEqual(failed)
    clock += PAUSE_MS
    expect((await signIn(number())).agent.name).toBe('Maëlle')
  })

  test('ends with a number, or by a link when the telephone is lost, and not by guessing', async () => {
    const first = await setUp()
    await expect(agents.endSecondStep(first)).rejects.toMatchObject({ code: 'forbidden' })
    for (let n = 0; n < MAX_FAILURES; n++)
      await expect(agents.endSecondStep(first, '000000')).rejects.toMatchObject({ code: 'forbidden' })
    await expect(agents.endSecondStep(first, number())).rejects.toMatchObject({ code: 'forbidden' })
    const { token } = await agents.signInByLink(await linkOf('Maëlle'))
    expect((await agents.endSecondStep(token)).hasSecondStep).toBe(false)
    clock += PAUSE_MS
    expect((await signIn()).hasSecondStep).toBe(false)
  })

  test('is changed by nobody who has a session alone', async () => {
    const token = await setUp()
    const { sealed, secret: other } = await agents.offerSecondStep(token)
    await expect(agents.setSecondStep(token, sealed, appNumber(other, clock))).rejects.toMatchObject({
      code: 'forbidden',
    })
    expect((await signIn(number())).hasSecondStep).toBe(true)
  })

  test('ends the other sessions, and a secret is of one agent and of our keys', async () => {
    await newAgent('Omar')
    const omar = await agents.signInByPassword('Omar', PASSWORD)
    const elsewhere = await agents.signInByPassword('Omar', PASSWORD)
    const token = await setUp()
    const offer = await agents.offerSecondStep(token)
    await expect(agents.setSecondStep(omar.token, offer.sealed, appNumber(offer.secret, clock))).rejects.toMatchObject({
      code: 'forbidden',
    })
    const own = await agents.offerSecondStep(omar.token)
    await agents.setSecondStep(omar.token, own.sealed, appNumber(own.secret, clock))
    expect(await agents.session(elsewhere.token)).toBeUndefined()

    const id = omar.agent.id
    const [oldKey, newKey] = [Buffer.alloc(32, 6), Buffer.alloc(32, 7)]
    const step = (...keys: Buffer[]) => testSecondStep(keys).stepOf(own.sealed, id, appNumber(own.secret, clock), clock)
    expect([step(newKey, oldKey), step(newKey)]).toEqual([expect.any(Number), undefined])
  })
}

function inSessions(): void {
  let token: string
  beforeEach(async () => {
    await agents.add('Maëlle')
    token = (await agents.signInByLink(await linkOf('Maëlle'))).token
  })

  test('end after a quarter of an hour without use; a check that is no use does not prolong them', async () => {
    clock += IDLE_MS - 1
    expect(await agents.session(token, false)).toBeDefined()
    clock += 1
    expect(await agents.session(token)).toBeUndefined()
  })

  test('slide while used, up to twelve hours', async () => {
    const start = clock
    while (clock < start + SESSION_MS - 14 * MINUTE) {
      clock += 14 * MINUTE
      expect(await agents.session(token)).toBeDefined()
    }
    clock = start + SESSION_MS
    expect(await agents.session(token)).toBeUndefined()
  })

  test('are written once a minute at most', async () => {
    const hash = createHash('sha256').update(token).digest('hex')
    const seen = async () => (await made.store.session(hash))?.seenAt
    const first = clock
    clock += MINUTE - 1
    await agents.session(token)
    expect(await seen()).toBe(first)
    clock += 1
    await agents.session(token)
    expect(await seen()).toBe(clock)
  })
}

const KEYS = [{ kid: 'k', key: Buffer.alloc(32, 2) }]

function overHttp(): void {
  let desk: DeskSessions
  let audit: Audit
  beforeEach(async () => {
    const auditDb = new DatabaseSync(':memory:')
    audit = createAudit({ store: createAuditStore(auditDb), keys: KEYS, now: () => clock })
    desk = createDeskSessions({ agents, audit, secure: true, secondStep: 'optional' })
    await agents.add('Maëlle')
  })

  const sent = (setCookie: string) => `theme=dark; ${setCookie.split(';')[0]}`

  test('who came in and who did not is recorded, without names', async () => {
    await desk.signIn({ token: await linkOf('Maëlle') })
    await expect(desk.signIn({ name: 'Maëlle', password: 'pas celui-là du tout' })).rejects.toMatchObject({
      code: 'sign_in_failed',
    })
    expect(await audit.verify('audit')).toMatchObject({ count: 2, faults: [] })
  })

  test('link, password, sign out, password', async () => {
    const first = await desk.signIn({ token: await linkOf('Maëlle') })
    expect(first.setCookie).toMatch(/^__Host-sesame_desk=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Secure$/)
    expect(await desk.read(sent(first.setCookie))).toEqual(first.session)
    expect(first.session.hasPassword).toBe(false)
    const chosen = await desk.choosePassword({ password: PASSWORD }, sent(first.setCookie))
    expect(chosen).toEqual({
      agent: first.session.agent,
      role: 'agent',
      hasPassword: true,
      hasSecondStep: false,
    })
    expect(await desk.end(sent(first.setCookie))).toMatch(/^__Host-sesame_desk=; .*Max-Age=0$/)
    await expect(desk.require(sent(first.setCookie))).rejects.toMatchObject({ code: 'unauthorized' })
    const again = await desk.signIn({ name: 'maëlle', password: PASSWORD })
    expect(await desk.read(sent(again.setCookie))).toEqual(chosen)
  })

  test('where a second step is required, nothing but setting it up is open before', async () => {
    const strict = createDeskSessions({ agents, audit, secure: true, secondStep: 'required' })
    const { session, setCookie } = await strict.signIn({ token: await linkOf('Maëlle') })
    const cookie = sent(setCookie)
    expect(session).toMatchObject({ hasSecondStep: false, mustSetSecondStep: true })
    expect(await strict.signedIn(cookie)).toEqual(session)
    expect(await strict.read(cookie)).toBeUndefined()
    await expect(strict.require(cookie)).rejects.toMatchObject({ code: 'forbidden', facts: { where: 'second_step' } })
    const { sealed, secret } = await strict.offerSecondStep(cookie)
    const set = await strict.setSecondStep({ sealed, number: appNumber(secret, clock) }, cookie)
    expect(set).toMatchObject({ hasSecondStep: true })
    expect(await strict.require(cookie)).toEqual(set)
    await strict.endSecondStep({}, cookie)
    expect(await strict.read(cookie)).toBeUndefined()
    // Signed in, on, off: all on record.
    expect(await audit.verify('audit')).toMatchObject({ count: 3, faults: [] })
  })

  test('signing in again ends the session before', async () => {
    const first = await desk.signIn({ token: await linkOf('Maëlle') })
    await desk.signIn({ token: await linkOf('Maëlle') }, sent(first.setCookie))
    expect(await desk.read(sent(first.setCookie))).toBeUndefined()
  })

  test.each([[null], ['token'], [{}], [{ token: 7 }], [{ name: 'Maëlle' }], [{ name: ['Maëlle'], password: {} }]])(
    'refuses the body %j',
    async (body) => {
      await expect(desk.signIn(body)).rejects.toMatchObject({ code: 'bad_request' })
    },
  )

  test.each([[undefined], [''], ['sesame_desk=x'], ['__Host-sesame_desk='], ['__Host-sesame_desk=x']])(
    'nobody is %j',
    async (header) => {
      expect(await desk.read(header)).toBeUndefined()
      await expect(desk.choosePassword({ password: PASSWORD }, header)).rejects.toMatchObject({ code: 'unauthorized' })
    },
  )
}
