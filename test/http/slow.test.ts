/** T20: who sends slowly is cut off, and others are served meanwhile. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createHttp, type Http } from '../../src/http/server.ts'
import { keepLog } from '../support/app.ts'
import { CONTENT } from '../support/conversation.ts'
import { ask, NO_ORIGINS } from '../support/http.ts'

const TIMES = { request: 400, look: 50, hold: 10, idle: 200 }
let http: Http
let port: number

beforeAll(async () => {
  http = createHttp({ texts: CONTENT.texts, log: keepLog().log, origins: NO_ORIGINS, times: TIMES })
  http.route('post', '/echo', ({ body }) => ({ status: 200, body: body ?? {} }))
  http.server.listen(0, '127.0.0.1')
  await once(http.server.server, 'listening')
  ;({ port } = http.server.address())
})
afterAll(() => http.stop())

/** A client that drips. @returns how long it was borne, ms. */
async function drip(first: string, drop: string): Promise<number> {
  const began = performance.now()
  const socket: Socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  socket.on('data', () => undefined)
  const gone = new Promise((resolve) => socket.on('close', resolve))
  socket.write(first)
  const dripping = setInterval(() => socket.write(drop), 20)
  await gone
  clearInterval(dripping)
  return performance.now() - began
}

const HEAD = 'POST /echo HTTP/1.1\r\nhost: x\r\n'

test.each([
  ['says nothing at all', '', ''],
  ['says one letter', 'P', ''],
  ['drips headers', HEAD, 'x-a: b\r\n'],
  ['drips one header', `${HEAD}x-a: `, 'b'],
  ['drips a body', `${HEAD}content-type: application/json\r\ncontent-length: 9999\r\n\r\n`, ' '],
  [
    'drips pieces of a body',
    `${HEAD}content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`,
    '1\r\n \r\n',
  ],
])('who %s is cut off in time', async (_name, first, drop) => {
  const borne = await drip(first, drop)
  expect(borne).toBeGreaterThan(TIMES.request * 0.9)
  expect(borne).toBeLessThan(TIMES.request + 5_000)
})

test('who is answered and then says nothing is let go, also when they only ended their side', async () => {
  for (const end of [false, true]) {
    const began = performance.now()
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    const gone = once(socket, 'end')
    socket.resume()
    socket.write('GET /nothing HTTP/1.1\r\nhost: x\r\n\r\n')
    await once(socket, 'data')
    if (end) socket.end()
    await gone
    // Node adds a second to the time of silence.
    if (!end) expect(performance.now() - began).toBeGreaterThan(TIMES.idle)
    expect(performance.now() - began).toBeLessThan(TIMES.idle + 6_000)
    socket.destroy()
  }
})

test('beside 200 of them others are served', async () => {
  const slow = Array.from({ length: 200 }, () => drip(HEAD, 'x-a: b\r\n'))
  for (let i = 0; i < 10; i++) expect((await ask(`http://127.0.0.1:${port}/echo`, { body: { i } })).body).toEqual({ i })
  await Promise.all(slow)
})

test('the service as it runs looks for them every 2 s and bears them for 10', () => {
  const { server } = createHttp({ texts: CONTENT.texts, log: keepLog().log, origins: NO_ORIGINS }).server
  expect(server).toMatchObject({
    requestTimeout: 10_000,
    headersTimeout: 10_000,
    connectionsCheckingInterval: 2_000,
    keepAliveTimeout: 65_000,
    timeout: 30_000,
    maxConnections: 10_000,
  })
})
