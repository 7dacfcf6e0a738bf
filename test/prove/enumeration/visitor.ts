/** A stranger with a browser of their own making: sends, and listens by a socket or by asking again and again. */
import { setTimeout as pause } from 'node:timers/promises'
import { WebSocket } from 'ws'
import type { Activity, ActivitySet, Locale, WidgetToken } from '../../../src/wire/activity.ts'
import { LOCALE_TAGS } from '../../../src/wire/activity.ts'
import { type Connection, openConnection, type Reply } from './connection.ts'

export type Way = 'socket' | 'polling'

export interface Visit {
  /** Base URL of the process that the requests go to, and of the one that the socket goes to. */
  url: string
  socketUrl?: string
  locale: Locale
  way: Way
  /** What the host page says who this is: a JWT. */
  identity?: string
}

/** What a turn looked like from outside. */
export interface Seen {
  answer: Reply
  /** From the sending to the last bot message of the turn, ms. */
  replied: number
  /** What came, in order, with watermarks. */
  sets: readonly ActivitySet[]
  /** The raw answers of the polls that brought them. */
  polls: readonly Reply[]
}

export interface Visitor {
  readonly token: WidgetToken
  readonly connection: Connection
  /** Sends a message without waiting for what is said to it. @param clientId the same one again is the same message. */
  post(text: string, clientId?: string): Promise<Reply>
  /** Sends a message and waits until it was answered, or until the tree is at that node. */
  say(text: string, node?: string): Promise<Seen>
  /** Everything there is from the beginning. */
  history(): Promise<{ reply: Reply; set: ActivitySet }>
  /** Place and buttons of the last word of the bot. */
  last(): Activity | undefined
  close(): void
}

const BASE = '/v3/directline/conversations'
const ANSWER_MS = 20_000
const TRIES = 5
const AGAIN_MS = 1_000

/** Begins a conversation; resolves when it was greeted. @throws Error when the service does not. */
export async function visit({ url, socketUrl, locale, way, identity }: Visit): Promise<Visitor> {
  const connection = await openConnection(url)
  const token = JSON.parse((await connection.post('/widget/token', { identity })).body) as WidgetToken
  const started = await start(connection, token.token, { locale: LOCALE_TAGS[locale], identity })
  const path = `${BASE}/${token.conversationId}/activities`
  const { streamUrl } = JSON.parse(started.body) as { streamUrl: string }
  const ear = way === 'socket' ? bySocket(streamUrl, socketUrl ?? url) : byPolling(connection, path, token.token)
  let last: Activity | undefined
  let count = 0

  const postOnce = (text: string, clientId: string) =>
    connection.post(
      path,
      {
        type: 'message',
        from: { id: token.userId },
        text,
        locale: LOCALE_TAGS[locale],
        channelData: { clientActivityID: clientId },
      },
      token.token,
    )

  /** A limit that depends on the visitor alone may speak, and is obeyed. */
  async function post(text: string, clientId = `c${++count}`): Promise<Reply> {
    for (;;) {
      const reply = await postOnce(text, clientId)
      if (reply.status !== 429) return reply
      await pause(1_000 * Number(/\r\nretry-after: *(\d+)/i.exec(reply.head)?.[1] ?? 1))
    }
  }

  const listen = async (to?: string, node?: string): Promise<Omit<Seen, 'answer' | 'replied'> & { at: number }> => {
    const heard = await ear.until((activities) => isAnswered(activities, to, node))
    last = heard.sets.flatMap(({ activities }) => activities).findLast(isReply) ?? last
    return heard
  }
  await listen()

  return {
    token,
    connection,
    post,
    async say(text, node) {
      const began = performance.now()
      const posting = post(text)
      // A reply may be seen before the answer to the sending is.
      const hearing = way === 'socket' ? listen(text, node) : undefined
      const answer = await posting
      const { at, ...heard } = await (hearing ?? listen(text, node))
      return { answer, replied: at - began, ...heard }
    },
    async history() {
      const reply = await connection.get(path, token.token)
      return { reply, set: JSON.parse(reply.body) as ActivitySet }
    },
    last: () => last,
    close() {
      ear.close()
      connection.close()
    },
  }
}

/** A store that is busy for a moment is asked again: that is before anything is compared. */
async function start(connection: Connection, token: string, body: object): Promise<Reply> {
  for (let tries = 0; ; tries++) {
    const started = await connection.post(BASE, body, token)
    if (started.status === 200 || started.status === 201) return started
    if (started.status !== 503 || tries === TRIES) throw new Error(`no conversation: ${started.status} ${started.body}`)
    await pause(AGAIN_MS)
  }
}

const isReply = ({ from, type }: Activity): boolean => from.role === 'bot' && type === 'message'

/** All that a turn says comes at once: what stands after the member's own words. */
function isAnswered(activities: readonly Activity[], text: string | undefined, node?: string): boolean {
  const from = text === undefined ? 0 : activities.findIndex((each) => each.from.role === 'user' && each.text === text)
  const isIt = (each: Activity) => isReply(each) && (node === undefined || each.channelData?.node === node)
  return from >= 0 && activities.slice(from).some(isIt)
}

interface Heard {
  sets: ActivitySet[]
  polls: Reply[]
  at: number
}

interface Ear {
  until(enough: (activities: readonly Activity[]) => boolean): Promise<Heard>
  close(): void
}

function bySocket(streamUrl: string, base: string): Ear {
  const url = new URL(streamUrl)
  url.host = new URL(base).host
  const socket = new WebSocket(url.href, { perMessageDeflate: false })
  let sets: ActivitySet[] = []
  let at = 0
  let look = () => {}
  socket.on('message', (data) => {
    at = performance.now()
    const text = String(data)
    if (text) sets.push(JSON.parse(text) as ActivitySet)
    look()
  })
  socket.on('error', () => undefined)
  return {
    until: (enough) =>
      new Promise((resolve, reject) => {
        const late = setTimeout(() => reject(new Error(`no answer by socket: ${JSON.stringify(sets)}`)), ANSWER_MS)
        look = () => {
          if (!enough(sets.flatMap(({ activities }) => activities))) return
          clearTimeout(late)
          look = () => {}
          const heard = sets
          sets = []
          resolve({ sets: heard, polls: [], at })
        }
        look()
      }),
    close: () => socket.terminate(),
  }
}

function byPolling(connection: Connection, path: string, token: string): Ear {
  let watermark = ''
  return {
    async until(enough) {
      const heard: Heard = { sets: [], polls: [], at: 0 }
      const end = performance.now() + ANSWER_MS
      for (;;) {
        const reply = await connection.get(`${path}?watermark=${watermark}`, token)
        if (reply.status !== 200) throw new Error(`polling: ${reply.status} ${reply.body}`)
        heard.at = performance.now()
        const set = JSON.parse(reply.body) as ActivitySet
        watermark = set.watermark
        if (set.activities.length > 0) {
          heard.sets.push(set)
          heard.polls.push(reply)
        }
        if (enough(heard.sets.flatMap(({ activities }) => activities))) return heard
        if (heard.at > end) throw new Error(`no answer by polling: ${JSON.stringify(heard.sets)}`)
      }
    },
    close() {},
  }
}
