/**
 * Keeps a conversation readable: connects, reads on from the last watermark after every break, and falls back to
 * polling where sockets are blocked. There is one way of reading, so nothing depends on what was missed.
 */
import type { ActivitySet } from '../../src/wire/activity.ts'
import type { Access } from './access.ts'
import { CallFailure, type DirectLine } from './directline.ts'
import { openSocket, type Socket } from './socket.ts'

const LONGEST_WAIT_MS = 15_000
const POLL_MS = 3_000
/** Sockets that may fail to open, while calls succeed, before polling begins. */
const BLOCKED_AFTER = 2
/** A page that was hidden may hold a dead socket; older silence than this is not trusted, in milliseconds. */
const STALE_MS = 30_000

/** `retrying`: waits until `retryAt` (device clock, milliseconds) before the next try. */
export type LinkState = { is: 'off' | 'connecting' | 'online' } | { is: 'retrying'; retryAt: number }

export interface LinkEvents {
  state(state: LinkState): void
  set(set: ActivitySet): void
}

export interface Link {
  /** Connects if it is not; does nothing when it is connected or trying. */
  open(): void
  /** Tries at once instead of waiting. */
  retryNow(): void
  /** The conversation was replaced by another one: read that. */
  restart(): void
  /** The device says that it has no network. */
  pause(): void
  /** The page is looked at again. */
  wake(): void
  close(): void
}

/** @param localeTag the language a new conversation begins in. */
export function createLink(line: DirectLine, access: Access, localeTag: () => string, events: LinkEvents): Link {
  let state: LinkState = { is: 'off' }
  let socket: Socket | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let watermark = ''
  let reading = ''
  let tries = 0
  let blocked = 0
  // Other tabs of this conversation have the sockets: this one polls until it is looked at.
  let yielded = false
  // Every attempt has a number; what an older attempt still answers is ignored.
  let attempt = 0

  function become(next: LinkState): void {
    state = next
    events.state(next)
  }

  function drop(): void {
    attempt += 1
    clearTimeout(timer)
    socket?.close()
    socket = undefined
  }

  function take(set: ActivitySet): void {
    tries = 0
    if (set.watermark) watermark = set.watermark
    events.set(set)
  }

  async function connect(): Promise<void> {
    drop()
    const mine = attempt
    become({ is: 'connecting' })
    try {
      const held = await access.ensure()
      if (mine !== attempt) return
      if (reading !== held.conversationId) watermark = ''
      reading = held.conversationId
      const stream = held.started
        ? await line.resume(held.token, held.conversationId, watermark)
        : await line.start(held.token, localeTag(), await access.identity())
      if (mine !== attempt) return
      access.adopt(stream)
      if (blocked >= BLOCKED_AFTER) void poll(mine)
      else listen(stream.streamUrl)
    } catch (error) {
      if (mine === attempt) recover(error)
    }
  }

  function listen(url: string): void {
    socket = openSocket(url, {
      open: () => {
        blocked = 0
        become({ is: 'online' })
      },
      set: take,
      closed: (opened, replaced) => {
        yielded = replaced
        if (replaced) blocked = BLOCKED_AFTER
        else if (!opened) blocked += 1
        retryLater()
      },
    })
  }

  async function poll(mine: number): Promise<void> {
    try {
      while (mine === attempt) {
        const held = await access.ensure()
        const set = await line.read(held.token, held.conversationId, watermark)
        if (mine !== attempt) return
        if (state.is !== 'online') become({ is: 'online' })
        take(set)
        if (set.activities.length === 0) await new Promise((done) => setTimeout(done, POLL_MS))
      }
    } catch (error) {
      if (mine === attempt) recover(error)
    }
  }

  function recover(error: unknown): void {
    if (error instanceof CallFailure && error.isDenied) access.distrust()
    if (error instanceof CallFailure && error.status === 404) access.lose()
    retryLater(error instanceof CallFailure ? error.waitMs : 0)
  }

  function retryLater(atLeastMs = 0): void {
    drop()
    const backoff = Math.min(LONGEST_WAIT_MS, 1000 * 2 ** tries) * (0.5 + Math.random() / 2)
    tries += 1
    const delay = Math.max(backoff, atLeastMs)
    timer = setTimeout(connect, delay)
    become({ is: 'retrying', retryAt: Date.now() + delay })
  }

  return {
    open: () => {
      if (state.is === 'off') void connect()
    },
    retryNow: () => {
      if (state.is === 'retrying') void connect()
    },
    restart: () => {
      if (state.is !== 'connecting') void connect()
    },
    pause: () => {
      if (state.is === 'online' || state.is === 'connecting') retryLater()
    },
    wake: () => {
      if (yielded) {
        yielded = false
        blocked = 0
        void connect()
      } else if (state.is === 'retrying' || (state.is === 'online' && socket && socket.silence() > STALE_MS))
        void connect()
    },
    close: () => {
      drop()
      watermark = ''
      become({ is: 'off' })
    },
  }
}
