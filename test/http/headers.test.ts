/** T10, T12: every answer of every route, also of none, carries what keeps browsers from reading more into it. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { WebSocket } from 'ws'
import { createOrigins } from '../../src/http/origins.ts'
import { createHttp, type Http } from '../../src/http/server.ts'
import { keepLog, startTestApp, type TestApp, WIDGET_ORIGIN } from '../support/app.ts'
import { CONTENT } from '../support/conversation.ts'
import { startMember } from '../support/directline.ts'
import { ask } from '../support/http.ts'
import { allRoutes } from '../support/routes.ts'

const JSON_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
const SAFE = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': expect.stringContaining('camera=()'),
  'content-security-policy': expect.stringMatching(/default-src 'none'.*frame-ancestors 'none'/),
}
const ROUTES = allRoutes()

let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app.end())

const at = (path: string) => app.url + path.replace(':id', 'x'.repeat(22)).slice(1)
const all = (headers: Headers) => Object.fromEntries(headers)

test('the table of routes is the whole one', () => {
  const paths = ROUTES.map(({ method, path }) => `${method} ${path}`)
  for (const route of [
    'POST /widget/token',
    'GET /v3/directline/conversations/:id',
    'DELETE /desk/api/session',
    'GET /desk/',
    'GET /',
    'GET /widget.js',
    'GET /dev/mailbox',
  ])
    expect(paths).toContain(route)
})

describe.each(ROUTES)('$method $path', ({ method, path }) => {
  test('carries them, answered as it should be or not', async () => {
    const asked = [
      await ask(at(path), { method }),
      await ask(at(path), { method, headers: { 'content-encoding': 'gzip' } }),
      await ask(at(path), { method: 'PATCH' }),
    ]
    for (const { headers } of asked) expect(all(headers)).toMatchObject(SAFE)
    const [first] = asked
    const isPage = first?.headers.get('content-type')?.startsWith('text/html')
    if (!isPage) expect(first?.headers.get('content-security-policy')).toBe(JSON_POLICY)
    const isForAll = path === '/widget.js'
    expect(first?.headers.get('cross-origin-resource-policy')).toBe(isForAll ? 'cross-origin' : 'same-origin')
    // What holds anything of anybody is kept by no cache.
    if (/^\/(v3|widget\/|desk\/api|dev)/.test(path)) expect(first?.headers.get('cache-control')).toBe('no-store')
  })
})

test.each(['/nothing', '/desk/api/nothing', '/v3/directline/nothing', '/?a&b&c&d&e&f&g&h&i&j&k&l&m&n&o&p&q', '/desk'])(
  '%s, which is no answer of a route, carries them',
  async (path) => {
    const { headers } = await fetch(app.url + path.slice(1), { redirect: 'manual' })
    expect(all(headers)).toMatchObject(SAFE)
    expect(headers.get('content-security-policy')).toBe(JSON_POLICY)
  },
)

test('refused upgrades carry them', async () => {
  for (const path of ['desk/api/stream', `v3/directline/conversations/${'x'.repeat(22)}/stream?t=x`, 'nothing']) {
    const socket = new WebSocket(`${app.url.replace('http', 'ws')}${path}`)
    socket.on('error', () => undefined)
    const [, response] = await once(socket, 'unexpected-response')
    socket.terminate()
    expect(response.headers).toMatchObject({ ...SAFE, 'cache-control': 'no-store' })
  }
})

test('answers to pages that hold the widget may be read there, and nowhere else', async () => {
  const member = await startMember(app.url)
  const { headers } = await member.call('/activities', { headers: { origin: WIDGET_ORIGIN } })
  expect(all(headers)).toMatchObject({
    ...SAFE,
    'access-control-allow-origin': WIDGET_ORIGIN,
    'cross-origin-resource-policy': 'cross-origin',
    vary: 'origin',
  })
})

test('pages run nothing inline, turn no text into markup, and call nobody but us', async () => {
  for (const path of ['desk/', '', 'demo/']) {
    const { headers } = await ask(app.url + path)
    const policy = headers.get('content-security-policy') ?? ''
    expect(policy).not.toMatch(/unsafe|\*|https?:|blob:/)
    for (const part of [
      "script-src 'self'",
      "object-src 'none'",
      "base-uri 'none'",
      "form-action 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ])
      expect(policy.split('; ')).toContain(part)
    const [, connects] = /connect-src ([^;]*)/.exec(policy) ?? []
    for (const source of connects?.split(' ') ?? [])
      expect(source).toMatch(/^('self'|ws:\/\/(localhost|127\.0\.0\.1):\d+)$/)
  }
})

describe('behind HTTPS', () => {
  let http: Http
  beforeAll(async () => {
    const publicUrl = new URL('https://aide.example.com/')
    const origins = createOrigins({ publicUrl, widgetOrigins: [], development: false })
    http = createHttp({ texts: CONTENT.texts, log: keepLog().log, origins })
    http.route('get', '/here', () => ({ status: 200 }))
    http.server.listen(0, '127.0.0.1')
    await once(http.server.server, 'listening')
  })
  afterAll(() => http.stop())

  test.each(['/here', '/nowhere'])('%s is to be asked for by HTTPS only', async (path) => {
    const { headers } = await ask(`http://127.0.0.1:${http.server.address().port}${path}`)
    expect(headers.get('strict-transport-security')).toBe('max-age=31536000')
  })

  test('without it nothing of the kind is said', async () => {
    expect((await ask(app.url)).headers.get('strict-transport-security')).toBeNull()
  })

  test('pages may open sockets there', () => {
    expect(http.origins.sockets).toEqual(['wss://aide.example.com'])
  })
})

test('what is no HTTP at all is answered without a word about us', async () => {
  const socket = connect(app.port, '127.0.0.1')
  socket.write('\u0016\u0003\u0001\u0002 GET\r\n\r\n')
  const [data] = await once(socket, 'data')
  expect(String(data)).toBe('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
})

test('no answer names what serves it', async () => {
  for (const path of ['', 'nothing', 'desk/api/queue', 'widget.js']) {
    const { headers } = await ask(app.url + path)
    expect(headers.get('x-powered-by')).toBeNull()
    expect(headers.get('server')).toBe('sesame')
  }
})
