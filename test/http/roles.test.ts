/** T17: who may do and see what at the desk, for every route there is. A guard that is taken away shows here. */
import { once } from 'node:events'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { WebSocket } from 'ws'
import { startTestApp, type TestApp } from '../support/app.ts'
import { type Agent, signIn } from '../support/desk.ts'
import { type Member, startMember } from '../support/directline.ts'
import type { Reply } from '../support/http.ts'
import { allRoutes } from '../support/routes.ts'
import { freePort } from '../support/service.ts'
import { until } from '../support/until.ts'

const WHO = ['nobody', 'other', 'owner', 'lead'] as const
type Who = (typeof WHO)[number]
/** Stand in what the member wrote, and in nothing else. */
const SAID = 'tournesol'
const ADDRESS = 'camille.tremblay@example.com'
const MASKED = 'c•••@e•••.com'

let app: TestApp
let agents: Record<Who, Agent>
let member: Member
let epoch: number

beforeAll(async () => {
  // The console's socket is only opened to our own pages: the service has to know its port.
  const port = String(await freePort())
  app = await startTestApp({ PORT: port, PUBLIC_URL: `http://127.0.0.1:${port}/` })
  const [other, owner, lead] = [
    await signIn(app, 'Omar'),
    await signIn(app, 'Maëlle'),
    await signIn(app, 'Inès', 'lead'),
  ]
  const nobody: Agent = { ...other, cookie: '', call: (path, o) => other.call(path, { ...o, headers: { cookie: '' } }) }
  agents = { nobody, other, owner, lead }
})
afterAll(() => app.end())

const at = (path = '', { conversationId } = member) => `/conversations/${conversationId}${path}`
const claim = async (agent: Agent, body: object = {}) => agent.call(at('/claim'), { body })

/** A member who has said things, and given an address, and waits for a person. */
async function askForPerson(): Promise<Member> {
  const asking = await startMember(app.url)
  await asking.send(app.texts.say('fr', 'welcome:menu.options.resend'))
  await asking.send(ADDRESS)
  await asking.sees('that a message is on its way', (a) => a.channelData?.node?.startsWith('arrived.') ?? false)
  await asking.send('Parler à une personne')
  await asking.sees('that they wait', (a) => a.channelData?.owner === 'waiting')
  await asking.send(SAID)
  return asking
}

/** Work that failed for good, of this conversation. */
function buryWork(): void {
  const db = new DatabaseSync(join(app.dataDir, 'sesame.db'), { timeout: 5_000 })
  const row =
    'INSERT OR REPLACE INTO work (id, kind, conversation_id, payload, code, ended_at) VALUES (?, ?, ?, ?, ?, ?)'
  db.prepare(row).run('dead', 'mail', member.conversationId, '{}', 'dead:mail_refused', '2026-11-22T12:00:00.000Z')
  db.close()
}

const items = ({ body }: Reply): { conversationId: string; reason?: string; agent?: object }[] => body.items ?? []
const ofMember = (reply: Reply) => items(reply).find((item) => item.conversationId === member.conversationId)
const tells = (reply: Reply) => {
  const text = JSON.stringify(reply.body)
  return { said: text.includes(SAID), masked: text.includes(MASKED), steps: reply.body.summary?.steps.length > 0 }
}
const ALL = { said: true, masked: true, steps: true }
const NOTHING = { said: false, masked: false, steps: false }

interface Row {
  /** What is sent; the epoch is that of the owner's claim. */
  body?: () => object
  /** Status for each of WHO. */
  is: readonly [number, number, number, number]
  /** Of what is shown to who is let in. */
  shows?: Partial<Record<Who, unknown>>
  of?: (reply: Reply) => unknown
}

