/** One socket = one reader of a log: all after seq N, then more whenever there is more. */
import { setImmediate as breathe } from 'node:timers/promises'
import type { WebSocket } from 'ws'
import type { Hub, News } from '../../conversation/hub.ts'
import type { ConversationStore, LogEntry } from '../../conversation/store.ts'
import type { ActivitySet } from '../../wire/activity.ts'
import { PAGE, readSet, toSet } from './service.ts'

/** A client that does not read is let go when this much waits for it, in bytes; it comes back by watermark. */
const MAX_BUFFERED = 1_048_576
/** Before a store that did not answer is asked again, ms, and up to twice that. */
const AGAIN_MS = 500
/** Between our pings, ms. */
const PING_MS = 25_000
/** A socket that does not answer a ping within this is gone, ms. */
const PONG_MS = 10_000

export interface StreamOptions {
  store: ConversationStore
  hub: Hub
}

/** @param after seq the client has seen. Ends with the socket. */
export function stream(socket: WebSocket, conversationId: string, after: number, { store, hub }: StreamOptions): void {
  let seen = after
  let first = true
  let reading = false
  let more = false
  let retry: NodeJS.Timeout | undefined

  function send(set: ActivitySet, sent?: () => void): void {
    if (set.activities.length > 0 && socket.readyState === socket.OPEN) socket.send(JSON.stringify(set), sent)
    else sent?.()
    if (socket.bufferedAmount > MAX_BUFFERED) socket.close(1013, 'too slow')
    seen = Number(set.watermark)
  }

  async function page(): Promise<number> {
    const set = first
      ? await readSet(store, conversationId, seen)
      : toSet(await store.read(conversationId, seen, PAGE, 'all'), seen)
    first = false
    // A long log goes out as fast as its client takes it, and others get their turn between the pages.
    await new Promise<void>((resolve) => send(set, resolve))
    if (set.activities.length === PAGE) await breathe()
    return set.activities.length
  }

  /** Nothing lies between what the client has seen and what is new: no need to read it back. */
  function told(news: News): void {
    if (!reading && !first && news) {
      if ('fresh' in news && news.fresh[0]?.seq === seen + 1) return pass(news.fresh)
      const last =
        'fresh' in news ? (news.fresh.at(-1)?.seq ?? 0) : 'last' in news ? news.last : Math.max(seen, news.atLeast)
      if (last === seen) return
      // A store that lost its end (a replica took over) counts on from before: its client has to see all of it again.
      first = last < seen
    }
    void catchUp()
  }

  function pass(fresh: readonly LogEntry[]): void {
    const shown = fresh.filter((entry) => entry.audience === 'all')
    send(toSet(shown, seen))
    seen = fresh.at(-1)?.seq ?? seen
  }

  function lookAgain(): void {
    retry = undefined
    void catchUp()
  }

  async function catchUp(): Promise<void> {
    more = true
    if (reading) return
    reading = true
    try {
      while (more && socket.readyState === socket.OPEN) {
        more = false
        if ((await page()) === PAGE) more = true
      }
    } catch {
      // The store is away; the client has nothing to gain from coming back by another socket.
      retry ??= setTimeout(lookAgain, AGAIN_MS * (1 + Math.random())).unref()
    } finally {
      reading = false
    }
  }

  const unwatch = hub.watch(conversationId, told)
  // A hint may have got lost: nobody waits for it longer than to the next ping.
  keepAlive(socket, () => {
    first = true
    void catchUp()
  })
  // Members speak by POST; what comes here are keep-alives, and "" wants no answer but life.
  socket.on('error', () => socket.terminate())
  socket.on('close', () => {
    clearTimeout(retry)
    unwatch()
  })
  void catchUp()
}

/** Ends a socket whose other side fell silent. @param beat called with every ping. */
export function keepAlive(socket: WebSocket, beat: () => void = () => {}): void {
  let heard = true
  let deadline: NodeJS.Timeout | undefined
  const timer = setInterval(() => {
    heard = false
    socket.ping()
    // Pages don't see pings: Direct Line's empty frame tells them that the way is open.
    if (socket.readyState === socket.OPEN) socket.send('')
    deadline = setTimeout(() => {
      if (!heard) socket.terminate()
    }, PONG_MS)
    deadline.unref()
    beat()
  }, PING_MS)
  timer.unref()
  for (const sign of ['pong', 'message'] as const) {
    socket.on(sign, () => {
      heard = true
    })
  }
  socket.on('close', () => {
    clearInterval(timer)
    clearTimeout(deadline)
  })
}
