import type { DatabaseSync } from 'node:sqlite'
import { AppError } from '../../errors.ts'

interface Queued {
  run: () => void
  /** Called after the transaction is on disk (or was given up), never before. */
  settle: (failure?: unknown) => void
}

export interface Group {
  /** Runs `write` in the next shared transaction. Resolves when it is on disk: one sync serves all that arrived together. */
  write<T>(write: () => T): Promise<T>
  /** Ends what is queued, synchronously. */
  flush(): void
}

/** Group commit. A write that throws undoes only itself: the others are run again, each alone. */
export function createGroup(db: DatabaseSync): Group {
  const begin = db.prepare('BEGIN IMMEDIATE')
  const commit = db.prepare('COMMIT')
  const rollback = db.prepare('ROLLBACK')
  let queue: Queued[] = []

  function transact(batch: readonly Queued[]): unknown {
    try {
      begin.run()
      for (const item of batch) item.run()
      commit.run()
      return undefined
    } catch (error) {
      // A handle that was closed meanwhile throws at being asked, which would end the process.
      if (db.isOpen && db.isTransaction) rollback.run()
      return error ?? new AppError('store_unavailable')
    }
  }

  function flush(): void {
    const batch = queue
    queue = []
    if (batch.length === 0) return
    const failure = transact(batch)
    if (failure === undefined) for (const item of batch) item.settle()
    else if (batch.length === 1) batch[0]?.settle(asStoreError(failure))
    else for (const item of batch) item.settle(asStoreError(transact([item])))
  }

  return {
    flush,
    write<T>(write: () => T): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        let result: T
        const run = () => {
          result = write()
        }
        queue.push({ run, settle: (failure) => (failure === undefined ? resolve(result) : reject(failure)) })
        if (queue.length === 1) setImmediate(flush)
      })
    },
  }
}

/** SQLite's own faults (disk full, locked, corrupt) become one code; ours pass. */
export function asStoreError(failure: unknown): unknown {
  if (failure === undefined || failure instanceof AppError) return failure
  const errcode = (failure as { errcode?: number }).errcode ?? 0
  return new AppError('store_unavailable', { errcode }, { cause: failure })
}
