/** Who was shown, exported or erased what, and who took which request: two logs that are only ever added to. Each entry is sealed with
 *  a secret key and holds the digest of the one before, so that what is changed or removed later shows. The oldest go when they are
 *  old enough. Whoever can write to the store can still cut off the newest: note the last number elsewhere (`npm run privacy -- audit`
 *  prints it, the service logs it). */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { TokenKey } from '../config.ts'
import { AppError } from '../errors.ts'

/** `desk`: who took, handed back and ended which request. `audit`: who saw or changed what concerns a person or an agent. */
export const AUDIT_LOGS = ['desk', 'audit'] as const
export type AuditLog = (typeof AUDIT_LOGS)[number]

export const ACTIONS = {
  desk: ['claim', 'take_over', 'handback', 'resolve'],
  audit: [
    'read',
    'reveal',
    'export',
    'erase',
    'agent_added',
    'agent_removed',
    'agent_link',
    'agent_role',
    'sign_in',
    'sign_in_failed',
    'second_step_on',
    'second_step_off',
  ],
} as const satisfies Record<AuditLog, readonly string[]>

export interface AuditFact<L extends AuditLog = AuditLog> {
  /** Id of an agent, or `command`: somebody at the service's own terminal. */
  actor: string
  action: (typeof ACTIONS)[L][number]
  /** Id of a conversation or an agent, or what `subjectOf` makes of an address or a name. */
  subject: string
  reason?: string
}

/** An entry as it is stored. `text` is what is sealed, byte for byte. */
export interface SealedEntry {
  /** 1, 2, 3 ... within its log; a number is used once, also when its entry was pruned. */
  n: number
  /** Epoch ms. */
  at: number
  text: string
  hash: string
}

/** Port: where the logs are. Contract: `test/contracts/audit.ts`. Every method @throws AppError `store_unavailable`. */
export interface AuditStore {
  /** @returns false when `entry.n` is not the next number: another one came first, and nothing was written. */
  append(log: AuditLog, entry: SealedEntry): Promise<boolean>
  /** The number used last, 0 for none, with its entry (absent when somebody removed it). */
  last(log: AuditLog): Promise<{ n: number; entry?: SealedEntry }>
  /** Entries with a number above `after`, in order, at most `limit`. */
  read(log: AuditLog, after: number, limit: number): Promise<SealedEntry[]>
  /** Drops the oldest, up to the first that is not older than `before` (epoch ms). The newest stays, however old: otherwise nobody
   *  could tell a log that was emptied from one that was pruned. @returns how many. */
  prune(log: AuditLog, before: number): Promise<number>
}

/** `edited`: not what was sealed. `missing`: numbers `n` to `to` are not there. `replaced`: sealed, but not what the next one followed. */
export interface AuditFault {
  what: 'edited' | 'missing' | 'replaced'
  n: number
  to: number
}

export interface Verdict {
  count: number
  /** Number and seal of the newest, for comparing with what was noted elsewhere. */
  last?: { n: number; hash: string }
  /** Sealed with a key that is not among ours any more; what they say is vouched for by the entries after them only. */
  unknownKey: number
  faults: AuditFault[]
}

export interface Audit {
  /** Resolves when it is on disk. @throws AppError `store_unavailable`: it is not recorded, so what it is about must not happen. */
  record<L extends AuditLog>(log: L, fact: AuditFact<L>): Promise<void>
  verify(log: AuditLog): Promise<Verdict>
  prune(log: AuditLog, before: number): Promise<number>
  /** Name for an address or a person's name that tells nothing to who has no key. */
  subjectOf(text: string): string
}

export interface AuditOptions {
  store: AuditStore
  /** From `auditKeysOf`: the newest seals, all verify. */
  keys: readonly TokenKey[]
  now: () => number
  /** Told of every entry: what a service logs somewhere else can't be cut off here. */
  onEntry?: (log: AuditLog, n: number, hash: string) => void
}

const PAGE = 500
/** Others may append at the same moment; each try that fails means that one of them did. */
const TRIES = 200
const PAUSE_MS = 5

/** @param tokenKeys newest first. One that is kept until the last entry it sealed is pruned verifies all of them. */
export function auditKeysOf(tokenKeys: readonly TokenKey[]): TokenKey[] {
  return tokenKeys.map(({ kid, key }) => ({ kid, key: createHmac('sha256', key).update('audit').digest() }))
}

