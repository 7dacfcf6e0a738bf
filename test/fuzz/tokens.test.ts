import {
  createHmac,
  createPrivateKey,
  createSign,
  generateKeyPairSync,
  type KeyObject,
  sign as signWith,
} from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { createTokens, TOKEN_SECONDS } from '../../src/channels/directline/tokens.ts'
import { parseIdentityKey } from '../../src/config-identity.ts'
import { AppError } from '../../src/errors.ts'
import { AUDIENCE, createIdentities } from '../../src/identity/identity.ts'
import { hostileJson, hostileText, toObject } from './corpus/json.ts'
import { HOSTILE, PUMPS, pumped } from './corpus/texts.ts'

const NOW = Date.parse('2026-03-02T15:00:00Z')
const AT = NOW / 1000
const SECRET = Buffer.alloc(32, 7)
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
const ed = generateKeyPairSync('ed25519')
const der = (key: KeyObject) => key.export({ format: 'der', type: 'spki' })

type Json = Readonly<Record<string, unknown>>
const part = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const compact = (header: unknown, payload: unknown, sign: (text: string) => Buffer) => {
  const text = `${part(header)}.${part(payload)}`
  return `${text}.${sign(text).toString('base64url')}`
}
const hmac =
  (key: Uint8Array | string, hash = 'sha256') =>
  (text: string) =>
    createHmac(hash, key).update(text).digest()
const none = () => Buffer.alloc(0)
const signers = {
  RS256: (text: string) => createSign('sha256').update(text).sign(rsa.privateKey),
  ES256: (text: string) => signWith('sha256', Buffer.from(text), { key: ec.privateKey, dsaEncoding: 'ieee-p1363' }),
  EdDSA: (text: string) => signWith(null, Buffer.from(text), ed.privateKey),
}

/** One way to be vouched for: what is sound there, and who checks it. */
interface Door {
  header: Json
  payload: Json
  sign: (text: string) => Buffer
  check(token: string): Promise<unknown>
  codes: readonly string[]
}

const tokens = createTokens([{ kid: 'k', key: SECRET }], () => NOW)
const keys = [
  `h:HS256:${SECRET.toString('base64')}`,
  `r:RS256:${der(rsa.publicKey).toString('base64')}`,
  `e:ES256:${der(ec.publicKey).toString('base64')}`,
  `d:EdDSA:${der(ed.publicKey).toString('base64')}`,
]
const identities = createIdentities({
  keys: keys.flatMap((text) => parseIdentityKey(text) ?? []),
  hashKeys: [SECRET],
  now: () => NOW,
})

const GRANT = { conv: 'c', user: 'dl_u', aud: 'directline', iat: AT, exp: AT + TOKEN_SECONDS }
const CLAIMS = { sub: 'm-1', aud: AUDIENCE, iat: AT, exp: AT + 300, email: 'a@example.com', email_verified: true }
const identity = (kid: string, alg: string, sign: (text: string) => Buffer): Door => ({
  header: { alg, kid },
  payload: CLAIMS,
  sign,
  check: (token) => identities.verify(token),
  codes: ['identity_invalid'],
})
const DOORS: Readonly<Record<string, Door>> = {
  'a conversation token': {
    header: { alg: 'HS256', kid: 'k' },
    payload: GRANT,
    sign: hmac(SECRET),
    check: (token) => tokens.verify(token),
    codes: ['token_invalid', 'token_expired'],
  },
  'an identity by a shared secret': identity('h', 'HS256', hmac(SECRET)),
  'an identity by RSA': identity('r', 'RS256', signers.RS256),
  'an identity by ECDSA': identity('e', 'ES256', signers.ES256),
  'an identity by Ed25519': identity('d', 'EdDSA', signers.EdDSA),
}

