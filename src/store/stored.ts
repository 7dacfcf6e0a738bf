/** What a store gives back, read with doubt: one damaged row must not stop what stands beside it. */
import type { DeskRow, WorkItem } from '../conversation/store.ts'
import { type Activity, activityId } from '../wire/activity.ts'

/** @returns null for what is no JSON: no state, payload or row of ours is. */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** An activity without its id, which follows from its place. One that can't be read stands there as an event without a name: turns and
 *  clients pass it. */
export function readActivity(conversationId: string, seq: number, text: string): Activity {
  const read = readJson(text)
  const id = activityId(conversationId, seq)
  if (isObject(read)) return Object.assign(read, { id }) as unknown as Activity
  const from = { id: 'system' }
  const timestamp = new Date(0).toISOString()
  return { type: 'event', id, timestamp, channelId: 'directline', conversation: { id: conversationId }, from }
}

/** Nothing, where it can't be read: work without what it needs does nothing. */
export function readPayload(read: unknown): WorkItem['payload'] {
  if (!isObject(read)) return {}
  return Object.fromEntries(
    Object.entries(read).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  )
}

/** @returns nothing for a row that says of no conversation. */
export function readDeskRow(text: string): DeskRow[] {
  const read = readJson(text)
  return isObject(read) && typeof read.conversationId === 'string' ? [read as unknown as DeskRow] : []
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
