import { randomUUID } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import type {
  ConversationStore,
  DeadWork,
  LeasedWork,
  WorkItem,
  WorkKind,
  WorkReceipt,
  WorkStore,
} from '../../conversation/store.ts'
import { readJson, readPayload } from '../stored.ts'
import type { Group } from './group.ts'

export interface WorkRow {
  id: string
  kind: WorkKind
  conversation_id: string
  due_at: number
  attempts: number
  payload: string
  code: string
  ended_at: string
}

/** Codes of work given up are stored with this mark, so that one index finds them. */
const DEAD = 'dead:'

/** The work part of the store. `receiveNow` appends to a log within the transaction that is open. */
export function createWork(db: DatabaseSync, group: Group, receiveNow: ReceiveNow): WorkStore {
  const sql = statements(db)

  function leaseNow(kind: WorkKind, now: number, leaseMs: number, limit: number): LeasedWork[] {
    const lease = randomUUID()
    const rows = sql.lease.all(lease, now + leaseMs, kind, now, limit) as unknown as WorkRow[]
    return rows.map((row) => ({ ...toItem(row), attempts: row.attempts, lease })).sort((a, b) => a.dueAt - b.dueAt)
  }

  function endNow(work: LeasedWork, code: string, { at, payload }: WorkReceipt) {
    return sql.end.run(code, at, JSON.stringify(payload), work.id, work.lease)
  }

  return {
    lease: (kind, now, leaseMs, limit) => group.write(() => leaseNow(kind, now, leaseMs, limit)),
    complete: (work, done) =>
      group.write(() => {
        const ended = done.receipt ? endNow(work, done.receipt.code, done.receipt) : sql.remove.run(work.id, work.lease)
        if (ended.changes !== 1) return false
        if (done.inbound) receiveNow(done.inbound)
        return true
      }),
    renew: (work, until) => group.write(() => sql.renew.run(until, work.id, work.lease).changes === 1),
    retry: (work, dueAt) => group.write(() => void sql.retry.run(dueAt, work.id, work.lease)),
    bury: (work, receipt) => group.write(() => void endNow(work, `${DEAD}${receipt.code}`, receipt)),
    nextDue: async (kind) => (sql.nextDue.get(kind) as { due_at: number } | undefined)?.due_at,
    receipts: async (conversationId) =>
      (sql.receipts.all(conversationId) as unknown as WorkRow[]).map((row) => toReceipt(row)),
    dead: async (limit) => (sql.dead.all(limit) as unknown as WorkRow[]).map(toDead),
  }
}

export type ReceiveNow = (inbound: Parameters<ConversationStore['receive']>[0]) => unknown

export function toItem(row: WorkRow): WorkItem {
  const { id, kind, conversation_id: conversationId, due_at: dueAt } = row
  return { id, kind, conversationId, dueAt, payload: readPayload(readJson(row.payload)) }
}

function toReceipt(row: WorkRow): WorkReceipt {
  const payload = readPayload(readJson(row.payload))
  return { workId: row.id, kind: row.kind, code: row.code, at: row.ended_at, payload }
}

function toDead(row: WorkRow): DeadWork {
  const code = row.code.slice(DEAD.length)
  return { ...toReceipt(row), code, conversationId: row.conversation_id, attempts: row.attempts }
}

function statements(db: DatabaseSync) {
  return {
    lease: db.prepare(
      `UPDATE work SET lease = ?, due_at = ?, attempts = attempts + 1
       WHERE id IN (SELECT id FROM work WHERE kind = ? AND due_at <= ? ORDER BY due_at LIMIT ?) RETURNING *`,
    ),
    end: db.prepare(
      'UPDATE work SET due_at = NULL, lease = NULL, code = ?, ended_at = ?, payload = ? WHERE id = ? AND lease = ?',
    ),
    remove: db.prepare('DELETE FROM work WHERE id = ? AND lease = ?'),
    renew: db.prepare('UPDATE work SET due_at = ? WHERE id = ? AND lease = ?'),
    retry: db.prepare('UPDATE work SET due_at = ?, lease = NULL WHERE id = ? AND lease = ?'),
    nextDue: db.prepare('SELECT due_at FROM work WHERE kind = ? AND due_at IS NOT NULL ORDER BY due_at LIMIT 1'),
    receipts: db.prepare('SELECT * FROM work WHERE conversation_id = ? AND ended_at IS NOT NULL ORDER BY ended_at'),
    dead: db.prepare(`SELECT * FROM work WHERE code LIKE '${DEAD}%' ORDER BY ended_at DESC LIMIT ?`),
  }
}
