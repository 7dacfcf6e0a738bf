/** Environment -> frozen configuration. All faults are named at once; no value is ever shown. Their words are in
 *  `locales/<lang>/cli.json` under `config`. */
import { BlockList, isIP } from 'node:net'
import { type CoverageAuth, type CoverageTarget, parseSafeUrl } from './config-coverage.ts'
import { type IdentityKey, parseIdentityKey } from './config-identity.ts'
import { parseRedisUrl, type RedisTarget } from './config-redis.ts'
import { AppError } from './errors.ts'
import { createHours } from './hours.ts'

export interface Config {
  readonly production: boolean
  /** Trees and texts are read again when they are saved. */
  readonly watch: boolean
  /** TCP port, 0 = any free one. */
  readonly port: number
  readonly host: string
  /** Where people reach the service; ends in `/`. */
  readonly publicUrl: URL
  readonly dataDir: string
  /** Where conversations are kept when there is more than one process. Absent: in `dataDir`. */
  readonly redis: RedisTarget | undefined
  /** What to do about a Redis that may lose what it answered. */
  readonly redisDurability: 'required' | 'warn'
  /** Master key of Direct Line. Absent in development: one is made and kept in `dataDir`. */
  readonly directLineSecret: string | undefined
  /** Signing keys, newest first; all of them verify. Absent in development: made and kept. */
  readonly tokenKeys: readonly TokenKey[] | undefined
  /** Exact origins whose pages may open the widget; `publicUrl`'s own always may. */
  readonly widgetOrigins: readonly string[]
  /** Keys that host pages sign their members' identity with; all of them verify. None: nobody is vouched for. */
  readonly identityKeys: readonly IdentityKey[]
  /** Whose word about a client's network address counts (`X-Forwarded-For`). */
  readonly trustedProxies: BlockList
  /** The provider's coverage system. Absent: invitations are in `dataDir`. */
  readonly coverage: CoverageTarget | undefined
  /** Mails in any minute, of all members together; more wait. */
  readonly mailsPerMinute: number
  /** Mails in any hour that one network may ask for. */
  readonly networkMailsPerHour: number
  /** Messages in one conversation in any ten seconds. */
  readonly messagesPer10s: number
  readonly keep: Keep
  /** Absent in development: mails go to the mailbox at `/dev/mailbox`. */
  readonly smtpUrl: URL | undefined
  readonly mailFrom: string
  readonly supportEmail: string
  readonly orgName: string
  /** Where members sign in; named in mails. */
  readonly signInUrl: URL
  readonly timeZone: string
  /** Always open without it. */
  readonly supportHours: string | undefined
  /** `required`: agents see nothing of the desk before their app is set up. */
  readonly agentSecondStep: (typeof SECOND_STEPS)[number]
  readonly logLevel: (typeof LOG_LEVELS)[number]
}

/** How long what is kept is kept, ms. */
export interface Keep {
  /** A conversation, after something was last received in it. */
  readonly conversation: number
  /** Who took and ended which request, without any text. */
  readonly desk: number
  /** Who was shown, exported or erased what, and who signed in. */
  readonly audit: number
}

export interface TokenKey {
  readonly kid: string
  readonly key: Buffer
}

const SECOND_STEPS = ['optional', 'required'] as const
export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'silent'] as const

/** In the design, not in this version: set = refused, because ignoring it would mislead. */
const UNSUPPORTED = ['MicrosoftAppId'] as const

const DAY_MS = 24 * 3_600_000

