import type { DatabaseSync } from 'node:sqlite'
import type {
  Adopted,
  Commit,
  Committed,
  ConversationStore,
  DeskRow,
  DeskStore,
  Inbound,
  Loaded,
  LogEntry,
  NewEntry,
  PrivacyStore,
  Received,
} from '../../conversation/store.ts'
import { MOST_ENTRIES, placeOf } from '../../conversation/store.ts'
import { AppError } from '../../errors.ts'
import { activityId } from '../../wire/activity.ts'
import { readActivity, readDeskRow, readJson } from '../stored.ts'
import type { Group } from './group.ts'

interface Head {
  n: number
  version: number
  last_seq: number
  last_inbound: number
  day: number
}
interface ConversationRow extends Head {
  state: string | null
  processed: number
  failures: number
}
interface EntryRow {
  key: number
  origin: LogEntry['origin']
  audience: LogEntry['audience']
  body: string
}

/** Entries a conversation may have; its key space in the `entry` table. At one a second it lasts eleven days. */
const SPAN = 1_000_000
/** Pending entries shown to one turn. */
const PENDING = 100
const DAY_MS = 86_400_000

/** The conversation and desk part of the store. Reads see only what is on disk or in this connection's transaction. */
export function createConversations(
  db: DatabaseSync,
  group: Group,
  now: () => number,
): ConversationStore & DeskStore & Pick<PrivacyStore, 'erase'> & { receiveNow: (inbound: Inbound) => Received } {
  const sql = statements(db)
  const find = (id: string) => sql.find.get(id) as Head | undefined

  function append(n: number, seq: number, { origin, audience, activity }: NewEntry, inbound: 0 | 1): void {
    if (seq >= SPAN) throw new AppError('too_many', { entries: seq })
    sql.append.run(n * SPAN + seq, inbound, origin, audience, JSON.stringify(activity))
  }

  function receiveNow(inbound: Inbound): Received {
    const { conversationId, origin, clientId } = inbound
    const row = find(conversationId) ?? create(inbound)
    const seq = row.last_seq + 1
    const id = `${origin} ${clientId}`
    const isFull = origin === 'member' && row.last_seq >= MOST_ENTRIES
    if (isFull && !sql.findClient.get(row.n, id)) throw new AppError('too_many', { entries: row.last_seq })
    if (sql.addClient.run(row.n, id, seq).changes === 0) {
      const first = sql.findClient.get(row.n, id) as { seq: number }
      return { seq: first.seq, id: activityId(conversationId, first.seq), repeated: true }
    }
    append(row.n, seq, inbound, 1)
    sql.received.run(seq, seq, now(), row.n)
    // An index of its own, written once a day and not with every message.
    const day = Math.floor(now() / DAY_MS)
    if (row.day !== day) sql.touch.run(day, row.n)
    return { seq, id: activityId(conversationId, seq), repeated: false }
  }

  function create({ conversationId, create }: Inbound): Head {
    if (!create) throw new AppError('conversation_unknown')
    sql.create.run(conversationId)
    return find(conversationId) as Head
  }

  function commitNow(commit: Commit): Committed {
    const { conversationId } = commit
    const row = find(conversationId)
    if (row?.version !== commit.expected) throw new AppError('state_conflict')
    let seq = row.last_seq
    for (const entry of commit.entries) append(row.n, ++seq, entry, 0)
    const stillPending = row.last_inbound > commit.processed ? 1 : 0
    sql.save.run(JSON.stringify(commit.state), seq, commit.processed, stillPending, row.n)
    for (const w of commit.work) sql.addWork.run(w.id, w.kind, conversationId, w.dueAt, JSON.stringify(w.payload))
    if (commit.desk) list(commit.desk)
    else sql.unlist.run(conversationId)
    return { last: seq, hasMore: stillPending === 1 }
  }

  function list(row: DeskRow): void {
    sql.list.run(row.conversationId, row.owner, placeOf(row), JSON.stringify(row))
  }

  function loadNow(conversationId: string): Loaded | undefined {
    const row = sql.load.get(conversationId) as ConversationRow | undefined
    if (!row) return undefined
    const from = row.n * SPAN
    const pending =
      row.last_inbound > row.processed ? sql.pending.all(from + row.processed, from + row.last_inbound) : []
    const { ahead } = sql.ahead.get(conversationId) as { ahead: number }
    return {
      version: row.version,
      state: row.state === null ? undefined : readJson(row.state),
      pending: (pending as unknown as EntryRow[]).map((e) => toEntry(conversationId, e)),
      isMine: true,
      attempts: row.failures,
      ahead,
    }
  }

  function readNow(conversationId: string, after: number, limit: number, audience: LogEntry['audience']): LogEntry[] {
    const row = find(conversationId)
    if (!row) return []
    const from = row.n * SPAN
    const query = audience === 'all' ? sql.readAll : sql.readDesk
    const rows = query.all(from + Math.min(after, SPAN), from + SPAN, limit)
    return (rows as unknown as EntryRow[]).map((e) => toEntry(conversationId, e))
  }

  function forgetNow(before: number, limit: number): number {
    const old = sql.old.all(Math.floor(before / DAY_MS), limit) as unknown as { n: number; id: string }[]
    for (const { n, id } of old) eraseNow(n, id)
    return old.length
  }

  function eraseNow(n: number, id: string): void {
    sql.forgetEntries.run(n * SPAN, (n + 1) * SPAN)
    for (const forget of sql.forgetByNumber) forget.run(n)
    for (const forget of sql.forgetById) forget.run(id)
  }

  // Whoever was to run these is gone: one process has the file.
  const orphans = new Set(
    (sql.stranded.all(Number.MAX_SAFE_INTEGER, -1) as unknown as { id: string }[]).map(({ id }) => id),
  )

  function adoptNow(before: number, limit: number): Adopted[] {
    const rows = sql.stranded.all(before, limit) as unknown as { id: string; failures: number }[]
    return rows.map(({ id, failures }) => ({ conversationId: id, ...(orphans.delete(id) && { leftAfter: failures }) }))
  }

  return {
    receiveNow,
    receive: (inbound) => group.write(() => receiveNow(inbound)),
    commit: (commit) => group.write(() => commitNow(commit)),
    countFailure: (id) => group.write(() => (sql.fail.get(id) as { failures: number } | undefined)?.failures ?? 0),
    load: async (conversationId) => loadNow(conversationId),
    read: async (conversationId, after, limit, audience) => readNow(conversationId, after, limit, audience),
    adopt: async (before, limit) => adoptNow(before, limit),
    forget: (before, limit) => group.write(() => forgetNow(before, limit)),
    erase: (id) =>
      group.write(() => {
        const row = find(id)
        if (row) eraseNow(row.n, id)
        return row !== undefined
      }),
    queue: async () => toRows(sql.queue.all()),
    claimed: async () => toRows(sql.claimed.all()),
  }
}

