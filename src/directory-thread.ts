/** The thread of `directory.ts`: chooses the coverage directory and the mailer, and answers for them. */
import { createReadStream, existsSync } from 'node:fs'
import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import type { CoverageAuth } from './config-coverage.ts'
import type { CoverageDirectory } from './coverage/directory.ts'
import { importCsv } from './coverage/import.ts'
import { countInvitations, createSqliteCoverage, openCoverageDb } from './coverage/sqlite.ts'
import type { Ask, DirectorySettings, Taken, Told } from './directory.ts'
import { AppError, codeOf } from './errors.ts'
import type { Log } from './log.ts'
import { createMailbox } from './mail/mailbox.ts'
import type { Mailer } from './mail/mailer.ts'
import { createOnceMailer } from './mail/once.ts'
import { createSmtpMailer } from './mail/smtp.ts'
import type { Budget } from './work/limits.ts'

const tell = (told: Told): void => parentPort?.postMessage(told)

const log: Log = {
  info: (facts, event) => tell({ level: 'info', facts, event }),
  warn: (facts, event) => tell({ level: 'warn', facts, event }),
  error: (facts, event) => tell({ level: 'error', facts, event }),
}

const takes = new Map<number, (taken: Taken) => void>()
let count = 0

async function askBudget(kind: keyof Budget, id: string): Promise<void> {
  const take = ++count
  const { code, facts } = await new Promise<Taken>((resolve) => {
    takes.set(take, resolve)
    tell({ take, kind, id })
  })
  if (code) throw new AppError(code, facts as AppError['facts'])
}

const budget: Budget = { take: (id) => askBudget('take', id), pretend: (id) => askBudget('pretend', id) }

function openMailer({ smtpUrl, dataDir, from }: DirectorySettings): Mailer & { close(): void } {
  if (smtpUrl === undefined) return createMailbox(join(dataDir, 'mailbox.db'))
  const sender = { from: from.mailFrom, fromName: from.orgName, replyTo: from.supportEmail }
  return createOnceMailer(createSmtpMailer({ url: smtpUrl, ...sender }), join(dataDir, 'mails.db'), log)
}

/** The provider's system, or the invitations in the data folder. Development starts with samples. */
async function openCoverage(settings: DirectorySettings, mailer: Mailer): Promise<CoverageDirectory> {
  const { coverage, dataDir, production, from } = settings
  if (coverage) {
    // Here, not above: what it needs is some MB for nothing where there is no such system.
    const { createHttpCoverage } = await import('./coverage/http.ts')
    const auth = toAuth(coverage.auth)
    return createHttpCoverage({ target: { url: new URL(coverage.url), auth }, budget, log })
  }
  const db = openCoverageDb(join(dataDir, 'coverage.db'))
  const sample = join(import.meta.dirname, 'coverage', 'sample.csv')
  if (!production && countInvitations(db) === 0 && existsSync(sample)) await importCsv(db, createReadStream(sample))
  return createSqliteCoverage({ db, mailer, budget, from, defaultLocale: 'fr' })
}

const toAuth = (auth: CoverageAuth): CoverageAuth =>
  auth.kind === 'client' ? { ...auth, tokenUrl: new URL(auth.tokenUrl) } : auth

async function main(settings: DirectorySettings): Promise<void> {
  const mailer = openMailer(settings)
  const coverage = await openCoverage(settings, mailer)
  const methods: Record<Ask['method'], (value: never) => Promise<unknown>> = {
    ...coverage,
    send: mailer.send,
    pretend: mailer.pretend,
    async close() {
      mailer.close()
      await coverage.close()
    },
  }
  parentPort?.on('message', (message: Ask | Taken) => {
    if ('taken' in message) {
      takes.get(message.taken)?.(message)
      takes.delete(message.taken)
      return
    }
    const { n, method, value } = message
    methods[method](value as never).then(
      (answer) => tell({ n, value: answer }),
      (error) => tell({ n, code: codeOf(error), facts: error instanceof AppError ? error.facts : {} }),
    )
  })
  tell({ ready: true })
}

main(workerData as DirectorySettings).catch((error: unknown) => {
  tell({ failed: codeOf(error), facts: error instanceof AppError ? error.facts : {} })
})
