/** Agents in Redis: the adapter of `AgentStore`. All keys share one hash tag, so a step may change any of them together; they are
 *  named by ids and hashes only. Sessions, links and attempts go by themselves when their longest life is over; whether one still
 *  counts is judged by the caller's time, as in the other adapter. */
import { createHash } from 'node:crypto'
import {
  type AgentRecord,
  type AgentStore,
  IDLE_MS,
  LINK_MS,
  MAX_FAILURES,
  PAUSE_MS,
  SESSION_MS,
  type SessionRecord,
} from '../../desk/agents.ts'
import { parseRole } from '../../wire/desk.ts'
import { toScored } from './conversations.ts'
import type { Link } from './link.ts'
import { script } from './script.ts'

const TAG = 'sesame:{desk}'
/** Hash of a name -> id of its agent. */
const NAMES = `${TAG}:names`
const AGENT = `${TAG}:agent:`
const LINK = `${TAG}:link:`
const SESSION = `${TAG}:session:`
/** Per agent: the hash of their link, and the hashes of their sessions by the moment they are over at the latest. */
const linkOf = (agentId: string) => `${TAG}:link-of:${agentId}`
const SESSIONS_OF = `${TAG}:sessions-of:`
/** Agents by the time of their consoles' last sign. */
const SIGNS = `${TAG}:signs`
/** How long signs are remembered after the last one of anybody, ms. */
const REMEMBER_MS = 3_600_000
const attemptsOf = (key: string) => `${TAG}:attempts:${key}`

const AGENT_FIELDS = ['id', 'name', 'nameKey', 'createdAt', 'password', 'role', 'secondStep'] as const
const SESSION_FIELDS = ['agentId', 'by', 'createdAt', 'seenAt'] as const
const READ_AGENT = `redis.call('HMGET', '${AGENT}' .. id, ${AGENT_FIELDS.map((field) => `'${field}'`).join(', ')})`

/** Keys: names, agent. Args: hash of the name, id, fields and values of the agent. */
const INSERT = script(`
if redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2]) == 0 then return 0 end
redis.call('HSET', KEYS[2], unpack(ARGV, 3))
return 1`)

/** Keys: names. Args: hash of the name. */
const BY_NAME = script(`
local id = redis.call('HGET', KEYS[1], ARGV[1])
return id and ${READ_AGENT}`)

/** Keys: names. */
const LIST = script(`
local agents = {}
for i, id in ipairs(redis.call('HVALS', KEYS[1])) do agents[i] = ${READ_AGENT} end
return agents`)

/** Keys: names, agent, link-of, sessions-of, signs. Args: id. */
const REMOVE = script(`
local name = redis.call('HGET', KEYS[2], 'nameHash')
if name then redis.call('HDEL', KEYS[1], name) end
local link = redis.call('GET', KEYS[3])
if link then redis.call('DEL', '${LINK}' .. link) end
for _, session in ipairs(redis.call('ZRANGE', KEYS[4], 0, -1)) do redis.call('DEL', '${SESSION}' .. session) end
redis.call('DEL', KEYS[3], KEYS[4])
redis.call('ZREM', KEYS[5], ARGV[1])
return redis.call('DEL', KEYS[2])`)

/** Keys: agent. Args: password. */
const SET_PASSWORD = script(`
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'password', ARGV[1]) end`)

/** Keys: agent. Args: sealed secret, or nothing. */
const SET_SECOND_STEP = script(`
if redis.call('EXISTS', KEYS[1]) == 0 then return end
if ARGV[1] == '' then redis.call('HDEL', KEYS[1], 'secondStep') else redis.call('HSET', KEYS[1], 'secondStep', ARGV[1]) end`)

/** Keys: agent. Args: time step. */
const USE_STEP = script(`
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
if tonumber(redis.call('HGET', KEYS[1], 'lastStep') or 0) >= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'lastStep', ARGV[1])
return 1`)

/** Keys: agent. Args: role. */
const SET_ROLE = script(`
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'role', ARGV[1])
return 1`)

