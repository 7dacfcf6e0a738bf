import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterAll, expect, test } from '@jest/globals'
import { WebSocket, WebSocketServer } from 'ws'
import { stream } from '../../src/channels/directline/stream.ts'
import { createHub } from '../../src/conversation/hub.ts'
import { openSqliteStore } from '../../src/store/sqlite/open.ts'
import type { Activity, ActivitySet } from '../../src/wire/activity.ts'
import { activityId } from '../../src/wire/activity.ts'
import { until } from '../support/until.ts'

const LONG = 6_000
const store = openSqliteStore(':memory:')
const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
afterAll(() => {
  server.close()
  store.close()
})

const entry = (seq: number) => ({
  conversationId: 'c',
  origin: 'agent' as const,
  audience: 'all' as const,
  clientId: String(seq),
  create: true,
  activity: {
    type: 'message',
    timestamp: '2026-03-02T15:00:00.000Z',
    channelId: 'directline' as const,
    conversation: { id: 'c' },
    from: { id: 'dl_m' },
    text: `${seq} ${'é'.repeat(1_900)}`,
  },
})

test('a log of many megabytes reaches a client that reads over one socket, while others are served', async () => {
  await Promise.all(Array.from({ length: LONG }, (_, i) => store.receive(entry(i + 1))))
  server.once('connection', (socket) => stream(socket, 'c', 0, { store, hub: createHub() }))
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const seen: Activity[] = []
  let closed: number | undefined
  let turns = 0
  const others = setInterval(() => turns++, 1)
  client.on('close', (code) => {
    closed = code
  })
  client.on('message', (data) => seen.push(...(JSON.parse(String(data)) as ActivitySet).activities))
  await once(client, 'open')
  await until('the end of the log', () => seen.length === LONG || closed !== undefined)
  clearInterval(others)
  expect(closed).toBeUndefined()
  expect(seen.map((a) => a.id)).toEqual(Array.from({ length: LONG }, (_, i) => activityId('c', i + 1)))
  expect(turns).toBeGreaterThan(10)
  client.terminate()
})
