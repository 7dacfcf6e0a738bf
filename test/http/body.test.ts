/** T21: what is too big, too deep or no JSON is refused, whatever its size, without being held. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { MAX_BODY, MAX_DEPTH, parseBody } from '../../src/http/body.ts'
import { createHttp, type Http } from '../../src/http/server.ts'
import { keepLog } from '../support/app.ts'
import { CONTENT } from '../support/conversation.ts'
import { ask, NO_ORIGINS } from '../support/http.ts'
import { until } from '../support/until.ts'

setFlagsFromString('--expose-gc')
/** What is garbage is not held. */
const collect = runInNewContext('gc') as () => void

let http: Http
let port: number
let url: string
let got: unknown

beforeAll(async () => {
  http = createHttp({ texts: CONTENT.texts, log: keepLog().log, origins: NO_ORIGINS })
  http.route('post', '/echo', ({ body, query }) => {
    got = body
    return { status: 200, body: { length: JSON.stringify(body ?? null).length, parameters: query.size } }
  })
  http.server.listen(0, '127.0.0.1')
  await once(http.server.server, 'listening')
  ;({ port } = http.server.address())
  url = `http://127.0.0.1:${port}/echo`
})
afterAll(() => http.stop())

const post = (body: string, headers: Record<string, string> = {}) => ask(url, { method: 'POST', body, headers })
/** A JSON text of exactly so many bytes. */
const sized = (bytes: number) => `{"a":"${'x'.repeat(bytes - 8)}"}`

describe('size', () => {
  test.each([
    [8, 200],
    [100, 200],
    [MAX_BODY - 1, 200],
    [MAX_BODY, 200],
    [MAX_BODY + 1, 413],
    [20_000, 413],
    [200_000, 413],
    [5_000_000, 413],
  ])('%d bytes are %d', async (bytes, status) => {
    const answer = await post(sized(bytes))
    expect(answer.status).toBe(status)
    if (status === 413) expect(answer.body).toMatchObject({ code: 'too_large', title: expect.stringMatching(/\S \S/) })
  })

  test('one byte is no JSON', async () => {
    expect((await post('x')).body.code).toBe('bad_json')
  })

  /** Sends so much, whatever is answered meanwhile. @returns the status. */
  async function pour(bytes: number, head: string, frame: (chunk: Buffer) => Buffer): Promise<number> {
    const socket = connect(port, '127.0.0.1')
    let answer = ''
    let room = () => {}
    socket.on('data', (data) => {
      answer += data
    })
    for (const sign of ['drain', 'error', 'close']) socket.on(sign, () => room())
    socket.write(`POST /echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n${head}\r\n\r\n`)
    const chunk = frame(Buffer.alloc(65_536, 'x'))
    for (let sent = 0; sent < bytes && !socket.destroyed; sent += 65_536) {
      const hasRoom = new Promise<void>((resolve) => {
        room = resolve
      })
      if (!socket.write(chunk)) await hasRoom
    }
    await until('the answer', () => answer.includes('\r\n'))
    socket.destroy()
    return Number(answer.slice(9, 12))
  }
  const chunked = (chunk: Buffer) =>
    Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')])

  test.each([1_000_000, 10_000_000, 100_000_000])(
    '%d bytes, announced or not, are 413, and take no memory',
    async (bytes) => {
      const held = () => process.memoryUsage().arrayBuffers
      collect()
      const before = held()
      expect(await pour(bytes, `content-length: ${bytes}`, (chunk) => chunk)).toBe(413)
      expect(await pour(bytes, 'transfer-encoding: chunked', chunked)).toBe(413)
      // Garbage is given back by a thread of its own, on a busy machine a moment later.
      await until('it to be let go', () => {
        collect()
        return held() - before < 20_000_000
      })
    },
    30_000,
  )

  test('whoever never stops sending is cut off soon after the answer', async () => {
    const began = performance.now()
    expect(await pour(Number.POSITIVE_INFINITY, 'transfer-encoding: chunked', chunked)).toBe(413)
    expect(performance.now() - began).toBeLessThan(15_000)
  })

  test('whoever asks first sends nothing', async () => {
    const socket = connect(port, '127.0.0.1')
    socket.write(
      `POST /echo HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-type: application/json\r\ncontent-length: 99999\r\n\r\n`,
    )
    const [data] = await once(socket, 'data')
    expect(String(data)).toMatch(/^HTTP\/1\.1 413 /)
    socket.destroy()
    const small = connect(port, '127.0.0.1')
    small.write(
      `POST /echo HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n`,
    )
    expect(String((await once(small, 'data'))[0])).toMatch(/^HTTP\/1\.1 100 /)
    small.write('{}')
    expect(String((await once(small, 'data'))[0])).toMatch(/^HTTP\/1\.1 200 /)
    small.destroy()
  })
})

