import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { CONFIG_FAULTS, ConfigError, readConfig } from '../../src/config.ts'
import { parseIdentityKey } from '../../src/config-identity.ts'
import { parseRedisUrl } from '../../src/config-redis.ts'
import { explain, terminalWords } from '../../src/terminal.ts'
import { hostileText } from './corpus/json.ts'
import { HOSTILE, PUMPS, pumped } from './corpus/texts.ts'

const CANARY = 'zqxjkvbw'
const KEY = Buffer.alloc(32, 7).toString('base64')

/** Every name that is asked for, found by asking. */
function namesRead(): string[] {
  const names = new Set<string>()
  const spy = new Proxy(
    { COVERAGE_URL: 'https://a.example', COVERAGE_TOKEN_URL: 'https://a.example' } as Record<string, string>,
    {
      get(target, name) {
        names.add(String(name))
        return target[String(name)]
      },
    },
  )
  try {
    readConfig(spy)
  } catch {
    // Faulty or not: the names are what is wanted.
  }
  return [...names]
}
const NAMES = namesRead()

/** Sound shapes with something wrong in them, and a word in each that must not be seen again. */
const SHAPES = [
  ...[
    `https://${CANARY}.example/`,
    `https://user:${CANARY}@a.example/`,
    `http://${CANARY}:99999/`,
    `ftp://${CANARY}/`,
    `redis://:${CANARY}@h:1/x`,
    `redis+sentinel://:${CANARY}@h/`,
    `smtp://u:${CANARY}@[`,
    `javascript:${CANARY}`,
  ],
  ...[
    `k:${KEY},k:${KEY}`,
    `${CANARY}:`,
    `:${KEY}`,
    `k:${CANARY}`,
    `k:HS256:${KEY}`,
    `k:none:${CANARY}`,
    `k:RS256:${KEY}`,
    `a:HS256:${KEY},${CANARY}`,
    `eyJ${CANARY}${'x'.repeat(40)}`,
    `${CANARY}${'x'.repeat(40)}`,
  ],
  ...[
    `${CANARY}@`,
    `${CANARY} <a@b.ca>`,
    `a@b.ca\r\nBcc: ${CANARY}@b.ca`,
    `${CANARY}@b.ca`,
    `Mo-Fr ${CANARY}`,
    'Mo-Fr 08:00-18:00; PH off',
    'off',
    '24/7',
    `Mars/${CANARY}`,
    'America/Toronto',
    'UTC',
  ],
  ...[
    '0',
    '1',
    '65535',
    '65536',
    '-1',
    '1e3',
    '0x10',
    '99999999999',
    ' 5 ',
    '٣',
    'NaN',
    '10.0.0.0/8',
    '10.0.0.0/33',
    '::1/129',
    '::ffff:1.2.3.4/96',
    `${CANARY}/8`,
    '1.2.3.4/',
    '*',
    'production',
    'PRODUCTION',
    'required',
  ],
]
const value = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...SHAPES) },
  { weight: 3, arbitrary: hostileText.map((text) => text.replaceAll('\0', '')) },
  { weight: 1, arbitrary: fc.constantFrom(...PUMPS).map((pump) => pumped(pump, 300)) },
  { weight: 1, arbitrary: fc.constantFrom(...HOSTILE).map((text) => `${CANARY}${text}`) },
)

test('names are found', () => expect(NAMES.length).toBeGreaterThan(20))

test('any environment is a configuration, or a fault that names variables and shows no value', () => {
  const words = terminalWords('en')
  const environment = fc
    .array(fc.tuple(fc.constantFrom(...NAMES), value), { minLength: 1, maxLength: 5 })
    .map((all) => Object.fromEntries(all))
  const run = (env: Record<string, string>) => {
    try {
      expect(Object.isFrozen(readConfig(env))).toBe(true)
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError)
      const { faults } = error as ConfigError
      expect(faults.length).toBeGreaterThan(0)
      for (const fault of faults)
        expect([NAMES, CONFIG_FAULTS]).toEqual([
          expect.arrayContaining([fault.name]),
          expect.arrayContaining([fault.code]),
        ])
      const told = [
        JSON.stringify(error),
        String(error),
        (error as Error).stack,
        JSON.stringify(faults),
        ...explain(error, words),
      ]
      expect(told.join('\n')).not.toContain(CANARY)
    }
  }
  fc.assert(fc.property(environment, run), { numRuns: 700 })
})

test('each variable, with each shape', () => {
  for (const name of NAMES) {
    for (const text of [...SHAPES, ...HOSTILE.filter((each) => !each.includes('\0'))]) {
      const error = attempt(() => readConfig({ [name]: text }))
      if (error === undefined) continue
      expect({ name, text, error }).toMatchObject({ error: expect.any(ConfigError) })
      expect(JSON.stringify((error as ConfigError).faults)).not.toContain(CANARY)
    }
  }
})

test('addresses of Redis and keys of any text are read or are none', () => {
  const redis = fc
    .array(
      fc.oneof(
        fc.constantFrom(
          'redis',
          'rediss',
          '+sentinel',
          '+cluster',
          '://',
          ':',
          '@',
          '/',
          ',',
          '[',
          ']',
          '%',
          '%zz',
          '0',
          '?',
          '#',
          'h',
          '::1',
        ),
        hostileText,
      ),
      { maxLength: 10 },
    )
    .map((all) => all.join(''))
  fc.assert(
    fc.property(redis, (text) => {
      const target = parseRedisUrl(text)
      if (target)
        for (const { host, port } of target.nodes)
          expect([host !== '', Number.isInteger(port) && port >= 0 && port < 65_536]).toEqual([true, true])
      expect(parseIdentityKey(text)).toBeUndefined()
    }),
    { numRuns: 1_500 },
  )
})

function attempt(run: () => unknown): unknown {
  try {
    run()
    return undefined
  } catch (error) {
    return error
  }
}
