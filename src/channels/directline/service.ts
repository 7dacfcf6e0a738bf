/** Direct Line 3.0 as functions: who asks for what -> status and JSON. HTTP and sockets are mounted elsewhere. */
import { createHash, randomUUID, timingSafeEqual } from 'node:crypto'
import type { Receive } from '../../conversation/receive.ts'
import type { ConversationStore, LogEntry } from '../../conversation/store.ts'
import { AppError } from '../../errors.ts'
import type { ActivitySet } from '../../wire/activity.ts'
import { activityId } from '../../wire/activity.ts'
import { parseMemberActivity, parseUserId, startOf } from './parse.ts'
import { type Grant, newConversationId, newUserId, RESUME_SECONDS, TOKEN_SECONDS, type Tokens } from './tokens.ts'

/** Activities in one answer or socket frame. */
export const PAGE = 100

export interface DirectLineOptions {
  store: ConversationStore
  receive: Receive
  tokens: Tokens
  /** Master key: opens every conversation; never leaves the server side. */
  secret: string
  /** Base of socket URLs, `ws://` or `wss://`, ends in `/`. */
  socketBase: URL
  now: () => number
}

/** Whose call it is: the holder of the secret, or of a token for one conversation. */
export type Caller = { kind: 'secret' } | { kind: 'token'; grant: Grant }

export interface Answer {
  status: number
  body: unknown
}

export type DirectLine = ReturnType<typeof createDirectLine>

export function createDirectLine(o: DirectLineOptions) {
  const { store, tokens } = o
  const secretDigest = digest(o.secret)
  const answerWith = async (grant: Grant) => ({
    conversationId: grant.conversationId,
    token: await tokens.issue(grant),
    expires_in: TOKEN_SECONDS,
  })

  async function withStream(grant: Grant, watermark: string | undefined) {
    const url = new URL(`v3/directline/conversations/${grant.conversationId}/stream`, o.socketBase)
    url.searchParams.set('t', await tokens.issueTicket(grant))
    if (watermark !== undefined) url.searchParams.set('watermark', watermark)
    return { ...(await answerWith(grant)), streamUrl: url.href }
  }

  /** A token for another conversation learns no more than that there is no such conversation. */
  function grantFor(caller: Caller, conversationId: string): Grant {
    if (caller.kind === 'secret') return { conversationId, userId: newUserId() }
    if (caller.grant.conversationId !== conversationId) throw new AppError('conversation_unknown')
    return caller.grant
  }

  async function known(conversationId: string): Promise<void> {
    if (!(await store.load(conversationId))) throw new AppError('conversation_unknown')
  }

  return {
    /** @param authorization the header, whole. @throws AppError `unauthorized`, `token_expired`, `token_invalid`. */
    async authorize(authorization: string | undefined): Promise<Caller> {
      const credential = /^Bearer ([\w.~+/=-]{1,4096})$/i.exec(authorization ?? '')?.[1]
      if (!credential) throw new AppError('unauthorized')
      // Every token of ours begins so; hashing each one to compare it with the secret would cost more than its check.
      const isToken = credential.startsWith('eyJ')
      if (!isToken && timingSafeEqual(digest(credential), secretDigest)) return { kind: 'secret' }
      return { kind: 'token', grant: await tokens.verify(credential) }
    },

    /** `POST /tokens/generate`: a token for a conversation that starts later. */
    async generate(caller: Caller, body: unknown): Promise<Answer> {
      if (caller.kind !== 'secret') throw new AppError('forbidden')
      const grant = { conversationId: newConversationId(), userId: parseUserId(body) }
      return { status: 200, body: await answerWith(grant) }
    },

    async refresh(caller: Caller): Promise<Answer> {
      if (caller.kind !== 'token') throw new AppError('forbidden')
      return { status: 200, body: await answerWith(caller.grant) }
    },

    /** `POST /conversations`: 201 when it is new, 200 when this token started it before. */
    async start(caller: Caller, body: unknown): Promise<Answer> {
      const grant =
        caller.kind === 'token' ? caller.grant : { conversationId: newConversationId(), userId: parseUserId(body) }
      const locale = typeof body === 'object' && body !== null && 'locale' in body ? body.locale : undefined
      const { repeated } = await o.receive(startOf(grant, locale, new Date(o.now())))
      return { status: repeated ? 200 : 201, body: await withStream(grant, undefined) }
    },

    /** `GET /conversations/{id}`: a new socket URL that goes on after `watermark`. */
    async reconnect(caller: Caller, conversationId: string, watermark: string | undefined): Promise<Answer> {
      const grant = grantFor(caller, conversationId)
      await known(conversationId)
      return { status: 200, body: await withStream(grant, watermark) }
    },

    async activities(caller: Caller, conversationId: string, watermark: string | undefined): Promise<Answer> {
      grantFor(caller, conversationId)
      await known(conversationId)
      return { status: 200, body: await readSet(store, conversationId, parseWatermark(watermark)) }
    },

    /** `POST .../activities`: answered when the activity is on disk. The same client id again gets the first answer. */
    async post(caller: Caller, conversationId: string, body: unknown): Promise<Answer> {
      const grant = grantFor(caller, conversationId)
      const inbound = parseMemberActivity(body, grant, new Date(o.now()), randomUUID)
      if (inbound) return { status: 200, body: { id: (await o.receive(inbound)).id } }
      await known(conversationId)
      return { status: 200, body: { id: activityId(conversationId, 0) } }
    },

    /** The widget's own door: a fresh token, for a new conversation or for the one that `old` was for. */
    async widgetToken(old: string | undefined) {
      const grant =
        old === undefined
          ? { conversationId: newConversationId(), userId: newUserId() }
          : await tokens.verify(old, RESUME_SECONDS).catch(() => Promise.reject(new AppError('token_invalid')))
      return { ...(await answerWith(grant)), userId: grant.userId }
    },
  }
}

/** Absent, empty, garbage and negative all mean "from the beginning": a client that asks twice loses nothing, one that
 *  is sent too little does. */
export function parseWatermark(watermark: string | undefined): number {
  return watermark !== undefined && /^\d{1,12}$/.test(watermark) ? Number(watermark) : 0
}

/** The next page after `after`, with its watermark. A watermark beyond the log reads as the beginning. */
export async function readSet(store: ConversationStore, conversationId: string, after: number): Promise<ActivitySet> {
  const entries = await store.read(conversationId, after, PAGE, 'all')
  if (entries.length > 0 || after === 0) return toSet(entries, after)
  const beyond = (await store.read(conversationId, after - 1, 1, 'desk')).length === 0
  return beyond ? toSet(await store.read(conversationId, 0, PAGE, 'all'), 0) : toSet(entries, after)
}

export function toSet(entries: readonly LogEntry[], after: number): ActivitySet {
  return { activities: entries.map((e) => e.activity), watermark: String(entries.at(-1)?.seq ?? after) }
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
