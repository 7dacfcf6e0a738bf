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
import { makeRedisAgents, makeSqliteAgents } from '../support/agent-stores.ts'

const PASSWORD = 'une phrase assez longue'
const MINUTE = 60_000

let made: AgentsUnderTest
let clock: number
let agents: Agents

function withStore(make: () => Promise<AgentsUnderTest>): void {
  beforeEach(async () => {
    made = await make()
    clock = Date.UTC(2026, 10, 22)
    agents = createAgents({ store: made.store, now: () => clock })
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
    desk = createDeskSessions({ agents, audit, secure: true })
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
    expect(chosen).toEqual({ agent: first.session.agent, role: 'agent', hasPassword: true })
    expect(await desk.end(sent(first.setCookie))).toMatch(/^__Host-sesame_desk=; .*Max-Age=0$/)
    await expect(desk.require(sent(first.setCookie))).rejects.toMatchObject({ code: 'unauthorized' })
    const again = await desk.signIn({ name: 'maëlle', password: PASSWORD })
    expect(await desk.read(sent(again.setCookie))).toEqual(chosen)
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
