import {
  type Adopted,
  type Commit,
  type Committed,
  type ConversationStore,
  type Inbound,
  type Loaded,
  type LogEntry,
  MOST_ENTRIES,
  WORK_KINDS,
  type WorkItem,
} from '../../conversation/store.ts'
import { AppError } from '../../errors.ts'
import { activityId } from '../../wire/activity.ts'
import { readJson } from '../stored.ts'
import type { Beats } from './beats.ts'
import type { DeskView } from './desk.ts'
import type { Due } from './due.ts'
import { decodeEntry, encodeEntry, isInbound } from './entry.ts'
import { askEverywhere } from './everywhere.ts'
import { type ConversationKeys, channelOf, DESK_CHANNEL, DUE_INDEXES, indexKey, keysOf } from './keys.ts'
import type { Link, Value } from './link.ts'
import { ADOPT_STEP, COMMIT_STEP, FAILURE_STEP, FORGET_STEP, LOAD_STEP, RECEIVE_STEP } from './steps.ts'

export const DAY_MS = 86_400_000
/** Pending conversations looked at to find those to take over. */
const CANDIDATES = 5_000
/** Members of an index read from one partition, at least. */
const SHARE = 20
/** Pending entries shown to one turn. */
const PENDING = 100
/** Keys outlive the age at which conversations are erased by this, ms: erasing takes them from the indexes too, and expiring
 *  only sees to it that nothing stays when nobody erases. */
const GRACE_MS = 2 * DAY_MS

/** What the steps of a conversation need, other than its keys. */
export interface Context {
  link: Link
  now: () => number
  beats: Beats
  desk: DeskView
  due: Due
  /** How long a conversation is kept after something was last received in it, ms. */
  keepMs: number
}

export function createConversations(c: Context): ConversationStore {
  const { link } = c
  const load = async (id: string): Promise<Loaded | undefined> => {
    const { head, log, state } = keysOf(id)
    const snapshot = await link.step<Snapshot | null>(LOAD_STEP, [head, log, state], [])
    return snapshot ? toLoaded(id, snapshot, c) : undefined
  }
  return {
    load,
    async receive(inbound) {
      const { keys, args } = receiveCall(inbound, c)
      const result = await link.step<'unknown' | 'full' | [number, number, ...Snapshot]>(RECEIVE_STEP, keys, args)
      if (result === 'unknown') throw new AppError('conversation_unknown')
      if (result === 'full') throw new AppError('too_many', { entries: MOST_ENTRIES })
      const [seq, repeated, ...snapshot] = result
      const received = { seq, id: activityId(inbound.conversationId, seq), repeated: repeated === 1 }
      return repeated === 1 ? received : { ...received, loaded: toLoaded(inbound.conversationId, snapshot, c) }
    },
    commit: (commit) => save(c, commit),
    countFailure: (id) => link.step(FAILURE_STEP, [keysOf(id).head], []),
    read: (id, after, limit, audience) => read(link, id, after, limit, audience),
    adopt: (before, limit) => adopt(c, before, limit),
    forget: (before, limit) => forget(c, Math.floor(before / DAY_MS), limit),
  }
}

/** Keys and args of RECEIVE_STEP. */
export function receiveCall(inbound: Inbound, { now, beats, keepMs }: Context): { keys: string[]; args: Value[] } {
  const { conversationId, origin, clientId, create } = inbound
  const k = keysOf(conversationId)
  const at = now()
  const [day, ttl] = [Math.floor(at / DAY_MS), keepMs + GRACE_MS]
  const key = `${origin} ${clientId}`
  return {
    keys: [k.head, k.log, k.keys, indexKey(k.partition, 'pend'), indexKey(k.partition, 'age'), k.state, k.work],
    args: [conversationId, create ? 1 : 0, key, encodeEntry(inbound, true), at, day, ttl, beats.process],
  }
}

/** Runner, version, failures, seq before the window, state, entries of the window. */
type Snapshot = [string, string, string, string, string | null, ...string[]]

function toLoaded(
  conversationId: string,
  [runner, version, failures, base, state, ...window]: Snapshot,
  { beats, desk }: Pick<Context, 'beats' | 'desk'>,
): Loaded {
  const pending: LogEntry[] = []
  for (const [index, stored] of window.entries()) {
    if (isInbound(stored) && pending.length < PENDING)
      pending.push(decodeEntry(conversationId, Number(base) + index + 1, stored))
  }
  return {
    version: Number(version),
    state: state === null ? undefined : readJson(state),
    pending,
    isMine: runner === beats.process,
    attempts: Number(failures),
    ahead: desk.ahead(conversationId),
  }
}

