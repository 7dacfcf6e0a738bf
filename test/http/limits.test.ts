/** T20: what one conversation and one network may ask; what they get beyond it; and that nobody else feels it. */
import { once } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { WebSocket } from 'ws'
import { bucketOf, createLimits, lateness } from '../../src/http/limits.ts'
import { createSeats } from '../../src/http/seats.ts'
import { REPLACED } from '../../src/wire/socket.ts'
import { startTestApp, type TestApp, WIDGET_ORIGIN } from '../support/app.ts'
import { DESK_HEADER } from '../support/desk.ts'
import { openStream, type Stream, startMember } from '../support/directline.ts'
import { ask, type Reply } from '../support/http.ts'
import { until } from '../support/until.ts'

const A = 'AAAAAAAAAAAAAAAA'
const B = 'BBBBBBBBBBBBBBBB'
const refusals = (all: readonly PromiseSettledResult<unknown>[]) =>
  all.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))

describe('counting', () => {
  const route = 'post /v3/directline/conversations/:id/activities'

  test('a network may so much and no more, and another one is not touched', async () => {
    const limits = createLimits()
    const all = Array.from({ length: 70 }, () => limits.request(A, route))
    const refused = refusals(await Promise.allSettled(all.slice(60)))
    expect(refused).toHaveLength(10)
    expect(refused[0]).toMatchObject({ code: 'too_many', facts: { retryAfter: 10 } })
    await Promise.all(all.slice(0, 15))
    await limits.request(B, route)
    // Other routes have their own count.
    await limits.request(A, 'get /v3/directline/conversations/:id/activities')
  })

  test('who presses on has a fourth of it, until they leave off; nobody else has less', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] })
    try {
      const limits = createLimits()
      /** @returns how many of so many at once are not refused. */
      const passing = async (network: string, count: number) => {
        let refused = 0
        for (let n = 0; n < count; n++) limits.request(network, route).catch(() => refused++)
        await turn()
        return count - refused
      }
      // Too much once: 45 of 60 were made to wait, which is not as often as they may ask.
      expect(await passing(A, 60)).toBe(60)
      jest.advanceTimersByTime(10_001)
      expect(await passing(A, 60)).toBe(60)
      jest.advanceTimersByTime(10_001)
      expect(await passing(A, 60)).toBe(15)
      jest.advanceTimersByTime(10_001)
      expect(await passing(A, 60)).toBe(15)
      expect(await passing(B, 60)).toBe(60)
      jest.advanceTimersByTime(60_001)
      expect(await passing(A, 60)).toBe(60)
    } finally {
      jest.useRealTimers()
    }
  })

  test('what is short-lived and what lasts are both counted', async () => {
    const limits = createLimits()
    const start = 'post /v3/directline/conversations'
    const refused = refusals(
      await Promise.allSettled(Array.from({ length: 16 }, () => limits.request(A, start)).slice(12)),
    )
    expect(refused.map(({ facts }) => facts.retryAfter)).toEqual([10, 10, 10, 10])
    const signIn = 'post /desk/api/session'
    const tries = await Promise.allSettled(Array.from({ length: 22 }, () => limits.request(A, signIn)))
    expect(refusals(tries).map(({ facts }) => facts.retryAfter)).toEqual([120, 120])
  })

  test('without a network nothing is counted', async () => {
    const limits = createLimits()
    const all = await Promise.allSettled(Array.from({ length: 2_000 }, () => limits.request(undefined, route)))
    expect(refusals(all)).toEqual([])
  })

  test('a route without a rule is not counted, nor is one that nobody mounted', async () => {
    const limits = createLimits()
    for (const name of ['get /desk/api/queue', 'constructor', '__proto__'])
      for (let i = 0; i < 2_000; i++) await limits.request(A, name)
  })

  test('networks without end are counted under a bounded number of names', () => {
    const names = new Set<string>()
    const hash = Buffer.alloc(12)
    for (let i = 0; i < 200_000; i++) {
      hash.writeUInt32BE((i * 2_654_435_761) % 2 ** 32)
      names.add(bucketOf(hash.toString('base64url')))
    }
    expect(names.size).toBe(65_536)
  })

  test('of a conversation’s 20 in 10 s five pass at once and the others evenly; the next is refused', async () => {
    const rule = { most: 20, seconds: 10 }
    const waits = Array.from({ length: 20 }, (_, n) =>
      Math.round(lateness({ consumedPoints: n + 1, msBeforeNext: 10_000 }, rule)),
    )
    expect(waits.slice(0, 6)).toEqual([0, 0, 0, 0, 0, 625])
    expect(waits[19]).toBe(9_375)
    // Who takes their time waits for nothing.
    expect(lateness({ consumedPoints: 10, msBeforeNext: 5_000 }, rule)).toBe(0)
    const limits = createLimits()
    const all = Array.from({ length: 25 }, () => limits.message('c'))
    const refused = await Promise.allSettled(all.slice(20))
    expect(refusals(refused)).toHaveLength(5)
    await Promise.all(all.slice(0, 5))
    await limits.message('d')
    for (const one of all) one.catch(() => undefined)
  })
})

