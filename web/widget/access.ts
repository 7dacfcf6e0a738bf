/** Keeps a valid token for the conversation: issued, refreshed at half its life, renewed after it ran out. */
import type { WidgetToken } from '../../src/wire/activity.ts'
import { CallFailure, type DirectLine, type Stream } from './directline.ts'
import type { AskIdentity } from './identity.ts'
import type { Credentials } from './kept.ts'
import type { Memory } from './storage.ts'

const REFRESH_RETRY_MS = 20_000
/** A token this near its end is renewed before it is used, in milliseconds. */
const MARGIN_MS = 60_000

export interface Access {
  current(): Credentials | undefined
  /** A token that is good now; starts a new conversation when there is none or the old one is gone. */
  ensure(): Promise<Credentials>
  /** What the page vouches with, for starting the conversation that `ensure` gave. */
  identity(): Promise<string | undefined>
  /** The server refused the present token: the next `ensure` gets another one. */
  distrust(): void
  /** The server does not know this conversation any more: the next `ensure` starts another. */
  lose(): void
  /** Takes the token that came with a stream and marks the conversation as started. */
  adopt(stream: Stream): void
  /** The device forgot the conversation. */
  reset(): void
  stop(): void
}

const expiry = (seconds: number) => Date.now() + seconds * 1000

const isIdentity = (error: unknown): error is CallFailure =>
  error instanceof CallFailure && (error.code === 'identity_clash' || error.code === 'identity_invalid')

function isGone(error: unknown): boolean {
  if (!(error instanceof CallFailure)) return false
  return error.status === 404 || (error.status === 403 && error.code !== 'origin_refused')
}

export interface AccessOptions {
  line: DirectLine
  memory: Memory
  /** Absent: the page vouches for nobody. */
  askIdentity: AskIdentity | undefined
  /** A conversation that the member had is gone; `other`: it was another member's, and nothing of it may be seen. */
  onLost(why: 'gone' | 'other'): void
}

export function createAccess({ line, memory, askIdentity, onLost }: AccessOptions): Access {
  let held = memory.credentials()
  let distrusted = false
  let timer: ReturnType<typeof setTimeout> | undefined
  let running: Promise<Credentials> | undefined
  // What was kept may be of somebody who used this device before: looked at once in the life of a page.
  let checked = false

  function hold(next: Credentials | undefined): void {
    held = next
    memory.keepCredentials(next)
  }

  function accept(issued: WidgetToken): Credentials {
    const same = held?.conversationId === issued.conversationId
    const { conversationId, userId, token, expires_in, identified = false } = issued
    const started = same && !!held?.started
    const next = { conversationId, userId, token, expiresAt: expiry(expires_in), started, identified }
    distrusted = false
    checked = true
    hold(next)
    scheduleRefresh(expires_in * 500)
    return next
  }

  async function renew(old: Credentials): Promise<Credentials> {
    try {
      return accept(await line.issue(old.token, await identity()))
    } catch (error) {
      if (!isGone(error)) throw error
      // The page's word does not count. What was begun without it goes on without it.
      if (!old.identified && isIdentity(error) && error.code === 'identity_invalid') return continueNameless(old)
      lose(isIdentity(error) ? 'other' : 'gone')
      return begin()
    }
  }

  async function continueNameless(old: Credentials): Promise<Credentials> {
    return accept(await line.issue(old.token))
  }

  async function begin(): Promise<Credentials> {
    try {
      return accept(await line.issue(undefined, await identity().catch(() => undefined)))
    } catch (error) {
      if (!isIdentity(error)) throw error
      // The page's word does not count (its key changed, its clock is wrong): the member is served without a name.
      return accept(await line.issue())
    }
  }

  const identity = async () => askIdentity?.()

  function lose(why: 'gone' | 'other' = 'gone'): void {
    if (!held) return
    hold(undefined)
    onLost(why)
  }

  function scheduleRefresh(delayMs: number): void {
    clearTimeout(timer)
    timer = setTimeout(refresh, delayMs)
  }

  async function refresh(): Promise<void> {
    const before = held
    if (!before) return
    try {
      const fresh = await line.refresh(before.token)
      if (held !== before) return
      hold({ ...before, token: fresh.token, expiresAt: expiry(fresh.expires_in) })
      scheduleRefresh(fresh.expires_in * 500)
    } catch (error) {
      // A token that ran out (the device slept) is renewed by whoever needs it next.
      if (error instanceof CallFailure && error.isDenied) distrusted = true
      else scheduleRefresh(REFRESH_RETRY_MS)
    }
  }

  async function obtain(): Promise<Credentials> {
    held ??= memory.credentials() // Another tab may have started it meanwhile.
    const isSure = checked || (!askIdentity && !held?.identified)
    if (!held) return begin()
    if (!isSure || distrusted || held.expiresAt - Date.now() < MARGIN_MS) return renew(held)
    return held
  }

  return {
    current: () => held,
    identity: async () => (held?.identified ? identity() : undefined),
    ensure: () => {
      running ??= obtain().finally(() => {
        running = undefined
      })
      return running
    },
    distrust: () => {
      distrusted = true
    },
    lose: () => lose(),
    adopt: (stream) => {
      if (held?.conversationId !== stream.conversationId) return
      const expiresAt = expiry(stream.expires_in)
      hold({ ...held, token: stream.token || held.token, expiresAt, started: true })
      scheduleRefresh(stream.expires_in * 500)
    },
    reset: () => {
      clearTimeout(timer)
      held = undefined
    },
    stop: () => clearTimeout(timer),
  }
}
