/** Sends the member's messages one after the other, in the order of writing, until the server confirms each. */
import type { Locale } from '../../src/wire/activity.ts'
import { CallFailure } from './directline.ts'
import type { Pending } from './kept.ts'
import type { Memory } from './storage.ts'

/** Tries with a working connection before the member is asked; without a connection there is no limit. */
const TRIES = 4
const LONGEST_WAIT_MS = 15_000

export interface OutboxOptions {
  memory: Memory
  /** Delivers one message. @returns the activity's id. @throws CallFailure. */
  deliver(pending: Pending): Promise<string>
  /** Whether the conversation can be written to now. */
  isUp(): boolean
  changed(): void
  delivered(pending: Pending, activityId: string): void
}

export interface Outbox {
  list(): readonly Pending[]
  add(kind: Pending['kind'], text: string, locale: Locale): Pending
  retry(id: string): void
  /** Takes a message out: the member removed it, or it was seen in the log. */
  remove(id: string): void
  /** The connection is there: go on now. */
  pump(): void
  clear(): void
  /** Stops trying; what is unsent stays on the device. */
  stop(): void
}

/** A random id; `crypto.randomUUID` is missing on pages without https. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

export function createOutbox(options: OutboxOptions): Outbox {
  const { memory } = options
  let items: Pending[] = memory.pending().map((p) => (p.state === 'failed' ? p : { ...p, state: 'queued' }))
  let busy = false
  let tries = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  function mark(id: string, state: Pending['state']): void {
    items = items.map((item) => (item.id === id ? { ...item, state } : item))
    const item = items.find((i) => i.id === id)
    if (item) memory.keepPending(item)
    options.changed()
  }

  function remove(id: string): void {
    const before = items.length
    items = items.filter((item) => item.id !== id)
    memory.dropPending(id)
    if (items.length !== before) options.changed()
  }

  async function pump(): Promise<void> {
    clearTimeout(timer)
    const next = items.find((item) => item.state !== 'failed')
    if (busy || !next || !options.isUp()) return
    busy = true
    if (next.state !== 'sending') mark(next.id, 'sending')
    try {
      const activityId = await options.deliver(next)
      tries = 0
      remove(next.id)
      options.delivered(next, activityId)
    } catch (error) {
      putBack(next.id, error)
    } finally {
      busy = false
    }
    if (tries === 0) void pump()
  }

  function putBack(id: string, error: unknown): void {
    const passing = !(error instanceof CallFailure) || error.isPassing || error.isDenied
    const up = options.isUp()
    if (up) tries += 1
    if (!passing || tries >= TRIES) {
      tries = 0
      return giveUp(id)
    }
    mark(id, up ? 'sending' : 'queued')
    const backoff = Math.min(LONGEST_WAIT_MS, 500 * 2 ** tries)
    tries = Math.max(tries, 1)
    timer = setTimeout(pump, Math.max(backoff, error instanceof CallFailure ? error.waitMs : 0))
  }

  /** A message waits for the member; a change of language is dropped, the member sees that it did not take. */
  function giveUp(id: string): void {
    if (items.some((item) => item.id === id && item.kind === 'message')) mark(id, 'failed')
    else remove(id)
  }

  return {
    list: () => items,
    add: (kind, text, locale) => {
      const order = Math.max(Date.now(), (items.at(-1)?.order ?? 0) + 1)
      const state = options.isUp() ? 'sending' : 'queued'
      const item: Pending = { id: newId(), kind, text, locale, at: new Date().toISOString(), order, state }
      items = [...items, item]
      memory.keepPending(item)
      options.changed()
      void pump()
      return item
    },
    retry: (id) => {
      mark(id, 'queued')
      void pump()
    },
    remove,
    pump: () => void pump(),
    clear: () => {
      clearTimeout(timer)
      items = []
      tries = 0
      options.changed()
    },
    stop: () => clearTimeout(timer),
  }
}
