/** Agents in SQLite: the adapter of `AgentStore`. Each method is one statement, so it may share its handle with other stores. */
import type { DatabaseSync } from 'node:sqlite'
import {
  type AgentRecord,
  type AgentStore,
  IDLE_MS,
  MAX_FAILURES,
  PAUSE_MS,
  SESSION_MS,
  type SessionRecord,
} from '../../desk/agents.ts'
import { parseRole } from '../../wire/desk.ts'

const TABLES = `
CREATE TABLE IF NOT EXISTS agents (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, name_key TEXT NOT NULL UNIQUE, password TEXT, created_at INTEGER NOT NULL,
  role TEXT NOT NULL DEFAULT 'agent', second_step TEXT, last_step INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS agent_links (
  agent_id TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS agent_sessions (
  hash TEXT PRIMARY KEY, agent_id TEXT NOT NULL, by TEXT NOT NULL, created_at INTEGER NOT NULL, seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS agent_sessions_agent ON agent_sessions (agent_id);
CREATE TABLE IF NOT EXISTS agent_attempts (
  key TEXT PRIMARY KEY, count INTEGER NOT NULL, last_at INTEGER NOT NULL, allowed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;`

const AGENT = 'SELECT id, name, name_key, role, password, second_step, created_at FROM agents'

/** A pause runs from the attempt that began it: attempts refused during it do not prolong it. */
const BEGIN_ATTEMPT = `
INSERT INTO agent_attempts (key, count, last_at, allowed) VALUES (:key, 1, :now, 1)
ON CONFLICT (key) DO UPDATE SET
  allowed = last_at <= :forgotten OR count < :max,
  count = CASE WHEN last_at <= :forgotten THEN 1 WHEN count < :max THEN count + 1 ELSE count END,
  last_at = CASE WHEN last_at <= :forgotten OR count < :max THEN :now ELSE last_at END
RETURNING allowed`

/** Of this process alone, and not on disk: it would cost a sync every few seconds for what is worth nothing a minute later. */
const SIGNS =
  'CREATE TEMP TABLE IF NOT EXISTS agent_signs (agent_id TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID'

type Row = Record<string, unknown>

/** @param db an open handle; its owner closes it. */
export function createAgentStore(db: DatabaseSync): AgentStore {
  db.exec(TABLES)
  addColumns(db)
  db.exec(SIGNS)
  const q = prepare(db)
  return {
    insert: async (a) =>
      q.insert(a.id, a.name, a.nameKey, a.role, a.password ?? null, a.secondStep ?? null, a.createdAt) === 1,
    byId: async (id) => toAgent(q.byId(id)),
    byName: async (key) => toAgent(q.byName(key)),
    list: async () => q.list.all().flatMap((row) => toAgent(row) ?? []),
    // The agent last: whoever has no agent row is nobody, so stopping half-way leaves nothing that works.
    remove: async (id) => {
      q.removeLink(id)
      q.endOthers(id, '')
      return q.remove(id) === 1
    },
    setPassword: async (id, password) => void q.setPassword(password, id),
    setSecondStep: async (id, sealed) => void q.setSecondStep(sealed ?? null, id),
    useStep: async (id, step) => q.useStep(step, id, step) === 1,
    setRole: async (id, role) => q.setRole(role, id) === 1,
    putLink: async (agentId, hash, expiresAt) => void q.putLink(agentId, hash, expiresAt),
    takeLink: async (hash, now) => text(q.takeLink(hash, now)?.agent_id),
    putSession: async (s) => void q.putSession(s.hash, s.agentId, s.by, s.createdAt, s.seenAt),
    session: async (hash) => toSession(q.session(hash)),
    touchSession: async (hash, seenAt) => void q.touchSession(seenAt, hash),
    endSession: async (hash) => void q.endSession(hash),
    endOtherSessions: async (agentId, keep) => void q.endOthers(agentId, keep),
    putSign: async (agentId, at) => void q.putSign(agentId, at),
    signs: async () => new Map(q.signs.all().map((row) => [String(row.agent_id), Number(row.at)])),
    sweep: async (now) => {
      q.sweepSessions(now - SESSION_MS, now - IDLE_MS)
      q.sweepLinks(now)
      q.sweepAttempts(now - PAUSE_MS)
    },
    beginAttempt: async (key, now) =>
      q.beginAttempt.get({ key, now, forgotten: now - PAUSE_MS, max: MAX_FAILURES })?.allowed === 1,
    clearAttempts: async (key) => void q.clearAttempts(key),
  }
}