/** Nobody gets in by it, and what is said is one of the door's own words. */
async function refused(door: Door, token: unknown): Promise<void> {
  const error = await door.check(token as string).then(
    (said) => ({ said, token }),
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(AppError)
  expect(door.codes).toContain((error as AppError).code)
}

const pem = (key: KeyObject) => key.export({ format: 'pem', type: 'spki' })
const jwk = { kty: 'oct', k: Buffer.from('mine').toString('base64url') }

/** Tokens that somebody without the key can make, and ones with a fault in them. */
function forgeries({ header, payload, sign }: Door): [string, string][] {
  const of = (h: Json, p: unknown = payload, s = sign): string => compact({ ...header, ...h }, p, s)
  const good = compact(header, payload, sign)
  const [a, b, c] = good.split('.')
  const without = (name: string) => Object.fromEntries(Object.entries(payload).filter(([key]) => key !== name))
  return [
    ...[
      'none',
      'None',
      'NONE',
      '',
      'nOnE',
      'HS1',
      'HS384',
      'HS512',
      'ES256K',
      'PS256',
      'dir',
      'A128KW',
      '__proto__',
      'constructor',
    ].map((alg): [string, string] => [`alg ${alg}`, of({ alg }, payload, none)]),
    ...['HS256', 'HS384', 'HS512'].flatMap((alg) =>
      [
        pem(rsa.publicKey),
        der(rsa.publicKey),
        pem(ec.publicKey),
        der(ec.publicKey),
        der(ed.publicKey),
        '',
        'k',
        'null',
      ].map((key): [string, string] => [
        `${alg} with a public key or a guess`,
        of({ alg }, payload, hmac(key as string, alg.replace('HS', 'sha'))),
      ]),
    ),
    ...Object.entries(signers).flatMap(([alg, by]): [string, string][] =>
      header.alg === alg ? [] : [[`another key's ${alg}`, of({ alg }, payload, by)]],
    ),
    ...[7, null, {}, [], ['k'], '', ' k', 'K', '__proto__', 'constructor', '../../dev/null', "k' OR 1=1 --", 'k\0'].map(
      (kid): [string, string] => [`kid ${JSON.stringify(kid)}`, of({ kid })],
    ),
    ['a key in the header', of({ jwk }, payload, hmac('mine'))],
    ['a key elsewhere', of({ jku: 'https://evil.example/keys', x5u: 'https://evil.example/x' }, payload, hmac('mine'))],
    ['a header that must be understood', of({ crit: ['x'], x: 1 })],
    ['unencoded payload', of({ b64: false, crit: ['b64'] })],
    ['no kid', compact({ alg: header.alg }, payload, sign)],
    ['no alg', compact({ kid: header.kid }, payload, sign)],
    ['another audience', of({}, { ...payload, aud: 'stream' })],
    ['no audience', of({}, without('aud'))],
    ['over', of({}, { ...payload, iat: AT - 7_200, exp: AT - 3_600 })],
    ['a time as a text', of({}, { ...payload, exp: String(AT + 300) })],
    ['an end that is nothing', of({}, { ...payload, exp: null })],
    ['no end', of({}, without('exp'))],
    ['not yet', of({}, { ...payload, nbf: AT + 3_600 })],
    ['a payload that is a list', of({}, [payload])],
    ['a payload that is a text', of({}, '"text"')],
    ['a payload that is nothing', of({}, '')],
    ['a nested token', of({ cty: 'JWT' }, good)],
    ['two parts', `${a}.${b}`],
    ['four parts', `${good}.${c}`],
    ['five parts, as if it were encrypted', `${good}.${b}.${c}`],
    ['no signature', `${a}.${b}.`],
    ['half a signature', `${a}.${b}.${c?.slice(0, 20)}`],
    ['blanks around', ` ${good} `],
    ['plain base64', `${a}.${b}=.${c}`],
    ['a line end within', `${a}.\n${b}.${c}`],
    ['huge', `${a}.${'A'.repeat(200_000)}.${c}`],
    ['JSON', JSON.stringify({ protected: a, payload: b, signature: c })],
    ...HOSTILE.map((text): [string, string] => [`the text ${JSON.stringify(text)}`, text]),
    ...PUMPS.slice(0, 40).map((pump): [string, string] => [`much of ${JSON.stringify(pump)}`, pumped(pump, 4_000)]),
  ]
}

describe.each(Object.entries(DOORS))('%s', (_name, door) => {
  const good = compact(door.header, door.payload, door.sign)

  test('is taken when it is sound, which shows that the forgeries fail for what is wrong with them', async () => {
    await expect(door.check(good)).resolves.toBeDefined()
  })

  test('is refused when it is forged, whatever the trick', async () => {
    for (const [, token] of forgeries(door)) await refused(door, token)
  })

  test('is refused with any sign changed, or says the same', async () => {
    const said = await door.check(good)
    const change = fc.tuple(
      fc.nat(good.length - 1),
      fc.oneof(fc.constantFrom(...'ABab01-_.=+/ \n'.split('')), hostileText),
    )
    await fc.assert(
      fc.asyncProperty(change, async ([at, sign]) => {
        const changed = good.slice(0, at) + sign + good.slice(at + 1)
        // The last bits of a part may count for nothing.
        const result = await door.check(changed).catch((error: unknown) => error)
        if (!(result instanceof AppError)) expect(result).toEqual(said)
        else expect(door.codes).toContain(result.code)
      }),
      { numRuns: 200 },
    )
  })

  test('with claims of any shape says who it is for in a text, or is refused', async () => {
    const claim = fc.tuple(
      fc.oneof(fc.constantFrom(...Object.keys(door.payload), 'nbf', 'jti', 'mem', 'iss'), hostileText),
      hostileJson,
    )
    await fc.assert(
      fc.asyncProperty(fc.array(claim, { minLength: 1, maxLength: 3 }), async (changes) => {
        const payload = toObject([...Object.entries(door.payload), ...changes])
        const result = await door.check(compact(door.header, payload, door.sign)).catch((error: unknown) => error)
        if (result instanceof AppError) return expect(door.codes).toContain(result.code)
        const { endsAt = 0, ...said } = result as { endsAt?: number }
        expect(endsAt).not.toBeNaN()
        for (const value of Object.values(said)) expect(typeof value).toBe('string')
      }),
      { numRuns: 200 },
    )
  })

  test('with a header of any shape is taken or refused', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.tuple(
            fc.oneof(fc.constantFrom('alg', 'kid', 'typ', 'crit', 'jwk', 'zip', 'enc'), hostileText),
            hostileJson,
          ),
          { maxLength: 3 },
        ),
        async (changes) => {
          const token = compact(toObject([...Object.entries(door.header), ...changes]), door.payload, door.sign)
          const result = await door.check(token).catch((error: unknown) => error)
          if (result instanceof Error) expect(door.codes).toContain((result as AppError).code)
        },
      ),
      { numRuns: 150 },
    )
  })
})

