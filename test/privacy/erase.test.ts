/** What a member asks for: all that is kept of them, and that nothing of it is left in any byte of any file. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { runPrivacy } from '../../src/cli/privacy.ts'
import { readConfig } from '../../src/config.ts'
import { SECRET, startTestApp, type TestApp, TOKEN_KEYS } from '../support/app.ts'
import { type Member, startMember } from '../support/directline.ts'
import { tempFolder } from '../support/folder.ts'
import { type RedisServer, ask as redisAsk, startRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'

/** Somebody of the sample invitations. */
const ADDRESS = 'camille.tremblay@example.com'
const SAID = 'Ma marmotte se nomme Zébulonne'
const OTHER = 'une.autre.personne@exemple.ca'

/** How often one of the words stands in the files of a folder, byte for byte. */
function hits(folder: string, words: readonly string[], only = /./): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
  const found = files.filter((file) => file.isFile() && only.test(file.name))
  const bytes = found.map((file) => readFileSync(join(file.parentPath, file.name)))
  return words
    .flatMap((word) => bytes.map((one) => one.toString('latin1').split(latin(word)).length - 1))
    .reduce(sum, 0)
}
const latin = (word: string): string => Buffer.from(word).toString('latin1')
const sum = (a: number, b: number): number => a + b

/** The command as somebody types it at the terminal of the service. */
async function privacy(app: TestApp, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const [out, err]: [string[], string[]] = [[], []]
  const sink = (into: string[]) => ({ write: (text: string) => into.push(text) })
  const keys = TOKEN_KEYS.map(({ kid, key }) => `${kid}:${key.toString('base64')}`).join(',')
  const own = { NODE_ENV: 'test', DATA_DIR: app.dataDir, DIRECT_LINE_SECRET: SECRET, TOKEN_KEYS: keys }
  const config = readConfig({ ...own, ...env })
  const code = await runPrivacy({ args, config, locale: 'fr', out: sink(out), err: sink(err) })
  return { code, out: out.join(''), err: err.join('') }
}

/** Two members who wrote the address, one of them in words, and one who did not. */
async function fill(app: TestApp): Promise<{ one: Member; two: Member; other: Member }> {
  const [one, two, other] = [await startMember(app.url), await startMember(app.url), await startMember(app.url)]
  const sent = async (member: Member, text: string) => {
    const before = (await member.history()).length
    await member.send(text)
    await until('an answer', async () => (await member.history()).length > before + 1)
  }
  await sent(one, SAID)
  await sent(one, ADDRESS.toUpperCase())
  await sent(two, `C’est camille.tremblay arobase example point com. ${SAID}`)
  await sent(other, `Mon adresse est ${OTHER}`)
  return { one, two, other }
}