/** Tables of before lack these. Nobody becomes a lead by an upgrade. */
const ADDED = {
  role: "TEXT NOT NULL DEFAULT 'agent'",
  second_step: 'TEXT',
  last_step: 'INTEGER NOT NULL DEFAULT 0',
}

function addColumns(db: DatabaseSync): void {
  // The service and its commands may open the file at the same moment.
  db.exec('BEGIN IMMEDIATE')
  const columns = new Set(
    db
      .prepare("SELECT name FROM pragma_table_info('agents')")
      .all()
      .map(({ name }) => name),
  )
  for (const [name, type] of Object.entries(ADDED))
    if (!columns.has(name)) db.exec(`ALTER TABLE agents ADD COLUMN ${name} ${type}`)
  db.exec('COMMIT')
}

/** Every statement, compiled once. `one` gives the first row, `run` the number of rows changed. */
function prepare(db: DatabaseSync) {
  const one = (sql: string) => {
    const statement = db.prepare(sql)
    return (...values: (string | number | null)[]) => statement.get(...values)
  }
  const run = (sql: string) => {
    const statement = db.prepare(sql)
    return (...values: (string | number | null)[]) => Number(statement.run(...values).changes)
  }
  return {
    insert: run(
      'INSERT INTO agents (id, name, name_key, role, password, second_step, created_at) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name_key) DO NOTHING',
    ),
    byId: one(`${AGENT} WHERE id = ?`),
    byName: one(`${AGENT} WHERE name_key = ?`),
    list: db.prepare(`${AGENT} ORDER BY name_key`),
    remove: run('DELETE FROM agents WHERE id = ?'),
    removeLink: run('DELETE FROM agent_links WHERE agent_id = ?'),
    setPassword: run('UPDATE agents SET password = ? WHERE id = ?'),
    setSecondStep: run('UPDATE agents SET second_step = ? WHERE id = ?'),
    useStep: run('UPDATE agents SET last_step = ? WHERE id = ? AND last_step < ?'),
    setRole: run('UPDATE agents SET role = ? WHERE id = ?'),
    putLink: run('INSERT OR REPLACE INTO agent_links (agent_id, hash, expires_at) VALUES (?, ?, ?)'),
    takeLink: one('DELETE FROM agent_links WHERE hash = ? AND expires_at > ? RETURNING agent_id'),
    putSession: run('INSERT INTO agent_sessions (hash, agent_id, by, created_at, seen_at) VALUES (?, ?, ?, ?, ?)'),
    session: one('SELECT hash, agent_id, by, created_at, seen_at FROM agent_sessions WHERE hash = ?'),
    touchSession: run('UPDATE agent_sessions SET seen_at = ? WHERE hash = ?'),
    endSession: run('DELETE FROM agent_sessions WHERE hash = ?'),
    endOthers: run('DELETE FROM agent_sessions WHERE agent_id = ? AND hash <> ?'),
    putSign: run('INSERT OR REPLACE INTO agent_signs (agent_id, at) VALUES (?, ?)'),
    signs: db.prepare('SELECT agent_id, at FROM agent_signs WHERE agent_id IN (SELECT id FROM agents)'),
    sweepSessions: run('DELETE FROM agent_sessions WHERE created_at <= ? OR seen_at <= ?'),
    sweepLinks: run('DELETE FROM agent_links WHERE expires_at <= ?'),
    sweepAttempts: run('DELETE FROM agent_attempts WHERE last_at <= ?'),
    beginAttempt: db.prepare(BEGIN_ATTEMPT),
    clearAttempts: run('DELETE FROM agent_attempts WHERE key = ?'),
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function toAgent(row: Row | undefined): AgentRecord | undefined {
  if (row === undefined) return undefined
  const password = text(row.password)
  const secondStep = text(row.second_step)
  return {
    id: String(row.id),
    name: String(row.name),
    nameKey: String(row.name_key),
    role: parseRole(row.role) ?? 'agent',
    ...(password !== undefined && { password }),
    ...(secondStep !== undefined && { secondStep }),
    createdAt: Number(row.created_at),
  }
}

function toSession(row: Row | undefined): SessionRecord | undefined {
  return (
    row && {
      hash: String(row.hash),
      agentId: String(row.agent_id),
      by: row.by === 'password' ? 'password' : 'link',
      createdAt: Number(row.created_at),
      seenAt: Number(row.seen_at),
    }
  )
}