/** Keys: link-of, link. Args: agent, hash, expiry. */
const PUT_LINK = script(`
local old = redis.call('GET', KEYS[1])
if old then redis.call('DEL', '${LINK}' .. old) end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ${LINK_MS})
redis.call('HSET', KEYS[2], 'agentId', ARGV[1], 'expiresAt', ARGV[3])
redis.call('PEXPIRE', KEYS[2], ${LINK_MS})`)

/** Keys: link. Args: now. */
const TAKE_LINK = script(`
local link = redis.call('HMGET', KEYS[1], 'agentId', 'expiresAt')
if not link[1] or tonumber(link[2]) <= tonumber(ARGV[1]) then return false end
redis.call('DEL', KEYS[1])
return link[1]`)

/** Keys: session, sessions-of. Args: hash, created, fields and values of the session. */
const PUT_SESSION = script(`
redis.call('HSET', KEYS[1], unpack(ARGV, 3))
redis.call('PEXPIRE', KEYS[1], ${IDLE_MS})
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[2] + ${SESSION_MS}, ARGV[1])
redis.call('PEXPIRE', KEYS[2], ${SESSION_MS})`)

/** Keys: session. Args: now. */
const TOUCH_SESSION = script(`
local created = redis.call('HGET', KEYS[1], 'createdAt')
if not created then return end
redis.call('HSET', KEYS[1], 'seenAt', ARGV[1])
redis.call('PEXPIRE', KEYS[1], math.min(${IDLE_MS}, created + ${SESSION_MS} - ARGV[1]))`)

/** Keys: session. Args: hash. */
const END_SESSION = script(`
local agent = redis.call('HGET', KEYS[1], 'agentId')
if not agent then return end
redis.call('DEL', KEYS[1])
redis.call('ZREM', '${SESSIONS_OF}' .. agent, ARGV[1])`)

/** Keys: sessions-of. Args: hash of the session to keep. */
const END_OTHERS = script(`
for _, session in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if session ~= ARGV[1] then
    redis.call('DEL', '${SESSION}' .. session)
    redis.call('ZREM', KEYS[1], session)
  end
end`)

/** Keys: agent, signs. Args: id, time. */
const PUT_SIGN = script(`
if redis.call('EXISTS', KEYS[1]) == 0 then return end
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
redis.call('PEXPIRE', KEYS[2], ${REMEMBER_MS})`)

/** Keys: attempts. Args: now. A pause runs from the attempt that began it: attempts refused during it do not prolong it. */
const BEGIN_ATTEMPT = script(`
local seen = redis.call('HMGET', KEYS[1], 'count', 'at')
local count = tonumber(seen[1] or 0)
if count > 0 and tonumber(seen[2]) <= ARGV[1] - ${PAUSE_MS} then count = 0 end
if count >= ${MAX_FAILURES} then return 0 end
redis.call('HSET', KEYS[1], 'count', count + 1, 'at', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ${PAUSE_MS})
return 1`)

type Row = readonly (string | null)[]

/** Every method @throws AppError `store_unavailable`. */
export function createRedisAgentStore(link: Link): AgentStore {
  return {
    ...createRoster(link),
    ...createLinks(link),
    ...createSessions(link),
    ...createSigns(link),
    ...createAttempts(link),
  }
}

type Roster = Pick<
  AgentStore,
  'insert' | 'byId' | 'byName' | 'list' | 'remove' | 'setPassword' | 'setRole' | 'setSecondStep' | 'useStep'
>

function createRoster({ step, command }: Link): Roster {
  return {
    async insert({ id, name, nameKey, role, createdAt, password, secondStep }) {
      const nameHash = hashName(nameKey)
      const fields = [
        'id',
        id,
        'name',
        name,
        'nameKey',
        nameKey,
        'nameHash',
        nameHash,
        'role',
        role,
        'createdAt',
        createdAt,
      ]
      const more = Object.entries({ password, secondStep }).flatMap(([key, value]) => (value ? [key, value] : []))
      return (await step(INSERT, [NAMES, AGENT + id], [nameHash, id, ...fields, ...more])) === 1
    },
    byId: async (id) => toAgent(await command<Row>('HMGET', AGENT + id, ...AGENT_FIELDS)),
    byName: async (nameKey) => toAgent(await step<Row | null>(BY_NAME, [NAMES], [hashName(nameKey)])),
    async list() {
      const agents = (await step<Row[]>(LIST, [NAMES], [])).flatMap((row) => toAgent(row) ?? [])
      return agents.sort((a, b) => (a.nameKey < b.nameKey ? -1 : 1))
    },
    remove: async (id) => (await step(REMOVE, [NAMES, AGENT + id, linkOf(id), SESSIONS_OF + id, SIGNS], [id])) === 1,
    setPassword: async (id, password) => void (await step(SET_PASSWORD, [AGENT + id], [password])),
    setSecondStep: async (id, sealed) => void (await step(SET_SECOND_STEP, [AGENT + id], [sealed ?? ''])),
    useStep: async (id, time) => (await step(USE_STEP, [AGENT + id], [time])) === 1,
    setRole: async (id, role) => (await step(SET_ROLE, [AGENT + id], [role])) === 1,
  }
}

