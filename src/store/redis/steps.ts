/** The steps that change or read one conversation. Effects are Redis commands, so what a replica or the file gets does not
 *  depend on when it runs. Numbers come as text and are compared as numbers. */
import { MOST_ENTRIES } from '../../conversation/store.ts'
import { type Script, script } from './script.ts'

/** Entries shown to one turn, at most. The first pending one stands at the beginning of the window. */
const WINDOW = 200

/** `receive(...)`: false when there is no such conversation; else seq, 1 when it was there already. */
const RECEIVE = `
local function receive(head, log, keys, pend, age, others, conversation, create, key, entry, now, day, ttl, runner)
  local known = redis.call('HGET', head, 'd')
  if not known then
    if create ~= '1' then return false end
    -- What outlived its head by a moment would be taken for its log.
    redis.call('DEL', log, keys, unpack(others))
    redis.call('HSET', head, 'v', 0, 'f', 0, 'b', 0)
  end
  local first = redis.call('HGET', keys, key)
  if first then return tonumber(first), 1 end
  if entry:sub(1, 1) == 'm' and redis.call('LLEN', log) >= ${MOST_ENTRIES} then return -1, 0 end
  local seq = redis.call('RPUSH', log, entry)
  redis.call('HSET', keys, key, seq)
  redis.call('HSET', head, 'i', seq, 'd', day)
  -- Whoever finds nothing pending runs the turns, until nothing is.
  if redis.call('ZADD', pend, 'NX', now, conversation) == 1 then redis.call('HSET', head, 'r', runner) end
  if known ~= day then
    redis.call('ZADD', age, day, conversation)
    for _, k in ipairs({ head, log, keys }) do redis.call('PEXPIRE', k, ttl) end
    for _, k in ipairs(others) do redis.call('PEXPIRE', k, ttl) end
  end
  return seq, 0
end`

/** `snapshot(...)`: runner, version, failures, seq before the window, state or false, entries of the window. */
const SNAPSHOT = `
local function snapshot(head, log, state, into)
  local h = redis.call('HMGET', head, 'v', 'f', 'b', 'i', 'r')
  local base = tonumber(h[3])
  for _, value in ipairs({ h[5], h[1], h[2], h[3], redis.call('GET', state) }) do into[#into + 1] = value end
  if tonumber(h[4]) > base then
    for _, entry in ipairs(redis.call('LRANGE', log, base, base + ${WINDOW} - 1)) do into[#into + 1] = entry end
  end
  return into
end`

/** Keys: head, log, keys, pend, age, state, work. Args: conversation, create, key, entry, now, day, ttl, runner.
 *  @returns 'unknown', 'full' when a member may write no more, or [seq, 1] for a repeat, or [seq, 0] and what a turn needs. */
export const RECEIVE_STEP: Script = script(`${RECEIVE}${SNAPSHOT}
local seq, repeated = receive(KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], { KEYS[6], KEYS[7] }, unpack(ARGV))
if not seq then return 'unknown' end
if seq < 0 then return 'full' end
if repeated == 1 then return { seq, 1 } end
return snapshot(KEYS[1], KEYS[2], KEYS[6], { seq, 0 })`)

/** Keys: head, log, state. */
export const LOAD_STEP: Script = script(`${SNAPSHOT}
if redis.call('EXISTS', KEYS[1]) == 0 then return false end
return snapshot(KEYS[1], KEYS[2], KEYS[3], {})`)

/** Keys: head, log, state, pend, work, desk, due:* in the order of WORK_KINDS. Args: conversation, version, state, processed, ttl,
 *  desk row or '', channel of the conversation, channel of the desk, process, count of entries, entries, then place of the kind in
 *  WORK_KINDS (from 1), id, due, body of each work.
 *  @returns false when another turn committed first, else the seq of the last entry, and 1 when there is more to take. */
export const COMMIT_STEP: Script = script(`
local conversation, version, state, processed, ttl, row, channel, desk, process, count = unpack(ARGV, 1, 10)
local head = redis.call('HMGET', KEYS[1], 'v', 'i')
if head[1] ~= version then return false end
local last
if count == '0' then last = redis.call('LLEN', KEYS[2])
else last = redis.call('RPUSH', KEYS[2], unpack(ARGV, 11, 10 + count)) end
local pending = tonumber(head[2]) > tonumber(processed)
local base = last
if pending then
  -- Answers of earlier turns may lie before what came meanwhile, more of them than a window holds.
  base = tonumber(processed)
  while redis.call('LRANGE', KEYS[2], base, base)[1]:sub(3, 3) ~= 'i' do base = base + 1 end
end
redis.call('HSET', KEYS[1], 'v', version + 1, 'f', 0, 'b', base)
redis.call('SET', KEYS[3], state, 'PX', ttl)
if not pending then redis.call('ZREM', KEYS[4], conversation) end
for i = 11 + count, #ARGV, 4 do
  local place, id, due, body = unpack(ARGV, i, i + 3)
  if redis.call('HSETNX', KEYS[5], 'b:' .. id, body) == 1 then
    redis.call('ZADD', KEYS[6 + place], due, conversation .. '\\0' .. id)
    redis.call('PEXPIRE', KEYS[5], ttl)
  end
end
local listed = redis.call('HGET', KEYS[6], conversation) or ''
if listed ~= row then
  if row == '' then redis.call('HDEL', KEYS[6], conversation) else redis.call('HSET', KEYS[6], conversation, row) end
  redis.call('PUBLISH', desk, '')
end
redis.call('PUBLISH', channel, process .. ' ' .. last)
return { last, pending and 1 or 0 }`)

