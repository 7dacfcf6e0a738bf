/** T23: a language or a path from outside is one of ours or none, and no file is looked for by it. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { CONTENT } from '../support/conversation.ts'
import { startMember } from '../support/directline.ts'
import { tempFolder } from '../support/folder.ts'
import { ask } from '../support/http.ts'
import { freePort, type Service, startService } from '../support/service.ts'

const NAMES = [
  '../../etc/passwd',
  '..%2f..%2fetc%2fpasswd',
  '..\\..\\locales\\fr',
  '%2e%2e/%2e%2e',
  '%252e%252e%252f',
  '__proto__',
  'constructor',
  'toString',
  'fr\u0000',
  'français',
  'en/../../x',
  'french',
  'x'.repeat(10_000),
]
/** Node's own record of calls to the file system that look something up by its name. Its reading and writing of what is open is not meant. */
const LOOKS = /(^|\.)(access|copyfile|existsSync|lstat|open|opendir|read_?dir|readlink|realpath|scandir|stat|statfs)$/i

const folder = tempFolder()
const trace = join(folder.path, 'trace.json')
let service: Service
beforeAll(async () => {
  const watch = `--trace-event-categories=node.fs.sync,node.fs.async --trace-event-file-pattern=${trace}`
  service = await startService({ DATA_DIR: folder.path, NODE_OPTIONS: watch }, await freePort())
})
afterAll(async () => {
  await service.kill('SIGKILL')
  folder.remove()
})

/** As it stands: `fetch` would take the dots out. @returns the status. */
async function get(path: string): Promise<number | undefined> {
  const { hostname, port } = new URL(service.url)
  const asked = request({ hostname, port, path, agent: false }).end()
  const [answer] = await once(asked, 'response')
  answer.resume()
  return answer.statusCode
}

/** What can stand in a header: the rest as a browser would write it. */
const inHeader = (name: string) => encodeURIComponent(name).slice(0, 10_000)

test('it leads to French, or nowhere, and no file is looked for', async () => {
  const notFound = CONTENT.texts.say('fr', 'errors:not_found')
  /** Everything that takes a name, with `name`. */
  async function tryAll(name: string): Promise<void> {
    const headers = { 'accept-language': inHeader(name) }
    expect((await ask(`${service.url}/nothing`, { headers })).body.title).toBe(notFound)
    expect((await ask(`${service.url}/dev/mailbox`, { headers })).status).toBe(200)

    const member = await startMember(`${service.url}/`, name)
    for (const { channelData, locale } of await member.history())
      if (channelData?.author === 'bot') expect(locale).toBe('fr-CA')
    const chosen = { type: 'event', name: 'sesame/locale', value: { locale: name }, from: { id: member.userId } }
    expect((await member.call('/activities', { body: chosen })).status).toBe(400)

    for (const at of ['/', '/desk/', '/desk/assets/', '/demo/', '/desk/api/', '/v3/directline/conversations/']) {
      expect(await get(at + encodeURIComponent(name))).toBeGreaterThanOrEqual(400)
      // As far as a client may send it at all; with its dots taken out it may be a page of ours.
      if (/^[\x21-\x7e]+$/.test(name)) expect([200, 400, 401, 404, 405, 414]).toContain(await get(at + name))
    }
  }

  // What is loaded when it is first needed.
  await tryAll('xx')
  const from = process.hrtime.bigint() / 1_000n
  for (const name of NAMES) await tryAll(name)
  const to = process.hrtime.bigint() / 1_000n
  await service.kill('SIGTERM')

  const { traceEvents } = JSON.parse(readFileSync(trace, 'utf8')) as { traceEvents: { name: string; ts: number }[] }
  const looks = traceEvents.filter(({ name }) => LOOKS.test(name))
  // It is seen at all: reading locales and dialogs at the start.
  expect(looks.filter(({ ts }) => ts < from).length).toBeGreaterThan(20)
  expect(looks.filter(({ ts }) => ts >= from && ts <= to)).toEqual([])
})
