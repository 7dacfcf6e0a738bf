/** `rediss://`: the server's certificate is checked, by what Node trusts (`NODE_EXTRA_CA_CERTS` adds to it). */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { parseRedisUrl, type RedisTarget } from '../../src/config-redis.ts'
import { createHub } from '../../src/conversation/hub.ts'
import { openRedisStore } from '../../src/store/redis/open.ts'
import { commitOf, entryOf, inboundOf } from '../contracts/store.ts'
import { keepLog } from '../support/app.ts'
import { findProgram } from '../support/apt.ts'
import { tempFolder } from '../support/folder.ts'
import { stablePort } from '../support/ports.ts'
import { type RedisServer, startRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'

const trusted = getCACertificates('default')
let folder: ReturnType<typeof tempFolder>
let redis: RedisServer
let url: string
beforeAll(async () => {
  folder = tempFolder()
  const [key, cert, port] = [join(folder.path, 'key.pem'), join(folder.path, 'cert.pem'), await stablePort()]
  const names = ['-subj', '/CN=redis', '-addext', 'subjectAltName=IP:127.0.0.1']
  const openssl = findProgram(
    ['openssl'],
    'The test of TLS needs openssl: install it (Debian: apt-get install openssl).',
  )
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1']
  execFileSync(openssl, [...made, '-keyout', key, '-out', cert, ...names], { stdio: 'ignore' })
  const tls = { 'tls-port': String(port), 'tls-cert-file': cert, 'tls-key-file': key, 'tls-auth-clients': 'no' }
  redis = await startRedis({ settings: tls })
  url = `rediss://127.0.0.1:${port}`
}, 120_000)
afterAll(async () => {
  setDefaultCACertificates(trusted)
  await redis.end()
  folder.remove()
})

const open = () =>
  openRedisStore({
    target: parseRedisUrl(url) as RedisTarget,
    durability: 'required',
    keepMs: 86_400_000,
    log: keepLog().log,
  })

test('a server that nobody vouches for is refused', async () => {
  await expect(open()).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
})

test('one that is vouched for takes writes, and hints too', async () => {
  setDefaultCACertificates([...trusted, readFileSync(join(folder.path, 'cert.pem'), 'utf8')])
  const { store, hints } = await open()
  const heard: unknown[] = []
  createHub(hints).watch('c', (news) => heard.push(news))
  await until('the subscription', () => heard.length === 1)
  await store.receive(inboundOf('c', '1'))
  await store.commit(commitOf('c', 0, { processed: 1, entries: [entryOf('réponse')] }))
  await until('the hint', () => heard.length === 2)
  expect((await store.read('c', 0, 9, 'desk')).map((entry) => entry.activity.text)).toEqual(['texte de 1', 'réponse'])
  await store.close()
})
