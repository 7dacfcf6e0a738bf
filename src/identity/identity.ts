/** Who a host page says its member is: a short JWT that the page's own server signed. */
import { createHmac } from 'node:crypto'
import { decodeProtectedHeader, jwtVerify } from 'jose'
import { z } from 'zod'
import type { IdentityKey } from '../config-identity.ts'
import { AppError } from '../errors.ts'
import { parseEmail } from '../language/email.ts'

/** Longest life of such a token, seconds: it is asked for when it is needed, not kept. */
const MOST_SECONDS = 600
/** How far the clocks may differ, seconds. */
const LEEWAY = 60
/** What the token must be for, so that one made for something else does not open a conversation. */
export const AUDIENCE = 'sesame'
const MAX_LENGTH = 4_096

export interface Identity {
  /** The provider's id of the member's account. */
  member: string
  /** An address of theirs that the provider has checked. */
  email?: string
}

export interface Identities {
  /** @throws AppError `identity_invalid` for whatever is not such a token, of a key that is configured, now. */
  verify(token: unknown): Promise<Identity>
  /** Stands for a member in conversation tokens, which devices keep, and says nothing. */
  hash(member: string): string
  /** Whether such a token is of this member, made with any of our keys. */
  isOf(hash: string, member: string): boolean
}

const claims = z.object({
  sub: z.string().min(1).max(256),
  iat: z.number(),
  exp: z.number(),
  email: z.string().max(320).optional(),
  email_verified: z.boolean().optional(),
})

/** @param hashKeys secrets of ours, newest first. */
export function createIdentities(o: {
  keys: readonly IdentityKey[]
  hashKeys: readonly Buffer[]
  now: () => number
}): Identities {
  const byKid = new Map(o.keys.map((key) => [key.kid, key]))

  async function verify(token: unknown): Promise<Identity> {
    if (typeof token !== 'string' || token.length > MAX_LENGTH) throw new AppError('identity_invalid')
    const key = byKid.get(kidOf(token))
    if (!key) throw new AppError('identity_invalid')
    // One algorithm a key: a public key must never be taken for a secret.
    const { payload } = await jwtVerify(token, key.key, {
      algorithms: [key.alg],
      audience: AUDIENCE,
      clockTolerance: LEEWAY,
      maxTokenAge: MOST_SECONDS,
      currentDate: new Date(o.now()),
    }).catch(() => Promise.reject(new AppError('identity_invalid')))
    return identityOf(payload)
  }

  return {
    verify,
    hash: (member) => hashWith(o.hashKeys[0] ?? Buffer.alloc(0), member),
    isOf: (hash, member) => o.hashKeys.some((key) => hashWith(key, member) === hash),
  }
}

const hashWith = (key: Buffer, member: string): string =>
  createHmac('sha256', key).update(member).digest('base64url').slice(0, 22)

function kidOf(token: string): string {
  try {
    return decodeProtectedHeader(token).kid ?? ''
  } catch {
    return ''
  }
}

function identityOf(payload: unknown): Identity {
  const parsed = claims.safeParse(payload)
  if (!parsed.success) throw new AppError('identity_invalid', { where: parsed.error.issues[0]?.path.join('.') ?? '' })
  const { sub, iat, exp, email: given, email_verified: isVerified } = parsed.data
  if (exp - iat > MOST_SECONDS) throw new AppError('identity_invalid', { where: 'exp' })
  // An address that the provider has not checked proves nothing: anybody may have typed it.
  const email = given !== undefined && isVerified === true ? parseEmail(given) : undefined
  return { member: sub, ...(email === undefined ? {} : { email }) }
}