describe('form', () => {
  const nested = (depth: number, open = '[', close = ']') => `${open.repeat(depth)}${close.repeat(depth)}`

  test.each([
    ['lists', nested(MAX_DEPTH), nested(MAX_DEPTH + 1)],
    ['objects', `${'{"a":'.repeat(7)}{}${'}'.repeat(7)}`, `${'{"a":'.repeat(8)}{}${'}'.repeat(8)}`],
    ['very deep', '{"a":1}', nested(8_000)],
    ['never closed', '{"a":"[[[[[[[[["}', '['.repeat(16_000)],
    ['escaped quotes', String.raw`{"a":"\"[[[[[[[[["}`, String.raw`{"a":"\\","b":${nested(8)}}`],
  ])('depth is bounded before anything is parsed: %s', async (_name, fine, deep) => {
    expect((await post(fine)).status).toBe(200)
    expect((await post(deep)).body.code).toBe('bad_json')
  })

  test.each([
    '{"__proto__":{"polluted":true},"a":{"__proto__":{"polluted":true}}}',
    String.raw`{"\u005f\u005fproto__":{"polluted":true},"a":{}}`,
    '{"constructor":{"prototype":{"polluted":true}},"a":{}}',
    '{"a":{"constructor":{"prototype":{"polluted":true}}}}',
  ])('keys that reach into prototypes are gone: %s', async (text) => {
    expect((await post(text)).status).toBe(200)
    expect(got).toEqual({ a: {} })
    expect(JSON.stringify(got)).not.toContain('polluted')
    expect('polluted' in {}).toBe(false)
  })

  test.each(['null', '7', '"x"', 'true', '', ' ', '{', '{"a":1,}', "{'a':1}", '{}{}', 'NaN', '\u0000'])(
    '%j is no body of ours',
    async (text) => {
      const { status } = await post(text)
      // Nothing at all is no body.
      expect(status).toBe(text === '' ? 200 : 400)
    },
  )

  test('what is no UTF-8 is refused, not guessed', () => {
    for (const bytes of [[0xff], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xc0, 0xaf]])
      expect(() => parseBody(Buffer.from([...Buffer.from('{"a":"'), ...bytes, ...Buffer.from('"}')]))).toThrow(
        'bad_json',
      )
    expect(parseBody(Buffer.from('{"a":"é€😀"}'))).toEqual({ a: 'é€😀' })
  })

  test.each([
    ['application/json', 200],
    ['application/json; charset=utf-8', 200],
    ['Application/JSON;charset="UTF-8"', 200],
    ['application/json; charset=utf-16', 415],
    ['application/json; charset=utf-7', 415],
    ['application/json-patch+json', 415],
    ['text/json', 415],
    ['text/plain', 415],
    ['application/x-www-form-urlencoded', 415],
    ['multipart/form-data; boundary=x', 415],
    ['', 415],
  ])('a body of type %j is %d', async (type, status) => {
    expect((await post('{"a":1}', { 'content-type': type })).status).toBe(status)
  })
})

describe('addresses', () => {
  const status = async (path: string) => {
    const socket = connect(port, '127.0.0.1')
    socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)
    const [data] = await once(socket, 'data')
    socket.destroy()
    return Number(String(data).slice(9, 12))
  }
  test.each([
    ['16 parameters', `/echo?${'a=1&'.repeat(15)}a=1`, 200],
    ['17 parameters', `/echo?${'a=1&'.repeat(16)}a=1`, 400],
    ['2,008 characters', `/echo?a=${'x'.repeat(2_000)}`, 200],
    ['2,108 characters', `/echo?a=${'x'.repeat(2_100)}`, 400],
    ['20,008 characters', `/echo?a=${'x'.repeat(20_000)}`, 431],
  ])('%s', async (_name, path, expected) => {
    expect(await status(path)).toBe(expected)
  })

  test.each([
    ['/echo', 200],
    ['//echo', 400],
    ['//evil.example.org/echo', 400],
    ['http://evil.example.org/echo', 400],
    ['*', 400],
    ['/../echo', 200],
    ['/%2e%2e/%2e%2e/etc/passwd', 404],
    ['/..%2f..%2fetc/passwd', 404],
    ['/%00', 404],
    ['/%', 404],
    ['/__proto__', 404],
    ['/constructor', 404],
  ])('%s is %d', async (path, expected) => {
    expect(await status(path)).toBe(expected)
  })
})
