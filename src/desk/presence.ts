/** An agent is there while a console of theirs answers, at any process. Who is gone keeps no member waiting. */
import { EVENTS, type LostValue } from '../conversation/events.ts'
import type { Receive } from '../conversation/receive.ts'
import { parseState } from '../conversation/state.ts'
import type { DeskRow, Inbound, Store } from '../conversation/store.ts'
import { codeOf } from '../errors.ts'
import type { Log } from '../log.ts'
import type { AgentStore } from './agents.ts'

/** After so long without a sign an agent is gone, ms. Shorter: a lift or a slow reload takes requests away. */
export const ABSENT_MS = 30_000

export interface PresenceOptions {
  store: Pick<Store, 'claimed' | 'load'>
  agents: Pick<AgentStore, 'putSign' | 'signs'>
  receive: Receive
  log: Log
  /** The store's clock, epoch ms. */
  now: () => number
  /** Instead of ABSENT_MS, for tests; what else takes time follows from it. */
  absentMs?: number
}

export interface Presence {
  /** How often consoles are asked for a sign, and claimed requests looked at, ms. */
  readonly everyMs: number
  /** A console of this agent answered. */
  sign(agentId: string): void
  /** Has the log told of each claimed request whose agent is gone; the turn decides. Several processes may notice at once: it stands
   *  there once. @throws AppError `store_unavailable`. */
  look(): Promise<void>
}

export function createPresence(o: PresenceOptions): Presence {
  const absentMs = o.absentMs ?? ABSENT_MS
  return { everyMs: absentMs / 6, sign: createSigns(o, absentMs / 3), look: createLook(o, absentMs) }
}

/** Signs of one agent are written every `signMs` at most; consoles are asked twice as often, so the last one written is never older
 *  than half of what is long enough to be gone. */
function createSigns({ agents, now }: PresenceOptions, signMs: number): Presence['sign'] {
  const written = new Map<string, number>()
  return (agentId) => {
    const at = now()
    if (Math.abs(at - (written.get(agentId) ?? 0)) < signMs) return
    written.set(agentId, at)
    // The next answer tries again.
    agents.putSign(agentId, at).catch(() => written.delete(agentId))
  }
}

function createLook({ store, agents, receive, log, now }: PresenceOptions, absentMs: number): Presence['look'] {
  let lookedAt = Number.NEGATIVE_INFINITY
  let steadySince = 0

  /** After a start, a pause of this process or its machine, or an outage of the store, consoles get their time to come back. */
  function hasBeenSteady(at: number): boolean {
    const apart = at - lookedAt
    if (!(apart >= 0 && apart <= absentMs / 2)) steadySince = at
    return at - steadySince >= absentMs
  }

  async function look(): Promise<void> {
    const at = now()
    const isSteady = hasBeenSteady(at)
    lookedAt = Number.NEGATIVE_INFINITY
    const claimed = await store.claimed()
    const signs = claimed.length === 0 ? new Map<string, number>() : await agents.signs()
    const gone = claimed.filter(({ agentId = '' }) => (signs.get(agentId) ?? 0) <= at - absentMs)
    if (isSteady) for (const row of gone) await tell(row).catch((error) => pass(row, error))
    lookedAt = at
  }

  async function tell({ conversationId, agentId = '' }: DeskRow): Promise<void> {
    const loaded = await store.load(conversationId)
    if (loaded?.state === undefined) return
    const { owner, epoch, handoff } = parseState(loaded.state)
    if (owner !== 'agent' || handoff?.agent?.id !== agentId) return
    // Looked at last: they may just have come back. Acting is a sign too, also without a console.
    const last = Math.max((await agents.signs()).get(agentId) ?? 0, Date.parse(handoff.actedAt ?? '') || 0)
    const since = now() - absentMs
    if (last > since) return
    const value: LostValue = { agentId, epoch, since: new Date(since).toISOString() }
    const { repeated } = await receive(entryOf(conversationId, value, last, now()))
    if (!repeated) log.warn({ conversationId }, 'desk.agent_lost')
  }

  /** One that can't be read, or was erased just now, must not keep the others waiting. */
  function pass({ conversationId }: DeskRow, error: unknown): void {
    if (codeOf(error) === 'store_unavailable') throw error
    log.warn({ conversationId, code: codeOf(error) }, 'desk.look_failed')
  }

  return look
}

/** Named by what was noticed, which is the same in every process: who came back and is gone again is another matter. */
function entryOf(conversationId: string, value: LostValue, last: number, at: number): Inbound {
  return {
    conversationId,
    origin: 'system',
    audience: 'desk',
    clientId: `lost:${value.epoch}:${last}`,
    activity: {
      type: 'event',
      name: EVENTS.lost,
      value,
      timestamp: new Date(at).toISOString(),
      channelId: 'directline',
      conversation: { id: conversationId },
      from: { id: 'system' },
    },
  }
}
