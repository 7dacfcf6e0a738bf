/** The idle lock: what consoles do by themselves does not keep a session, whatever route it takes; what a person does, does. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { createAgents, IDLE_MS } from '../../src/desk/agents.ts'
import { mountDeskRoutes } from '../../src/http/desk-routes.ts'
import { createDeskSessions } from '../../src/http/desk-session.ts'
import { createHttp } from '../../src/http/server.ts'
import { createAgentStore } from '../../src/store/sqlite/agents.ts'
import { testSecondStep } from '../support/agent-stores.ts'
import { keepLog } from '../support/app.ts'
import { CONTENT, createStage, type Talk } from '../support/conversation.ts'
import { DESK_HEADER } from '../support/desk.ts'
import { ask, NO_ORIGINS } from '../support/http.ts'
import { allRoutes } from '../support/routes.ts'

const READING = allRoutes().filter(({ method, path }) => method === 'GET' && path.startsWith('/desk/api'))

let stage: ReturnType<typeof createStage>
let member: Talk
let end: () => Promise<void>
let call: (path: string, body?: object) => Promise<number>

beforeEach(async () => {
  stage = createStage()
  const now = () => stage.clock.now
  const agents = createAgents({ store: createAgentStore(stage.store.db), secondStep: testSecondStep(), now })
  const audit = { record: async () => {}, subjectOf: String }
  const sessions = createDeskSessions({ agents, audit, secure: false, secondStep: 'optional' })
  const http = createHttp({ texts: CONTENT.texts, log: keepLog().log, origins: NO_ORIGINS })
  mountDeskRoutes(http, stage.desk, sessions)
  http.server.listen(0, '127.0.0.1')
  await once(http.server.server, 'listening')
  end = http.stop
  await agents.add('Maude', 'lead')
  const { setCookie } = await sessions.signIn({ token: await agents.link('Maude') })
  const url = `http://127.0.0.1:${(http.server.server.address() as AddressInfo).port}/desk/api`
  const headers = { ...DESK_HEADER, cookie: setCookie.split(';')[0] ?? '', connection: 'close' }
  call = async (path, body) => (await ask(url + path, { headers, ...(body ? { body } : {}) })).status
  member = await stage.open('fr')
  await member.say('Parler à une personne')
})
afterEach(async () => {
  await end()
  stage.close()
})

const readAll = async () => {
  for (const { path } of READING) {
    const address = path.slice('/desk/api'.length).replace(':id', member.conversationId)
    expect([path, await call(address)]).toEqual([path, 200])
  }
}

test('fifteen minutes of reading by itself end it', async () => {
  expect(READING.length).toBeGreaterThan(4)
  expect(IDLE_MS).toBe(15 * 60_000)
  const began = stage.clock.now
  for (const part of [0.2, 0.5, 0.9]) {
    stage.clock.now = began + part * IDLE_MS
    await readAll()
  }
  stage.clock.now = began + IDLE_MS
  for (const path of ['/session', '/queue']) expect(await call(path)).toBe(401)
  expect(await call('/session/use', {})).toBe(401)
})

test.each([
  ['keys and mouse', '/session/use'],
  ['a claim', `/conversations/:id/claim`],
])('%s keep it', async (_, path) => {
  const address = () => path.replace(':id', member.conversationId)
  for (let n = 0; n < 4; n++) {
    stage.clock.now += 0.9 * IDLE_MS
    expect(await call(address(), {})).toBe(200)
  }
  await readAll()
})