describe('seats', () => {
  test('the fourth socket of a conversation takes the place of the first', () => {
    const seats = createSeats()
    const left: number[] = []
    const release = [1, 2, 3, 4, 5].map((n) => seats.take('c', undefined, () => left.push(n)))
    expect(left).toEqual([1, 2])
    for (const give of release) give()
    seats.take('c', undefined, () => left.push(6))
    expect(left).toEqual([1, 2])
  })

  test('a network has twenty, and gets them back', () => {
    const seats = createSeats()
    const release = Array.from({ length: 20 }, (_, n) => seats.take(`c${n}`, A, () => {}))
    expect(() => seats.check(A)).toThrow('too_many')
    seats.check(B)
    seats.check(undefined)
    release[0]?.()
    seats.check(A)
  })
})

describe('the service', () => {
  let app: TestApp
  let last = 0
  let flood: Promise<unknown> = Promise.resolve()
  beforeAll(async () => {
    app = await startTestApp()
  })
  afterAll(async () => {
    await flood
    await app.end()
  }, 20_000)

  /** A network that nobody had before. */
  const network = () => ({ 'x-forwarded-for': `203.0.113.${++last}` })
  const times = <T>(n: number, one: () => Promise<T>) => Promise.all(Array.from({ length: n }, one))
  const count = (all: readonly Reply[], status: number) => all.filter((one) => one.status === status).length

  test('new conversations: a clinic’s worth, then 429 that says when, which the widget may read', async () => {
    const headers = { ...network(), origin: WIDGET_ORIGIN }
    const doors = await times(20, () => ask(`${app.url}widget/token`, { method: 'POST', headers }))
    expect(count(doors, 200)).toBe(20)
    const starts = await Promise.all(
      doors.map(({ body }) => ask(`${app.url}v3/directline/conversations`, { token: body.token, body: {}, headers })),
    )
    expect([count(starts, 201), count(starts, 429)]).toEqual([12, 8])
    const refused = starts.find(({ status }) => status === 429)
    expect(Number(refused?.headers.get('retry-after'))).toBeLessThanOrEqual(10)
    expect(refused?.headers.get('access-control-allow-origin')).toBe(WIDGET_ORIGIN)
    expect(refused?.headers.get('access-control-expose-headers')).toBe('retry-after')
    expect(refused?.body.error).toEqual({ code: 'too_many', message: app.texts.say('fr', 'errors:too_many') })
    // Others, and those whose network nobody can tell, don't feel it.
    const { body: door } = await ask(`${app.url}widget/token`, { method: 'POST', headers: network() })
    const other = await ask(`${app.url}v3/directline/conversations`, {
      token: door.token,
      body: {},
      headers: network(),
    })
    expect(other.status).toBe(201)
    await startMember(app.url)
  }, 20_000)

  test('signing in: twenty tries, right or wrong, then 429', async () => {
    const headers = { ...network(), ...DESK_HEADER }
    const tries = await times(25, () => ask(`${app.url}desk/api/session`, { body: { token: 'x' }, headers }))
    expect([count(tries, 401), count(tries, 429)]).toEqual([20, 5])
    await app.agents.add('Zoé')
    const body = { token: await app.agents.link('Zoé') }
    const other = await ask(`${app.url}desk/api/session`, { body, headers: { ...network(), ...DESK_HEADER } })
    expect(other.status).toBe(200)
  }, 20_000)

  test('being told a hundred times that it is wrong, a network is told late that it is too much', async () => {
    const headers = network()
    const began = performance.now()
    const answers = await times(110, () => ask(`${app.url}nothing`, { headers }))
    expect([count(answers, 404), count(answers, 429)]).toEqual([100, 10])
    expect(performance.now() - began).toBeGreaterThan(3_000)
    expect((await ask(`${app.url}health`, { headers })).status).toBe(200)
  }, 20_000)

  test('messages of one conversation: a flood is slowed, then refused; others’ are not', async () => {
    const [loud, calm] = [await startMember(app.url), await startMember(app.url)]
    const answers: Reply[] = []
    flood = times(40, async () => answers.push(await loud.send('encore')))
    expect((await calm.send('Bonjour')).status).toBe(200)
    expect(count(answers, 200)).toBeLessThan(15)
    await until('what is refused', () => count(answers, 429) === 20)
    for (const { status, headers } of answers)
      if (status === 429) expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(10)
    expect(count(answers, 200)).toBeLessThan(15)
  }, 30_000)

  test('nobody else can use up what a conversation may send', async () => {
    const [victim, other] = [await startMember(app.url), await startMember(app.url)]
    const body = { type: 'message', from: { id: 'x' }, text: 'x' }
    for (const token of ['garbage', 'wrong', 'eyJ', other.token])
      await times(6, () => victim.call('/activities', { body, token }))
    expect((await victim.send('Bonjour')).status).toBe(200)
  }, 30_000)

  test('three tabs; a fourth takes the place of the oldest, which reads on by asking', async () => {
    const member = await startMember(app.url)
    const tabs: Stream[] = []
    const open = async () => tabs.push(await openStream((await member.call('')).body.streamUrl))
    for (let i = 0; i < 3; i++) await open()
    const gone = once(tabs[0]?.socket as WebSocket, 'close')
    await open()
    expect((await gone)[0]).toBe(REPLACED)
    const { body } = await member.send('Bonjour')
    for (const tab of tabs.slice(1)) await until('the echo', () => tab.activities.some((a) => a.id === body.id))
    for (const tab of tabs.slice(1)) expect(tab.socket.readyState).toBe(WebSocket.OPEN)
    await Promise.all(tabs.map((tab) => tab.close()))
  })

  test('twenty sockets of a network; the next is refused until one ends', async () => {
    const headers = network()
    const urls = await times(21, async () => (await startMember(app.url)).streamUrl)
    const streams = await Promise.all(urls.slice(0, 20).map((url) => openStream(url, headers)))
    const refused = new WebSocket(urls[20] ?? '', { headers })
    refused.on('error', () => undefined)
    const [, response] = await once(refused, 'unexpected-response')
    expect([response.statusCode, response.headers['retry-after']]).toEqual([429, '5'])
    refused.terminate()
    await streams[0]?.close()
    // It was refused before its ticket was used.
    const again = await until('a place', () => openStream(urls[20] ?? '', headers).catch(() => undefined))
    for (const stream of [again, ...streams]) await stream.close()
  }, 20_000)

  test('a socket that sends more than a hundred frames in a minute is let go', async () => {
    const stream = await openStream((await startMember(app.url)).streamUrl)
    const closed = once(stream.socket, 'close')
    for (let i = 0; i < 100; i++) stream.socket.send('')
    await new Promise((resolve) => stream.socket.ping('', undefined, resolve))
    expect(stream.socket.readyState).toBe(WebSocket.OPEN)
    stream.socket.send('')
    expect((await closed)[0]).toBe(1008)
  })
})