export function createAudit({ store, keys, now, onEntry }: AuditOptions): Audit {
  const [newest] = keys
  if (!newest) throw new AppError('config_invalid', { missing: 'TOKEN_KEYS' })

  async function record(log: AuditLog, fact: AuditFact): Promise<void> {
    for (let tries = 0; tries < TRIES; tries++) {
      const last = await store.last(log)
      const entry = seal(log, fact, last, newest as TokenKey, now())
      if (await store.append(log, entry)) return onEntry?.(log, entry.n, entry.hash)
      await pause(Math.random() * PAUSE_MS)
    }
    throw new AppError('store_unavailable', { log })
  }

  return {
    record,
    verify: (log) => verify(store, keys, log),
    prune: (log, before) => store.prune(log, before),
    subjectOf: (text) => createHmac('sha256', newest.key).update(`subject ${text}`).digest('base64url'),
  }
}

function seal(
  log: AuditLog,
  { actor, action, subject, reason }: AuditFact,
  last: { n: number; entry?: SealedEntry },
  { kid, key }: TokenKey,
  at: number,
): SealedEntry {
  const n = last.n + 1
  const said = { actor, action, subject, ...(reason === undefined ? {} : { reason }) }
  const text = JSON.stringify({ log, n, at: new Date(at).toISOString(), ...said, key: kid, prev: digestOf(last.entry) })
  return { n, at, text, hash: macOf(key, text) }
}

const macOf = (key: Buffer, text: string): string => createHmac('sha256', key).update(text).digest('base64url')

/** What the next entry names this one by; empty when there is none. Needs no key, so it holds when an old key is gone. */
function digestOf(entry: SealedEntry | undefined): string {
  return entry ? createHash('sha256').update(`${entry.text}\n${entry.hash}`).digest('base64url') : ''
}

async function verify(store: AuditStore, keys: readonly TokenKey[], log: AuditLog): Promise<Verdict> {
  const verdict: Verdict = { count: 0, unknownKey: 0, faults: [] }
  // Asked for first: what is appended meanwhile is not missing.
  const { n: newest } = await store.last(log)
  let before: Checked | undefined
  for (;;) {
    const page = await store.read(log, before?.entry.n ?? 0, PAGE)
    for (const entry of page) {
      const next = check(log, entry, keys)
      verdict.faults.push(...faultsBetween(before, next))
      if (!next.isKnown) verdict.unknownKey++
      verdict.count++
      before = next
    }
    if (page.length < PAGE) break
  }
  if (before) verdict.last = { n: before.entry.n, hash: before.entry.hash }
  const end = before?.entry.n ?? 0
  if (end < newest) verdict.faults.push({ what: 'missing', n: end + 1, to: newest })
  return verdict
}

/** An entry with what its text says. */
interface Checked {
  entry: SealedEntry
  prev: string
  isSound: boolean
  /** We have its key. */
  isKnown: boolean
}

function check(log: AuditLog, entry: SealedEntry, keys: readonly TokenKey[]): Checked {
  const { log: own, n, at, key: kid, prev } = parse(entry.text)
  const key = keys.find((one) => one.kid === kid)
  const isSealed = key === undefined || isSame(macOf(key.key, entry.text), entry.hash)
  const isSound = isSealed && own === log && n === entry.n && Date.parse(String(at)) === entry.at
  return { entry, prev: String(prev), isSound, isKnown: key !== undefined }
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const said: unknown = JSON.parse(text)
    return typeof said === 'object' && said !== null ? { ...said } : {}
  } catch {
    return {}
  }
}

function isSame(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)]
  return one.length === other.length && timingSafeEqual(one, other)
}

/** What is wrong with an entry, and between it and the one before. */
function faultsBetween(before: Checked | undefined, { entry, prev, isSound }: Checked): AuditFault[] {
  const faults: AuditFault[] = []
  const { n } = entry
  // The oldest follows one that was pruned, unless there was none to follow: that one was removed.
  const oldest = n > 1 && prev === '' ? n - 1 : n
  const expected = before ? before.entry.n + 1 : oldest
  if (n > expected) faults.push({ what: 'missing', n: expected, to: n - 1 })
  else if (before?.isSound && isSound && prev !== digestOf(before.entry))
    faults.push({ what: 'replaced', n: before.entry.n, to: before.entry.n })
  if (!isSound) faults.push({ what: 'edited', n, to: n })
  return faults
}