/** A request that the owner has claimed, and every route. */
const CLAIMED: Record<string, Row> = {
  'POST /session': { body: () => ({ token: 'x' }), is: [401, 401, 401, 401] },
  'GET /session': {
    is: [401, 200, 200, 200],
    of: ({ body }) => body.role,
    shows: { other: 'agent', owner: 'agent', lead: 'lead' },
  },
  'POST /session/use': { body: () => ({}), is: [401, 200, 200, 200] },
  'POST /password': { body: () => ({}), is: [401, 400, 400, 400] },
  // Each their own.
  'POST /second-step': { body: () => ({}), is: [401, 200, 200, 200] },
  'POST /second-step/on': { body: () => ({ sealed: 'x', number: '000000' }), is: [401, 403, 403, 403] },
  'POST /second-step/off': { body: () => ({}), is: [401, 200, 200, 200] },
  'GET /queue': {
    is: [401, 200, 200, 200],
    of: (reply) => ofMember(reply)?.reason ?? 'not told',
    shows: { other: 'not told', owner: 'member_asked', lead: 'member_asked' },
  },
  'GET /dead': {
    is: [401, 200, 200, 200],
    of: (reply) => ofMember(reply) !== undefined,
    shows: { other: false, owner: true, lead: true },
  },
  'GET /conversations/:id': {
    is: [401, 200, 200, 200],
    of: tells,
    shows: { other: NOTHING, owner: ALL, lead: ALL },
  },
  'GET /conversations/:id/activities': {
    is: [401, 404, 200, 200],
    of: (reply) => tells(reply).said,
    shows: { other: false, owner: true, lead: true },
  },
  'POST /conversations/:id/claim': { body: () => ({}), is: [401, 409, 200, 409] },
  'POST /conversations/:id/messages': {
    body: () => ({ epoch, text: 'Bonjour', clientActivityID: crypto.randomUUID() }),
    is: [401, 409, 200, 409],
  },
  'POST /conversations/:id/handback': { body: () => ({ epoch }), is: [401, 409, 200, 409] },
  'POST /conversations/:id/resolve': { body: () => ({ epoch }), is: [401, 409, 200, 409] },
  'POST /conversations/:id/reveal': {
    body: () => ({ epoch, reason: 'find_record' }),
    is: [401, 409, 200, 409],
    of: (reply) => JSON.stringify(reply.body).includes(ADDRESS),
    shows: { other: false, owner: true, lead: false },
  },
  // Ends the session, if there is one: nothing of anybody else's.
  'DELETE /session': { is: [204, 204, 204, 204] },
}

test('every route of the desk stands in the table', () => {
  const routes = allRoutes().filter(({ path }) => path.startsWith('/desk/api'))
  const names = routes.map(({ method, path }) => `${method} ${path.slice('/desk/api'.length)}`)
  expect(names.sort()).toEqual(Object.keys(CLAIMED).sort())
})

describe('a request that an agent has', () => {
  beforeEach(async () => {
    member = await askForPerson()
    epoch = (await claim(agents.owner)).body.epoch
    buryWork()
  })

  test.each(Object.entries(CLAIMED).filter(([name]) => name !== 'DELETE /session'))('%s', async (name, row) => {
    const [method = '', path = ''] = name.split(' ')
    const body = row.body?.()
    for (const [n, who] of WHO.entries()) {
      const address = path.replace(':id', member.conversationId)
      const reply = await agents[who].call(address, { method, ...(body ? { body } : {}) })
      expect([who, reply.status]).toEqual([who, row.is[n]])
      if (row.of && row.shows && who in row.shows) expect([who, row.of(reply)]).toEqual([who, row.shows[who]])
    }
  })

  test('is a colleague’s: who has it, and nothing more; unless somebody may be in danger', async () => {
    const { body } = await agents.other.call(at())
    expect(body).toMatchObject({ access: 'taken', owner: 'agent', agent: { name: 'Maëlle' }, activities: [] })
    expect([body.reason, body.requestedAt, body.summary]).toEqual([
      undefined,
      undefined,
      { steps: [], addresses: [], answers: [] },
    ])
    await member.send('je veux mourir, jai pris toutes mes pilules')
    await until('the emergency', async () => ofMember(await agents.other.call('/queue'))?.reason === 'crisis')
    expect(tells(await agents.other.call(at()))).toEqual(NOTHING)
  })

  test('a lead takes over, from the claim that they saw, and only a lead; the one before is told who has it', async () => {
    const take = (agent: Agent, seen = epoch) => claim(agent, { take_over: true, epoch: seen })
    expect((await take(agents.other)).status).toBe(403)
    expect((await take(agents.owner)).status).toBe(403)
    const late = await take(agents.lead, epoch - 1)
    expect([late.status, late.body.code, late.body.by]).toEqual([409, 'claim_lost', 'Maëlle'])
    const taken = await take(agents.lead)
    expect([taken.status, taken.body]).toEqual([200, { owner: 'agent', epoch: epoch + 1 }])
    const refused = await agents.owner.call(at('/messages'), { body: { epoch, text: 'a', clientActivityID: 'a' } })
    expect([refused.status, refused.body.by]).toEqual([409, 'Inès'])
    expect(tells(await agents.owner.call(at()))).toEqual(NOTHING)
    const joined = app.texts.say('fr', 'common:agent_joined.say', { agent: 'Inès' })
    expect((await member.history()).filter((a) => a.text === joined)).toHaveLength(1)
  })

  test('given back it is nobody’s at the desk: like one that never was, but for a lead', async () => {
    const unknown = await agents.owner.call('/conversations/never-was')
    await agents.owner.call(at('/handback'), { body: { epoch } })
    for (const path of [at(), at('/activities')]) {
      const { status, body } = await agents.owner.call(path)
      expect([status, body]).toEqual([404, unknown.body])
      expect((await agents.lead.call(path)).status).toBe(200)
    }
    expect(ofMember(await agents.owner.call('/dead'))).toBeUndefined()
  })
})

