/** T20: one network holds no more than its share of the connections, and is refused before it said anything. */
import { once } from 'node:events'
import { BlockList, connect, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { WebSocketServer } from 'ws'
import { CONNECTIONS_OF_NETWORK } from '../../src/http/connections.ts'
import { createNetworks } from '../../src/http/network.ts'
import { createHttp, type Http } from '../../src/http/server.ts'
import { keepLog } from '../support/app.ts'
import { CONTENT } from '../support/conversation.ts'
import { NO_ORIGINS } from '../support/http.ts'
import { until } from '../support/until.ts'

const [LOUD, CALM, PROXY] = ['127.0.0.2', '127.0.0.3', '127.0.0.4'] as const
const trusted = new BlockList()
trusted.addAddress(PROXY, 'ipv4')

let http: Http
let port: number
let full: number
const opened: Socket[] = []

beforeEach(async () => {
  full = 0
  const networks = createNetworks(trusted, Buffer.alloc(32, 1))
  http = createHttp({ texts: CONTENT.texts, log: keepLog().log, origins: NO_ORIGINS, networks, onFull: () => full++ })
  http.route('get', '/', () => ({ status: 200, body: {} }))
  http.server.listen(0, '127.0.0.1')
  await once(http.server.server, 'listening')
  ;({ port } = http.server.address())
})
afterEach(async () => {
  for (const socket of opened.splice(0)) socket.destroy()
  await http.stop()
})

function open(localAddress: string): Socket {
  const socket = connect({ port, host: '127.0.0.1', localAddress })
  socket.on('error', () => undefined)
  opened.push(socket)
  return socket
}

/** What comes back over it; '' when it was let go. */
function answer(socket: Socket, upgrade = ''): Promise<string> {
  return fetchBy(socket, `GET / HTTP/1.1\r\nhost: x\r\n${upgrade}\r\n`)
}

function fetchBy(socket: Socket, text: string): Promise<string> {
  socket.write(text)
  return heard(socket)
}

const heard = (socket: Socket) =>
  new Promise<string>((resolve) => {
    socket.once('data', (data) => resolve(String(data)))
    socket.once('close', () => resolve(''))
  })

const held = () => new Promise<number>((resolve) => http.server.server.getConnections((_, count) => resolve(count)))
const silent = (from: string, count: number) => Array.from({ length: count }, () => open(from))

/** As many silent connections as a network may have. */
async function fill(from: string): Promise<Socket[]> {
  const sockets = silent(from, CONNECTIONS_OF_NETWORK)
  await until('its places taken', async () => (await held()) === CONNECTIONS_OF_NETWORK)
  return sockets
}

describe('a network with all its connections', () => {
  test('gets no more, whatever it sends; another one is served', async () => {
    await fill(LOUD)
    const more = await Promise.all(silent(LOUD, 20).map((socket) => answer(socket)))
    expect(more).toEqual(Array.from({ length: 20 }, () => ''))
    expect(full).toBe(20)
    expect(await held()).toBe(CONNECTIONS_OF_NETWORK)
    expect(await answer(open(CALM))).toMatch(/^HTTP\/1\.1 200 /)
  })

  test('is refused before it said anything', async () => {
    await fill(LOUD)
    expect(await heard(open(LOUD))).toBe('')
    expect(full).toBe(1)
  })

  test('has a place again for each that ends, and once for each', async () => {
    const [first] = await fill(LOUD)
    first?.destroy()
    await until('a place', async () => (await held()) < CONNECTIONS_OF_NETWORK)
    expect(await answer(open(LOUD))).toMatch(/^HTTP\/1\.1 200 /)
    expect(await answer(open(LOUD))).toBe('')
  })

  test('counts those that became sockets too', async () => {
    const sockets = new WebSocketServer({ noServer: true })
    http.server.server.on('upgrade', (req, socket, head) => sockets.handleUpgrade(req, socket, head, () => undefined))
    const key = 'connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n'
    const upgrade = `${key}sec-websocket-key: ${Buffer.alloc(16).toString('base64')}\r\n`
    expect(await answer(open(LOUD), upgrade)).toMatch(/^HTTP\/1\.1 101 /)
    silent(LOUD, CONNECTIONS_OF_NETWORK - 1)
    await until('its places taken', async () => (await held()) === CONNECTIONS_OF_NETWORK)
    expect(await answer(open(LOUD))).toBe('')
  })
})

describe('behind a trusted proxy', () => {
  const ask = (from: string, path = '/', more = '') =>
    fetchBy(open(PROXY), `GET ${path} HTTP/1.1\r\nhost: x\r\nx-forwarded-for: ${from}\r\n${more}\r\n`)

  test('a network has as many requests under way; the next is refused at once, others’ are served', async () => {
    let underWay = 0
    const end = new Set<() => void>()
    http.route('get', '/slow', async () => {
      underWay++
      await new Promise<void>((resolve) => end.add(resolve))
      return { status: 200 }
    })
    const slow = Array.from({ length: CONNECTIONS_OF_NETWORK }, () => ask('203.0.113.1', '/slow'))
    await until('as many as may be', () => underWay === CONNECTIONS_OF_NETWORK)
    const refused = await ask('203.0.113.1')
    expect(refused).toMatch(/^HTTP\/1\.1 429 /)
    expect(refused).toContain('retry-after: 2')
    expect(refused).toContain('x-content-type-options: nosniff')
    // Also what would be refused anyway, and then held back.
    expect(await ask('203.0.113.1', '/', 'origin: https://evil.example\r\n')).toMatch(/^HTTP\/1\.1 429 /)
    expect(full).toBe(2)
    expect(await ask('203.0.113.2')).toMatch(/^HTTP\/1\.1 200 /)
    for (const one of end) one()
    for (const one of await Promise.all(slow)) expect(one).toMatch(/^HTTP\/1\.1 200 /)
    expect(await ask('203.0.113.1')).toMatch(/^HTTP\/1\.1 200 /)
  }, 15_000)
})

test('a trusted proxy brings everybody: its connections are not counted', async () => {
  silent(PROXY, CONNECTIONS_OF_NETWORK + 5)
  await until('all of them', async () => (await held()) === CONNECTIONS_OF_NETWORK + 5)
  expect(await answer(open(PROXY))).toMatch(/^HTTP\/1\.1 200 /)
  expect(full).toBe(0)
})
