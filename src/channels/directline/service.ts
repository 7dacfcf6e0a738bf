/** Direct Line 3.0 as functions: who asks for what -> status and JSON. HTTP and sockets are mounted elsewhere. */
import { createHash, randomUUID, timingSafeEqual } from 'node:crypto'
import type { Receive } from '../../conversation/receive.ts'
import type { ConversationStore, LogEntry } from '../../conversation/store.ts'
import { AppError } from '../../errors.ts'
import type { Identities, Identity } from '../../identity/identity.ts'
import type { ActivitySet, WidgetToken } from '../../wire/activity.ts'
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
  identities: Identities
  now: () => number
}

/** Whose call it is: the holder of the secret, or of a token for one conversation. */
export type Caller = { kind: 'secret' } | { kind: 'token'; grant: Grant; token: string }

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

  /** @param own the caller's token: where only the host page's word gives a new one, there is none without it. */
  async function withStream(grant: Grant, watermark: string | undefined, own?: string) {
    const url = new URL(`v3/directline/conversations/${grant.conversationId}/stream`, o.socketBase)
    url.searchParams.set('t', await tokens.issueTicket(grant))
    if (watermark !== undefined) url.searchParams.set('watermark', watermark)
    if (own === undefined || grant.member === undefined || grant.endsAt === undefined)
      return { ...(await answerWith(grant)), streamUrl: url.href }
    const left = Math.max(0, Math.floor((grant.endsAt - o.now()) / 1000))
    return { conversationId: grant.conversationId, token: own, expires_in: left, streamUrl: url.href }
  }

  async function identityIn(body: unknown): Promise<Identity | undefined> {
    const given = fieldOf(body, 'identity')
    return given === undefined ? undefined : o.identities.verify(given)
  }

  function boundTo(identity: Identity | undefined, grant: Grant): Grant {
    return identity ? { ...grant, member: o.identities.hash(identity.member) } : grant
  }

  function checkMember(grant: Grant, identity: Identity | undefined): void {
    if (grant.member === undefined && !identity) return
    if (!identity) throw new AppError('identity_invalid')
    const isTheirs = grant.member !== undefined && o.identities.isOf(grant.member, identity.member)
    if (!isTheirs) throw new AppError('identity_clash')
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
      return { kind: 'token', grant: await tokens.verify(credential), token: credential }
    },

    /** `POST /tokens/generate`: a token for a conversation that starts later. */
    async generate(caller: Caller, body: unknown): Promise<Answer> {
      if (caller.kind !== 'secret') throw new AppError('forbidden')
      const grant = { conversationId: newConversationId(), userId: parseUserId(body) }
      return { status: 200, body: await answerWith(grant) }
    },

    /** A member's own conversation stays open only as long as the host page vouches for them: see `widgetToken`. */
    async refresh(caller: Caller): Promise<Answer> {
      if (caller.kind !== 'token') throw new AppError('forbidden')
      if (caller.grant.member !== undefined) throw new AppError('identity_invalid')
      return { status: 200, body: await answerWith(caller.grant) }
    },

    /** `POST /conversations`: 201 when it is new, 200 when this token started it before. @param network keyed hash of the caller's. */
    async start(caller: Caller, body: unknown, network?: string): Promise<Answer> {
      const identity = await identityIn(body)
      const grant =
        caller.kind === 'token'
          ? caller.grant
          : boundTo(identity, { conversationId: newConversationId(), userId: parseUserId(body) })
      checkMember(grant, identity)
      const value = { ...(identity ? { identity } : {}), ...(network === undefined ? {} : { network }) }
      const { repeated } = await o.receive(startOf(grant, fieldOf(body, 'locale'), new Date(o.now()), value))
      return { status: repeated ? 200 : 201, body: await withStream(grant, undefined) }
    },

    /** `GET /conversations/{id}`: a new socket URL that goes on after `watermark`. */
    async reconnect(caller: Caller, conversationId: string, watermark: string | undefined): Promise<Answer> {
      const grant = grantFor(caller, conversationId)
      await known(conversationId)
      const own = caller.kind === 'token' ? caller.token : undefined
      return { status: 200, body: await withStream(grant, watermark, own) }
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

    /** The widget's own door, `{ token?, identity? }`: a fresh token, for a new conversation or for the one that `token` was for.
     *  Whose page vouches for a member gets that member's conversation only, and what was begun without a name stays without one:
     *  the device may have changed hands. @throws AppError `token_invalid`, `identity_invalid`, `identity_clash`. */
    async widgetToken(body: unknown): Promise<WidgetToken> {
      const old = fieldOf(body, 'token')
      if (old !== undefined && typeof old !== 'string') throw new AppError('bad_request', { where: 'token' })
      const identity = await identityIn(body)
      const grant =
        old === undefined
          ? boundTo(identity, { conversationId: newConversationId(), userId: newUserId() })
          : await tokens.verify(old, RESUME_SECONDS).catch(() => Promise.reject(new AppError('token_invalid')))
      checkMember(grant, identity)
      const identified = grant.member === undefined ? {} : { identified: true as const }
      return { ...(await answerWith(grant)), userId: grant.userId, ...identified }
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

function fieldOf(body: unknown, name: string): unknown {
  return typeof body === 'object' && body !== null && Object.hasOwn(body, name) ? body[name as never] : undefined
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