/** @throws ConfigError naming every faulty variable. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const read = envReader(env)
  const mode = read.oneOf('NODE_ENV', ['development', 'production', 'test'], 'development')
  const production = mode === 'production'
  const port = read.port('PORT', 3978)
  const host = read.text('HOST', '127.0.0.1')
  const publicUrl = read.url('PUBLIC_URL', ['http:', 'https:'], production ? undefined : `http://localhost:${port}/`)
  const config: Config = {
    production,
    watch: mode === 'development',
    port,
    host,
    publicUrl: publicUrl ?? new URL('http://localhost/'),
    dataDir: read.text('DATA_DIR', './data'),
    redis: read.redis('REDIS_URL'),
    redisDurability: read.oneOf('REDIS_DURABILITY', ['required', 'warn'], 'required'),
    directLineSecret: read.secret('DIRECT_LINE_SECRET', production),
    tokenKeys: read.tokenKeys('TOKEN_KEYS', production),
    widgetOrigins: read.origins('WIDGET_ORIGINS'),
    identityKeys: read.identityKeys('IDENTITY_KEYS'),
    trustedProxies: read.networks('TRUSTED_PROXIES', '127.0.0.0/8, ::1'),
    coverage: read.coverage(),
    mailsPerMinute: read.whole('MAILS_PER_MINUTE', 120, 1, 100_000),
    networkMailsPerHour: read.whole('NETWORK_MAILS_PER_HOUR', 20, 1, 100_000),
    messagesPer10s: read.whole('MESSAGES_PER_10S', 20, 1, 1_000_000),
    keep: {
      conversation: read.whole('KEEP_CONVERSATION_DAYS', 30, 1, 365) * DAY_MS,
      desk: read.whole('KEEP_DESK_DAYS', 90, 1, 1_825) * DAY_MS,
      audit: read.whole('KEEP_AUDIT_DAYS', 730, 30, 3_650) * DAY_MS,
    },
    smtpUrl: read.url('SMTP_URL', ['smtp:', 'smtps:'], production ? undefined : null),
    mailFrom: read.address('MAIL_FROM', production ? undefined : 'sesame@example.com'),
    supportEmail: read.address('SUPPORT_EMAIL', production ? undefined : 'soutien@example.com'),
    orgName: read.text('ORG_NAME', 'Sésame Santé'),
    signInUrl: read.url('SIGN_IN_URL', ['http:', 'https:'], null) ?? publicUrl ?? new URL('http://localhost/'),
    timeZone: read.timeZone('TIME_ZONE', 'America/Toronto'),
    supportHours: read.hours('SUPPORT_HOURS'),
    agentSecondStep: read.oneOf('AGENT_SECOND_STEP', SECOND_STEPS, 'optional'),
    logLevel: read.oneOf('LOG_LEVEL', LOG_LEVELS, 'info'),
  }
  for (const name of UNSUPPORTED) read.refuse(name)
  read.throwIfFaulty()
  return Object.freeze(config)
}

/** A variable and what is wrong with it; never its value. `facts` fill the sentence of `code`. */
export interface ConfigFault {
  name: string
  code: ConfigFaultCode
  facts: Readonly<Record<string, string | number>>
}

export const CONFIG_FAULTS = [
  'must_be_set',
  'one_of',
  'port',
  'url',
  'redis_url',
  'too_short',
  'like_token',
  'token_key',
  'token_key_twice',
  'origins',
  'address',
  'time_zone',
  'hours',
  'whole',
  'networks',
  'safe_url',
  'identity_key',
  'not_together',
  'unsupported',
] as const
export type ConfigFaultCode = (typeof CONFIG_FAULTS)[number]

export class ConfigError extends AppError {
  readonly faults: readonly ConfigFault[]

  constructor(faults: readonly ConfigFault[]) {
    super('config_invalid', { faults: faults.length })
    this.faults = faults
  }
}

/** `null` as a default: may be left out. `undefined`: must be set. */
type Default<T> = T | null | undefined

