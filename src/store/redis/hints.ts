/** Hints of other processes that there is more to read, by pub/sub. They may get lost: whoever connects again is told to look. */
import type { Redis } from 'ioredis'
import type { Hints } from '../../conversation/hub.ts'
import { channelOf, DESK_CHANNEL } from './keys.ts'
import type { Link } from './link.ts'

/** What this process committed itself comes back too, and its sockets were told already. Looking a moment later costs them nothing,
 *  and helps when the answer to that commit was lost. Milliseconds. */
const SETTLE_MS = 100
/** A connection that says nothing is asked whether it lives. Milliseconds. */
const ASK_MS = 2_000
/** Between attempts to connect, milliseconds. */
const RETRY_MS = 200

export interface ClosingHints extends Hints {
  close(): void
}

/** @param process the name that this process signs its commits with. @param onDesk called when what the desk lists changed. */
export function createHints(link: Link, process: string, onDesk: () => void): ClosingHints {
  const followed = new Set<string>()
  const own = new Map<string, number>()
  let told: Parameters<Hints['listen']>[0] = { conversation() {}, desk() {} }
  let settling: NodeJS.Timeout | undefined
  let closed = false
  let subscriber = connect()
  const asking = setInterval(() => void subscriber.ping().catch(() => undefined), ASK_MS)

  function connect(): Redis {
    const made = link.subscriber()
    made.on('message', hear)
    // Nothing was heard while it was away.
    made.on('ready', () => {
      const channels = [...followed].map(channelOf)
      made.subscribe(DESK_CHANNEL, ...channels).then(lookAgain, () => made.disconnect())
    })
    made.on('end', () => {
      if (!closed) setTimeout(reconnect, RETRY_MS)
    })
    return made
  }

  function reconnect(): void {
    if (!closed) subscriber = connect()
  }

  function lookAgain(): void {
    deskChanged()
    for (const conversationId of followed) told.conversation(conversationId)
  }

  function deskChanged(): void {
    onDesk()
    told.desk()
  }

  /** `<process> <seq>` */
  function hear(channel: string, message: string): void {
    if (channel === DESK_CHANNEL) return deskChanged()
    const conversationId = channel.slice(DESK_CHANNEL.length + 1)
    const cut = message.indexOf(' ')
    const last = Number(message.slice(cut + 1))
    if (message.slice(0, cut) !== process) return told.conversation(conversationId, { last })
    own.set(conversationId, last)
    settling ??= setTimeout(settle, SETTLE_MS)
  }

  function settle(): void {
    settling = undefined
    const all = [...own]
    own.clear()
    for (const [conversationId, atLeast] of all) told.conversation(conversationId, { atLeast })
  }

  return {
    listen(handlers) {
      told = handlers
    },
    follow(conversationId) {
      followed.add(conversationId)
      // What came between the reader's first look and this moment is looked for again.
      subscriber.subscribe(channelOf(conversationId)).then(
        () => told.conversation(conversationId),
        () => subscriber.disconnect(),
      )
    },
    unfollow(conversationId) {
      followed.delete(conversationId)
      subscriber.unsubscribe(channelOf(conversationId)).catch(() => undefined)
    },
    close() {
      closed = true
      clearInterval(asking)
      clearTimeout(settling)
      subscriber.disconnect()
    },
  }
}
