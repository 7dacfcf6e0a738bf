/** Stores that break one promise each, and points at which a process ends itself. They exist only here: the service has
 *  no switch for any of it. Each has to turn the harness red. */
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { ConversationState } from '../../src/conversation/state.ts'
import type { Commit, Committed, Inbound, Loaded, Store } from '../../src/conversation/store.ts'
import { MAX_FAILURES } from '../../src/conversation/turn.ts'
import { codeOf } from '../../src/errors.ts'
import { activityId } from '../../src/wire/activity.ts'
import { loggingStore, namingStore } from './canary/faults.ts'
import { LOOKUPS, lookingStore } from './enumeration/sabotage.ts'

export const SABOTAGES = [
  'ack_early',
  'no_dedupe',
  'no_version_guard',
  'no_epoch',
  'one_way_ping',
  'no_hints',
  'log_text',
  'name_keys',
  ...LOOKUPS,
] as const
export type Sabotage = (typeof SABOTAGES)[number]

export const KILL_POINTS = ['after_receive', 'before_commit', 'after_commit'] as const
export type KillPoint = (typeof KILL_POINTS)[number]

/** A message that ends the process whose turn takes it. */
export const POISON = 'poison'

/** Time between an early answer and its write, ms. */
const EARLY_MS = 400

/** @returns a store with the sabotage; the same one for those that are not of the store. */
export function sabotageStore(store: Store, sabotage: Sabotage | undefined): Store {
  if (sabotage === 'ack_early') return ackEarly(store)
  if (sabotage === 'no_dedupe') return { ...store, receive: (inbound) => store.receive(fresh(inbound)) }
  if (sabotage === 'no_version_guard') return withoutGuards(store)
  if (sabotage === 'log_text') return loggingStore(store)
  if (sabotage === 'name_keys') return namingStore(store)
  if (sabotage === 'no_epoch') return { ...store, receive: async (i) => store.receive(await withEpoch(store, i)) }
  const lookup = LOOKUPS.find((name) => name === sabotage)
  return lookup ? lookingStore(store, lookup, process.env.DATA_DIR ?? '', process.env.LOOKUP_MS) : store
}

/** Tells the id that the entry will most likely get, and writes it a little later. */
function ackEarly(store: Store): Store {
  const writing = new Map<string, Promise<unknown>>()
  const written = async (id: string) => void (await writing.get(id))

  async function receive(inbound: Inbound) {
    const { conversationId, origin } = inbound
    await written(conversationId)
    if (origin !== 'member') return store.receive(inbound)
    // A reply in between would take the number.
    for (let tries = 0; tries < 40 && !(await isAtRest(store, conversationId)); tries++) await pause(25)
    const seq = (await lastSeq(store, conversationId)) + 1
    const write = pause(EARLY_MS).then(() => store.receive(inbound))
    writing.set(
      conversationId,
      write.catch(() => undefined),
    )
    return { seq, id: activityId(conversationId, seq), repeated: false }
  }

  return {
    ...store,
    receive,
    // The turn that follows finds the entry, so that nothing but the early answer is wrong.
    async load(conversationId) {
      await written(conversationId)
      return store.load(conversationId)
    },
  }
}

async function isAtRest(store: Store, conversationId: string): Promise<boolean> {
  return (await store.load(conversationId))?.pending.length === 0
}

async function lastSeq(store: Store, conversationId: string): Promise<number> {
  for (let last = 0; ; ) {
    const page = await store.read(conversationId, last, 200, 'desk')
    if (page.length === 0) return last
    last = page.at(-1)?.seq ?? last
  }
}

const fresh = (inbound: Inbound): Inbound =>
  inbound.origin === 'member' ? { ...inbound, clientId: randomUUID() } : inbound

/** Every process takes every input, and every commit wins. */
function withoutGuards(store: Store): Store {
  return {
    ...store,
    receive: async (inbound) => {
      const { loaded, ...received } = await store.receive(inbound)
      return { ...received, ...(loaded && { loaded: { ...loaded, isMine: true } }) }
    },
    async load(id) {
      const loaded = await store.load(id)
      return loaded && { ...loaded, isMine: true }
    },
    commit: (commit) => commitAnyway(store, commit),
  }
}

async function commitAnyway(store: Store, commit: Commit): Promise<Committed> {
  try {
    return await store.commit(commit)
  } catch (error) {
    if (codeOf(error) !== 'state_conflict') throw error
    const now = await store.load(commit.conversationId)
    return commitAnyway(store, { ...commit, expected: now?.version ?? commit.expected })
  }
}

async function withEpoch(store: Store, inbound: Inbound): Promise<Inbound> {
  const value = inbound.activity.value as { epoch?: number } | undefined
  if (inbound.origin !== 'agent' || value?.epoch === undefined) return inbound
  const state = (await store.load(inbound.conversationId))?.state as { epoch: number } | undefined
  return { ...inbound, activity: { ...inbound.activity, value: { ...value, epoch: state?.epoch } } }
}

/** A store that ends the process by SIGKILL, with a probability, at a fixed point of its turns. */
export function killingStore(store: Store, here: KillPoint | undefined, chance: number): Store {
  const at = (point: KillPoint) => {
    if (point === here && Math.random() < chance) process.kill(process.pid, 'SIGKILL')
  }
  return {
    ...store,
    async receive(inbound) {
      const received = await store.receive(inbound)
      at('after_receive')
      return received
    },
    async commit(commit) {
      at('before_commit')
      const last = await store.commit(commit)
      at('after_commit')
      return last
    },
  }
}

/** A store under which a turn that takes the poison ends the process, as a fault of the bot might. */
export function poisonedStore(store: Store): Store {
  const loads = new Map<string, Loaded>()
  const note = (conversationId: string, loaded: Loaded | undefined) => {
    if (loaded) loads.set(conversationId, loaded)
  }
  return {
    ...store,
    async receive(inbound) {
      const received = await store.receive(inbound)
      note(inbound.conversationId, received.loaded)
      return received
    },
    async load(conversationId) {
      const loaded = await store.load(conversationId)
      note(conversationId, loaded)
      return loaded
    },
    async commit(commit) {
      const loaded = loads.get(commit.conversationId)
      const taken = loaded?.pending.filter((entry) => entry.seq <= commit.processed) ?? []
      // What was set aside was not run.
      const run = (loaded?.attempts ?? 0) >= MAX_FAILURES ? taken.slice(1) : taken
      if (run.some(({ activity }) => activity.text === POISON)) process.kill(process.pid, 'SIGKILL')
      return store.commit(commit)
    },
  }
}

/** A process of the version before: it writes states of schema 1. */
export function oldStore(store: Store): Store {
  return {
    ...store,
    commit(commit) {
      const { idleDue: _due, heardAt: _at, ...state } = commit.state as ConversationState
      const { version: _version, visits: _visits, ...dialog } = state.dialog
      return store.commit({ ...commit, state: { ...state, schema: 1, dialog } })
    },
  }
}
