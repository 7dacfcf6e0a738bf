/** The second step of signing in: the number of the moment in an app on the agent's telephone (TOTP, RFC 6238). */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { Secret, TOTP } from 'otpauth'
import type { AgentRef } from '../wire/desk.ts'

/** What every app takes; of some it is all they take. */
const KIND = { algorithm: 'SHA1', digits: 6, period: 30 } as const
const SECRET_BYTES = 20
/** Steps before and after the present one whose numbers count too: clocks differ, and typing takes a while. */
const WINDOW = 1
const IV_BYTES = 12
const TAG_BYTES = 16

/** A secret for an app that has none yet. Only the agent whose it is may see it, and only now. */
export interface Offer {
  /** For the store, and to be handed back with the app's first number. */
  sealed: string
  /** Base32, to be typed. */
  secret: string
  /** `otpauth:`, to be photographed. */
  uri: string
}

export interface SecondStep {
  offer(agent: AgentRef): Offer
  /** @param now epoch ms. @returns the 30 s step whose number this is; undefined for any other, and for a secret that is not this agent's. */
  stepOf(sealed: string, agentId: string, number: string, now: number): number | undefined
}

/** @param keys 32 bytes each, newest first: the first seals, all open. @param issuer what the app calls the entry. */
export function createSecondStep({ keys, issuer }: { keys: readonly Buffer[]; issuer: string }): SecondStep {
  return {
    offer({ id, name }) {
      const secret = new Secret({ size: SECRET_BYTES })
      const totp = new TOTP({ ...KIND, issuer, label: name, secret })
      const sealed = seal(keys[0] ?? Buffer.alloc(0), id, Buffer.from(secret.bytes))
      return { sealed, secret: secret.base32, uri: totp.toString() }
    },
    stepOf(sealed, agentId, number, now) {
      const token = number.replace(/\s/g, '')
      const bytes = open(keys, agentId, sealed)
      if (bytes === undefined || !/^\d{6}$/.test(token)) return undefined
      const totp = new TOTP({ ...KIND, secret: new Secret({ buffer: new Uint8Array(bytes).buffer }) })
      const delta = totp.validate({ token, timestamp: now, window: WINDOW })
      return delta === null ? undefined : totp.counter({ timestamp: now }) + delta
    },
  }
}

/** A stolen store makes no numbers, and a secret moved to another agent opens for nobody. */
function seal(key: Buffer, agentId: string, bytes: Buffer): string {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(agentId))
  return Buffer.concat([iv, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]).toString('base64url')
}

function open(keys: readonly Buffer[], agentId: string, sealed: string): Buffer | undefined {
  const all = Buffer.from(sealed, 'base64url')
  if (all.length !== IV_BYTES + SECRET_BYTES + TAG_BYTES) return undefined
  for (const key of keys) {
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, all.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES })
      decipher.setAAD(Buffer.from(agentId)).setAuthTag(all.subarray(-TAG_BYTES))
      return Buffer.concat([decipher.update(all.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()])
    } catch {
      // Of another key, or altered.
    }
  }
  return undefined
}
