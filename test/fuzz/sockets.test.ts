import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { WebSocket } from 'ws'
import { startTestApp, type TestApp } from '../support/app.ts'
import { type Agent, signIn } from '../support/desk.ts'
import { type Member, openStream, startMember } from '../support/directline.ts'
import { until } from '../support/until.ts'
import { deep, hostileJson, hostileText } from './corpus/json.ts'

/** Our own pages' origin: the test app's public URL. */
const OWN = 'http://127.0.0.1:0'

const PATIENCE_MS = 300

let app: TestApp
let agent: Agent
let member: Member

beforeAll(async () => {
  app = await startTestApp()
  member = await startMember(app.url)
  agent = await signIn(app, 'Maude', 'lead')
})
afterAll(() => app.end())

/** A socket of the member, of a fresh URL each, or of the console. */
async function open(kind: 'member' | 'console'): Promise<{ socket: WebSocket; frames: string[] }> {
  const console = () =>
    new WebSocket(`${app.url.replace('http', 'ws')}desk/api/stream`, { headers: { cookie: agent.cookie, origin: OWN } })
  const socket = kind === 'console' ? console() : new WebSocket((await member.call('')).body.streamUrl)
  const frames: string[] = []
  socket.on('message', (data) => frames.push(String(data)))
  socket.on('error', () => {})
  await once(socket, 'open')
  return { socket, frames }
}

async function gone(socket: WebSocket): Promise<void> {
  socket.terminate()
  if (socket.readyState !== socket.CLOSED) await once(socket, 'close')
}

const wire = (socket: WebSocket): Socket => (socket as unknown as { _socket: Socket })._socket

/** One frame by hand, masked as a client must, unless told otherwise. */
function frame({
  first,
  body,
  length,
  masked,
}: {
  first: number
  body: Uint8Array
  length: number
  masked: boolean
}): Buffer {
  const size = Buffer.alloc(length === 127 ? 8 : length === 126 ? 2 : 0)
  if (length === 126) size.writeUInt16BE(body.length)
  if (length === 127) size.writeBigUInt64BE(BigInt(body.length) + (body.length % 3 === 0 ? 2n ** 62n : 0n))
  const head = [first, (masked ? 128 : 0) | (length < 126 ? body.length & 127 : length)]
  return Buffer.concat([Buffer.from(head), size, Buffer.alloc(masked ? 4 : 0), body])
}

const said = fc.oneof(
  hostileText,
  hostileJson.map((value) => JSON.stringify(value)),
  hostileJson.map((watch) => JSON.stringify({ watch })),
  fc.constantFrom(
    '',
    '{"watch":"',
    '{"watch":null}',
    '{"watch":{"toString":1}}',
    '{"__proto__":{"watch":"a"}}',
    deep(8_000),
    '{"watch":"a","watch":[]}',
  ),
)
const sent = fc.oneof(
  said.map((text) => (socket: WebSocket) => socket.send(text)),
  said.map((text) => (socket: WebSocket) => socket.send(Buffer.from(text), { binary: true })),
  fc.uint8Array({ maxLength: 125 }).map((bytes) => (socket: WebSocket) => socket.ping(bytes)),
  fc.uint8Array({ maxLength: 125 }).map((bytes) => (socket: WebSocket) => socket.pong(bytes)),
  fc.array(said, { maxLength: 20 }).map((parts) => (socket: WebSocket) => {
    for (const [i, part] of parts.entries()) socket.send(part, { fin: i === parts.length - 1 })
  }),
  fc.constantFrom(16_384, 16_385, 200_000).map((length) => (socket: WebSocket) => socket.send('x'.repeat(length))),
  fc
    .record({
      first: fc.nat(255),
      body: fc.uint8Array({ maxLength: 300 }),
      length: fc.constantFrom(0, 126, 127),
      masked: fc.boolean(),
    })
    .map((made) => (socket: WebSocket) => wire(socket)?.write(frame(made))),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => (socket: WebSocket) => wire(socket)?.write(bytes)),
  fc.tuple(fc.constantFrom(1000, 1001, 1012, 3000, 4999), hostileText).map(
    ([code, why]) =>
      (socket: WebSocket) =>
        socket.close(code, why.slice(0, 30)),
  ),
)

test('frames of every shape, on both kinds of sockets: whoever sends them harms nobody else', async () => {
  const bystander = await openStream(member.streamUrl)
  const run = async (kind: 'member' | 'console', all: ((socket: WebSocket) => void)[]) => {
    const { socket, frames } = await open(kind)
    for (const send of all) if (socket.readyState === socket.OPEN) send(socket)
    // Answered in order: once this one is, or the socket is cut off, all of it was read. Half a frame may have swallowed it.
    if (socket.readyState === socket.OPEN) {
      socket.ping('read')
      await Promise.race([
        once(socket, 'close'),
        pause(PATIENCE_MS),
        new Promise((read) => socket.on('pong', (data) => String(data) === 'read' && read(data))),
      ])
    }
    for (const text of frames.filter((each) => each !== '')) {
      expect(JSON.parse(text)).toEqual(
        kind === 'member'
          ? { activities: expect.any(Array), watermark: expect.stringMatching(/^\d+$/) }
          : expect.objectContaining({ type: expect.stringMatching(/^(queue|conversation)$/) }),
      )
    }
    await gone(socket)
  }
  await fc.assert(
    fc.asyncProperty(fc.constantFrom('member', 'console'), fc.array(sent, { minLength: 1, maxLength: 6 }), run),
    { numRuns: 300 },
  )
  const before = bystander.activities.length
  await member.send('bonjour')
  await until('the bystander is told', () => bystander.activities.length > before + 1)
  await bystander.close()
  expect(app.logged.filter(({ level }) => level === 'error')).toEqual([])
}, 60_000)

test('a frame in more than sixteen pieces is not collected', async () => {
  const { socket } = await open('member')
  const closed = once(socket, 'close')
  for (let piece = 0; piece < 17; piece++) socket.send('x', { fin: false })
  expect((await closed)[0]).toBe(1008)
})

test.each([
  ['a conversation', { watch: 'this one' }, 1],
  ['one that is not there', { watch: 'abc' }, 0],
  ['no text', { watch: 7 }, 0],
  ['a list', { watch: ['abc'] }, 0],
  ['another key', { Watch: 'abc' }, 0],
  ['nothing', null, 0],
])('a console that watches %s', async (_name, asked, answers) => {
  const { socket, frames } = await open('console')
  socket.send(JSON.stringify(asked)?.replace('this one', member.conversationId))
  socket.ping()
  await once(socket, 'pong')
  if (answers > 0) await until('the answer', () => frames.length >= answers)
  expect(frames).toHaveLength(answers)
  await gone(socket)
})
