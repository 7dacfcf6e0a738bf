/** Reading what is shown: after every hint, after every reconnection. Two hints at once cost one more reading, not two. */
import type { ConversationView, DeadLetter, QueueItem } from '../../src/wire/desk.ts'
import { ApiError, conversationPath, get } from './api.ts'
import type { Outgoing } from './kept.ts'
import { type Cell, type DeskState, hasMoved, isCrisis, isMine, type Notice } from './state.ts'

export interface Reading {
  queue(): Promise<void>
  conversation(): Promise<void>
  all(): Promise<void>
}

/** @param onFault told of whatever a reading could not do; reading again is not its affair. */
export function createReading(cell: Cell, onFault: (error: unknown) => void): Reading {
  const queue = merged(async () => {
    const [{ items }, dead] = await Promise.all([
      get<{ items: QueueItem[] }>('/queue'),
      get<{ items: DeadLetter[] }>('/dead'),
    ])
    // What left the queue and comes back in danger is a new emergency.
    const lasting = new Set(items.filter(isCrisis).map((i) => i.conversationId))
    cell.set({ queue: items, dead: dead.items, heeded: cell.get().heeded.filter((id) => lasting.has(id)) })
    // Nobody is told of conversations that are not theirs: when they change hands the queue shows it.
    if (hasMoved(cell.get())) void conversation()
  }, onFault)
  const conversation = merged(() => readConversation(cell), onFault)
  return { queue, conversation, all: async () => void (await Promise.all([queue(), conversation()])) }
}

async function readConversation(cell: Cell): Promise<void> {
  const { selected, locale } = cell.get()
  if (selected === undefined) return
  try {
    const view = await get<ConversationView>(conversationPath(selected, `?locale=${locale}`))
    // The agent went on while this was read: what came is of no use now.
    if (cell.get().selected !== selected) return
    const { outbox } = cell.get()
    cell.set({
      ...lossOf(cell.get(), view),
      view,
      gone: false,
      outbox: { ...outbox, [selected]: unseen(outbox[selected] ?? [], view) },
    })
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error
    if (cell.get().selected === selected) cell.set({ view: undefined, gone: true })
  }
}

/** It was this agent's, and is not any more, though they did nothing. What was refused for it is told already. */
function lossOf(before: DeskState, { owner, agent, lostBy }: ConversationView): { notice?: Notice } {
  const { session, notice } = before
  if (!isMine(before) || /^(claim|command)Stale/.test(notice?.key ?? '')) return {}
  const bad = (key: Notice['key'], values = {}): { notice: Notice } => ({ notice: { kind: 'bad', key, values } })
  if (owner === 'agent' && agent && agent.id !== session?.agent.id) return bad('takenOver', { name: agent.name })
  return owner === 'waiting' && lostBy === session?.agent.name ? bad('lostMine') : {}
}

/** The replies that the transcript does not have yet. */
function unseen(outgoing: Outgoing[], view: ConversationView): Outgoing[] {
  const seen = new Set(view.activities.map((a) => a.channelData?.clientActivityID))
  return outgoing.filter((o) => !seen.has(o.clientActivityID))
}

/** While one run is under way, any number of calls become one more run after it. */
function merged(run: () => Promise<void>, onFault: (error: unknown) => void): () => Promise<void> {
  let current: Promise<void> | undefined
  let again: Promise<void> | undefined
  const start = () => {
    current = run()
      .catch(onFault)
      .finally(() => {
        current = undefined
      })
    return current
  }
  return () => {
    if (!current) return start()
    again ??= current.then(() => {
      again = undefined
      return start()
    })
    return again
  }
}
