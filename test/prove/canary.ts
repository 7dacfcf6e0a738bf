/** What people say, and what is on file about them, stays where it belongs: made-up addresses, words, codes and names are sent
 *  through every path, those that fail included, and then looked for in the log, in names of keys and channels, in what goes out. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { openCoverageDb } from '../../src/coverage/sqlite.ts'
import { type CoverageStub, STUB_TOKEN, startCoverageStub } from '../support/coverage-stub.ts'
import { CITED_AT } from './canary/faults.ts'
import { identityOf, sendHostile } from './canary/hostile.ts'
import { createSearch, type Search, searchFolder, watchedCall, watchRedis } from './canary/places.ts'
import { createCanaryAgent, type Walk, walk } from './canary/talk.ts'
import { type Canary, inviteCanaries, secretWord } from './canary/words.ts'
import type { Script } from './mail.ts'
import { type Rig, startRig } from './rig.ts'
import { byLength, type Context, type Scenario, toRow, using, waitFor } from './scenario.ts'

const IDENTITY_KEY = Buffer.alloc(32, 9)
const KID = 'page'
/** Messages of one conversation: as many as pass at once, and some more. */
const STEPS = 12
const AT_ONCE = 24
/** Mails are looked for this long after the last message, ms. */
const MAILS_MS = 20_000

export const canary: Scenario = {
  name: 'canary',
  stores: ['sqlite', 'redis'],
  run: async (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'sesame-canary-'))
    const stub = await startCoverageStub([])
    try {
      return await inFolder(context, folder, stub)
    } finally {
      await stub.end()
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

async function inFolder(context: Context, folder: string, stub: CoverageStub) {
  const canaries = await invited(folder, byLength(context.length, 300, 1_000))
  const search = createSearch(canaries)
  let log = ''
  const heard = (_index: number, text: string) => {
    log += text
  }
  // With Redis one process asks the file and the other one a coverage system that fails in turn.
  const env = (index: number) => ({
    ...ENV,
    ...(index === 1 ? { COVERAGE_URL: stub.url.href, COVERAGE_TOKEN: STUB_TOKEN } : {}),
  })
  return using(startRig({ ...context, folder, env, heard }), async (rig) => {
    rig.sink.play(refusing)
    playFaults(stub, canaries)
    const redis = rig.redis && (await watchRedis(rig.redis, search))
    const done = await talkAll(context, rig, canaries, search)
    await settle(rig)
    for (const [index] of rig.fleet.urls.entries()) await rig.fleet.signal(index, 'SIGTERM')
    await redis?.end()
    searchFolder(folder, search)
    for (const { operation } of stub.calls) search.nothing('URLs of the coverage system', operation)
    search.nothing('the log', log)
    return toRow('canary', context, {
      injected: done.faults,
      verdict: { acked: rig.clients.tally.ackMs.length, lost: 0, doubled: 0, inverted: 0, faults: [] },
      notes: [
        `${canaries.length} canaries; ${done.nodes} nodes, ${done.served} by an agent; ${rig.sink.mails.length} mails, ${stub.calls.length} asked elsewhere`,
        `searched ${log.length} characters of log${redis ? `, ${redis.keys()} keys, ${redis.channels()} channels` : ''}`,
      ],
      breaches: [...search.finds.list(), ...(log === '' ? ['the service logged nothing: nothing was searched'] : [])],
    })
  })
}

const ENV = { LOG_LEVEL: 'debug', CITING: '1', IDENTITY_KEYS: `${KID}:HS256:${IDENTITY_KEY.toString('base64')}` }

async function invited(folder: string, count: number): Promise<Canary[]> {
  const db = openCoverageDb(join(folder, 'coverage.db'))
  try {
    return await inviteCanaries(db, count)
  } finally {
    db.close()
  }
}

/** A third is refused for good and a third for now, by a server that says whose mail it was. */
const refusing: Script = (phase, _port, address = '') => {
  const kind = Number(/(\d)@/.exec(address)?.[1] ?? 9) % 3
  if (phase !== 'to' || kind === 0) return undefined
  return kind === 1
    ? { code: 550, text: `no such user ${address}` }
    : { code: 451, text: `${address} is busy, try <${address}>` }
}

/** It fails in every way, and says in its faults whom it was asked for. */
function playFaults(stub: CoverageStub, canaries: readonly Canary[]): void {
  stub.play(({ request }, nth) => {
    const said = `${String(request.email)} ${canaries[nth % canaries.length]?.code}`
    if (nth % 6 === 0) return { is: 'status', status: 500 }
    if (nth % 6 === 1) return { is: 'body', body: `<html>${said}</html>` }
    if (nth % 6 === 2)
      return { is: 'body', body: JSON.stringify({ found: true, invitation: { email: said, id: said, [said]: 1 } }) }
    if (nth % 6 === 3) return { is: 'swapped' }
    return undefined
  })
}

async function talkAll(context: Context, rig: Rig, canaries: readonly Canary[], search: Search) {
  const call = watchedCall(rig.clients.call, search)
  const clients = { ...rig.clients, call }
  const { cookie, name } = await signIn(rig, call)
  search.secrets.add(name)
  let given = 0
  const next = () => canaries[given++ % canaries.length] as Canary
  const w: Walk = {
    clients,
    sink: rig.sink,
    next,
    agent: createCanaryAgent(clients, cookie),
    nodes: new Set(),
    tried: new Map(),
  }
  let faults = 0
  // A sabotage gives itself away at once.
  const talks = context.sabotage ? 8 : byLength(context.length, 24, 320)
  const one = async (n: number) => {
    const joins = n % 4 === 0 ? await identified(w, next()) : undefined
    await walk(w, STEPS, joins)
    if (n % 5 === 0) faults += await hostile(w, next())
  }
  await inLanes(talks, one)
  for (let n = 0; n < byLength(context.length, 6, 40); n++) faults += await citeFault(w, next())
  return { faults, nodes: w.nodes.size, served: w.agent.served() }
}

async function inLanes(count: number, run: (n: number) => Promise<void>): Promise<void> {
  let taken = 0
  const lane = async () => {
    for (let n = taken++; n < count; n = taken++) await run(n)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, lane))
}

