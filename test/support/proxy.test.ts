import { once } from 'node:events'
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { startProxy, type TcpProxy } from './proxy.ts'
import { until } from './until.ts'

/** A proof by a link that does no harm proves nothing: here is that the proxy does what it says. */
let reached: string
let target: Server
let proxy: TcpProxy
const clients: Socket[] = []

beforeEach(async () => {
  reached = ''
  target = createServer((socket) => {
    socket.on('data', (chunk) => {
      reached += chunk
      socket.write(`<${chunk}>`)
    })
    socket.on('error', () => undefined)
  }).listen(0, '127.0.0.1')
  await once(target, 'listening')
  proxy = await startProxy({ port: (target.address() as AddressInfo).port })
})

afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy()
  await proxy.end()
  target.close()
})

interface Client {
  socket: Socket
  heard: string
  isClosed: boolean
  /** Sends and waits for the answer. */
  say(text: string): Promise<void>
}

async function join(): Promise<Client> {
  const socket = createConnection(proxy.port, '127.0.0.1')
  clients.push(socket)
  const say = async (text: string) => {
    socket.write(text)
    await until(`the answer to ${text}`, () => client.heard.endsWith(`<${text}>`))
  }
  const client: Client = { socket, heard: '', isClosed: false, say }
  socket.on('data', (chunk) => {
    client.heard += chunk
  })
  socket.on('close', () => {
    client.isClosed = true
  })
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return client
}

const closed = (client: Client) => until('the connection to close', () => client.isClosed)

test('without a fault it passes everything on, both ways, and the end', async () => {
  const client = await join()
  await client.say('a')
  const big = 'x'.repeat(2_000_000)
  client.socket.write(big)
  await until('all of it', () => reached.length === big.length + 1 && client.heard.length > big.length)
  expect(proxy.connections()).toBe(1)
  client.socket.end()
  await closed(client)
  await until('no connection', () => proxy.connections() === 0)
})

test('delays, in order, also when the delay ends', async () => {
  const client = await join()
  proxy.delay(40)
  const begin = performance.now()
  client.socket.write('a')
  await until('the first to arrive', () => reached === 'a')
  expect(performance.now() - begin).toBeGreaterThan(35)
  client.socket.write('b')
  await pause(20)
  await proxy.heal()
  client.socket.write('c')
  await until('the last to arrive', () => reached.endsWith('c'))
  expect(performance.now() - begin).toBeGreaterThan(75)
  expect(reached).toBe('abc')
})

test('cuts after so many bytes in one direction, on each connection', async () => {
  const old = await join()
  await old.say('before')
  proxy.cutAfter(3, 'up')
  const fresh = await join()
  for (const client of [old, fresh]) {
    reached = ''
    client.socket.write('ab')
    await until('the first bytes', () => reached === 'ab')
    client.socket.write('cdef')
    await closed(client)
    expect(reached).toBe('abc')
  }
  proxy.cutAfter(4, 'down')
  const listener = await join()
  listener.socket.write('abcdef')
  await closed(listener)
  expect(listener.heard).toBe('<abc')
})

test.each([0, 30])('swallows replies: the request is carried out, its sender never knows (delay %i)', async (delay) => {
  proxy.swallowReplies((nth) => nth % 3 === 0)
  proxy.delay(delay)
  const client = await join()
  await client.say('a')
  await client.say('b')
  client.socket.write('c')
  await closed(client)
  expect(reached).toBe('abc')
  expect(client.heard).toBe('<a><b>')
  await (await join()).say('d')
})

test('half-open downwards: replies and even the end of the target are lost, new connections work', async () => {
  const client = await join()
  await client.say('a')
  proxy.halfOpen('down')
  client.socket.write('b')
  await (await join()).say('c')
  expect([reached, client.heard, client.isClosed]).toEqual(['abc', '<a>', false])
  await proxy.heal()
  await closed(client)
})

test('half-open upwards: what is sent is lost; connections that lost nothing go on', async () => {
  const [client, quiet] = [await join(), await join()]
  proxy.halfOpen('up', 'too')
  const fresh = await join()
  client.socket.write('a')
  fresh.socket.write('b')
  await pause(30)
  expect(reached).toBe('')
  await proxy.heal()
  await Promise.all([closed(client), closed(fresh)])
  await quiet.say('c')
  await (await join()).say('d')
})

test('refuses new connections until healed; resets all when asked', async () => {
  const client = await join()
  proxy.refuse()
  await expect(join()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  await client.say('a')
  proxy.closeAll()
  await closed(client)
  await proxy.heal()
  await (await join()).say('b')
})
