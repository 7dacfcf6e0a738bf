/** `npm run audit`: the tree of packages against `security/`, without the network. Ends with 1 when something is found. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import en from '../../locales/en/supply.json' with { type: 'json' }
import fr from '../../locales/fr/supply.json' with { type: 'json' }
import { createTexts } from '../language/texts.ts'
import { terminalLocale } from '../terminal.ts'
import type { Locale } from '../wire/activity.ts'
import { Refusal, runCli } from './run.ts'
import { parseAccepted, parseAdvisories, parsePolicy } from './supply/files.ts'
import { installed, type Lockfile, parseLockfile } from './supply/lockfile.ts'
import { checkLockfile, type Rulebook } from './supply/rules.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const DAY_MS = 24 * 3_600_000
/** After so many days somebody should look for new advisories. It is said, and fails nothing. */
const REVIEW_DAYS = 60

const texts = createTexts({ fr: { supply: fr }, en: { supply: en } }, {})
type Say = (key: string, values?: Readonly<Record<string, string | number>>) => string

export interface AuditCommand {
  /** Folder with `package-lock.json` and `security/`. */
  root: string
  /** `2026-11-23`. */
  today: string
  locale: Locale
  out: { write(text: string): unknown }
}

/** @returns the exit code. @throws Refusal naming the file that can't be read. */
export function runAudit({ root, today, locale, out }: AuditCommand): number {
  const say: Say = (key, values) => texts.say(locale, `supply:${key}`, values)
  const read = readerOf(root, say)
  const lock = read('package-lock.json', parseLockfile)
  const book = {
    advisories: read('security/advisories.json', parseAdvisories),
    accepted: read('security/accepted.json', parseAccepted),
    policy: read('security/policy.json', parsePolicy),
    today,
  }
  const findings = checkLockfile(lock, book).map(({ rule, facts }) => say(`rules.${rule}`, facts))
  for (const line of [...findings, ...remarks(book, say), summary(lock, book, findings.length, say)]) {
    out.write(`${line}\n`)
  }
  return findings.length > 0 ? 1 : 0
}

function readerOf(root: string, say: Say) {
  return <T>(file: string, parse: (text: string) => T): T => {
    try {
      return parse(readFileSync(join(root, file), 'utf8'))
    } catch (error) {
      throw new Refusal(say('unreadable', { file, why: error instanceof Error ? error.message : String(error) }))
    }
  }
}

/** What was let through, so that nobody forgets it. */
function remarks({ accepted, policy, advisories, today }: Rulebook, say: Say): string[] {
  const lines = accepted.map(({ id, package: name, versions, until }) =>
    say('accepted', { id, name, versions: versions.join(', '), until }),
  )
  const { withoutIntegrity } = policy
  if (withoutIntegrity.length > 0)
    lines.push(say('without_integrity', { count: withoutIntegrity.length, names: withoutIntegrity.join(', ') }))
  const age = Math.floor((Date.parse(today) - Date.parse(lastReview(advisories))) / DAY_MS)
  if (age > REVIEW_DAYS) lines.push(say('stale', { days: age }))
  return lines
}

/** The newest: an entry is looked at again when something is heard of it, the list when somebody looks for new ones. */
const lastReview = (advisories: Rulebook['advisories']): string =>
  advisories
    .map((it) => it.reviewed)
    .sort()
    .at(-1) ?? '1970-01-01'

function summary(lock: Lockfile, { advisories }: Rulebook, count: number, say: Say): string {
  const values = { packages: installed(lock).length, advisories: advisories.length, date: lastReview(advisories) }
  return [say('checked', values), count > 0 ? say('found', { count }) : say('good')].join(' ')
}

if (import.meta.main) {
  const today = new Date().toISOString().slice(0, 10)
  await runCli(async () => runAudit({ root: ROOT, today, locale: terminalLocale(process.env), out: process.stdout }))
}