const toRows = (rows: readonly unknown[]): DeskRow[] =>
  (rows as readonly { body: string }[]).flatMap((row) => readDeskRow(row.body))

function toEntry(conversationId: string, { key, origin, audience, body }: EntryRow): LogEntry {
  const seq = key % SPAN
  return { seq, origin, audience, activity: readActivity(conversationId, seq, body) }
}

function statements(db: DatabaseSync) {
  const entries = 'SELECT key, origin, audience, body FROM entry WHERE key > ?'
  return {
    find: db.prepare('SELECT n, version, last_seq, last_inbound, day FROM conversation WHERE id = ?'),
    load: db.prepare('SELECT * FROM conversation WHERE id = ?'),
    create: db.prepare('INSERT INTO conversation (id) VALUES (?)'),
    addClient: db.prepare('INSERT INTO client (n, id, seq) VALUES (?, ?, ?) ON CONFLICT DO NOTHING'),
    findClient: db.prepare('SELECT seq FROM client WHERE n = ? AND id = ?'),
    append: db.prepare('INSERT INTO entry (key, inbound, origin, audience, body) VALUES (?, ?, ?, ?, ?)'),
    received: db.prepare(
      'UPDATE conversation SET last_seq = ?, last_inbound = ?, pending_since = coalesce(pending_since, ?) WHERE n = ?',
    ),
    touch: db.prepare('UPDATE conversation SET day = ? WHERE n = ?'),
    pending: db.prepare(`${entries} AND key <= ? AND inbound = 1 ORDER BY key LIMIT ${PENDING}`),
    save: db.prepare(
      `UPDATE conversation SET version = version + 1, state = ?, last_seq = ?, processed = ?, failures = 0,
       pending_since = CASE WHEN ? THEN pending_since END WHERE n = ?`,
    ),
    fail: db.prepare('UPDATE conversation SET failures = failures + 1 WHERE id = ? RETURNING failures'),
    readAll: db.prepare(`${entries} AND key < ? AND audience = 'all' ORDER BY key LIMIT ?`),
    readDesk: db.prepare(`${entries} AND key < ? ORDER BY key LIMIT ?`),
    stranded: db.prepare(
      'SELECT id, failures FROM conversation WHERE pending_since < ? ORDER BY pending_since LIMIT ?',
    ),
    old: db.prepare('SELECT n, id FROM conversation WHERE day < ? ORDER BY day LIMIT ?'),
    forgetEntries: db.prepare('DELETE FROM entry WHERE key > ? AND key < ?'),
    forgetByNumber: [db.prepare('DELETE FROM client WHERE n = ?'), db.prepare('DELETE FROM conversation WHERE n = ?')],
    forgetById: [
      db.prepare('DELETE FROM work WHERE conversation_id = ?'),
      db.prepare('DELETE FROM desk WHERE conversation_id = ?'),
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
    claimed: db.prepare("SELECT body FROM desk WHERE owner = 'agent' ORDER BY requested_at"),
    // However many wait, somebody in danger is listed.
    queue: db.prepare(
      `SELECT body FROM desk ORDER BY CASE WHEN json_valid(body) THEN json_extract(body, '$.reason') = 'crisis' ELSE 0 END DESC, requested_at LIMIT 1000`,
    ),
  }
}
