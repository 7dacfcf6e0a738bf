/** `npm run privacy -- export|erase ADDRESS|CONVERSATION` and `npm run privacy -- audit`. May run beside the service. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import en from '../../locales/en/privacy.json' with { type: 'json' }
import fr from '../../locales/fr/privacy.json' with { type: 'json' }
import { type Config, readConfig } from '../config.ts'
import { makeFolder } from '../folder.ts'
import { deriveKey, readKeys } from '../keys.ts'
import { parseEmail } from '../language/email.ts'
import { createTexts } from '../language/texts.ts'
import { AUDIT_LOGS, type Audit, type AuditStore, auditKeysOf, createAudit } from '../privacy/audit.ts'
import type { KeptStore } from '../privacy/kept.ts'
import { type ErasedAll, eraseKept, exportKept, type Requests, type Subject } from '../privacy/requests.ts'
import { openRedisStore } from '../store/redis/open.ts'
import { openAddressFiles } from '../store/sqlite/address-files.ts'
import { createAuditStore } from '../store/sqlite/audit.ts'
import { openSqliteStore } from '../store/sqlite/open.ts'
import { startFault, starting, terminalLocale } from '../terminal.ts'
import type { Locale } from '../wire/activity.ts'
import { createLimitKeys } from '../work/limits.ts'
import { Refusal, runCli } from './run.ts'

const texts = createTexts({ fr: { privacy: fr }, en: { privacy: en } }, {})
type Say = (key: string, values?: Readonly<Record<string, string | number>>) => string

/** Where the command writes; `process.stdout` and `process.stderr` fit. */
interface Sink {
  write(text: string): unknown
  isTTY?: boolean
}

export interface PrivacyCommand {
  args: readonly string[]
  config: Config
  locale: Locale
  out: Sink
  err: Sink
}

/** Done, but something is left for people to do; `err` says what. */
const PARTLY = 2

/** @returns the exit code: 0 all is done and sound, 1 not, 2 done but for what `err` says. The data of an export goes to `out` or to the
 *  named file, and nowhere else. @throws Refusal for a mistake of the person at the terminal. */
export async function runPrivacy(command: PrivacyCommand): Promise<number> {
  const t: Say = (key, values) => texts.say(command.locale, `privacy:${key}`, values)
  const { positionals, values } = parseCommand(command.args, t)
  const [name, about, extra] = positionals
  const known = name === 'audit' ? about === undefined : (name === 'export' || name === 'erase') && about !== undefined
  const isUsed = (values.out === undefined || name === 'export') && (!values['with-invitation'] || name === 'erase')
  if (!known || extra !== undefined || !isUsed) throw new Refusal(t('usage'))
  const subject = name === 'audit' ? undefined : subjectOf(about ?? '', t)
  const kept = await openKept(command.config)
  try {
    if (!subject) return await verify(kept.audit, command.out, t)
    if ('conversationId' in subject && !(await kept.store.load(subject.conversationId)))
      throw new Refusal(t('errors.unknown'))
    const requests = requestsOf(kept, command, t)
    if (name === 'export') return await runExport(requests, subject, values.out, command, t)
    return await runErase(requests, subject, values['with-invitation'] === true, command, t)
  } finally {
    await kept.store.close()
  }
}

function parseCommand(args: readonly string[], t: Say) {
  try {
    const options = { out: { type: 'string' }, 'with-invitation': { type: 'boolean' } } as const
    return parseArgs({ args: [...args], allowPositionals: true, options })
  } catch {
    throw new Refusal(t('usage'))
  }
}

function subjectOf(about: string, t: Say): Subject {
  if (/^[\w-]{1,64}$/.test(about)) return { conversationId: about }
  const email = parseEmail(about.trim())
  if (email === undefined) throw new Refusal(t('errors.subject'))
  return { email }
}

interface Opened {
  store: KeptStore
  audit: Audit
  now(): number
}

async function openKept(config: Config): Promise<Opened> {
  starting('folder', { path: config.dataDir }, () => makeFolder(config.dataDir))
  const keys = starting('keys', { file: join(config.dataDir, 'keys.json') }, () => readKeys(config))
  const { store, audit, now } = config.redis ? await openRedis(config, config.redis) : openFile(config)
  return { store, now, audit: createAudit({ store: audit, keys: auditKeysOf(keys.tokenKeys), now }) }
}

type Stores = { store: KeptStore; audit: AuditStore; now(): number }

