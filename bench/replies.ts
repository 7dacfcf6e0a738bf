/** The WebSocket on which a conversation's replies arrive, as Direct Line activity sets. */
import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { Activity, ActivitySet } from '../src/wire/activity.ts'

/** A frame with replies to one message. */
export interface Reply {
  /** What it answers. */
  to: string
  /** `performance.now()` when the frame was there, before it was parsed. */
  at: number
  activities: Activity[]
}

export interface Replies {
  /** The reply to an activity; it may have come before this is called. @throws Error when the socket closes. */
  to(activityId: string): Promise<Reply>
  /** The first frame that `wanted` accepts, from now on. */
  when(wanted: (set: ActivitySet) => boolean): Promise<void>
  isOpen(): boolean
  close(): void
}

const CLOSED = new Error('the server closed a socket')

export async function openReplies(url: string): Promise<Replies> {
  const socket = new WebSocket(url, { perMessageDeflate: false })
  let last: Reply | undefined
  let seen: ActivitySet = { activities: [], watermark: '' }
  let wake: ((failure?: Error) => void) | undefined
  socket.on('message', (data) => {
    const at = performance.now()
    const text = String(data)
    // Direct Line's sign of life.
    if (text === '') return
    seen = JSON.parse(text)
    const activities = seen.activities.filter((activity) => activity.replyToId !== undefined)
    const to = activities.at(-1)?.replyToId
    if (to !== undefined) last = { to, at, activities }
    wake?.()
  })
  socket.on('close', () => wake?.(CLOSED))
  socket.on('error', () => undefined)
  const more = () =>
    new Promise<void>((resolve, reject) => {
      if (socket.readyState === socket.CLOSED) return reject(CLOSED)
      wake = (failure) => (failure ? reject(failure) : resolve())
    })

  return {
    async to(activityId) {
      while (last?.to !== activityId) await more()
      return last
    },
    async when(wanted) {
      await once(socket, 'open')
      while (!wanted(seen)) await more()
    },
    isOpen: () => socket.readyState === socket.OPEN,
    close: () => socket.terminate(),
  }
}
