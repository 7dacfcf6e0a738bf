import { afterEach, expect, jest, test } from '@jest/globals'
import { AppError } from '../../src/errors.ts'
import { openSqliteStore } from '../../src/store/sqlite/open.ts'
import { createWorker } from '../../src/work/worker.ts'
import { keepLog } from '../support/app.ts'

afterEach(() => {
  jest.useRealTimers()
})

/** As when the disk is full: what is due can be read, but nothing can be written. */
test('work that cannot be taken is looked for once a second, not without end', async () => {
  jest.useFakeTimers()
  const store = openSqliteStore(':memory:')
  store.db.exec(`INSERT INTO work (id, kind, conversation_id, due_at, payload) VALUES ('t', 'timer', 'c', 1, '{}')`)
  const { log, lines } = keepLog()
  const lease = () => Promise.reject(new AppError('store_unavailable'))
  const handler = { keep: () => ({}), run: async () => ({}) }
  const worker = createWorker({
    store: { ...store, lease },
    kind: 'timer',
    handler,
    onInbound() {},
    log,
    now: Date.now,
  })
  await jest.advanceTimersByTimeAsync(3_000)
  await worker.stop()
  store.close()
  expect(lines.map((line) => line.event)).toEqual(Array(4).fill('work.look_failed'))
})