describe.each(['sqlite', 'redis'])('kept in %s', (kind) => {
  let app: TestApp
  let redis: RedisServer | undefined
  let env: Record<string, string> = {}
  beforeAll(async () => {
    // Compressed, a word could be there without being found.
    redis = kind === 'redis' ? await startRedis({ settings: { rdbcompression: 'no' } }) : undefined
    env = redis ? { REDIS_URL: redis.url } : {}
  }, 60_000)
  afterEach(() => app.end())
  afterAll(() => redis?.end())

  const inStore = (words: readonly string[]) =>
    redis ? hits(redis.folder, words) : hits(app.dataDir, words, /^sesame\.db/)

  test('erased, an address is in no byte of any file, and the others and the service go on', async () => {
    app = await startTestApp(env)
    const { one, two, other } = await fill(app)
    await until('the mail', () => hits(app.dataDir, [ADDRESS], /^mailbox\.db/) > 0)
    for (const word of [ADDRESS, SAID]) expect(inStore([word])).toBeGreaterThan(0)
    expect(hits(app.dataDir, [ADDRESS], /^coverage\.db/)).toBeGreaterThan(0)
    // Writing the file anew alone erases nothing.
    if (redis) await redisAsk(redis, 'BGREWRITEAOF')
    expect(inStore([ADDRESS])).toBeGreaterThan(0)

    expect(await privacy(app, ['erase', `  ${ADDRESS.toUpperCase()}`], env)).toEqual({
      code: 0,
      out: expect.stringMatching(/^2 conversations effacées\.\nCourriels effacés .*\s: 1\.\n$/),
      err: '',
    })
    await until('old files to be gone', () => inStore([ADDRESS, SAID]) === 0)
    expect(hits(app.dataDir, [ADDRESS, SAID], /^(sesame|mailbox)\.db/)).toBe(0)
    // The invitation stays unless it is asked for too.
    expect(hits(app.dataDir, [ADDRESS], /^coverage\.db/)).toBeGreaterThan(0)
    const again = await privacy(app, ['erase', ADDRESS, '--with-invitation'], env)
    expect(again).toMatchObject({ code: 0, out: '0 conversation effacée.\nL’invitation est effacée.\n', err: '' })
    expect(hits(app.dataDir, [ADDRESS, SAID])).toBe(0)

    expect(inStore([OTHER])).toBeGreaterThan(0)
    for (const gone of [one, two]) expect((await gone.send('Allô?')).status).toBe(404)
    const before = (await other.history()).length
    await other.send('Bonjour')
    await until('the other to be answered', async () => (await other.history()).length > before + 1)
  }, 60_000)

  test('exported, it is all there, without the code, in a file of its owner’s alone; each is recorded', async () => {
    app = await startTestApp(env)
    const { one, two } = await fill(app)
    await until('the receipt', async () => {
      const { out } = await privacy(app, ['export', one.conversationId], env)
      return JSON.parse(out).conversations[0].receipts.length > 0
    })
    const folder = tempFolder()
    const file = join(folder.path, 'export.json')
    const done = await privacy(app, ['export', ADDRESS, '--out', file], env)
    expect(done).toMatchObject({
      code: 0,
      out: '',
      err: expect.stringMatching(/^2 conversations exportées\.\n.*Relisez/s),
    })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    await expect(privacy(app, ['export', ADDRESS, '--out', file], env)).rejects.toThrow('existe déjà')
    const text = readFileSync(file, 'utf8')
    folder.remove()
    const kept = JSON.parse(text)
    expect(kept.conversations.map((c: { conversationId: string }) => c.conversationId).sort()).toEqual(
      [one, two].map((member) => member.conversationId).sort(),
    )
    const mine = kept.conversations.find((c: { conversationId: string }) => c.conversationId === one.conversationId)
    expect(mine.activities.map((a: { text?: string }) => a.text)).toEqual(expect.arrayContaining([SAID]))
    expect(mine.state).toMatchObject({ owner: 'bot', locale: 'fr' })
    expect(mine.receipts).toMatchObject([{ kind: 'resend', code: 'code_sent' }])
    expect(kept.invitation).toMatchObject({ email: ADDRESS })
    const db = new DatabaseSync(join(app.dataDir, 'coverage.db'), { readOnly: true })
    const code = String(db.prepare('SELECT code FROM invitation WHERE email = ?').get(ADDRESS)?.code)
    db.close()
    expect(code).toMatch(/^.{4}-.{4}$/)
    expect(text).not.toContain(code)

    await privacy(app, ['erase', one.conversationId], env)
    const verified = await privacy(app, ['audit'], env)
    expect(verified).toMatchObject({ code: 0, err: '' })
    // Exports that found nothing new are recorded too; nobody took a request.
    expect(verified.out).toMatch(/Journal des demandes\s: aucune entrée\.\nJournal des accès\s: \d+ entrées/)
  }, 60_000)

  test('what is unknown or odd is refused, and one conversation can be erased alone', async () => {
    app = await startTestApp(env)
    const { one, two } = await fill(app)
    for (const args of [
      [],
      ['erase'],
      ['erase', 'a', 'b'],
      ['audit', 'a'],
      ['export', 'a', '--with-invitation'],
      ['x', 'y'],
    ])
      await expect(privacy(app, args, env)).rejects.toThrow('Utilisation')
    for (const about of ['camille@', 'a b', '"x"@exemple.ca'])
      await expect(privacy(app, ['erase', about], env)).rejects.toThrow('ni une adresse')
    for (const verb of ['erase', 'export'])
      await expect(privacy(app, [verb, 'nowhere'], env)).rejects.toThrow('n’existe pas')
    expect(await privacy(app, ['erase', one.conversationId], env)).toMatchObject({ code: 0, err: '' })
    expect((await one.send('Allô?')).status).toBe(404)
    expect((await two.history()).length).toBeGreaterThan(1)
  }, 60_000)
})