/** By link, then by a password of the agent's own, with wrong ones in between. */
async function signIn(rig: Rig, call: Walk['clients']['call']): Promise<{ cookie: string; name: string }> {
  const { url } = rig.clients.route()
  const name = 'Agente Qzvuxi'
  const [token] = await rig.fleet.addAgents([name])
  const ask = async (path: string, body: object, cookie = '') => {
    const { headers } = await call(`${url}/desk/api/${path}`, { body, headers: { 'x-sesame-desk': '1', cookie } })
    return headers['set-cookie']?.[0]?.split(';')[0] ?? ''
  }
  const first = await ask('session', { token })
  await ask('password', { password: `${secretWord(3)} is long` }, first)
  await ask('session', { name, password: `${secretWord(4)} is wrong` })
  return { cookie: await ask('session', { name, password: `${secretWord(3)} is long` }), name }
}

/** A conversation of somebody whom the host page vouches for, after a page that lies. */
async function identified({ clients: { call, route } }: Walk, one: Canary) {
  const { url } = route()
  const body = { identity: identityOf(one, IDENTITY_KEY, KID) }
  await call(`${url}/widget/token`, { body: { identity: identityOf(one, Buffer.alloc(32, 1), KID) } })
  const { body: token, status } = await call(`${url}/widget/token`, { body })
  if (status !== 200) return undefined
  await call(`${url}/v3/directline/conversations`, { token: token.token, body: { ...body, locale: 'fr-CA' } })
  return token
}

async function hostile({ clients: { call, route } }: Walk, one: Canary): Promise<number> {
  const { url } = route()
  const { body } = await call(`${url}/widget/token`, { body: {} })
  await call(`${url}/v3/directline/conversations`, { token: body.token, body: {} })
  return sendHostile(call, url, { token: body.token, id: body.conversationId }, one)
}

/** Messages on which a library fails with an error that cites them. */
async function citeFault({ clients: { call, route } }: Walk, one: Canary): Promise<number> {
  const { url } = route()
  const { body } = await call(`${url}/widget/token`, { body: {} })
  const base = `${url}/v3/directline/conversations`
  await call(base, { token: body.token, body: {} })
  for (const where of CITED_AT) {
    const text = `${where} ${one.text} ${one.email}`
    await call(`${base}/${body.conversationId}/activities`, {
      token: body.token,
      body: { type: 'message', from: { id: 'x' }, text },
    })
  }
  return CITED_AT.length
}

/** Until no mail has come for a while. */
async function settle({ sink }: Rig): Promise<void> {
  let last = -1
  await waitFor(
    'the mails to end',
    async () => {
      const before = last
      last = sink.attempts() + sink.mails.length
      await pause(1_000)
      return before === last
    },
    MAILS_MS,
  )
}
