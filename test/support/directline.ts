import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { Activity } from '../../src/wire/activity.ts'
import { type Ask, ask, type Reply } from './http.ts'
import { until } from './until.ts'

/** An open stream: its frames as they came, and the activities in them. */
export interface Stream {
  socket: WebSocket
  frames: string[]
  activities: Activity[]
  close(): Promise<void>
}

/** @returns the stream once it is open. @throws Error with the status when the upgrade was refused. */
export async function openStream(streamUrl: string, headers: Record<string, string> = {}): Promise<Stream> {
  const socket = new WebSocket(streamUrl, { headers })
  const frames: string[] = []
  const activities: Activity[] = []
  socket.on('message', (data) => {
    const frame = String(data)
    frames.push(frame)
    if (frame !== '') activities.push(...JSON.parse(frame).activities)
  })
  await once(socket, 'open')
  const close = async () => {
    socket.close()
    if (socket.readyState !== socket.CLOSED) await once(socket, 'close')
  }
  return { socket, frames, activities, close }
}

/** A member as a client sees it. */
export interface Member {
  conversationId: string
  token: string
  userId: string
  streamUrl: string
  /** A call on this conversation's own path, with this member's token. */
  call(path: string, ask?: Ask): Promise<Reply>
  send(text: string, extra?: Record<string, unknown>): Promise<Reply>
  /** All activities so far, page after page. */
  history(): Promise<Activity[]>
  /** Waits until a message of the log passes the test. */
  sees(what: string, test: (activity: Activity) => boolean): Promise<Activity>
}

/** Takes a token from the widget's door and starts the conversation, in French unless told otherwise. */
export async function startMember(url: string, locale = 'fr-CA'): Promise<Member> {
  const { body: door } = await ask(`${url}widget/token`, { method: 'POST' })
  const { conversationId, token, userId } = door
  const base = `${url}v3/directline/conversations`
  const started = await ask(base, { token, body: { locale } })
  const member: Member = {
    conversationId,
    token,
    userId,
    streamUrl: started.body.streamUrl,
    call: (path, options) => ask(`${base}/${conversationId}${path}`, { token, ...options }),
    send: (text, extra) =>
      member.call('/activities', { body: { type: 'message', from: { id: userId }, text, locale, ...extra } }),
    async history() {
      const all: Activity[] = []
      for (let watermark = ''; ; ) {
        const { body } = await member.call(`/activities?watermark=${watermark}`)
        all.push(...body.activities)
        if (body.activities.length === 0) return all
        watermark = body.watermark
      }
    },
    sees: (what, test) => until(what, async () => (await member.history()).find(test)),
  }
  await member.sees('the first question', (a) => a.channelData?.node === 'welcome.menu')
  return member
}
