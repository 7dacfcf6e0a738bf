import { readFileSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { Readable } from 'node:stream'
import { afterEach, describe, expect, test } from '@jest/globals'
import type { CoverageAuth } from '../../src/config-coverage.ts'
import type { Timing } from '../../src/coverage/http/client.ts'
import { createHttpCoverage } from '../../src/coverage/http.ts'
import { importCsv } from '../../src/coverage/import.ts'
import { isFamily } from '../../src/coverage/records.ts'
import { listInvitations, openCoverageDb } from '../../src/coverage/sqlite.ts'
import { AppError } from '../../src/errors.ts'
import type { LogFacts } from '../../src/log.ts'
import { CLAIMED, coverageContract, createTestBudget, FAMILY, NOBODY, OWN, request } from '../contracts/coverage.ts'
import {
  type Fault,
  STUB_CLIENT,
  STUB_TOKEN,
  type StubInvitation,
  startCoverageStub,
} from '../support/coverage-stub.ts'
import { conforms } from '../support/openapi.ts'
import { until } from '../support/until.ts'

/** Pauses that a test can bear. No clock runs out by itself, however long the machine stands still: what is to run out is shortened where
 *  it is tested. */
const TEST_TIMING: Timing = { attemptMs: 20_000, pauseMs: 5, openMs: 60_000 }
/** For answers that never come. */
const SHORT = { attemptMs: 100 }

const SAMPLE = await readSample()

async function readSample(): Promise<StubInvitation[]> {
  const db: DatabaseSync = openCoverageDb(':memory:')
  await importCsv(db, Readable.from([readFileSync('src/coverage/sample.csv')]))
  const all = [...listInvitations(db)]
  db.close()
  return all.map((one, n) => ({
    id: `inv-${n}`,
    email: one.email,
    status: one.status,
    relation: isFamily(one) ? 'family' : 'own',
    region: one.region,
  }))
}

function keepLog() {
  const lines: (LogFacts & { event: string })[] = []
  const write = (facts: LogFacts, event: string) => void lines.push({ ...facts, event })
  return { log: { info: write, warn: write, error: write }, lines }
}

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function setUp(o: { timing?: Partial<Timing>; auth?: (tokenUrl: URL) => CoverageAuth } = {}) {
  const stub = await startCoverageStub(SAMPLE)
  closers.push(stub.end)
  const budget = createTestBudget()
  const { log, lines } = keepLog()
  const auth = o.auth?.(stub.tokenUrl) ?? { kind: 'bearer', token: STUB_TOKEN }
  const directory = createHttpCoverage({
    target: { url: stub.url, auth },
    budget,
    log,
    timing: { ...TEST_TIMING, ...o.timing },
  })
  closers.push(directory.close)
  return { stub, budget, directory, lines }
}

/** Every exchange that was made in a test is as the document says. */
function checkTraffic(calls: Awaited<ReturnType<typeof startCoverageStub>>['calls']): void {
  for (const { operation, request: asked, answer, key } of calls) {
    expect(conforms(operation, 'request', asked)).toEqual([])
    if (answer) expect(conforms(operation, 'answer', answer)).toEqual([])
    expect(key !== undefined).toBe(operation !== 'find')
  }
}

coverageContract('HTTP', async () => {
  const { stub, budget, directory, lines } = await setUp()
  return {
    directory,
    budget,
    mails: () => stub.mails,
    work: () => stub.calls.length,
    async end() {
      checkTraffic(stub.calls)
      expect(lines.filter(({ why }) => why !== 'closed')).toEqual([])
    },
  }
})

const always = (fault: Fault) => () => fault
const onOnly = (operation: string, fault: Fault) => (call: { operation: string }) =>
  call.operation === operation ? fault : undefined
const body = (value: unknown): Fault & { is: 'body' } => ({
  is: 'body',
  body: typeof value === 'string' ? value : JSON.stringify(value),
})
const invitation = { id: 'inv-x', email: OWN, status: 'pending', relation: 'own', region: 'CA-QC' }

describe('what passes is tried again, soon and not for long', () => {
  test.each<[string, Fault, Record<string, unknown>]>([
    ['no answer', { is: 'hang' }, { why: 'timeout' }],
    ['a byte at a time', { is: 'slow' }, { why: 'timeout' }],
    ['cut off', { is: 'cut' }, { why: expect.stringMatching(/^[A-Z_\d]+$/) }],
    ['500', { is: 'status', status: 500 }, { status: 500 }],
    ['503', { is: 'status', status: 503, retryAfter: '1' }, { status: 503 }],
    ['429', { is: 'status', status: 429 }, { status: 429 }],
    ['409', { is: 'status', status: 409 }, { status: 409 }],
  ])('%s: three attempts, then unavailable', async (_name, fault, facts) => {
    const { stub, directory, lines, budget } = await setUp({ timing: facts.why === 'timeout' ? SHORT : {} })
    stub.play(always(fault))
    await expect(directory.resend(request(OWN))).rejects.toMatchObject({ code: 'coverage_unavailable', facts })
    expect(stub.calls).toHaveLength(3)
    expect([stub.mails, budget.taken]).toEqual([[], []])
    expect(lines.map(({ event, operation }) => [event, operation])).toEqual(
      Array(3).fill(['coverage.attempt_failed', 'find']),
    )
    expect(Object.keys(lines[0] ?? {}).sort()).toEqual(
      ['event', 'ms', 'operation', 'status' in facts ? 'status' : 'why'].sort(),
    )
  })

  test.each<[string, Fault]>([
    ['500', { is: 'status', status: 500 }],
    ['cut off', { is: 'cut' }],
  ])('%s twice, then well: it went through', async (_name, fault) => {
    const { stub, directory } = await setUp()
    stub.play((_call, nth) => (nth < 3 ? fault : undefined))
    expect(await directory.resend(request(OWN))).toBe('code_sent')
    expect(stub.mails).toHaveLength(1)
  })

  test('done, and the answer lost: the same key, done once', async () => {
    const { stub, directory } = await setUp()
    let lost = 0
    stub.play(({ operation }) => (operation !== 'find' && lost++ % 3 < 2 ? { is: 'late' } : undefined))
    expect(await directory.resend(request(OWN, { id: 'resend:abc|0000007' }))).toBe('code_sent')
    expect(stub.mails).toEqual([{ key: 'resend:abc|0000007', to: OWN, case: 'own', locale: 'fr' }])
    expect(await directory.link({ id: 'link:1', member: 'm1', email: FAMILY })).toBe('linked')
    const keysOf = (name: string) => stub.calls.filter(({ operation }) => operation === name).map(({ key }) => key)
    expect(keysOf('resend')).toEqual(Array(3).fill('resend:abc|0000007'))
    expect([keysOf('link').length, new Set(keysOf('link')).size]).toEqual([3, 1])
  })

  test.each<[string, Fault]>([
    ['asked to wait long', { is: 'status', status: 503, retryAfter: '120' }],
    ['asked to wait until a date', { is: 'status', status: 429, retryAfter: 'Wed, 21 Oct 2026 07:28:00 GMT' }],
    ['the token is refused', { is: 'status', status: 401 }],
    ['not allowed', { is: 'status', status: 403 }],
    ['nothing there', { is: 'status', status: 404 }],
    ['sent elsewhere', { is: 'redirect' }],
  ])('%s: unavailable at once, by one attempt', async (_name, fault) => {
    const { stub, directory } = await setUp()
    stub.play(always(fault))
    const status = fault.is === 'status' ? fault.status : 302
    await expect(directory.find({ email: OWN })).rejects.toMatchObject({
      code: 'coverage_unavailable',
      facts: { status },
    })
    expect(stub.calls).toHaveLength(1)
  })

  test('nobody listens', async () => {
    const { stub, directory } = await setUp()
    await stub.end()
    closers.splice(0, 1)
    await expect(directory.find({ email: OWN })).rejects.toMatchObject({
      code: 'coverage_unavailable',
      facts: { why: 'ECONNREFUSED' },
    })
  })

  test('while it is taken for down nothing is asked', async () => {
    const { stub, directory } = await setUp()
    stub.play(always({ is: 'status', status: 500 }))
    for (let n = 0; n < 2; n++) await directory.find({ email: OWN }).catch(() => undefined)
    expect(stub.calls).toHaveLength(6)
    for (let n = 0; n < 50; n++) {
      const open = { code: 'coverage_unavailable', facts: { why: 'circuit_open' } }
      await expect(directory.resend(request(OWN, { id: `w${n}` }))).rejects.toMatchObject(open)
    }
    expect(stub.calls).toHaveLength(6)
  })

  test('when it is well again, everything works', async () => {
    const { stub, directory, lines } = await setUp({ timing: { openMs: 20 } })
    const told = () => lines.map(({ event }) => event).filter((event) => event !== 'coverage.attempt_failed')
    stub.play(always({ is: 'status', status: 500 }))
    for (let n = 0; n < 2; n++) await directory.find({ email: OWN }).catch(() => undefined)
    expect(told()[0]).toBe('coverage.down')
    stub.play(() => undefined)
    const receipt = await until('it to be asked again', () => directory.resend(request(OWN)).catch(() => undefined))
    expect([receipt, told().at(-1), stub.mails.length]).toEqual(['code_sent', 'coverage.up', 1])
  })

  // Else somebody who is verified could ask for another person's mail, and see by their own questions that it failed.
  test('mails that all fail take no answer from anybody', async () => {
    const { stub, directory } = await setUp()
    stub.play(({ operation }) => (operation === 'resend' ? { is: 'status', status: 500 } : undefined))
    const mails = [1, 2, 3].map((n) => directory.resend(request(OWN, { id: `w${n}` })))
    const ended = await Promise.allSettled(mails)
    expect(ended.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    await expect(directory.resend(request(OWN))).rejects.toMatchObject({ facts: { why: 'circuit_open' } })
    expect(await directory.find({ email: OWN })).toMatchObject({ case: 'own' })
  })

  test('closing ends what is under way', async () => {
    const { stub, directory } = await setUp()
    stub.play(always({ is: 'hang' }))
    const asked = directory.find({ email: OWN }).catch((error: unknown) => error)
    await until('the call', () => stub.calls.length > 0)
    await directory.close()
    expect(await asked).toMatchObject({ code: 'coverage_unavailable', facts: { why: 'closed' } })
  })
})

describe('what is odd is not gone by, and not tried again', () => {
  test.each<[string, Fault, Record<string, unknown>]>([
    ['half of the JSON', { is: 'truncated' }, { why: 'json' }],
    ['not JSON', body('<html>maintenance</html>'), { why: 'json' }],
    ['nothing', body(''), { why: 'json' }],
    [
      'bytes that are no text',
      { is: 'body', body: Buffer.from('{"found":false,"x":"é"}', 'latin1') },
      { why: 'not_text' },
    ],
    ['far too much', { is: 'big' }, { why: 'too_large' }],
    ['an array', body([]), { why: 'shape' }],
    ['null', body('null'), { why: 'shape' }],
    ['no word on whether it is there', body({ invitation }), { why: 'shape' }],
    ['found as a word', body({ found: 'true', invitation }), { why: 'shape' }],
    ['found, and nothing', body({ found: true }), { why: 'shape' }],
    ['no id', body({ found: true, invitation: { ...invitation, id: '' } }), { why: 'shape' }],
    ['a status nobody knows', body({ found: true, invitation: { ...invitation, status: 'active' } }), { why: 'shape' }],
    ['a region nobody knows', body({ found: true, invitation: { ...invitation, region: 'QC' } }), { why: 'shape' }],
    [
      'two addresses',
      body({ found: true, invitation: { ...invitation, email: `${OWN},x@example.com` } }),
      { why: 'address' },
    ],
    [
      'a prototype',
      body(`{"found":true,"invitation":${JSON.stringify(invitation)},"__proto__":{"x":1}}`),
      { why: 'json' },
    ],
    ['a constructor', body(`{"found":false,"constructor":{"prototype":{"x":1}}}`), { why: 'json' }],
    ['somebody else', { is: 'swapped' }, { why: 'other_address' }],
    ['refused for good', { is: 'status', status: 422 }, { status: 422 }],
  ])('%s: mismatch, nothing sent', async (_name, fault, facts) => {
    const { stub, directory, budget, lines } = await setUp()
    stub.play(always(fault))
    const mismatch = { code: 'coverage_mismatch', facts }
    await expect(directory.resend(request(OWN))).rejects.toMatchObject(mismatch)
    await expect(directory.find({ email: OWN })).rejects.toMatchObject(mismatch)
    expect(stub.calls.map(({ operation }) => operation)).toEqual(['find', 'find'])
    expect([stub.mails, budget.taken]).toEqual([[], []])
    expect(lines.filter(({ event }) => event === 'coverage.mismatch').map(({ operation }) => operation)).toEqual([
      'resend',
      'find',
    ])
    expect(JSON.stringify(lines)).not.toContain('example.com')
  })

  test('fields that nobody asked for are not read', async () => {
    const { stub, directory } = await setUp()
    stub.play(always(body({ found: true, invitation: { ...invitation, code: 'AB2C-D3EF', name: 'Camille' }, more: 1 })))
    expect(await directory.find({ email: OWN })).toEqual({ case: 'own', email: OWN, region: 'CA-QC' })
  })

  test('with an account: only its own invitation, or that of this address', async () => {
    const { stub, directory } = await setUp()
    const answer = (more: object) => stub.play(always(body({ found: true, invitation: { ...invitation, ...more } })))
    const find = () => directory.find({ email: OWN, member: 'm1' })
    answer({ email: FAMILY, member: 'm2' })
    await expect(find()).rejects.toMatchObject({ code: 'coverage_mismatch', facts: { why: 'other_member' } })
    answer({ email: FAMILY })
    await expect(find()).rejects.toMatchObject({ code: 'coverage_mismatch' })
    answer({ email: FAMILY, member: 'm1' })
    expect(await find()).toMatchObject({ email: FAMILY })
    answer({ email: OWN.toUpperCase(), status: 'claimed', member: 'm2' })
    expect(await find()).toMatchObject({ email: OWN, case: 'claimed' })
  })

  test.each<[string, object, string]>([
    ['another invitation', { invitation: 'inv-99' }, 'other_invitation'],
    ['another address', { email: CLAIMED }, 'other_address'],
    ['not sent', { sent: false }, 'shape'],
  ])('a resend that answers with %s', async (_name, change, why) => {
    const { stub, directory } = await setUp()
    const { id } = stub.record(OWN) ?? {}
    stub.play(onOnly('resend', body({ sent: true, invitation: id, email: OWN, ...change })))
    await expect(directory.resend(request(OWN))).rejects.toMatchObject({ code: 'coverage_mismatch', facts: { why } })
    expect(stub.calls.map(({ operation }) => operation)).toEqual(['find', 'resend'])
  })

  test.each<[string, object, string]>([
    ['another account', { member: 'm2' }, 'other_member'],
    ['another address', { email: CLAIMED }, 'other_address'],
    ['a result nobody knows', { result: 'ok' }, 'shape'],
  ])('a link that answers with %s', async (_name, change, why) => {
    const { stub, directory } = await setUp()
    stub.play(onOnly('link', body({ result: 'linked', member: 'm1', email: OWN, ...change })))
    const linked = directory.link({ id: 'l1', member: 'm1', email: OWN })
    await expect(linked).rejects.toMatchObject({ code: 'coverage_mismatch', facts: { why } })
  })

  test('of what is far too much little is taken, and nothing stays', async () => {
    const { stub, directory } = await setUp()
    stub.play(always({ is: 'big' }))
    const taken: number[] = []
    const before = process.memoryUsage().rss
    for (let n = 0; n < 30; n++) {
      await directory.find({ email: OWN }).catch(() => undefined)
      taken.push(stub.bigBytes())
    }
    expect(Math.max(...taken)).toBeLessThan(20_000_000)
    expect((process.memoryUsage().rss - before) / 1e6).toBeLessThan(150)
  })
})

describe('tokens', () => {
  const client =
    (change: Partial<Extract<CoverageAuth, { kind: 'client' }>> = {}) =>
    (tokenUrl: URL): CoverageAuth => ({
      kind: 'client',
      tokenUrl,
      clientId: STUB_CLIENT.id,
      clientSecret: STUB_CLIENT.secret,
      scope: 'coverage',
      ...change,
    })
  const used = (calls: readonly { authorization?: string }[]) => calls.map(({ authorization }) => authorization)

  test('a fixed one goes in the header, and nothing of a member in a URL', async () => {
    const { stub, directory } = await setUp()
    await directory.resend(request(OWN))
    expect(used(stub.calls)).toEqual(Array(2).fill(`Bearer ${STUB_TOKEN}`))
    expect(stub.calls.map(({ operation }) => operation)).toEqual(['find', 'resend'])
  })

  test('one is asked for, once for all that wait, and used until it is refused', async () => {
    const { stub, directory } = await setUp({ auth: client() })
    await Promise.all(Array.from({ length: 8 }, () => directory.find({ email: OWN })))
    expect([stub.tokens(), new Set(used(stub.calls)).size]).toEqual([1, 1])
    stub.revokeTokens()
    expect(await directory.resend(request(OWN))).toBe('code_sent')
    expect(stub.tokens()).toBe(2)
    expect(used(stub.calls.slice(8))).toEqual(['Bearer given-1', 'Bearer given-2', 'Bearer given-2'])
  })

  test('a new one that is refused too: unavailable, not asked for without end', async () => {
    const { stub, directory } = await setUp({ auth: client() })
    stub.play(onOnly('find', { is: 'status', status: 401 }))
    await expect(directory.find({ email: OWN })).rejects.toMatchObject({
      code: 'coverage_unavailable',
      facts: { status: 401 },
    })
    expect([stub.calls.length, stub.tokens()]).toEqual([2, 2])
  })

  test('a wrong secret: unavailable, and it is told nowhere', async () => {
    const secret = 'not the:right %one'
    const { stub, directory, lines } = await setUp({ auth: client({ clientSecret: secret }) })
    const error: unknown = await directory.find({ email: OWN }).catch((e: unknown) => e)
    expect(error).toMatchObject({ code: 'coverage_unavailable', facts: { at: 'token', status: 401 } })
    expect(stub.calls).toHaveLength(0)
    const told = error instanceof AppError ? `${error.stack} ${String(error.cause)} ${JSON.stringify(error)}` : ''
    const all = told + JSON.stringify(lines)
    for (const part of [secret, STUB_CLIENT.secret, 'right', 'signs']) expect(all).not.toContain(part)
  })

  test.each<[string, Fault, Record<string, unknown>]>([
    ['hangs', { is: 'hang' }, { why: 'timeout' }],
    ['is down', { is: 'status', status: 503 }, { status: 503 }],
    ['refuses', body({ error: 'invalid_scope' }), { why: 'refused' }],
    ['gives a token of another kind', body({ access_token: 'x', token_type: 'mac' }), { why: 'refused' }],
    ['gives half of one', body('{"access_token":"secret-tok'), { why: 'refused' }],
    ['gives far too much', { is: 'big' }, { why: 'refused' }],
    ['sends elsewhere', { is: 'redirect' }, { status: 302 }],
  ])('an identity server that %s: unavailable', async (_name, fault, facts) => {
    const { stub, directory } = await setUp({ auth: client(), timing: fault.is === 'hang' ? SHORT : {} })
    stub.play(onOnly('token', fault))
    const error: unknown = await directory.find({ email: OWN }).catch((e: unknown) => e)
    expect(error).toMatchObject({ code: 'coverage_unavailable', facts: { ...facts, at: 'token' } })
    expect(JSON.stringify(error)).not.toContain('secret')
    expect(stub.calls).toHaveLength(0)
  })
})

test('an address that is nobody’s is looked up like any other', async () => {
  const { stub, directory } = await setUp()
  await directory.resend(request('not an address'))
  await directory.resend(request(NOBODY))
  expect(stub.calls.map(({ operation, request: asked }) => [operation, asked.email])).toEqual([
    ['find', 'nobody@sesame.invalid'],
    ['find', 'nobody@sesame.invalid'],
    ['find', NOBODY],
    ['find', NOBODY],
  ])
})