describe('an identity', () => {
  const door = DOORS['an identity by a shared secret'] as Door
  const made = (change: Json) => compact(door.header, { ...CLAIMS, ...change }, door.sign)

  test.each<[string, Json]>([
    ['made tomorrow', { iat: AT + 86_400, exp: AT + 86_700 }],
    ['made long ago, and still good', { iat: AT - 3_600, exp: AT + 300 }],
    ['good for a day', { exp: AT + 86_400 }],
    ['good for ever', { exp: 2 ** 53 }],
    ['of no time', { iat: undefined }],
    ['without an end', { exp: undefined }],
    ['made in no time that there is', { iat: 1e308, exp: 1e308 }],
    ['of nobody', { sub: '' }],
    ['of a number', { sub: 7 }],
    ['of a long name', { sub: 'x'.repeat(257) }],
    ['for several', { aud: ['other'] }],
    ['with an address that is a list', { email: ['a@example.com'] }],
  ])('%s is refused', (_name, change) => refused(door, made(change)))

  test.each<[string, Json]>([
    ['not checked', { email_verified: false }],
    ['not said to be checked', { email_verified: undefined }],
    ['two addresses', { email: 'a@example.com, b@example.com' }],
    ['with a line end', { email: 'a@example.com\r\nBcc: b@example.com' }],
    ['with a name', { email: 'A <a@example.com>' }],
    ['quoted', { email: '"a b"@example.com' }],
  ])('with an address %s has none', async (_name, change) => {
    expect(await identities.verify(made(change))).toEqual({ member: 'm-1' })
  })

  test('a key of another kind than its algorithm is none', () => {
    const secret = createPrivateKey(rsa.privateKey.export({ format: 'pem', type: 'pkcs8' })).export({
      format: 'der',
      type: 'pkcs8',
    })
    const texts = [
      `x:ES256:${der(rsa.publicKey).toString('base64')}`,
      `x:RS256:${der(ec.publicKey).toString('base64')}`,
      `x:none:${SECRET.toString('base64')}`,
      `x:RS256:${secret.toString('base64')}`,
      'x:HS256:YQ==',
    ]
    expect(texts.map(parseIdentityKey)).toEqual(texts.map(() => undefined))
  })
})
