import type { DatabaseSync } from 'node:sqlite'
import type {
  Commit,
  ConversationStore,
  DeskRow,
  DeskStore,
  Inbound,
  Loaded,
  LogEntry,
  NewEntry,
  Received,
} from '../../conversation/store.ts'
import { AppError } from '../../errors.ts'
import { activityId } from '../../wire/activity.ts'
import type { Group } from './group.ts'

interface ConversationRow {
  version: number
  state: string | null
  last_seq: number
  last_inbound: number
  processed: number
  failures: number
}
interface EntryRow {
  seq: number
  origin: LogEntry['origin']
  audience: LogEntry['audience']
  body: string
}

/** The conversation and desk part of the store. Reads see only what is on disk or in this connection's transaction. */
export function createConversations(
  db: DatabaseSync,
  group: Group,
  now: () => number,
): ConversationStore & DeskStore & { receiveNow: (inbound: Inbound) => Received } {
  const sql = statements(db)

  function append(conversationId: string, seq: number, entry: NewEntry, clientId: string | null): void {
    sql.append.run(conversationId, seq, entry.origin, entry.audience, clientId, JSON.stringify(entry.activity))
  }

  function receiveNow(inbound: Inbound): Received {
    const { conversationId, origin, clientId } = inbound
    const row = sql.last.get(conversationId) as { last_seq: number } | undefined
    if (!row && !inbound.create) throw new AppError('conversation_unknown')
    const known = row && (sql.findClient.get(conversationId, origin, clientId) as { seq: number } | undefined)
    if (known) return { seq: known.seq, id: activityId(conversationId, known.seq), repeated: true }
    const seq = (row?.last_seq ?? 0) + 1
    if (!row) sql.create.run(conversationId)
    append(conversationId, seq, inbound, clientId)
    sql.received.run(seq, seq, now(), now(), conversationId)
    return { seq, id: activityId(conversationId, seq), repeated: false }
  }

  function commitNow(commit: Commit): number {
    const { conversationId } = commit
    const row = sql.load.get(conversationId) as ConversationRow | undefined
    if (row?.version !== commit.expected) throw new AppError('state_conflict')
    let seq = row.last_seq
    for (const entry of commit.entries) append(conversationId, ++seq, entry, null)
    const stillPending = row.last_inbound > commit.processed ? 1 : 0
    sql.save.run(JSON.stringify(commit.state), seq, commit.processed, stillPending, conversationId)
    for (const w of commit.work) sql.addWork.run(w.id, w.kind, conversationId, w.dueAt, JSON.stringify(w.payload))
    if (commit.desk) list(commit.desk)
    else sql.unlist.run(conversationId)
    return seq
  }

  function list(row: DeskRow): void {
    sql.list.run(row.conversationId, row.owner, row.requestedAt, JSON.stringify(row))
  }

  function loadNow(conversationId: string): Loaded | undefined {
    const row = sql.load.get(conversationId) as ConversationRow | undefined
    if (!row) return undefined
    const pending = row.last_inbound > row.processed ? sql.pending.all(conversationId, row.processed) : []
    const { ahead } = sql.ahead.get(conversationId) as { ahead: number }
    return {
      version: row.version,
      state: row.state === null ? undefined : JSON.parse(row.state),
      pending: (pending as unknown as EntryRow[]).map((e) => toEntry(conversationId, e)),
      attempts: row.failures,
      ahead,
    }
  }

  return {
    receiveNow,
    receive: (inbound) => group.write(() => receiveNow(inbound)),
    commit: (commit) => group.write(() => commitNow(commit)),
    countFailure: (id) => group.write(() => (sql.fail.get(id) as { failures: number } | undefined)?.failures ?? 0),
    load: async (conversationId) => loadNow(conversationId),
    read: async (conversationId, afterSeq, limit, audience) => {
      const rows = (audience === 'all' ? sql.readAll : sql.readDesk).all(conversationId, afterSeq, limit)
      return (rows as unknown as EntryRow[]).map((row) => toEntry(conversationId, row))
    },
    stranded: async (before, limit) =>
      (sql.stranded.all(before, limit) as unknown as { id: string }[]).map((row) => row.id),
    forget: (before, limit) =>
      group.write(() => {
        const old = sql.old.all(before, limit) as unknown as { id: string }[]
        for (const { id } of old) for (const forget of sql.forget) forget.run(id)
        return old.length
      }),
    queue: async () => (sql.queue.all() as unknown as { body: string }[]).map((row) => JSON.parse(row.body)),
  }
}

