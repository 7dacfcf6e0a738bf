/** Log entries as Redis keeps them: three marks, then the activity as JSON without its id, which follows from its place. */
import type { LogEntry, NewEntry } from '../../conversation/store.ts'
import { readActivity } from '../stored.ts'

const MARKS = { member: 'm', bot: 'b', agent: 'a', system: 's' } as const
const ORIGINS = { m: 'member', b: 'bot', a: 'agent', s: 'system' } as const

/** @param inbound whether a turn has to take it. */
export function encodeEntry({ origin, audience, activity }: NewEntry, inbound: boolean): string {
  return `${MARKS[origin]}${audience === 'all' ? 'A' : 'D'}${inbound ? 'i' : 'o'}${JSON.stringify(activity)}`
}

export const isInbound = (stored: string): boolean => stored[2] === 'i'

export function decodeEntry(conversationId: string, seq: number, stored: string): LogEntry {
  const activity = readActivity(conversationId, seq, stored.slice(3))
  const origin = ORIGINS[stored[0] as keyof typeof ORIGINS]
  return { seq, origin, audience: stored[1] === 'A' ? 'all' : 'desk', activity }
}
