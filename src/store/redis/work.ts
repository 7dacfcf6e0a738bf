import { randomUUID } from 'node:crypto'
import type {
  DeadWork,
  Inbound,
  LeasedWork,
  WorkItem,
  WorkKind,
  WorkReceipt,
  WorkStore,
} from '../../conversation/store.ts'
import { AppError } from '../../errors.ts'
import { readJson, readPayload } from '../stored.ts'
import { type Context, receiveCall, toScored } from './conversations.ts'
import { askEverywhere } from './everywhere.ts'
import { indexKey, keysOf } from './keys.ts'
import type { Value } from './link.ts'
import { END_STEP, LEASE_STEP, MOVE_STEP } from './steps.ts'

/** Codes of work given up carry this mark in receipts. */
const DEAD = 'dead:'

/** Name of an item in the indexes. */
export const memberOf = ({ conversationId, id }: Pick<WorkItem, 'conversationId' | 'id'>) => `${conversationId}\0${id}`

type Ended = [held: number, earliest: string | null]

export function createWork(c: Context): WorkStore {
  const { link, due } = c

  /** Runs a step on an item that is leased. @returns whether the lease held. */
  async function onItem(work: LeasedWork, step: typeof END_STEP, more: readonly string[], args: readonly Value[]) {
    const k = keysOf(work.conversationId)
    const keys = [indexKey(k.partition, `due:${work.kind}`), k.work, ...more]
    const ended = await link.step<Ended | 'unknown'>(step, keys, [memberOf(work), work.id, work.lease, ...args])
    if (ended === 'unknown') throw new AppError('conversation_unknown')
    due.earliest(work.kind, k.partition, ended[1])
    return ended[0] === 1
  }

  async function end(work: LeasedWork, receipt: WorkReceipt | undefined, dead: boolean, inbound?: Inbound) {
    const { partition } = keysOf(work.conversationId)
    // Another conversation may be on another server.
    if (inbound && inbound.conversationId !== work.conversationId) throw new AppError('conversation_unknown')
    const { keys, args } = inbound ? receiveCall(inbound, c) : { keys: [], args: [] }
    const kept = receipt ? encodeReceipt(receipt, dead) : ''
    const at = dead && receipt ? Date.parse(receipt.at) : ''
    return onItem(work, END_STEP, [indexKey(partition, 'dead'), ...keys], [kept, at, ...args])
  }

  /** From the partitions with the earliest work, an equal part of what there is room for from each. */
  async function lease(kind: WorkKind, now: number, leaseMs: number, limit: number): Promise<LeasedWork[]> {
    const token = randomUUID()
    const taken: (LeasedWork & { wasDue: number })[] = []
    for (;;) {
      const room = limit - taken.length
      const partitions = room > 0 ? (await due.partitions(kind, now)).slice(0, room) : []
      if (partitions.length === 0) break
      const share = Math.floor(room / partitions.length)
      const each = await Promise.all(partitions.map((p) => leaseFrom(p, kind, now, now + leaseMs, share, token)))
      taken.push(...each.flat())
    }
    return taken.sort((a, b) => a.wasDue - b.wasDue).map(({ wasDue: _, ...work }) => work)
  }

  async function leaseFrom(
    partition: number,
    kind: WorkKind,
    now: number,
    until: number,
    limit: number,
    token: string,
  ) {
    const key = indexKey(partition, `due:${kind}`)
    const prefix = keysOfPartition(key)
    const [earliest, ...flat] = await link.step<[string | null, ...Value[]]>(
      LEASE_STEP,
      [key],
      [now, until, limit, token, prefix],
    )
    due.earliest(kind, partition, earliest)
    return toLeased(flat, kind, until, token)
  }

  return {
    lease,
    complete: (work, { receipt, inbound }) => end(work, receipt, false, inbound),
    renew: (work, until) => onItem(work, MOVE_STEP, [], [until, 0]),
    async retry(work, dueAt) {
      await onItem(work, MOVE_STEP, [], [dueAt, 1])
    },
    async bury(work, receipt) {
      await end(work, receipt, true)
    },
    nextDue: (kind) => due.next(kind),
    async receipts(conversationId) {
      const fields = await link.command<string[]>('HGETALL', keysOf(conversationId).work)
      const ended = Object.entries(toRecord(fields)).flatMap(([field, body]) => receiptIn(field, body))
      return ended.sort((a, b) => (a.at < b.at ? -1 : 1))
    },
    dead: (limit) => dead(c, limit),
  }
}

/** Start of the names of work keys in the partition of an index. */
const keysOfPartition = (index: string): string => `${index.slice(0, index.indexOf('}') + 1)}:w:`

function toLeased(flat: readonly Value[], kind: WorkKind, until: number, lease: string) {
  return flat.flatMap((member, i) => {
    if (i % 4 !== 0) return []
    const [conversationId = '', id = ''] = String(member).split('\0')
    const stored = readJson(String(flat[i + 2])) as Partial<WorkItem> | null
    return [
      {
        id,
        kind,
        conversationId,
        dueAt: until,
        payload: readPayload(stored?.payload),
        attempts: Number(flat[i + 3]),
        lease,
        wasDue: Number(flat[i + 1]),
      },
    ]
  })
}

function encodeReceipt({ kind, code, at, payload }: WorkReceipt, dead: boolean): string {
  return JSON.stringify({ kind, code: dead ? `${DEAD}${code}` : code, at, payload })
}

/** Work that has not ended has no code. */
function receiptIn(field: string, body: string): WorkReceipt[] {
  if (!field.startsWith('b:')) return []
  const { kind, code, at, payload } = (readJson(body) ?? {}) as Partial<WorkReceipt>
  if (kind === undefined || code === undefined || at === undefined) return []
  return [{ workId: field.slice(2), kind, code, at, payload: readPayload(payload) }]
}

async function dead({ link }: Context, limit: number): Promise<DeadWork[]> {
  const newest = (await askEverywhere(link, 'ZREVRANGE', 'dead', 0, limit - 1, 'WITHSCORES'))
    .flatMap(toScored)
    .sort((a, b) => b.score - a.score)
    .slice(0, limit)
    .map(({ member }) => member.split('\0') as [string, string])
  const calls2 = newest.map(([conversationId, id]) => [keysOf(conversationId).work, `b:${id}`, `a:${id}`])
  const bodies = await link.each<[string | null, string | null]>('HMGET', calls2)
  return newest.flatMap(([conversationId, id], index) => {
    const [body, attempts] = bodies[index] ?? []
    const [receipt] = body ? receiptIn(`b:${id}`, body) : []
    // Its conversation went by itself: the index is all that is left.
    if (!body)
      void link
        .command('ZREM', indexKey(keysOf(conversationId).partition, 'dead'), `${conversationId}\0${id}`)
        .catch(() => 0)
    return receipt
      ? [{ ...receipt, code: receipt.code.slice(DEAD.length), conversationId, attempts: Number(attempts) }]
      : []
  })
}

/** HGETALL comes as a flat list or as an object, as the client likes. */
export function toRecord(
  fields: readonly string[] | Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  if (!Array.isArray(fields)) return fields as Readonly<Record<string, string>>
  return Object.fromEntries(fields.flatMap((field, i) => (i % 2 === 0 ? [[field, fields[i + 1] ?? '']] : [])))
}
