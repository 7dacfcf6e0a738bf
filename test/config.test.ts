import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { CONFIG_FAULTS, type Config, ConfigError, type ConfigFault, readConfig } from '../src/config.ts'
import { explain, terminalWords } from '../src/terminal.ts'
import { LOCALES } from '../src/wire/activity.ts'

const KEY = Buffer.alloc(32, 1).toString('base64')

/** A production environment without a fault. */
const GOOD = {
  NODE_ENV: 'production',
  PUBLIC_URL: 'https://soutien.example.com/clavardage',
  DIRECT_LINE_SECRET: 's'.repeat(32),
  TOKEN_KEYS: `new:${KEY},old:${KEY}`,
  SMTP_URL: 'smtps://envoi.example.com',
  MAIL_FROM: 'sesame@example.com',
  SUPPORT_EMAIL: 'soutien@example.com',
} as const

function faultsOf(env: Record<string, string | undefined>): readonly ConfigFault[] {
  try {
    readConfig(env)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
}

const namesOf = (faults: readonly ConfigFault[]) => faults.map((fault) => fault.name)

describe('development', () => {
  test('needs nothing', () => {
    const config = readConfig({})
    expect(config).toMatchObject({ production: false, port: 3978, host: '127.0.0.1', dataDir: './data' })
    expect(config.publicUrl.href).toBe('http://localhost:3978/')
    expect([config.directLineSecret, config.tokenKeys, config.smtpUrl]).toEqual([undefined, undefined, undefined])
    expect(Object.isFrozen(config)).toBe(true)
  })

  test('an empty or blank value counts as left out', () => {
    expect(readConfig({ PORT: '', HOST: '  ', SMTP_URL: ' ', REDIS_URL: '' })).toEqual(readConfig({}))
  })
})

describe('production', () => {
  test('starts with its secrets', () => {
    const config = readConfig(GOOD)
    expect(config.production).toBe(true)
    expect(config.publicUrl.href).toBe('https://soutien.example.com/clavardage/')
    expect(config.tokenKeys?.map((k) => [k.kid, k.key.length])).toEqual([
      ['new', 32],
      ['old', 32],
    ])
  })

  test('refuses to start without them, naming all at once', () => {
    expect([...namesOf(faultsOf({ NODE_ENV: 'production' }))].sort()).toEqual(
      Object.keys(GOOD)
        .filter((name) => name !== 'NODE_ENV')
        .sort(),
    )
  })

  test.each(Object.keys(GOOD).filter((name) => name !== 'NODE_ENV'))('refuses to start without %s', (name) => {
    expect(faultsOf({ ...GOOD, [name]: undefined })).toEqual([{ name, code: 'must_be_set', facts: {} }])
    expect(faultsOf({ ...GOOD, [name]: '  ' })).toEqual([{ name, code: 'must_be_set', facts: {} }])
  })
})

/** Each variable with values that can't be used. The marked part must not be repeated to whoever reads the terminal. */
const BAD: readonly (readonly [string, string])[] = [
  ['NODE_ENV', 'prod-CANARY'],
  ['PORT', '65536'],
  ['PORT', '-1'],
  ['PORT', '80a'],
  ['PORT', '3.5'],
  ['PUBLIC_URL', 'CANARY.example.com'],
  ['PUBLIC_URL', 'javascript:CANARY'],
  ['DIRECT_LINE_SECRET', 'CANARY-too-short'],
  ['TOKEN_KEYS', 'CANARY'],
  ['TOKEN_KEYS', `new:${KEY},old:CANARY`],
  ['TOKEN_KEYS', `:${KEY}`],
  ['TOKEN_KEYS', `CANARY:${KEY},CANARY:${KEY}`],
  ['DIRECT_LINE_SECRET', `eyJCANARY${'s'.repeat(32)}`],
  ['WIDGET_ORIGINS', 'https://CANARY.example.com/page'],
  ['WIDGET_ORIGINS', 'https://a.example.com https://CANARY.example.com/'],
  ['WIDGET_ORIGINS', '*'],
  ['SMTP_URL', 'https://CANARY@example.com'],
  ['MAIL_FROM', 'CANARY'],
  ['MAIL_FROM', 'CANARY <a@example.com>'],
  ['MAIL_FROM', 'CANARY@example.com,b@example.com'],
  ['SUPPORT_EMAIL', 'CANARY@example'],
  ['SIGN_IN_URL', 'ftp://CANARY.example.com'],
  ['TIME_ZONE', 'CANARY/Montreal'],
  ['LOG_LEVEL', 'CANARY'],
  ['REDIS_URL', 'CANARY'],
  ['REDIS_URL', 'http://CANARY'],
  ['REDIS_URL', 'redis://u:CANARY@a,b'],
  ['REDIS_URL', 'redis://CANARY:99999'],
  ['REDIS_URL', 'redis://localhost/CANARY'],
  ['REDIS_URL', 'redis+sentinel://CANARY:26379'],
  ['REDIS_URL', 'redis+cluster://CANARY:7000/1'],
  ['REDIS_DURABILITY', 'CANARY'],
  ['COVERAGE_URL', 'http://CANARY.example.com'],
  ['COVERAGE_URL', 'https://moi:CANARY@example.com'],
  ['COVERAGE_URL', 'https://example.com/?CANARY'],
  ['IDENTITY_KEYS', 'CANARY'],
  ['IDENTITY_KEYS', `CANARY:HS256:${Buffer.alloc(31, 1).toString('base64')}`],
  ['IDENTITY_KEYS', `CANARY:none:${KEY}`],
  ['IDENTITY_KEYS', `CANARY:ES256:${KEY}`],
  ['IDENTITY_KEYS', `CANARY:HS256:${KEY},CANARY:HS256:${KEY}`],
  ['TRUSTED_PROXIES', 'CANARY'],
  ['TRUSTED_PROXIES', '10.0.0.0/33'],
  ['TRUSTED_PROXIES', '10.0.0.0/8/CANARY'],
  ['MAILS_PER_MINUTE', '0'],
  ['MAILS_PER_MINUTE', '1e9'],
  ['KEEP_CONVERSATION_DAYS', '366'],
  ['KEEP_DESK_DAYS', '-CANARY'],
  ['KEEP_AUDIT_DAYS', '29'],
  ['MicrosoftAppId', 'CANARY'],
]

describe('REDIS_URL', () => {
  test.each([
    ['redis://localhost', { kind: 'single', nodes: [{ host: 'localhost', port: 6379 }], tls: false, db: 0 }],
    [
      'rediss://moi:s%40cret@cache.exemple.ca:6380/3',
      {
        kind: 'single',
        nodes: [{ host: 'cache.exemple.ca', port: 6380 }],
        tls: true,
        db: 3,
        username: 'moi',
        password: 's@cret',
      },
    ],
    [
      'redis://Redis.Exemple.ca',
      { kind: 'single', nodes: [{ host: 'Redis.Exemple.ca', port: 6379 }], tls: false, db: 0 },
    ],
    ['redis://:p@[::1]:7', { kind: 'single', nodes: [{ host: '::1', port: 7 }], tls: false, db: 0, password: 'p' }],
    [
      'redis+sentinel://a,b:9/maitre',
      {
        kind: 'sentinel',
        nodes: [
          { host: 'a', port: 26_379 },
          { host: 'b', port: 9 },
        ],
        tls: false,
        db: 0,
        master: 'maitre',
      },
    ],
    [
      'redis+cluster://a:1,b:2',
      {
        kind: 'cluster',
        nodes: [
          { host: 'a', port: 1 },
          { host: 'b', port: 2 },
        ],
        tls: false,
        db: 0,
      },
    ],
  ])('%s', (url, target) => {
    expect(readConfig({ ...GOOD, REDIS_URL: url }).redis).toEqual(target)
  })
})

describe('COVERAGE_URL', () => {
  const url = 'https://couverture.example.com/sesame'
  const client = {
    COVERAGE_TOKEN_URL: 'https://jetons.example.com',
    COVERAGE_CLIENT_ID: 'i',
    COVERAGE_CLIENT_SECRET: 's',
  }

  test('goes with a token or with client credentials', () => {
    const bearer = readConfig({ ...GOOD, COVERAGE_URL: url, COVERAGE_TOKEN: 't' }).coverage
    expect([bearer?.url.href, bearer?.auth]).toEqual([url, { kind: 'bearer', token: 't' }])
    const { coverage } = readConfig({ ...GOOD, COVERAGE_URL: url, ...client, COVERAGE_SCOPE: 'a b' })
    expect(coverage?.auth).toMatchObject({ kind: 'client', clientId: 'i', clientSecret: 's', scope: 'a b' })
  })

  test.each([
    [{}, ['COVERAGE_TOKEN']],
    [{ ...client, COVERAGE_TOKEN: 't' }, ['COVERAGE_TOKEN']],
    [
      { ...client, COVERAGE_CLIENT_ID: '', COVERAGE_CLIENT_SECRET: '' },
      ['COVERAGE_CLIENT_ID', 'COVERAGE_CLIENT_SECRET'],
    ],
    [{ ...client, COVERAGE_TOKEN_URL: 'http://jetons.example.com' }, ['COVERAGE_TOKEN_URL', 'COVERAGE_TOKEN']],
  ])('%j names what is missing', (more, names) => {
    expect(namesOf(faultsOf({ ...GOOD, COVERAGE_URL: url, ...more }))).toEqual(names)
  })
})

describe('IDENTITY_KEYS', () => {
  test('a secret, or a public key of the algorithm named', () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
    const spki = publicKey.export({ format: 'der', type: 'spki' }).toString('base64')
    const { identityKeys } = readConfig({ ...GOOD, IDENTITY_KEYS: `a:HS256:${KEY}, b:ES256:${spki}` })
    expect(identityKeys.map(({ kid, alg, key }) => [kid, alg, key.type])).toEqual([
      ['a', 'HS256', 'secret'],
      ['b', 'ES256', 'public'],
    ])
    expect(faultsOf({ ...GOOD, IDENTITY_KEYS: `b:EdDSA:${spki}` })).toHaveLength(1)
  })
})