function toEntry(conversationId: string, row: EntryRow): LogEntry {
  const activity = JSON.parse(row.body)
  activity.id = activityId(conversationId, row.seq)
  return { seq: row.seq, origin: row.origin, audience: row.audience, activity }
}

function statements(db: DatabaseSync) {
  const fields = 'seq, origin, audience, body'
  return {
    last: db.prepare('SELECT last_seq FROM conversation WHERE id = ?'),
    load: db.prepare(
      'SELECT version, state, last_seq, last_inbound, processed, failures FROM conversation WHERE id = ?',
    ),
    create: db.prepare('INSERT INTO conversation (id) VALUES (?)'),
    findClient: db.prepare('SELECT seq FROM entry WHERE conversation_id = ? AND origin = ? AND client_id = ?'),
    append: db.prepare(
      'INSERT INTO entry (conversation_id, seq, origin, audience, client_id, body) VALUES (?, ?, ?, ?, ?, ?)',
    ),
    received: db.prepare(
      'UPDATE conversation SET last_seq = ?, last_inbound = ?, pending_since = coalesce(pending_since, ?), updated_at = ? WHERE id = ?',
    ),
    pending: db.prepare(
      `SELECT ${fields} FROM entry WHERE conversation_id = ? AND seq > ? AND client_id IS NOT NULL ORDER BY seq LIMIT 100`,
    ),
    save: db.prepare(
      `UPDATE conversation SET version = version + 1, state = ?, last_seq = ?, processed = ?, failures = 0,
       pending_since = CASE WHEN ? THEN pending_since END WHERE id = ?`,
    ),
    fail: db.prepare('UPDATE conversation SET failures = failures + 1 WHERE id = ? RETURNING failures'),
    readAll: db.prepare(
      `SELECT ${fields} FROM entry WHERE conversation_id = ? AND seq > ? AND audience = 'all' ORDER BY seq LIMIT ?`,
    ),
    readDesk: db.prepare(`SELECT ${fields} FROM entry WHERE conversation_id = ? AND seq > ? ORDER BY seq LIMIT ?`),
    stranded: db.prepare('SELECT id FROM conversation WHERE pending_since < ? ORDER BY pending_since LIMIT ?'),
    old: db.prepare('SELECT id FROM conversation WHERE updated_at < ? ORDER BY updated_at LIMIT ?'),
    forget: [
      db.prepare('DELETE FROM entry WHERE conversation_id = ?'),
      db.prepare('DELETE FROM work WHERE conversation_id = ?'),
      db.prepare('DELETE FROM desk WHERE conversation_id = ?'),
      db.prepare('DELETE FROM conversation WHERE id = ?'),
    ],
    addWork: db.prepare(
      'INSERT INTO work (id, kind, conversation_id, due_at, payload) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
    ),
    ahead: db.prepare(
      `SELECT count(*) AS ahead FROM desk WHERE owner = 'waiting' AND requested_at <
       coalesce((SELECT requested_at FROM desk WHERE conversation_id = ? AND owner = 'waiting'), '9')`,
    ),
    list: db.prepare(
      `INSERT INTO desk (conversation_id, owner, requested_at, body) VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET owner = excluded.owner, requested_at = excluded.requested_at, body = excluded.body`,
    ),
    unlist: db.prepare('DELETE FROM desk WHERE conversation_id = ?'),
    queue: db.prepare('SELECT body FROM desk ORDER BY requested_at LIMIT 1000'),
  }
}