test('a request that waits: what it is about, no word of the member’s', async () => {
  member = await askForPerson()
  buryWork()
  for (const who of ['other', 'owner'] as const) {
    const view = await agents[who].call(at())
    expect(view.body).toMatchObject({ access: 'request', owner: 'waiting', locale: 'fr', reason: 'member_asked' })
    expect(tells(view)).toEqual({ said: false, masked: false, steps: true })
    expect((await agents[who].call(at('/activities'))).status).toBe(404)
    expect(ofMember(await agents[who].call('/dead'))).toBeUndefined()
    expect(ofMember(await agents[who].call('/queue'))?.reason).toBe('member_asked')
  }
  expect(tells(await agents.lead.call(at()))).toEqual(ALL)
})

test('who is made a lead, or is one no more, is so from the next request on', async () => {
  member = await askForPerson()
  for (const role of ['lead', 'agent'] as const) {
    expect(await app.agents.setRole('Omar', role)).toBe(true)
    expect((await agents.other.call(at('/activities'))).status).toBe(role === 'lead' ? 200 : 404)
  }
})

describe('the console’s socket', () => {
  const sockets: WebSocket[] = []
  afterAll(() => {
    for (const socket of sockets) socket.terminate()
  })

  /** @returns the conversations that it was told of, as they come. */
  async function listen(agent: Agent): Promise<{ told: string[]; watch(id: string): void }> {
    const headers = { cookie: agent.cookie, origin: app.url.slice(0, -1) }
    const socket = new WebSocket(`${app.url.replace('http', 'ws')}desk/api/stream`, { headers })
    sockets.push(socket)
    const told: string[] = []
    socket.on('message', (data) => {
      const hint = JSON.parse(String(data) || '{}')
      if (hint.type === 'conversation') told.push(hint.conversationId)
    })
    await once(socket, 'open')
    return { told, watch: (id) => socket.send(JSON.stringify({ watch: id })) }
  }

  test('tells of a conversation only who may read it, and nobody who lost it', async () => {
    member = await askForPerson()
    const id = member.conversationId
    // Who may not is asked first each time: when the lead has heard, they would have.
    const [other, owner, lead] = [await listen(agents.other), await listen(agents.owner), await listen(agents.lead)]
    const all = [other, owner, lead]
    const counts = () => all.map(({ told }) => told.length)
    for (const one of all) one.watch(id)
    await until('the lead', () => lead.told.length > 0)
    expect(counts()).toEqual([0, 0, 1])
    epoch = (await claim(agents.owner)).body.epoch
    await until('the lead', () => lead.told.length > 1)
    expect(counts()).toEqual([0, 1, 2])
    await member.send('encore')
    await until('the lead', () => lead.told.length > 2)
    expect(counts()).toEqual([0, 2, 3])
    await claim(agents.lead, { take_over: true, epoch })
    await until('the lead', () => lead.told.length > 3)
    await member.send('et encore')
    await until('the lead', () => lead.told.length > 4)
    expect(counts()).toEqual([0, 2, 5])
    expect(new Set(lead.told)).toEqual(new Set([id]))
  })

  test('of an agent who was removed hears nothing more', async () => {
    const gone = await signIn(app, 'Béa', 'lead')
    member = await askForPerson()
    const [before, lead] = [await listen(gone), await listen(agents.lead)]
    for (const one of [before, lead]) one.watch(member.conversationId)
    await until('both', () => before.told.length > 0 && lead.told.length > 0)
    await app.agents.remove('Béa')
    await member.send('encore')
    await until('the lead', () => lead.told.length > 1)
    expect(before.told).toHaveLength(1)
  })
})
