import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { openSqliteStore } from '../../src/store/sqlite/open.ts'
import { migrate } from '../../src/store/sqlite/schema.ts'
import { commitOf, entryOf, inboundOf, storeContract } from '../contracts/store.ts'
import { tempFolder } from '../support/folder.ts'

storeContract('sqlite', async () => {
  const folder = tempFolder()
  const path = join(folder.path, 'sesame.db')
  let open = openSqliteStore(path)
  return {
    store: open,
    async reopen() {
      open.close()
      open = openSqliteStore(path)
      return open
    },
    async remove() {
      open.close()
      folder.remove()
    },
  }
})

describe('SQLite alone', () => {
  let folder: ReturnType<typeof tempFolder>
  let path: string
  let store: ReturnType<typeof openSqliteStore>

  beforeEach(() => {
    folder = tempFolder()
    path = join(folder.path, 'sesame.db')
    store = openSqliteStore(path)
  })
  afterEach(() => {
    if (store.db.isOpen) store.close()
    folder.remove()
  })

  const unavailable = expect.objectContaining({ code: 'store_unavailable' })

  test('is durable: WAL and a sync with every transaction', () => {
    expect(store.db.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' })
    expect(store.db.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 2 })
  })

  test('one bad write of a shared transaction fails alone', async () => {
    await store.receive(inboundOf('c', 'first'))
    const unstorable = { ...entryOf('x').activity, value: 1n }
    const results = await Promise.allSettled([
      store.receive(inboundOf('c', '1')),
      store.receive(inboundOf('c', 'bad', { activity: unstorable })),
      store.commit(commitOf('c', 5)),
      store.receive(inboundOf('c', '2')),
      store.receive(inboundOf('nowhere', '1', { create: false })),
      store.commit(commitOf('c', 0, { processed: 1, entries: [entryOf('réponse')] })),
    ])
    expect(results.map((r) => r.status)).toEqual([
      'fulfilled',
      'rejected',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ])
    const log = await store.read('c', 0, 9, 'desk')
    expect(log.map((e) => e.activity.text)).toEqual(['texte de first', 'texte de 1', 'texte de 2', 'réponse'])
  })

  test('what is answered can be read by another connection: it was committed', async () => {
    const other = openSqliteStore(path)
    const received = store.receive(inboundOf('c', '1'))
    expect(await other.load('c')).toBeUndefined()
    await received
    expect((await other.load('c'))?.pending).toHaveLength(1)
    other.close()
  })

  test('a full disk is reported, loses nothing that was answered, and is over when there is room', async () => {
    await store.receive(inboundOf('c', 'kept'))
    const { page_count } = store.db.prepare('PRAGMA page_count').get() as { page_count: number }
    store.db.exec(`PRAGMA max_page_count = ${page_count}`)
    const big = inboundOf('c', 'big', { activity: { ...entryOf('x').activity, value: 'x'.repeat(100_000) } })
    await expect(store.receive(big)).rejects.toEqual(unavailable)
    await expect(Promise.all([store.receive(big), store.receive({ ...big, clientId: 'b' })])).rejects.toEqual(
      unavailable,
    )
    expect(await store.read('c', 0, 9, 'desk')).toHaveLength(1)
    store.db.exec('PRAGMA max_page_count = 100000')
    expect(await store.receive(big)).toMatchObject({ seq: 2, repeated: false })
  })

  test('a database that was locked or closed is reported, and the process lives on', async () => {
    const other = new DatabaseSync(path)
    store.db.exec('PRAGMA busy_timeout = 1')
    other.exec('BEGIN IMMEDIATE')
    await expect(store.receive(inboundOf('c', '1'))).rejects.toEqual(unavailable)
    other.exec('ROLLBACK')
    other.close()
    expect(await store.receive(inboundOf('c', '1'))).toMatchObject({ seq: 1 })
    store.close()
    await expect(store.receive(inboundOf('c', '2'))).rejects.toEqual(unavailable)
  })

  test('closing ends what was queued first', async () => {
    const received = store.receive(inboundOf('c', '1'))
    store.close()
    expect(await received).toMatchObject({ seq: 1 })
    store = openSqliteStore(path)
    expect(await store.read('c', 0, 9, 'all')).toHaveLength(1)
  })

  test('a file of the first version is brought up to date, and keeps all but the reservations of before', async () => {
    store.close()
    const old = join(folder.path, 'old.db')
    const db = new DatabaseSync(old)
    migrate(db, 1)
    db.exec(`INSERT INTO conversation (n, id, last_seq, last_inbound, pending_since, day) VALUES (7, 'c', 1, 1, 5, 20000);
      INSERT INTO entry (key, inbound, origin, audience, body) VALUES (7000001, 1, 'member', 'all', '{"text":"é"}');
      INSERT INTO client (n, id, seq) VALUES (7, 'member k', 1);
      INSERT INTO work (id, kind, conversation_id, due_at, payload) VALUES ('w', 'resend', 'c', 3, '{"email":"x"}');
      INSERT INTO reservation (key, holder, until) VALUES ('resend:x', 'w', 9)`)
    expect(db.prepare('PRAGMA user_version').get()).toEqual({ user_version: 1 })
    db.close()
    store = openSqliteStore(old)
    expect((await store.load('c'))?.pending).toMatchObject([{ seq: 1, activity: { text: 'é' } }])
    expect(await store.receive(inboundOf('c', 'k'))).toMatchObject({ seq: 1, repeated: true })
    expect(await store.lease('resend', 9, 1, 9)).toMatchObject([{ id: 'w', payload: { email: 'x' } }])
    expect(await store.allow('resend:x', 'v', 8, [{ most: 1, ms: 10 }])).toBe(true)
    expect(store.db.prepare("SELECT name FROM sqlite_master WHERE name LIKE 'reservation%'").all()).toEqual([])
    expect(await store.workOf('c')).toMatchObject([{ id: 'w', kind: 'resend', payload: { email: 'x' } }])
  })

  test('what counts no more is cleared away, little by little', async () => {
    const rows = () => store.db.prepare('SELECT count(*) AS n FROM allowed').get()?.n
    const one = [{ most: 1, ms: 10 }]
    await Promise.all(Array.from({ length: 250 }, (_, i) => store.allow(`k${i}`, 'h', 0, one)))
    expect(rows()).toBe(250)
    for (const [i, left] of [151, 51, 1].entries()) {
      await store.allow('other', `h${i}`, 10 + i, one)
      expect(rows()).toBe(left)
    }
  })

  test('what was erased is overwritten at once; a journal that is being read is said not to be empty', async () => {
    expect(store.db.prepare('PRAGMA secure_delete').get()).toEqual({ secure_delete: 1 })
    await store.receive(inboundOf('c', '1'))
    await store.erase('c')
    const reader = new DatabaseSync(path)
    store.db.exec('PRAGMA busy_timeout = 10')
    reader.exec('BEGIN')
    reader.prepare('SELECT * FROM entry').all()
    expect(await store.scrub()).toBe(false)
    reader.close()
    expect(await store.scrub()).toBe(true)
    for (const name of ['sesame.db', 'sesame.db-wal'])
      expect(readFileSync(join(folder.path, name)).includes('texte de 1')).toBe(false)
  })

  test('what a version before this one deleted without overwriting it is overwritten too', async () => {
    const there = () => readFileSync(path).includes('texte de 1')
    store.db.exec('PRAGMA secure_delete = OFF')
    await store.receive(inboundOf('c', '1'))
    await store.erase('c')
    store.db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    expect(there()).toBe(true)
    expect(await store.scrub()).toBe(true)
    expect(there()).toBe(false)
  })

  test('a file of a newer version is left alone', async () => {
    await store.receive(inboundOf('c', '1'))
    const { user_version: present } = store.db.prepare('PRAGMA user_version').get() as { user_version: number }
    expect(present).toBeGreaterThan(0)
    store.db.exec(`PRAGMA user_version = ${present + 1}`)
    store.close()
    expect(() => openSqliteStore(path)).toThrow(unavailable)
    const db = new DatabaseSync(path)
    expect(db.prepare('PRAGMA user_version').get()).toEqual({ user_version: present + 1 })
    db.exec(`PRAGMA user_version = ${present}`)
    db.close()
    store = openSqliteStore(path)
    expect((await store.load('c'))?.pending).toHaveLength(1)
  })
})
