/** `IDENTITY_KEYS` -> keys that a host page may sign its members' identity with. */
import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto'

/** What each algorithm's key must be; a key is for one algorithm only. */
export const IDENTITY_ALGORITHMS = {
  HS256: 'secret',
  ES256: 'ec',
  EdDSA: 'ed25519',
  RS256: 'rsa',
} as const
export type IdentityAlgorithm = keyof typeof IDENTITY_ALGORITHMS

export interface IdentityKey {
  readonly kid: string
  readonly alg: IdentityAlgorithm
  /** A shared secret, or a public key. */
  readonly key: KeyObject
}

const LEAST_SECRET = 32
const LEAST_RSA_BITS = 2_048

/** `name:algorithm:base64`: a secret of at least 32 bytes for HS256, else a public key (SPKI, DER).
 *  @returns undefined when it is not that, or the key is of another kind than the algorithm's. */
export function parseIdentityKey(text: string): IdentityKey | undefined {
  const [, kid = '', name = '', base64 = ''] = /^([\w.-]{1,64}):(\w+):([\w+/=-]+)$/.exec(text.trim()) ?? []
  const alg = (Object.keys(IDENTITY_ALGORITHMS) as IdentityAlgorithm[]).find((one) => one === name)
  if (!alg) return undefined
  const key = alg === 'HS256' ? secretOf(base64) : publicOf(base64, IDENTITY_ALGORITHMS[alg])
  return key && { kid, alg, key }
}

function secretOf(base64: string): KeyObject | undefined {
  const bytes = Buffer.from(base64, 'base64')
  return bytes.length >= LEAST_SECRET ? createSecretKey(bytes) : undefined
}

function publicOf(base64: string, type: string): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: Buffer.from(base64, 'base64'), format: 'der', type: 'spki' })
    const { namedCurve, modulusLength = LEAST_RSA_BITS } = key.asymmetricKeyDetails ?? {}
    const isFit = (type !== 'ec' || namedCurve === 'prime256v1') && modulusLength >= LEAST_RSA_BITS
    return key.asymmetricKeyType === type && isFit ? key : undefined
  } catch {
    return undefined
  }
}