function createLinks({ step }: Link): Pick<AgentStore, 'putLink' | 'takeLink'> {
  return {
    putLink: async (agentId, hash, expiresAt) =>
      void (await step(PUT_LINK, [linkOf(agentId), LINK + hash], [agentId, hash, expiresAt])),
    takeLink: async (hash, now) => (await step<string | null>(TAKE_LINK, [LINK + hash], [now])) ?? undefined,
  }
}

type Sessions = Pick<AgentStore, 'putSession' | 'session' | 'touchSession' | 'endSession' | 'endOtherSessions'>

function createSessions({ step, command }: Link): Sessions {
  return {
    async putSession({ hash, agentId, by, createdAt, seenAt }) {
      const fields = ['agentId', agentId, 'by', by, 'createdAt', createdAt, 'seenAt', seenAt]
      await step(PUT_SESSION, [SESSION + hash, SESSIONS_OF + agentId], [hash, createdAt, ...fields])
    },
    session: async (hash) => toSession(hash, await command<Row>('HMGET', SESSION + hash, ...SESSION_FIELDS)),
    touchSession: async (hash, seenAt) => void (await step(TOUCH_SESSION, [SESSION + hash], [seenAt])),
    endSession: async (hash) => void (await step(END_SESSION, [SESSION + hash], [hash])),
    endOtherSessions: async (agentId, keep) => void (await step(END_OTHERS, [SESSIONS_OF + agentId], [keep])),
  }
}

function createSigns({ step, command }: Link): Pick<AgentStore, 'putSign' | 'signs'> {
  return {
    putSign: async (agentId, at) => void (await step(PUT_SIGN, [AGENT + agentId, SIGNS], [agentId, at])),
    async signs() {
      const found = toScored(await command<string[]>('ZRANGE', SIGNS, 0, -1, 'WITHSCORES'))
      return new Map(found.map(({ member, score }) => [member, score]))
    },
  }
}

function createAttempts({ step, command }: Link): Pick<AgentStore, 'beginAttempt' | 'clearAttempts' | 'sweep'> {
  return {
    beginAttempt: async (key, now) => (await step(BEGIN_ATTEMPT, [attemptsOf(key)], [now])) === 1,
    clearAttempts: async (key) => void (await command('DEL', attemptsOf(key))),
    // Redis drops by itself what is over.
    sweep: async () => {},
  }
}

/** Names stand in values only. */
function hashName(nameKey: string): string {
  return createHash('sha256').update(nameKey).digest('hex')
}

function toAgent(row: Row | null): AgentRecord | undefined {
  const [id, name, nameKey, createdAt, password, role, secondStep] = row ?? []
  if (!id || !name || !nameKey) return undefined
  // Those of before had no role. Nobody becomes a lead by an upgrade.
  const known = parseRole(role) ?? 'agent'
  const secrets = { ...(password && { password }), ...(secondStep && { secondStep }) }
  return { id, name, nameKey, role: known, ...secrets, createdAt: Number(createdAt) }
}

function toSession(hash: string, [agentId, by, createdAt, seenAt]: Row): SessionRecord | undefined {
  if (!agentId) return undefined
  return {
    hash,
    agentId,
    by: by === 'password' ? 'password' : 'link',
    createdAt: Number(createdAt),
    seenAt: Number(seenAt),
  }
}