function openFile({ dataDir }: Config): Stores {
  const file = join(dataDir, 'sesame.db')
  const store = starting('database', { file }, () => openSqliteStore(file))
  return { store, audit: createAuditStore(store.db), now: Date.now }
}

const SILENT = { info() {}, warn() {}, error() {} }

/** A weak Redis is refused by the service; here is nothing that it could lose. */
async function openRedis({ keep }: Config, target: NonNullable<Config['redis']>): Promise<Stores> {
  try {
    return await openRedisStore({ target, durability: 'warn', keepMs: keep.conversation, log: SILENT })
  } catch (error) {
    throw startFault('redis', { hosts: target.nodes.map(({ host, port }) => `${host}:${port}`).join(', ') }, error)
  }
}

function requestsOf(kept: Opened, { config, err }: PrivacyCommand, t: Say): Requests {
  const limits = createLimitKeys(deriveKey(readKeys(config), 'address'))
  const files = (email: string) => openAddressFiles(config.dataDir, email)
  const onRead = (count: number) => {
    if (err.isTTY && count % 500 === 0) err.write(`\r${t('read', { count })}\u001b[K`)
  }
  return { ...kept, limits, files, onRead }
}

async function runExport(o: Requests, subject: Subject, file: string | undefined, c: PrivacyCommand, t: Say) {
  const to = file === undefined ? { write: (json: string) => void c.out.write(json), close() {} } : openFileFor(file, t)
  try {
    const conversations = await exportKept(o, subject, to.write)
    c.err.write(`${t('exported', { count: conversations })}\n`)
    if ('email' in subject && conversations > 0) c.err.write(`${t('read_first')}\n`)
    if (c.config.coverage) c.err.write(`${t('provider')}\n`)
    return 0
  } finally {
    to.close()
  }
}

/** A new file that only its owner can read. */
function openFileFor(file: string, t: Say) {
  try {
    const handle = openSync(file, 'wx', 0o600)
    return { write: (json: string) => void writeSync(handle, json), close: () => closeSync(handle) }
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    throw new Refusal(t(code === 'EEXIST' ? 'errors.exists' : 'errors.file', { file, code }))
  }
}

async function runErase(o: Requests, subject: Subject, withInvitation: boolean, c: PrivacyCommand, t: Say) {
  const erased = await eraseKept(o, subject, withInvitation)
  c.out.write(`${t('erased', { count: erased.conversations })}\n`)
  if (erased.mails > 0) c.out.write(`${t('mails', { count: erased.mails })}\n`)
  if (withInvitation) c.out.write(`${t(erased.invitations > 0 ? 'invitation' : 'no_invitation')}\n`)
  const left = leftOver(erased, withInvitation, subject, c.config)
  for (const key of left) c.err.write(`${t(`left.${key}`, { count: erased.family })}\n`)
  return left.length > 0 ? PARTLY : 0
}

/** What could not be done here, as keys of `left`. */
function leftOver({ unscrubbed, family }: ErasedAll, withInvitation: boolean, subject: Subject, config: Config) {
  const left: string[] = unscrubbed.map((where) => (where === 'store' && config.redis ? 'redis' : where))
  if ('email' in subject && family > 0 && withInvitation) left.push('family')
  if ('email' in subject && config.coverage) left.push('provider')
  if ('email' in subject && config.smtpUrl) left.push('sent')
  return left
}

/** The chains are whole, or which entry is not what it was. */
async function verify(audit: Audit, out: Sink, t: Say): Promise<number> {
  let faults = 0
  for (const log of AUDIT_LOGS) {
    const verdict = await audit.verify(log)
    const { n = 0, hash = '' } = verdict.last ?? {}
    const key = verdict.count > 0 ? log : `${log}_empty`
    out.write(`${t(`logs.${key}`, { count: verdict.count, last: n, seal: hash.slice(0, 12) })}\n`)
    if (verdict.unknownKey > 0) out.write(`${t('logs.unknown_key', { count: verdict.unknownKey })}\n`)
    for (const { what, n, to } of verdict.faults) out.write(`${t(`faults.${to > n ? 'several' : what}`, { n, to })}\n`)
    faults += verdict.faults.length
  }
  out.write(`${t(faults > 0 ? 'logs.broken' : 'logs.whole')}\n`)
  return faults > 0 ? 1 : 0
}

if (import.meta.main) {
  await runCli(() =>
    runPrivacy({
      args: process.argv.slice(2),
      config: readConfig(process.env),
      locale: terminalLocale(process.env),
      out: process.stdout,
      err: process.stderr,
    }),
  )
}