async function save({ link, beats, desk, due, keepMs }: Context, commit: Commit): Promise<Committed> {
  const { conversationId: id, expected, state, processed, entries, work } = commit
  const row = commit.desk ? JSON.stringify(commit.desk) : ''
  const args = [
    id,
    expected,
    JSON.stringify(state),
    processed,
    keepMs + GRACE_MS,
    row,
    channelOf(id),
    DESK_CHANNEL,
    beats.process,
  ]
  const stored = entries.map((entry) => encodeEntry(entry, false))
  const k = keysOf(id)
  const done = await link.step<[number, number] | null>(COMMIT_STEP, commitKeys(k), [
    ...args,
    entries.length,
    ...stored,
    ...work.flatMap(workArgs),
  ])
  if (done === null) throw new AppError('state_conflict')
  desk.listed(id, commit.desk)
  for (const item of work) due.added(item.kind, k.partition, item.dueAt)
  return { last: done[0], hasMore: done[1] === 1 }
}

function commitKeys({ partition, head, log, state, work }: ConversationKeys): string[] {
  const indexes = (['desk', ...DUE_INDEXES] as const).map((index) => indexKey(partition, index))
  return [head, log, state, indexKey(partition, 'pend'), work, ...indexes]
}

const workArgs = ({ kind, id, dueAt, payload }: WorkItem): Value[] => [
  WORK_KINDS.indexOf(kind) + 1,
  id,
  dueAt,
  JSON.stringify({ kind, payload }),
]

async function read(link: Link, id: string, after: number, limit: number, audience: LogEntry['audience']) {
  const { log } = keysOf(id)
  const found: LogEntry[] = []
  for (let from = after; found.length < limit; from += limit) {
    const page = await link.command<string[]>('LRANGE', log, from, from + limit - 1)
    for (const [index, stored] of page.entries()) {
      const wanted = audience === 'desk' || stored[1] === 'A'
      if (wanted && found.length < limit) found.push(decodeEntry(id, from + index + 1, stored))
    }
    if (page.length < limit) break
  }
  return found
}

/** The oldest of an index over all partitions, of which none has many times its share. @returns members, oldest first. */
async function oldest(link: Link, index: 'pend' | 'age', below: number, limit: number): Promise<string[]> {
  const most = Math.min(limit, SHARE + Math.ceil(limit / 16))
  const found = await askEverywhere(link, 'ZRANGEBYSCORE', index, '-inf', `(${below}`, 'WITHSCORES', 'LIMIT', 0, most)
  return found
    .flatMap(toScored)
    .sort((a, b) => a.score - b.score)
    .slice(0, limit)
    .map(({ member }) => member)
}

export interface Scored {
  member: string
  score: number
}

/** `[member, score, member, score ...]` as Redis gives it. */
export function toScored(flat: readonly string[]): Scored[] {
  return flat.flatMap((member, i) => (i % 2 === 0 ? [{ member, score: Number(flat[i + 1]) }] : []))
}

/** Input of a process that lives is left to it. */
async function adopt({ link, beats }: Context, before: number, limit: number): Promise<Adopted[]> {
  // What a slow process has not come to yet must not hide what a dead one left.
  const ids = await oldest(link, 'pend', before, CANDIDATES)
  if (ids.length === 0) return []
  const runners = await link.each<string | null>(
    'HGET',
    ids.map((id) => [keysOf(id).head, 'r']),
  )
  const left = ids
    .map((id, index) => ({ id, runner: runners[index] ?? '' }))
    .filter(({ runner }) => runner === beats.process || !beats.isAlive(runner))
    .slice(0, limit)
  const taken = await Promise.all(left.map(({ id, runner }) => adoptOne(link, beats, id, runner)))
  return taken.filter((one) => one !== undefined)
}

async function adoptOne(link: Link, beats: Beats, id: string, runner: string): Promise<Adopted | undefined> {
  if (runner === beats.process) return { conversationId: id }
  const k = keysOf(id)
  const keys = [k.head, indexKey(k.partition, 'pend')]
  const failures = await link.step<number>(ADOPT_STEP, keys, [id, runner, beats.process])
  return failures < 0 ? undefined : { conversationId: id, leftAfter: failures }
}

async function forget(c: Context, day: number, limit: number): Promise<number> {
  const ids = await oldest(c.link, 'age', day, limit)
  await Promise.all(ids.map((id) => eraseOlder(c, id, day)))
  // Also those that another process erased meanwhile: there may be more.
  return ids.length
}

/** Erases a conversation in which nothing was received since that day. @returns whether it was there and so old. */
export async function eraseOlder({ link, desk, due }: Context, id: string, day: number): Promise<boolean> {
  const { partition, head, log, keys, state, work } = keysOf(id)
  const indexes = (['pend', 'age', 'desk', ...DUE_INDEXES, 'dead'] as const).map((i) => indexKey(partition, i))
  const erased = await link.step<number>(
    FORGET_STEP,
    [head, log, keys, state, work, ...indexes],
    [id, day, DESK_CHANNEL],
  )
  due.doubt()
  desk.listed(id, null)
  return erased === 1
}
