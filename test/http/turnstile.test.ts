/** T20: who sends a thousand requests at once waits for themselves; whoever comes after them does not. */
import { once } from 'node:events'
import { BlockList, connect } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createNetworks } from '../../src/http/network.ts'
import { createHttp, type Http } from '../../src/http/server.ts'
import { createTurnstile, type Turnstile } from '../../src/http/turnstile.ts'
import { keepLog } from '../support/app.ts'
import { CONTENT } from '../support/conversation.ts'
import { NO_ORIGINS } from '../support/http.ts'
import { until } from '../support/until.ts'

/** Asks `count` times for each of the networks. @returns who was let in, in order. */
function crowd(turnstile: Turnstile, networks: readonly string[], count: number): string[] {
  const entered: string[] = []
  for (let n = 0; n < count; n++)
    for (const network of networks) void turnstile(network).then(() => entered.push(network))
  return entered
}

test('the first of a network is let in at once, the others one in a turn of the loop, in their order', async () => {
  const turnstile = createTurnstile()
  const entered: number[] = []
  for (let n = 0; n < 5; n++) void turnstile('loud').then(() => entered.push(n))
  await Promise.resolve()
  expect(entered).toEqual([0])
  for (let n = 1; n < 5; n++) {
    await turn()
    expect(entered).toEqual(Array.from({ length: n + 1 }, (_, i) => i))
  }
})

test('whoever else comes does not wait, nor who can’t be told from another', async () => {
  const turnstile = createTurnstile()
  const entered = crowd(turnstile, ['loud'], 400)
  await turnstile('calm')
  await turnstile(undefined)
  expect(entered.length).toBeLessThan(3)
})

test('of many networks that wait one is let in a turn, each as often as the others; who waits for nothing is in nobody’s way', async () => {
  const turnstile = createTurnstile()
  const networks = Array.from({ length: 5 }, (_, n) => `loud${n}`)
  const entered = crowd(turnstile, networks, 20)
  await Promise.resolve()
  expect(entered.splice(0)).toEqual(networks)
  for (let n = 0; n < 10; n++) {
    for (let others = 0; others < 100; others++) await turnstile(`calm${others}`)
    await turn()
    expect(entered).toHaveLength(n + 1)
  }
  expect(entered).toEqual([...networks, ...networks])
})

test('a line has an end, and is forgotten when it is over', async () => {
  const turnstile = createTurnstile()
  const all = Array.from({ length: 600 }, () => turnstile('loud'))
  const refused = (await Promise.allSettled(all)).filter(({ status }) => status === 'rejected')
  expect(refused).toHaveLength(99)
  expect(refused[0]).toMatchObject({ reason: { code: 'too_many', facts: { retryAfter: 1 } } })
  await turn()
  await turnstile('loud')
})

let http: Http
const handled: string[] = []
beforeAll(async () => {
  const trusted = new BlockList()
  trusted.addAddress('127.0.0.1', 'ipv4')
  const networks = createNetworks(trusted, Buffer.alloc(32, 1))
  http = createHttp({ texts: CONTENT.texts, log: keepLog().log, origins: NO_ORIGINS, networks })
  http.route('get', '/:who', ({ params }) => {
    handled.push(params.who ?? '')
    return { status: 200 }
  })
  http.server.listen(0, '127.0.0.1')
  await once(http.server.server, 'listening')
})
afterAll(() => http.stop())

test('behind two hundred requests of a network that arrived together another one is served first', async () => {
  const { port } = http.server.address()
  const get = (who: string, from: string) => `GET /${who} HTTP/1.1\r\nhost: x\r\nx-forwarded-for: ${from}\r\n\r\n`
  // What the kernel holds for the service all arrives in one turn of its loop.
  const loud = Array.from({ length: 200 }, () => connect(port, '127.0.0.1'))
  const calm = connect(port, '127.0.0.1')
  const held = () => new Promise<number>((resolve) => http.server.server.getConnections((_, count) => resolve(count)))
  await until('all of them', async () => (await held()) > loud.length)
  const answered = [...loud, calm].map((socket) => once(socket, 'data'))
  for (const socket of loud) socket.write(get('loud', '203.0.113.1'))
  calm.write(get('calm', '203.0.113.2'))
  await Promise.all(answered)
  expect(handled.filter((who) => who === 'loud')).toHaveLength(200)
  expect(handled.indexOf('calm')).toBeLessThan(50)
  for (const socket of [...loud, calm]) socket.destroy()
})
