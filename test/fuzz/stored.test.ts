import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, afterEach, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { newState, parseState } from '../../src/conversation/state.ts'
import type { Inbound } from '../../src/conversation/store.ts'
import { AppError } from '../../src/errors.ts'
import { openModel } from '../../src/language/intents/model.ts'
import { decodeEntry, encodeEntry } from '../../src/store/redis/entry.ts'
import { openSqliteStore } from '../../src/store/sqlite/open.ts'
import { createStage, shown } from '../support/conversation.ts'
import { tempFolder } from '../support/folder.ts'
import { hostileJson, hostileText, near, toObject } from './corpus/json.ts'

const FULL = {
  ...newState('fr'),
  handoff: { id: 'h', requestedAt: '2026-03-02T15:00:00Z', reason: 'stuck', toldAt: '2026-03-02T15:00:00Z' },
  tried: [{ at: '2026-03-02T15:00:00Z', masked: 'c•••', workId: 'w' }],
  guesses: { intents: ['spam'] },
  feedback: { rating: 'yes' },
}
/** As version 1 kept it. */
const { version: _v, visits: _w, ...oldDialog } = FULL.dialog
const OLD = { ...FULL, schema: 1, dialog: oldDialog }

const stored = fc.oneof(
  near(FULL),
  near(OLD),
  near({ ...FULL.dialog }).map((dialog) => ({ ...FULL, dialog })),
  near({ ...oldDialog }).map((dialog) => ({ ...OLD, dialog })),
  hostileJson,
)

describe('a stored state', () => {
  test('of any shape is read, and then reads the same again, or is refused without a word of what it says', () => {
    const run = (value: unknown) => {
      const kept: unknown = JSON.parse(JSON.stringify(value) ?? 'null')
      try {
        const state = parseState(kept)
        expect(parseState(JSON.parse(JSON.stringify(state)))).toEqual(state)
      } catch (error) {
        expect(error).toBeInstanceOf(AppError)
        expect(error).toMatchObject({ code: 'state_unreadable' })
      }
    }
    fc.assert(fc.property(stored, run), { numRuns: 1_500 })
    expect(() => parseState(FULL)).not.toThrow()
    expect(() => parseState(OLD)).not.toThrow()
  })

  test('that is sound but stands nowhere: the member is answered, now and the next time', async () => {
    const stage = createStage()
    const names = fc.oneof(fc.constantFrom('welcome', 'menu', 'constructor', '__proto__', 'resend'), hostileText)
    const place = fc.record({ dialog: names, node: names })
    const slots = fc
      .array(fc.tuple(names, hostileText), { maxLength: 3 })
      .map((all) => toObject(all) as Record<string, string>)
    const dialog = fc.record({
      version: fc.constantFrom('', 'x', '1'),
      stack: fc.array(place, { maxLength: 4 }),
      slots,
      misses: fc.constantFrom(0, -1, 7, 1e21, 0.5),
      waits: fc.constantFrom(0, -1, 1e21),
      visits: fc.constantFrom<Record<string, number>>({}, { 'welcome.menu': 1e9 }),
      back: fc.array(fc.record({ stack: fc.array(place, { maxLength: 3 }), slots }), { maxLength: 2 }),
    })
    const run = async (value: ReturnType<typeof newState>['dialog']) => {
      const state = parseState(JSON.parse(JSON.stringify({ ...newState('fr'), dialog: value })))
      const talk = await stage.open('fr', state)
      await talk.say('bonjour')
      expect(shown(await talk.say('je veux parler à une personne')).length).toBeGreaterThan(0)
    }
    await fc.assert(fc.asyncProperty(dialog, run), { numRuns: 60 })
    stage.close()
  }, 60_000)
})

