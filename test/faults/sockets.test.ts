import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { startMember } from '../support/directline.ts'
import { tempFolder } from '../support/folder.ts'
import { ask } from '../support/http.ts'
import { freePort, type Service, startService } from '../support/service.ts'
import { until } from '../support/until.ts'

const folder = tempFolder()
let port: number
let service: Service

beforeAll(async () => {
  port = await freePort()
  service = await startService({ DATA_DIR: folder.path }, port)
})
afterAll(async () => {
  await service.kill('SIGTERM')
  folder.remove()
})

const alive = async () => (await ask(`${service.url}/health`)).status

async function send(text: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  socket.write(text)
  return socket
}

const upgrade = (path: string, to = 'websocket') =>
  `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: ${to}\r\n` +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n'

test('a connection that is reset while a socket is asked for ends nothing but itself', async () => {
  const { streamUrl } = await startMember(`${service.url}/`)
  const good = new URL(streamUrl)
  const paths = ['/nowhere', '/desk/api/stream', '//', `${good.pathname}${good.search}`, `${good.pathname}?t=x`]
  for (const path of paths) {
    for (let i = 0; i < 5; i++) {
      const socket = await send(upgrade(path) + 'x'.repeat(i * 20_000))
      socket.resetAndDestroy()
      await once(socket, 'close')
    }
    expect(await alive()).toBe(200)
  }
})

test('a refused socket is closed from our side, also when the client keeps its own open', async () => {
  const socket = await send(upgrade('/nowhere'))
  let answer = ''
  socket.on('data', (chunk) => {
    answer += chunk
  })
  await once(socket, 'end')
  expect(answer).toMatch(/^HTTP\/1\.1 404 /)
  // Nothing is half open: writing to it fails.
  await until('the connection to be gone', () => {
    if (!socket.destroyed) socket.write('x')
    return socket.destroyed
  })
})

test('whoever offers another protocol than WebSocket is answered over HTTP', async () => {
  const socket = await send(upgrade('/health', 'h2c'))
  const [answer] = await once(socket, 'data')
  expect(String(answer)).toMatch(/^HTTP\/1\.1 200 /)
  socket.destroy()
})
