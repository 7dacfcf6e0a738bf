/** The development mailbox is read by our own names only: a foreign name that was made to lead here (DNS rebinding) gets nothing. */
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { startTestApp, type TestApp } from '../support/app.ts'

const NAME = 'aide.exemple.test'
let app: TestApp
beforeAll(async () => {
  app = await startTestApp({ PUBLIC_URL: `http://${NAME}:8080/` })
})
afterAll(() => app.end())

async function ask(path: string, host: string | undefined): Promise<{ status: number; body: string }> {
  const asking = request(`${app.url}${path}`, { setHost: false, headers: host === undefined ? {} : { host } }).end()
  const [answer] = (await once(asking, 'response')) as [IncomingMessage]
  return { status: answer.statusCode ?? 0, body: await text(answer) }
}

describe.each(['dev/mailbox', 'dev/mailbox/messages'])('/%s', (path) => {
  test.each(['localhost', 'localhost:3978', '127.0.0.1:3978', '[::1]:3978', NAME, `${NAME}:8080`, `${NAME}:1`])(
    'is there by %s',
    async (host) => expect((await ask(path, host)).status).toBe(200),
  )

  test.each([
    'evil.example',
    'evil.example:3978',
    `${NAME}.evil.example`,
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '10.0.0.1:3978',
    '[::2]:3978',
    '',
  ])('is not there by %j', async (host) => {
    const { status, body } = await ask(path, host)
    const nothing = await ask('dev/nothing', 'localhost')
    expect(status).toBe(404)
    expect([status, body]).toEqual([nothing.status, nothing.body])
  })
})

test('whatever is no secret is there by any name', async () => {
  expect((await ask('health', 'evil.example')).status).toBe(200)
})
