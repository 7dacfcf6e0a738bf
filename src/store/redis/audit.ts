/** The logs of who did what, in Redis: a sorted set each, by number, and the number used last. They expire by pruning only. */
import type { AuditLog, AuditStore, SealedEntry } from '../../privacy/audit.ts'
import type { Link } from './link.ts'
import { script } from './script.ts'

const TAG = 'sesame:{audit}'
const entriesOf = (log: AuditLog) => `${TAG}:${log}`
const usedOf = (log: AuditLog) => `${TAG}:${log}:n`
/** Entries looked at together for their age. */
const PAGE = 500

/** Keys: entries, number used last. Args: number, entry. */
const APPEND = script(`
if (redis.call('GET', KEYS[2]) or 0) + 1 ~= tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[2], ARGV[1])
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[2])
return 1`)

/** Keys: entries, number used last. */
const LAST = script(`
local used = redis.call('GET', KEYS[2]) or 0
local found = redis.call('ZRANGEBYSCORE', KEYS[1], used, used, 'WITHSCORES')
return { tostring(used), unpack(found) }`)

/** Every method @throws AppError `store_unavailable`. */
export function createRedisAuditStore({ step, command }: Pick<Link, 'step' | 'command'>): AuditStore {
  const keys = (log: AuditLog) => [entriesOf(log), usedOf(log)]
  const read = async (log: AuditLog, after: number, limit: number) =>
    toEntries(
      await command<string[]>('ZRANGEBYSCORE', entriesOf(log), `(${after}`, '+inf', 'WITHSCORES', 'LIMIT', 0, limit),
    )
  return {
    read,
    append: async (log, entry) => (await step<number>(APPEND, keys(log), [entry.n, encode(entry)])) === 1,
    async last(log) {
      const [n, ...found] = await step<[string, ...string[]]>(LAST, keys(log), [])
      const [entry] = toEntries(found)
      return { n: Number(n), ...(entry && { entry }) }
    },
    async prune(log, before) {
      let pruned = 0
      for (;;) {
        const page = await read(log, 0, PAGE)
        const young = page.findIndex(({ at }) => at >= before)
        const stays = page[young < 0 ? page.length - 1 : young]
        const end = `(${stays?.n ?? 0}`
        pruned += await command<number>('ZREMRANGEBYSCORE', entriesOf(log), '-inf', end)
        if (young >= 0 || page.length < PAGE) return pruned
      }
    },
  }
}

/** Its number is its score. The number in front makes each entry one of its own. */
function encode({ n, at, text, hash }: SealedEntry): string {
  return `${n} ${at} ${hash} ${text}`
}

function toEntries(flat: readonly string[]): SealedEntry[] {
  return flat.flatMap((stored, i) => {
    if (i % 2 !== 0) return []
    const [, at, hash = ''] = stored.split(' ', 3)
    const text = stored.split(' ').slice(3).join(' ')
    return [{ n: Number(flat[i + 1]), at: Number(at), text, hash }]
  })
}
