import { afterAll, beforeAll, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { CODES } from '../../src/errors.ts'
import { SECRET, startTestApp, type TestApp, WIDGET_ORIGIN } from '../support/app.ts'
import { type Agent, signIn } from '../support/desk.ts'
import { type Member, startMember } from '../support/directline.ts'
import { deep, hostileJson, hostileText, near } from './corpus/json.ts'
import { PUMPS, pumped } from './corpus/texts.ts'
import { type RawReply, type RawRequest, sendRaw, toBytes } from './raw.ts'

let app: TestApp
/** Several: one alone would soon have sent too much. */
let members: Member[]
let turn = 0
const member = (): Member => members[turn++ % members.length] as Member
let agent: Agent

beforeAll(async () => {
  app = await startTestApp()
  members = await Promise.all(Array.from({ length: 6 }, () => startMember(app.url)))
  agent = await signIn(app, 'Maude')
})
afterAll(() => app.end())

const ROUTES = [
  ...[
    '/widget/token',
    '/v3/directline/tokens/generate',
    '/v3/directline/tokens/refresh',
    '/v3/directline/conversations',
  ],
  ...[
    '/v3/directline/conversations/:id',
    '/v3/directline/conversations/:id/activities',
    '/v3/directline/session/getsessionid',
  ],
  ...['/desk/api/session', '/desk/api/password', '/desk/api/queue', '/desk/api/dead', '/desk/api/conversations/:id'],
  ...[
    '/desk/api/conversations/:id/activities',
    '/desk/api/conversations/:id/claim',
    '/desk/api/conversations/:id/messages',
  ],
  ...[
    '/desk/api/conversations/:id/handback',
    '/desk/api/conversations/:id/resolve',
    '/desk/api/conversations/:id/reveal',
  ],
  ...[
    '/health',
    '/ready',
    '/',
    '/desk',
    '/widget.js',
    '/dev/mailbox',
    '/v3/directline/conversations/:id/stream',
    '/desk/api/stream',
  ],
]
const METHODS = 'GET GET POST POST POST DELETE PUT PATCH HEAD OPTIONS TRACE PROPFIND M-SEARCH get'.split(' ')
/** Signs that a request line may hold; what it may not is tried below. */
const inTarget = (text: string) => encodeURI(text.toWellFormed()).replace(/[\s"<>\\^`{|}]/g, '')

const piece = fc.oneof(
  hostileText.map((text) => encodeURIComponent(text.toWellFormed())),
  fc.constantFrom(
    '..',
    '.',
    '%2e%2e',
    '%2f',
    '%5c',
    '%',
    '%zz',
    '%c0%af',
    '%00',
    ';a=b',
    ':id',
    '*',
    '//',
    '',
    '~',
    '{}',
    '[',
    ']',
    '|',
  ),
  fc.constantFrom(...PUMPS).map((pump) => inTarget(pumped(pump, 300))),
)
const query = fc.array(fc.tuple(fc.constantFrom('watermark', 't', 'locale', 'q', '__proto__', 'watermark[]'), piece), {
  maxLength: 3,
})

function target(known: () => string): fc.Arbitrary<string> {
  const id = fc.oneof({ weight: 2, arbitrary: fc.constant('') }, piece).map((text) => text || known())
  const route = fc.tuple(fc.constantFrom(...ROUTES), id).map(([path, value]) => path.replace(':id', () => value))
  const path = fc.oneof(
    { weight: 6, arbitrary: route },
    fc.array(piece, { maxLength: 5 }).map((all) => `/${all.join('/')}`),
  )
  return fc.tuple(path, query).map(([p, q]) => p + (q.length > 0 ? `?${q.map(([k, v]) => `${k}=${v}`).join('&')}` : ''))
}

const ACTIVITY = {
  type: 'message',
  from: { id: 'dl_x', role: 'bot' },
  text: 'je n’ai rien reçu',
  locale: 'fr-CA',
  channelData: { clientActivityID: 'a', author: 'agent' },
}
const BODIES = [
  ACTIVITY,
  { type: 'event', name: 'sesame/locale', from: { id: 'x' }, value: { locale: 'fr' } },
  { user: { id: 'dl_x' }, locale: 'fr' },
  { token: 'eyJ', name: 'Maude', password: 'x'.repeat(12), current: 'y' },
  { epoch: 0, clientActivityID: 'a', text: 'bonjour' },
]
const body = fc.oneof(
  { weight: 4, arbitrary: fc.oneof(...BODIES.map(near)).map((value) => JSON.stringify(value)) },
  { weight: 2, arbitrary: hostileJson.map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: hostileText },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '',
      '{',
      'null',
      '0',
      '""',
      '{"a":1,}',
      '\ufeff{}',
      deep(7000),
      deep(2000, '{"a":', '}'),
      '{"type":"message","type":7}',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...PUMPS).map((pump) => JSON.stringify({ ...ACTIVITY, text: pumped(pump, 2000) })),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom(16_384, 16_385, 70_000)
      .map((length) => JSON.stringify({ ...ACTIVITY, text: 'x'.repeat(length - 200) })),
  },
)

/** Bytes that Node's own reader lets through in a value. */
const value = hostileText.map((text) => text.replace(/\p{Cc}/gu, '').slice(0, 200))
const header = fc.oneof(
  fc.tuple(
    fc.constantFrom(
      'accept-language',
      'accept',
      'accept-version',
      'x-forwarded-for',
      'forwarded',
      'cookie',
      'if-none-match',
      'if-modified-since',
      'range',
      'referer',
      'user-agent',
      'te',
      'x-http-method-override',
      'content-md5',
      'sec-fetch-site',
      'origin',
      'date',
      'x-request-id',
    ),
    value,
  ),
  fc.tuple(
    fc.constant('content-type'),
    fc.constantFrom(
      'application/json',
      'application/json; charset=utf-16',
      'text/plain',
      'multipart/form-data',
      'multipart/form-data; boundary=x',
      'application/x-www-form-urlencoded',
      ';',
      'application/json;',
      'APPLICATION/JSON',
      'application/vnd.x+json',
    ),
  ),
  fc.constantFrom<[string, string]>(
    ['expect', '100-continue'],
    ['content-encoding', 'gzip'],
    ['upgrade', 'h2c'],
    ['accept-version', '~1'],
    ['accept-version', '*'],
    ['origin', WIDGET_ORIGIN],
    ['origin', 'null'],
  ),
)

function headers(): fc.Arbitrary<[string, string][]> {
  const who = fc.constantFrom<() => [string, string][]>(
    () => [['authorization', `Bearer ${member().token}`]],
    () => [['authorization', `Bearer ${member().token}`]],
    () => [['authorization', `Bearer ${SECRET}`]],
    () => [
      ['cookie', agent.cookie],
      ['x-sesame-desk', '1'],
    ],
    () => [],
  )
  const odd = fc.oneof(
    fc.constant([]),
    value.map((text): [string, string][] => [['authorization', text]]),
  )
  return fc
    .tuple(who, odd, fc.array(header, { maxLength: 4 }))
    .map(([known, auth, more]) => [
      ['host', '127.0.0.1'],
      ['connection', 'close'],
      ...known(),
      ...auth,
      ['content-type', 'application/json'],
      ...more,
    ])
}

/** Whatever was sent: no fault of ours, and an answer that says what is wrong in the shape that clients know, and no more. */
function judge(request: unknown, { status, head, body }: RawReply): void {
  const told = { request, status, head, body }
  expect({ ...told, ok: status >= 200 && status < 500 }).toMatchObject({ ok: true })
  expect({ ...told, leak: /node_modules|\bat \S+ \(|\.ts:\d|Error:/.test(body) }).toMatchObject({ leak: false })
  const type = /^content-type: (\S+?)(;|$)/im.exec(head)?.[1]
  if (body === '' || status < 400 || type === undefined) return
  if (type === 'application/problem+json') {
    expect({ ...told, problem: JSON.parse(body) }).toMatchObject({
      problem: { title: expect.any(String), status, code: expect.stringMatching(Object.keys(CODES).join('|')) },
    })
  } else
    expect({ ...told, error: JSON.parse(body) }).toMatchObject({
      error: { error: { code: expect.any(String), message: expect.any(String) } },
    })
}

const stillServes = async () => {
  const one = await startMember(app.url)
  await one.send('bonjour')
  await one.sees('an answer', (a) => a.channelData?.author === 'bot' && Number(a.id.slice(-7)) > 3)
}

test('requests of every shape', async () => {
  const request: fc.Arbitrary<RawRequest> = fc.record({
    method: fc.constantFrom(...METHODS),
    target: target(() => member().conversationId),
    headers: headers(),
    body,
  })
  const seen = new Set<number>()
  const run = async (each: RawRequest) => {
    const reply = await sendRaw(app.port, toBytes(each))
    judge(each, reply)
    seen.add(reply.status)
  }
  await fc.assert(fc.asyncProperty(request, run), { numRuns: 2_000 })
  expect(app.logged.filter(({ level }) => level === 'error')).toEqual([])
  // Not all of it was turned away at the door.
  expect([...seen]).toEqual(expect.arrayContaining([200, 400, 404, 413]))
  await stillServes()
}, 60_000)

const TARGETS = [
  ...[
    '//[',
    '//',
    '///',
    '/\\',
    '//a:b@c:d/',
    'http://[',
    'http://a:b/',
    'http://a:99999/',
    'http://',
    'http:///x',
    'http://a.example/health',
  ],
  ...[
    '*',
    '?',
    '#',
    '/#',
    '/?#',
    'a',
    'javascript:alert(1)',
    '/;',
    '/?%',
    '/%',
    '/%zz',
    '/%00',
    '/\u00e9',
    '/desk/../desk',
    '/desk/%2e%2e/x',
  ],
  ...[
    '/v3/directline/conversations/%/activities',
    '/v3/directline/conversations/%00',
    '/v3/directline/conversations/__proto__',
    '/constructor',
  ],
  `/${'a'.repeat(9_000)}`,
]
const HOSTS = [
  '',
  '[',
  ']',
  'a b',
  'a:b',
  'a:99999',
  '%',
  '//',
  'a@b:c',
  '[::1',
  '\u00e9',
  '*',
  'a.example, b.example',
  'x'.repeat(5_000),
]
const CLOSE = 'host: a\r\nconnection: close\r\n'
const SOCKET =
  'connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
const JSON_TYPE = 'content-type: application/json\r\n'
const post = (framing: string, body: string) =>
  `POST /widget/token HTTP/1.1\r\n${CLOSE}${JSON_TYPE}${framing}\r\n\r\n${body}`
const get = (head: string) => `GET /health HTTP/1.1\r\n${head}\r\n`

const RAW = [
  ...TARGETS.flatMap((target) => [
    `GET ${target} HTTP/1.1\r\n${CLOSE}\r\n`,
    `POST ${target} HTTP/1.1\r\n${CLOSE}${JSON_TYPE}content-length: 2\r\n\r\n{}`,
    `GET ${target} HTTP/1.1\r\nhost: a\r\n${SOCKET}\r\n`,
  ]),
  ...HOSTS.flatMap((host) => [get(`connection: close\r\nhost: ${host}\r\n`), get(`host: ${host}\r\n${SOCKET}`)]),
  // Two ways to say where the body ends, and none.
  ...[
    post('content-length: 2\r\ntransfer-encoding: chunked', '0\r\n\r\n'),
    post('transfer-encoding: chunked, identity', '0\r\n\r\n'),
  ],
  ...[
    post('transfer-encoding: gzip', '{}'),
    post('transfer-encoding: chunked', 'zz\r\n'),
    post('content-length: 2, 2', '{}'),
    post('content-length: -1', ''),
  ],
  ...[
    post('content-length: 99999999999999999999', ''),
    post('transfer-encoding: chunked', '2;a="b\r\n{}\r\n0\r\nx: y\r\n\r\n'),
  ],
  post('transfer-encoding: chunked', `8000\r\n${'x'.repeat(0x8000)}\r\n0\r\n\r\n`),
  ...[
    'GET / HTTP/9.9',
    'GET /',
    'get / http/1.1',
    'PRI * HTTP/2.0',
    'OPTIONS * HTTP/1.1',
    'CONNECT a:1 HTTP/1.1',
    'TRACE / HTTP/1.1',
    'GET  / HTTP/1.1',
  ].map((line) => `${line}\r\n${CLOSE}\r\n`),
  ...[
    'expect: x',
    ' folded: x',
    'a b: x',
    ': x',
    'x: \0',
    `x: ${'y'.repeat(20_000)}`,
    'host: b',
    'accept-version: bogus',
    'x: \u00e9\u0080',
  ].map((line) => get(`${CLOSE}${line}\r\n`)),
  ...[
    get(`${CLOSE}${'x: y\r\n'.repeat(3_000)}`),
    get(''),
    'GET / HTTP/1.1\n\n',
    '\0\0\0\0\r\n\r\n',
    '\x16\x03\x01\x02\x00\x01\x00\xfc\r\n\r\n',
  ],
  ...['=;;=', 'sesame_desk=', `sesame_desk=${'%'.repeat(3_000)}`, '__Host-sesame_desk=\u00ff'].map(
    (cookie) => `GET /desk/api/stream HTTP/1.1\r\nhost: a\r\n${SOCKET}cookie: ${cookie}\r\n\r\n`,
  ),
  ...['%', 'http://[', 'null', 'file://'].map(
    (origin) => `GET /desk/api/stream HTTP/1.1\r\nhost: a\r\n${SOCKET}origin: ${origin}\r\n\r\n`,
  ),
]

test('what no client would send is refused, or the line is cut, and nobody else notices', async () => {
  for (const bytes of RAW) {
    const reply = await sendRaw(app.port, Buffer.from(bytes, 'latin1'))
    if (reply.status !== 0) judge(bytes.slice(0, 200), reply)
  }
  expect(app.logged.filter(({ level }) => level === 'error')).toEqual([])
  await stillServes()
}, 60_000)

test('random bytes', async () => {
  const bytes = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 300 }),
    fc.tuple(fc.constantFrom(...RAW), fc.nat(400), fc.nat(255)).map(([text, at, byte]) => {
      const whole = Buffer.from(text, 'latin1')
      whole[at % whole.length] = byte
      return whole
    }),
  )
  // What may be the beginning of a request is waited for: its end comes with the line's.
  const run = async (each: Uint8Array) => {
    const reply = await sendRaw(app.port, each, { end: true })
    if (reply.status !== 0) judge(Buffer.from(each).toString('latin1').slice(0, 200), reply)
  }
  await fc.assert(fc.asyncProperty(bytes, run), { numRuns: 400 })
  await stillServes()
}, 60_000)