function envReader(env: Readonly<Record<string, string | undefined>>) {
  const faults: ConfigFault[] = []
  const fault = (name: string, code: ConfigFaultCode, facts: ConfigFault['facts'] = {}): undefined => {
    faults.push({ name, code, facts })
    return undefined
  }
  const raw = (name: string): string | undefined => env[name]?.trim() || undefined
  const orDefault = <T>(name: string, value: Default<T>): T | undefined =>
    value === undefined ? fault(name, 'must_be_set') : (value ?? undefined)

  return {
    text: (name: string, fallback: string): string => raw(name) ?? fallback,
    oneOf<T extends string>(name: string, allowed: readonly T[], fallback: T): T {
      const value = raw(name)
      if (value === undefined) return fallback
      return allowed.find((a) => a === value) ?? fault(name, 'one_of', { allowed: allowed.join(', ') }) ?? fallback
    },
    port(name: string, fallback: number): number {
      const value = raw(name)
      if (value === undefined) return fallback
      if (/^\d{1,5}$/.test(value) && Number(value) <= 65_535) return Number(value)
      return fault(name, 'port') ?? fallback
    },
    url(name: string, protocols: readonly string[], fallback: Default<string>): URL | undefined {
      const value = raw(name) ?? orDefault(name, fallback)
      if (value === undefined) return undefined
      const url = URL.canParse(value) ? new URL(value) : undefined
      if (!url || !protocols.includes(url.protocol)) return fault(name, 'url', { protocols: protocols.join(' ') })
      if (url.protocol.startsWith('http') && !url.pathname.endsWith('/')) url.pathname += '/'
      return url
    },
    redis(name: string): RedisTarget | undefined {
      const value = raw(name)
      return value === undefined ? undefined : (parseRedisUrl(value) ?? fault(name, 'redis_url'))
    },
    secret(name: string, required: boolean): string | undefined {
      const value = raw(name) ?? orDefault<string>(name, required ? undefined : null)
      if (value?.startsWith('eyJ')) return fault(name, 'like_token')
      return value === undefined || value.length >= 32 ? value : fault(name, 'too_short', { least: 32 })
    },
    /** `kid:base64,kid:base64`, newest first. */
    tokenKeys(name: string, required: boolean): TokenKey[] | undefined {
      const value = raw(name) ?? orDefault<string>(name, required ? undefined : null)
      if (value === undefined) return undefined
      const keys = value.split(',').map(parseTokenKey)
      const bad = keys.indexOf(undefined)
      if (bad >= 0) return fault(name, 'token_key', { index: bad + 1 })
      const read = keys.filter((k) => k !== undefined)
      if (new Set(read.map((k) => k.kid)).size < read.length) return fault(name, 'token_key_twice')
      return read
    },
    identityKeys(name: string): IdentityKey[] {
      const keys = (raw(name) ?? '').split(',').filter(Boolean).map(parseIdentityKey)
      const bad = keys.indexOf(undefined)
      if (bad >= 0) fault(name, 'identity_key', { index: bad + 1 })
      const read = keys.filter((k) => k !== undefined)
      if (new Set(read.map((k) => k.kid)).size < read.length) fault(name, 'token_key_twice')
      return read
    },
    networks(name: string, fallback: string): BlockList {
      const list = new BlockList()
      for (const item of (raw(name) ?? fallback).split(/[\s,]+/)) {
        if (!addNetwork(list, item)) fault(name, 'networks')
      }
      return list
    },
    coverage(): CoverageTarget | undefined {
      const url = this.safeUrl('COVERAGE_URL')
      if (!url) return undefined
      const auth = this.coverageAuth()
      return auth && { url, auth }
    },
    coverageAuth(): CoverageAuth | undefined {
      const token = raw('COVERAGE_TOKEN')
      const tokenUrl = this.safeUrl('COVERAGE_TOKEN_URL')
      if (token !== undefined && tokenUrl)
        return fault('COVERAGE_TOKEN', 'not_together', { other: 'COVERAGE_TOKEN_URL' })
      if (token !== undefined) return { kind: 'bearer', token }
      if (!tokenUrl) return fault('COVERAGE_TOKEN', 'must_be_set')
      const clientId = raw('COVERAGE_CLIENT_ID') ?? fault('COVERAGE_CLIENT_ID', 'must_be_set') ?? ''
      const clientSecret = raw('COVERAGE_CLIENT_SECRET') ?? fault('COVERAGE_CLIENT_SECRET', 'must_be_set') ?? ''
      return { kind: 'client', tokenUrl, clientId, clientSecret, scope: raw('COVERAGE_SCOPE') }
    },
    safeUrl(name: string): URL | undefined {
      const value = raw(name)
      return value === undefined ? undefined : (parseSafeUrl(value) ?? fault(name, 'safe_url'))
    },
    whole(name: string, fallback: number, least: number, most: number): number {
      const value = raw(name)
      if (value === undefined) return fallback
      if (/^\d{1,9}$/.test(value) && Number(value) >= least && Number(value) <= most) return Number(value)
      return fault(name, 'whole', { least, most }) ?? fallback
    },
    origins(name: string): string[] {
      const items = (raw(name) ?? '').split(/[\s,]+/).filter(Boolean)
      for (const item of items) {
        if (!URL.canParse(item) || new URL(item).origin !== item) fault(name, 'origins')
      }
      return items
    },
    address(name: string, fallback: Default<string>): string {
      const value = raw(name) ?? orDefault(name, fallback) ?? ''
      if (value && !/^[^\s@<>,;"]+@[^\s@<>,;"]+\.[^\s@<>,;"]+$/.test(value)) fault(name, 'address')
      return value
    },
    timeZone(name: string, fallback: string): string {
      const value = raw(name) ?? fallback
      try {
        new Intl.DateTimeFormat('fr', { timeZone: value })
      } catch {
        fault(name, 'time_zone')
      }
      return value
    },
    hours(name: string): string | undefined {
      const value = raw(name)
      try {
        createHours(value, 'UTC')
      } catch {
        fault(name, 'hours')
      }
      return value
    },
    refuse(name: string): void {
      if (raw(name) !== undefined) fault(name, 'unsupported')
    },
    throwIfFaulty(): void {
      if (faults.length > 0) throw new ConfigError(faults)
    },
  }
}

function parseTokenKey(text: string): TokenKey | undefined {
  const [kid, base64] = text.trim().split(':')
  const key = Buffer.from(base64 ?? '', 'base64')
  return kid && key.length >= 32 ? { kid, key } : undefined
}

/** One address, or `address/bits`. @returns false for anything else. */
function addNetwork(list: BlockList, text: string): boolean {
  const [address = '', bits, ...more] = text.split('/')
  const version = isIP(address)
  const most = version === 4 ? 32 : 128
  const length = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : -1
  if (version === 0 || more.length > 0 || length < 0 || length > most) return false
  list.addSubnet(address, length, version === 4 ? 'ipv4' : 'ipv6')
  return true
}
