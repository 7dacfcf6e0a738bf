import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { errors, jwtVerify, SignJWT } from 'jose'
import type { TokenKey } from '../../config.ts'
import { AppError } from '../../errors.ts'

/** Life of a Direct Line token, in seconds. Source: Direct Line 3.0. Clients refresh at half of it. */
export const TOKEN_SECONDS = 1_800
/** Life of a stream URL, in seconds. Source: Direct Line 3.0. */
export const TICKET_SECONDS = 60
/** How long after it ended a token still proves to the widget's own door that this browser had the conversation,
 *  in seconds. Long enough for a weekend; a lost token opens one conversation no longer than that. */
export const RESUME_SECONDS = 72 * 3_600

/** What a token says: one conversation, one member. */
export interface Grant {
  conversationId: string
  userId: string
  /** Stands for the member whom the host page vouched for when the conversation began; it is theirs alone. */
  member?: string
  /** When the token ends that this was read from, epoch ms. */
  endsAt?: number
}

export interface Tokens {
  issue(grant: Grant): Promise<string>
  /** @param graceSeconds accepts a token that ended up to so long ago.
   *  @throws AppError `token_expired`, or `token_invalid` for anything else. */
  verify(token: string, graceSeconds?: number): Promise<Grant>
  /** A one-time pass for one socket: `id` tells it from every other. */
  issueTicket(grant: Grant): Promise<string>
  verifyTicket(ticket: string): Promise<Grant & { id: string }>
}

/** Tokens whose signature was checked lately: checking costs more than the rest of a request. */
const CACHED_TOKENS = 10_000

/** 128 bits from the system's generator; in hexadecimal, since operators type it and a `-` in front would read as an option. */
export const newConversationId = (): string => randomBytes(16).toString('hex')
export const newUserId = (): string => `dl_${randomBytes(12).toString('base64url')}`

/** @param keys newest first: the first signs, all verify, so that keys can be changed without ending conversations. */
export function createTokens(keys: readonly TokenKey[], now: () => number): Tokens {
  const [newest] = keys
  if (!newest) throw new AppError('config_invalid', { missing: 'TOKEN_KEYS' })
  const byKid = new Map(keys.map(({ kid, key }) => [kid, createSecretKey(key)]))
  const kid = newest.kid

  const checked = new Map<string, { grant: Grant; endsAt: number }>()

  async function sign(
    grant: Grant,
    audience: string,
    seconds: number,
    more: Record<string, unknown> = {},
  ): Promise<string> {
    const issued = Math.floor(now() / 1000)
    const jwt = new SignJWT({
      conv: grant.conversationId,
      user: grant.userId,
      ...(grant.member === undefined ? {} : { mem: grant.member }),
      ...more,
    })
      .setProtectedHeader({ alg: 'HS256', kid })
      .setAudience(audience)
      .setIssuedAt(issued)
      .setExpirationTime(issued + seconds)
    return jwt.sign(byKid.get(kid) as KeyObject)
  }

  async function check(token: string, audience: string, graceSeconds = 0) {
    try {
      const { payload } = await jwtVerify(token, (header) => keyFor(header.kid), {
        algorithms: ['HS256'],
        audience,
        requiredClaims: ['exp'],
        currentDate: new Date(now() - graceSeconds * 1000),
      })
      return payload
    } catch (error) {
      throw new AppError(error instanceof errors.JWTExpired ? 'token_expired' : 'token_invalid')
    }
  }

  function keyFor(id: string | undefined): KeyObject {
    const key = byKid.get(id ?? '')
    if (!key) throw new AppError('token_invalid')
    return key
  }

  return {
    issue: (grant) => sign(grant, 'directline', TOKEN_SECONDS),
    async verify(token, graceSeconds = 0) {
      const known = checked.get(token)
      if (known && known.endsAt > now()) return known.grant
      const payload = await check(token, 'directline', graceSeconds)
      const endsAt = Number(payload.exp) * 1000
      const grant = { ...grantOf(payload), endsAt }
      checked.set(token, { grant, endsAt })
      if (checked.size > CACHED_TOKENS) checked.delete(checked.keys().next().value ?? '')
      return grant
    },
    issueTicket: (grant) =>
      sign(grant, 'stream', TICKET_SECONDS, { jti: randomBytes(16).toString('base64url'), end: grant.endsAt }),
    async verifyTicket(ticket) {
      const payload = await check(ticket, 'stream')
      const { end } = payload
      return { ...grantOf(payload), id: String(payload.jti), ...(typeof end === 'number' ? { endsAt: end } : {}) }
    },
  }
}

function grantOf(payload: Readonly<Record<string, unknown>>): Grant {
  const { conv, user, mem } = payload
  if (typeof conv !== 'string' || typeof user !== 'string') throw new AppError('token_invalid')
  return { conversationId: conv, userId: user, ...(typeof mem === 'string' ? { member: mem } : {}) }
}