/** Keys: head. */
export const FAILURE_STEP: Script = script(`
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
return redis.call('HINCRBY', KEYS[1], 'f', 1)`)

/** Takes over what the process \`from\` left. Keys: head, pend. Args: conversation, from, to. @returns its failed runs so far, or -1 when it was not taken over. */
export const ADOPT_STEP: Script = script(`
if not redis.call('ZSCORE', KEYS[2], ARGV[1]) then return -1 end
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('ZREM', KEYS[2], ARGV[1]) return -1 end
if (redis.call('HGET', KEYS[1], 'r') or '') ~= ARGV[2] then return -1 end
redis.call('HSET', KEYS[1], 'r', ARGV[3])
return tonumber(redis.call('HGET', KEYS[1], 'f'))`)

/** Keys: head, log, keys, state, work, pend, age, desk, then the indexes of work: due:*, dead. Args: conversation, first day that is
 *  young enough to stay, channel of the desk. @returns 1 when it was old enough and is gone. */
export const FORGET_STEP: Script = script(`
local conversation = ARGV[1]
local day = redis.call('ZSCORE', KEYS[7], conversation)
if not day or tonumber(day) >= tonumber(ARGV[2]) then return 0 end
for _, field in ipairs(redis.call('HKEYS', KEYS[5])) do
  if field:sub(1, 2) == 'b:' then
    for i = 9, #KEYS do redis.call('ZREM', KEYS[i], conversation .. '\\0' .. field:sub(3)) end
  end
end
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5])
redis.call('ZREM', KEYS[6], conversation)
redis.call('ZREM', KEYS[7], conversation)
if redis.call('HDEL', KEYS[8], conversation) == 1 then redis.call('PUBLISH', ARGV[3], '') end
return 1`)

/** Takes due work under a lease. Keys: due. Args: now, until, limit, token, start of the names of work keys.
 *  @returns score of the earliest item left (or false), then member, score it had, body, attempts of each. */
export const LEASE_STEP: Script = script(`
local taken = {}
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'WITHSCORES', 'LIMIT', 0, ARGV[3])
for i = 1, #due, 2 do
  local member = due[i]
  local cut = member:find('\\0', 1, true)
  -- A key of the same partition: only its name was not known before.
  local work, id = ARGV[5] .. member:sub(1, cut - 1), member:sub(cut + 1)
  local body = redis.call('HGET', work, 'b:' .. id)
  if not body then
    redis.call('ZREM', KEYS[1], member)
  else
    redis.call('HSET', work, 'l:' .. id, ARGV[4])
    redis.call('ZADD', KEYS[1], ARGV[2], member)
    for _, value in ipairs({ member, due[i + 1], body, redis.call('HINCRBY', work, 'a:' .. id, 1) }) do taken[#taken + 1] = value end
  end
end
table.insert(taken, 1, redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2] or false)
return taken`)

/** Ends an item. Keys: due, work, dead, then those of RECEIVE_STEP. Args: member, id, token, receipt or '', time it was given up or '',
 *  then the args of RECEIVE_STEP, if something is received.
 *  @returns [1 when the lease held, earliest score left]; 'unknown' when what it reports can't be received. */
export const END_STEP: Script = script(`${RECEIVE}
local member, id, token, receipt, dead = unpack(ARGV, 1, 5)
local held = redis.call('HGET', KEYS[2], 'l:' .. id) == token
if held then
  if #ARGV > 5 then
    local seq = receive(KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8], { KEYS[9], KEYS[10] }, unpack(ARGV, 6))
    if not seq then return 'unknown' end
  end
  redis.call('ZREM', KEYS[1], member)
  redis.call('HDEL', KEYS[2], 'l:' .. id)
  if receipt == '' then redis.call('HDEL', KEYS[2], 'b:' .. id, 'a:' .. id)
  else redis.call('HSET', KEYS[2], 'b:' .. id, receipt) end
  if dead ~= '' then redis.call('ZADD', KEYS[3], dead, member) end
end
return { held and 1 or 0, redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2] or false }`)

/** Moves an item in time. Keys: due, work. Args: member, id, token, due, '1' when the lease ends with it.
 *  @returns like END_STEP. */
export const MOVE_STEP: Script = script(`
local held = redis.call('HGET', KEYS[2], 'l:' .. ARGV[2]) == ARGV[3]
if held then
  redis.call('ZADD', KEYS[1], 'XX', ARGV[4], ARGV[1])
  if ARGV[5] == '1' then redis.call('HDEL', KEYS[2], 'l:' .. ARGV[2]) end
end
return { held and 1 or 0, redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2] or false }`)

/** Keys: what was counted under a limit's key, by time. Args: holder, now, the end of the longest time, time to live, then `most` less one
 *  and the end of the time of each allowance. What is older than an end does not count. @returns 1 when the holder is counted. */
export const ALLOW_STEP: Script = script(`
local holder, now, oldest, ttl = unpack(ARGV, 1, 4)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', oldest)
if redis.call('ZSCORE', KEYS[1], holder) then return 1 end
for i = 5, #ARGV, 2 do
  -- The newest but so many: counted within this time, it leaves no room.
  local at = redis.call('ZREVRANGE', KEYS[1], ARGV[i], ARGV[i], 'WITHSCORES')[2]
  if at and tonumber(at) > tonumber(ARGV[i + 1]) then return 0 end
end
redis.call('ZADD', KEYS[1], now, holder)
redis.call('PEXPIRE', KEYS[1], ttl)
return 1`)

/** A sign of life. Keys: beats. Args: process, how long one is remembered, ms. @returns Redis' time in ms, then process, last sign of each. */
export const BEAT_STEP: Script = script(`
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
local all = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
table.insert(all, 1, now)
return all`)
