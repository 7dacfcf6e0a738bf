/** One conversation with each of the systems, seen from the member's side. */
import type { Activity, WidgetToken } from '../src/wire/activity.ts'
import { type Connection, openConnection } from './connection.ts'
import type { AnySystem } from './protocol.ts'
import { openReplies, type Reply } from './replies.ts'

export interface Conversation {
  /** Sends the next message and waits for its answer and its reply. @throws Error when either is not what it must be. */
  turn(): Promise<Turn>
  /** Whether its replies can still arrive. */
  isOpen(): boolean
  close(): void
}

/** Moments of `performance.now()`. */
export interface Turn {
  sentAt: number
  /** The POST was answered: the message is kept, where the system keeps any. */
  ackedAt: number
  repliedAt: number
}

export interface Address {
  url: URL
  /** Process that holds the socket; else `url`'s. */
  socketsAt?: URL
  /** Of the echo bot's connector. */
  connectorUrl?: URL | undefined
  /** Instead of a connection of its own; it stays open. */
  shared?: Connection
}

export function openConversation(system: AnySystem, at: Address, number: number): Promise<Conversation> {
  switch (system) {
    case 'sesame':
    case 'pair':
      return openSesame(at)
    case 'echo':
      return openEcho(at, number)
    case 'restify':
    case 'a4b':
      return openBare(at, number)
  }
}

interface Step {
  /** A quick reply of the question before, by its id ... */
  option?: string
  /** ... or words, as members type them. */
  text?: string
  /** Where the bot must be after it. */
  node: string
}

/** A member who looks round and comes back: every message is understood, answered and kept; no mail is sent. */
const WALK: readonly Step[] = [
  { option: 'what', node: 'code.start' },
  { text: 'ou est mon cdoe', node: 'code.where' },
  { text: 'retour', node: 'code.start' },
  { text: 'Recommencer', node: 'welcome.menu' },
]

const DIRECT_LINE = '/v3/directline/conversations'

async function openSesame({ url, socketsAt = url, shared }: Address): Promise<Conversation> {
  const http = shared ?? (await openConnection(url))
  const { token, conversationId, userId } = await postJson<WidgetToken>(http, '/widget/token', {})
  const { streamUrl } = await postJson<{ streamUrl: string }>(http, DIRECT_LINE, { locale: 'fr-CA' }, token)
  const socketUrl = new URL(streamUrl)
  socketUrl.host = socketsAt.host
  const replies = await openReplies(socketUrl.href)
  let asked: Activity | undefined
  await replies.when(({ activities }) => {
    asked = activities.at(-1)
    return asked?.channelData?.node === 'welcome.menu'
  })
  let count = 0

  return {
    async turn() {
      const step = WALK[count++ % WALK.length] as Step
      const body = memberMessage(userId, wordsOf(step, asked), `c${count}`)
      const sentAt = performance.now()
      const { id } = await postJson<{ id: string }>(http, `${DIRECT_LINE}/${conversationId}/activities`, body, token)
      const ackedAt = performance.now()
      const reply = await replies.to(id)
      asked = reply.activities.at(-1)
      const node = asked?.channelData?.node
      if (node !== step.node) throw new Error(`the bot went to ${node} instead of ${step.node}`)
      return { sentAt, ackedAt, repliedAt: reply.at }
    },
    isOpen: replies.isOpen,
    close() {
      if (!shared) http.close()
      replies.close()
    },
  }
}

function wordsOf({ text, option }: Step, asked: Activity | undefined): string {
  const button = asked?.suggestedActions?.actions.find((action) => action.channelData.option === option)
  const words = text ?? button?.value
  if (words === undefined) throw new Error(`there is no button ${option} at ${asked?.channelData?.node}`)
  return words
}

/** The Bot Framework's way: the reply is POSTed to a connector, here a stub that passes it on by a socket. */
async function openEcho({ url, connectorUrl }: Address, number: number): Promise<Conversation> {
  const conversation = `echo-${number}`
  const http = await openConnection(url)
  if (!connectorUrl) throw new Error('the echo bot needs its connector')
  const socketUrl = new URL(conversation, connectorUrl)
  socketUrl.protocol = 'ws:'
  const replies = await openReplies(socketUrl.href)
  await replies.when(() => true)
  let count = 0

  return {
    async turn() {
      const text = WALK[count++ % WALK.length]?.text ?? 'C’est quoi, ce code?'
      const id = `${conversation}-${count}`
      const body = {
        ...memberMessage(`dl_${number}`, text, `c${count}`),
        id,
        timestamp: new Date().toISOString(),
        channelId: 'bench',
        serviceUrl: connectorUrl.href,
        conversation: { id: conversation },
        recipient: { id: 'bot', name: 'Echo', role: 'bot' },
      }
      const sentAt = performance.now()
      const { status } = await http.post('/api/messages', body)
      const ackedAt = performance.now()
      if (status !== 200) throw new Error(`the echo bot answered ${status}`)
      const reply: Reply = await replies.to(id)
      if (reply.activities[0]?.text !== `Echo: ${text}`) throw new Error('the echo bot said something else')
      return { sentAt, ackedAt, repliedAt: reply.at }
    },
    isOpen: replies.isOpen,
    close() {
      http.close()
      replies.close()
    },
  }
}

/** There is no reply: the turn ends with the POST's answer. */
async function openBare({ url }: Address, number: number): Promise<Conversation> {
  const http = await openConnection(url)
  // As long as one of our tokens.
  const token = 'x'.repeat(240)
  let count = 0
  return {
    async turn() {
      const text = WALK[count++ % WALK.length]?.text ?? 'C’est quoi, ce code?'
      const sentAt = performance.now()
      const body = memberMessage(`dl_${number}`, text, `c${count}`)
      await postJson(http, `${DIRECT_LINE}/bare-${number}/activities`, body, token)
      const ackedAt = performance.now()
      return { sentAt, ackedAt, repliedAt: ackedAt }
    },
    isOpen: () => true,
    close: http.close,
  }
}

const memberMessage = (userId: string, text: string, clientActivityID: string) => ({
  type: 'message',
  from: { id: userId, role: 'user' },
  text,
  locale: 'fr-CA',
  channelData: { clientActivityID },
})

async function postJson<T>(http: Connection, path: string, body: unknown, bearer?: string): Promise<T> {
  const answer = await http.post(path, body, bearer)
  if (answer.status >= 300) throw new Error(`POST ${path.replace(/[\w-]{20,}/, '...')} answered ${answer.status}`)
  return JSON.parse(answer.body) as T
}