test('an entry as Redis keeps it comes back as it was', () => {
  const activity = fc.record({ type: fc.constant('message'), text: hostileText, value: hostileJson })
  fc.assert(
    fc.property(
      activity,
      fc.constantFrom('member', 'bot', 'agent', 'system'),
      fc.constantFrom('all', 'desk'),
      fc.boolean(),
      (made, origin, audience, inbound) => {
        const kept = encodeEntry({ origin, audience, activity: made } as never, inbound)
        const { activity: read, ...rest } = decodeEntry('c', 7, kept)
        expect(rest).toEqual({ seq: 7, origin, audience })
        expect(read).toEqual({ ...JSON.parse(JSON.stringify(made)), id: 'c|0000007' })
      },
    ),
  )
})

test('a model of any bytes is refused as unreadable', () => {
  const header = hostileJson.map((value) =>
    Buffer.from(JSON.stringify({ ...(value as object), format: 2, intents: value, rows: 1e9 })),
  )
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((each) => Buffer.from(each)),
    header.map((text) => {
      const length = Buffer.alloc(4)
      length.writeUInt32LE(text.length)
      return Buffer.concat([length, text, Buffer.alloc(64)])
    }),
  )
  fc.assert(fc.property(bytes, (file) => expect(() => openModel(file)).toThrow(AppError)))
})

describe('a row that was damaged', () => {
  const folder = tempFolder()
  const open: { close(): void }[] = []
  afterEach(() => {
    for (const each of open.splice(0)) each.close()
  })
  afterAll(() => folder.remove())
  const NOW = 1_000_000
  let count = 0

  function damaged() {
    const file = join(folder.path, `${++count}.db`)
    const store = openSqliteStore(file, () => NOW)
    const db = new DatabaseSync(file)
    open.push(store, db)
    return { store, db }
  }
  const message = (conversationId: string): Inbound => ({
    conversationId,
    origin: 'member',
    audience: 'all',
    clientId: 'a',
    create: true,
    activity: {
      type: 'message',
      text: 'x',
      timestamp: '2026-03-02T15:00:00Z',
      channelId: 'directline',
      conversation: { id: conversationId },
      from: { id: 'u' },
    },
  })
  const commit = (conversationId: string) => ({
    conversationId,
    expected: 0,
    state: newState('fr'),
    processed: 1,
    entries: [],
    work: [
      {
        id: `w-${conversationId}`,
        kind: 'resend' as const,
        conversationId,
        dueAt: 0,
        payload: { email: 'a@example.com' },
      },
    ],
    desk: {
      conversationId,
      owner: 'waiting' as const,
      locale: 'fr' as const,
      requestedAt: '2026-03-02T15:00:00Z',
      reason: 'stuck',
    },
  })
  const BROKEN = ['', '{', 'null', '7', '"x"', '[]', '{"a":', '\0']

  test.each(BROKEN)('%j: what is beside it is served all the same', async (text) => {
    const { store, db } = damaged()
    for (const id of ['bad', 'good']) {
      await store.receive(message(id))
      await store.commit(commit(id))
    }
    db.prepare("UPDATE conversation SET state = ? WHERE id = 'bad'").run(text)
    db.prepare("UPDATE work SET payload = ? WHERE conversation_id = 'bad'").run(text)
    db.prepare("UPDATE desk SET body = ? WHERE conversation_id = 'bad'").run(text)
    db.prepare('UPDATE entry SET body = ? WHERE key = (SELECT min(key) FROM entry)').run(text)
    expect((await store.load('good'))?.version).toBe(1)
    expect(await store.read('good', 0, 10, 'all')).toHaveLength(1)
    expect((await store.queue()).map(({ conversationId }) => conversationId)).toContain('good')
    expect((await store.lease('resend', NOW, 1_000, 10)).map(({ conversationId }) => conversationId)).toContain('good')
    for (const ask of [() => store.load('bad'), () => store.read('bad', 0, 10, 'all')]) {
      const error = await ask().then(
        () => undefined,
        (thrown: unknown) => thrown,
      )
      expect(error === undefined || error instanceof AppError).toBe(true)
    }
  })
})