describe('faults', () => {
  test.each(BAD)('%s=%s is one fault, named and not shown', (name, value) => {
    const faults = faultsOf({ ...GOOD, [name]: value })
    expect(namesOf(faults)).toEqual([name])
    expect(JSON.stringify(faults)).not.toContain('CANARY')
  })

  test('all are named at once, and the error itself shows no value either', () => {
    const env = Object.fromEntries(BAD)
    const names = [...new Set(BAD.map(([name]) => name))]
    expect([...new Set(namesOf(faultsOf(env)))].sort()).toEqual(names.sort())
    let thrown: unknown
    try {
      readConfig(env)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toMatchObject({ code: 'config_invalid', facts: { faults: faultsOf(env).length } })
    expect(`${thrown} ${(thrown as Error).stack} ${JSON.stringify(thrown)}`).not.toContain('CANARY')
  })

  test('a port of 0 and the whole range are fine', () => {
    const ports: Config['port'][] = ['0', '1', '65535'].map((PORT) => readConfig({ PORT }).port)
    expect(ports).toEqual([0, 1, 65_535])
  })
})

describe('words', () => {
  test.each(LOCALES)('every fault is one plain line (%s)', (locale) => {
    const faults = CONFIG_FAULTS.map((code) => ({
      name: 'NAME',
      code,
      facts: { allowed: 'a', protocols: 'http:', least: 1, most: 2, index: 1, other: 'OTHER' },
    }))
    for (const line of explain(new ConfigError(faults), terminalWords(locale))) expect(line).toMatch(/^NAME: [^{}\n]+$/)
  })
})
