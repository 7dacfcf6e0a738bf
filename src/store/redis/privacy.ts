/** The part of the store for the commands about what is kept. */

import { setTimeout as pause } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import type { PrivacyStore, WorkItem } from '../../conversation/store.ts'
import type { WorkReader } from '../../privacy/kept.ts'
import { readJson } from '../stored.ts'
import { type Context, eraseOlder } from './conversations.ts'
import { everywhere, indexKey, keysOf } from './keys.ts'
import type { Link } from './link.ts'
import { memberOf, toRecord } from './work.ts'

/** Partitions asked at once. */
const TOGETHER = 16
/** Later than any day. */
const NO_DAY = 1e9
/** How long a server may take to write its file anew, and how often it is asked, ms. */
const REWRITE_MS = 30 * 60_000
const LOOK_MS = 50

export function createPrivacy(c: Context): PrivacyStore & WorkReader {
  const indexes = everywhere('age')

  /** Whole partitions: conversations move within an index, so one that is read in pieces may hide some of them. */
  async function list(cursor: string | undefined, limit: number) {
    const ids: string[] = []
    let from = Number(cursor ?? 0)
    while (from < indexes.length && ids.length < limit) {
      const some = indexes.slice(from, from + TOGETHER)
      ids.push(
        ...(
          await c.link.each<string[]>(
            'ZRANGE',
            some.map((key) => [key, 0, -1]),
          )
        ).flat(),
      )
      from += some.length
    }
    return { ids, ...(from < indexes.length && { next: String(from) }) }
  }

  return {
    list,
    erase: (id) => eraseOlder(c, id, NO_DAY),
    scrub: () => scrub(c.link),
    workOf: (id) => workOf(c.link, id),
  }
}

/** Items that have no receipt. */
async function workOf({ command }: Link, conversationId: string): Promise<WorkItem[]> {
  const { work, partition } = keysOf(conversationId)
  const fields = Object.entries(toRecord(await command<string[]>('HGETALL', work)))
  const items = fields.flatMap(([field, body]) => {
    const { kind, payload, code } = field.startsWith('b:') ? ((readJson(body) ?? {}) as Stored) : {}
    return kind && payload && code === undefined ? [{ id: field.slice(2), kind, payload }] : []
  })
  return Promise.all(
    items.map(async (item) => {
      const index = indexKey(partition, `due:${item.kind}`)
      const due = await command<string | null>('ZSCORE', index, memberOf({ ...item, conversationId }))
      return { ...item, conversationId, dueAt: Number(due) }
    }),
  )
}

type Stored = Partial<Pick<WorkItem, 'kind' | 'payload'> & { code: string }>

async function scrub(link: Link): Promise<boolean> {
  const done = await Promise.all(link.nodes().map(rewrite))
  return done.every(Boolean)
}

/** Has one server write its file anew, without what was erased. @returns false when not all that it wrote is known to be clean. */
async function rewrite(node: Redis): Promise<boolean> {
  try {
    const started = await startRewrite(node)
    return started && (await ended(node)) && (await keepsNothingElse(node))
  } catch {
    return false
  }
}

/** One that is under way began before the erasure, so another one must follow it. */
async function startRewrite(node: Redis): Promise<boolean> {
  const before = await persistence(node)
  if (before.aof_enabled !== '1') return false
  await ended(node)
  await node.bgrewriteaof()
  return true
}

/** @returns whether it went well. */
async function ended(node: Redis): Promise<boolean> {
  for (const end = performance.now() + REWRITE_MS; performance.now() < end; await pause(LOOK_MS)) {
    const now = await persistence(node)
    const isUnderWay = now.aof_rewrite_in_progress === '1' || now.aof_rewrite_scheduled === '1'
    if (!isUnderWay) return now.aof_last_bgrewrite_status === 'ok'
  }
  return false
}

/** Replicas have files of their own, and snapshots are files too. */
async function keepsNothingElse(node: Redis): Promise<boolean> {
  const [{ connected_slaves }, snapshots] = await Promise.all([info(node, 'replication'), node.config('GET', 'save')])
  return connected_slaves === '0' && Array.isArray(snapshots) && snapshots[1] === ''
}

const persistence = (node: Redis) => info(node, 'persistence')

async function info(node: Redis, section: string): Promise<Readonly<Record<string, string>>> {
  const lines = (await node.info(section)).split('\r\n')
  return Object.fromEntries(lines.map((line) => line.split(':', 2)))
}
