import { createHmac, createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { SignJWT } from 'jose'
import { type IdentityAlgorithm, type IdentityKey, parseIdentityKey } from '../../src/config-identity.ts'
import { AUDIENCE, createIdentities } from '../../src/identity/identity.ts'

const NOW = Date.parse('2026-03-02T15:00:00Z')
const secret = createSecretKey(Buffer.alloc(32, 3))
const ec = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
const ed = generateKeyPairSync('ed25519')
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })

const spki = (key: KeyObject) => key.export({ format: 'der', type: 'spki' }).toString('base64')
const keys = [
  `new:HS256:${Buffer.alloc(32, 3).toString('base64')}`,
  `ec:ES256:${spki(ec.publicKey)}`,
  `ed:EdDSA:${spki(ed.publicKey)}`,
  `rsa:RS256:${spki(rsa.publicKey)}`,
].map((text) => parseIdentityKey(text) as IdentityKey)
const identities = createIdentities({ keys, hashKeys: [Buffer.alloc(32, 1)], now: () => NOW })

interface Making {
  kid?: string
  alg?: IdentityAlgorithm | 'HS512'
  key?: KeyObject
  claims?: Record<string, unknown>
  audience?: string
  /** Seconds from now. */
  iat?: number
  exp?: number | null
}

function make({
  kid = 'new',
  alg = 'HS256',
  key = secret,
  claims = {},
  audience = AUDIENCE,
  iat = 0,
  exp = 300,
}: Making = {}) {
  const second = Math.floor(NOW / 1000)
  const jwt = new SignJWT({ sub: 'm-1', ...claims }).setProtectedHeader({ alg, kid }).setIssuedAt(second + iat)
  if (exp !== null) jwt.setExpirationTime(second + exp)
  return jwt.setAudience(audience).sign(key)
}

describe('a token of the host page', () => {
  test.each([
    ['HS256', {}],
    ['ES256', { kid: 'ec', alg: 'ES256', key: ec.privateKey }],
    ['EdDSA', { kid: 'ed', alg: 'EdDSA', key: ed.privateKey }],
    ['RS256', { kid: 'rsa', alg: 'RS256', key: rsa.privateKey }],
  ] as const)('signed with any of the keys tells who the member is (%s)', async (_, making) => {
    expect(await identities.verify(await make(making))).toEqual({ member: 'm-1' })
  })

  test('an address counts when the provider has checked it, and only then', async () => {
    const email = 'Camille@Example.com'
    const verified = await identities.verify(await make({ claims: { email, email_verified: true } }))
    expect(verified).toEqual({ member: 'm-1', email: 'camille@example.com' })
    for (const claims of [{ email }, { email, email_verified: false }, { email: 'a@b\r\n.ca', email_verified: true }])
      expect(await identities.verify(await make({ claims }))).toEqual({ member: 'm-1' })
  })

  const REFUSED: readonly (readonly [string, () => Promise<unknown> | unknown])[] = [
    ['nothing', () => undefined],
    ['no string', () => ({ sub: 'm-1' })],
    ['no JWT', () => 'm-1'],
    ['huge', () => make({ claims: { x: 'x'.repeat(8_000) } })],
    ['a key that is not known', () => make({ kid: 'old' })],
    ['another secret', () => make({ key: createSecretKey(Buffer.alloc(32, 9)) })],
    ['no signature', async () => `${(await make()).split('.').slice(0, 2).join('.')}.`],
    ['alg none', async () => withHeader(await make(), { alg: 'none', kid: 'new' })],
    ['the public key used as a secret', () => forgedWithPublicKey()],
    ['another algorithm than the key is for', () => make({ alg: 'HS512' })],
    ['another audience', () => make({ audience: 'facturation' })],
    ['over', () => make({ iat: -400, exp: -100 })],
    ['not begun', () => make({ iat: 300, exp: 500 })],
    ['a life of more than 10 minutes', () => make({ exp: 601 })],
    ['made 20 minutes ago', () => make({ iat: -1200, exp: 60 })],
    ['no end', () => make({ exp: null })],
    ['no member', () => make({ claims: { sub: '' } })],
    ['a member of 300 signs', () => make({ claims: { sub: 'm'.repeat(300) } })],
  ]

  test.each(REFUSED)('is refused: %s', async (_, token) => {
    await expect(identities.verify(await token())).rejects.toMatchObject({ code: 'identity_invalid' })
  })

  test('nobody is vouched for without a key', async () => {
    const none = createIdentities({ keys: [], hashKeys: [Buffer.alloc(32, 1)], now: () => NOW })
    await expect(none.verify(await make())).rejects.toMatchObject({ code: 'identity_invalid' })
  })
})

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

function withHeader(token: string, header: unknown): string {
  return [encode(header), ...token.split('.').slice(1, 2), ''].join('.')
}

/** The classic confusion: an HMAC over the public key that everybody has. */
async function forgedWithPublicKey(): Promise<string> {
  const [, payload = ''] = (await make()).split('.')
  const signed = `${encode({ alg: 'HS256', kid: 'ec' })}.${payload}`
  const mac = createHmac('sha256', ec.publicKey.export({ format: 'pem', type: 'spki' }))
    .update(signed)
    .digest('base64url')
  return `${signed}.${mac}`
}
