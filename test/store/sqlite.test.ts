import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { openSqliteStore } from '../../src/store/sqlite/open.ts'
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
