/** The coverage directory and the way mails leave, on a thread of their own: what they do for one address, known or not, is not felt by
 *  whoever talks to the service meanwhile. Port of `directory-thread.ts`, which does the work. */
import { setTimeout as pause } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { Config } from './config.ts'
import type { CoverageDirectory } from './coverage/directory.ts'
import type { ServiceInfo } from './coverage/mails.ts'
import { AppError, type Code, codeOf, placeOf } from './errors.ts'
import type { Log, LogFacts } from './log.ts'
import type { Mailer } from './mail/mailer.ts'
import type { Budget } from './work/limits.ts'

/** What the thread is told at its start. Plain data. */
export interface DirectorySettings {
  readonly production: boolean
  readonly dataDir: string
  /** Absent: mails go to the mailbox. */
  readonly smtpUrl: string | undefined
  readonly from: ServiceInfo & { mailFrom: string }
  readonly coverage:
    | { readonly url: string; readonly auth: NonNullable<Config['coverage']>['auth'] & object }
    | undefined
}

/** Methods by name, as they go to the thread: each takes one value and resolves to one. */
export type Ask = { n: number; method: 'find' | 'resend' | 'link' | 'send' | 'pretend' | 'close'; value: unknown }
/** What comes from the thread: answers, lines for the log, and its wish to send one mail more. */
export type Told =
  | { ready: true }
  | { failed: Code; facts: LogFacts }
  | { n: number; value: unknown }
  | { n: number; code: Code; facts: LogFacts }
  | { take: number; kind: keyof Budget; id: string }
  | { level: keyof Log; facts: LogFacts; event: string }
/** Answer to `take`. */
export type Taken = { taken: number; code?: Code; facts?: LogFacts }

export interface Directory {
  coverage: CoverageDirectory
  mailer: Mailer
  close(): Promise<void>
}

/** Memory of the thread for what lives shortly, MB. */
const YOUNG_MB = 4
/** Before a thread that ended by itself is started again, ms. */
const AGAIN_MS = 1_000
/** How long a thread may need to be ready, and to close, ms. */
const READY_MS = 30_000
const CLOSE_MS = 2_000

export function settingsOf(config: Config): DirectorySettings {
  const { production, dataDir, orgName, supportEmail, signInUrl, publicUrl, mailFrom, coverage } = config
  return {
    production,
    dataDir,
    smtpUrl: config.smtpUrl?.href,
    from: { orgName, supportEmail, signInUrl: signInUrl.href, publicUrl: publicUrl.href, mailFrom },
    coverage: coverage && { url: coverage.url.href, auth: plainAuth(coverage.auth) },
  }
}

type Auth = NonNullable<Config['coverage']>['auth']
/** A URL does not travel between threads. */
const plainAuth = (auth: Auth) => (auth.kind === 'client' ? { ...auth, tokenUrl: auth.tokenUrl.href as never } : auth)

/** Resolves when the thread is ready. @throws AppError when a file can't be used. */
export async function openDirectory(settings: DirectorySettings, budget: Budget, log: Log): Promise<Directory> {
  const waiting = new Map<number, { resolve(value: never): void; reject(error: unknown): void }>()
  let count = 0
  let closing = false
  let thread: Worker | undefined
  thread = await start()

  async function start(): Promise<Worker> {
    const started = new Worker(new URL('./directory-thread.ts', import.meta.url), {
      workerData: settings,
      execArgv: ['--disable-warning=ExperimentalWarning'],
      // It makes a mail at a time: with as much room as the service it would only keep garbage longer.
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    })
    const ready = Promise.withResolvers<void>()
    const fail = (why: string) => ready.reject(new AppError('coverage_unavailable', { why }))
    started.on('message', (told: Told) => {
      if ('ready' in told) ready.resolve()
      else if ('failed' in told) ready.reject(new AppError(told.failed, told.facts as AppError['facts']))
      else hear(started, told)
    })
    started.on('error', (error) => {
      log.error({ where: placeOf(error) }, 'directory.fault')
      fail('fault')
    })
    started.once('exit', () => {
      fail('ended')
      onExit()
    })
    const late = setTimeout(fail, READY_MS, 'not_ready')
    try {
      await ready.promise
    } catch (error) {
      closing ||= thread === undefined
      await started.terminate()
      throw error
    } finally {
      clearTimeout(late)
    }
    return started
  }

  function hear(from: Worker, told: Exclude<Told, { ready: true } | { failed: Code }>): void {
    if ('level' in told) return log[told.level](told.facts, told.event)
    if ('take' in told) return void take(from, told)
    const asked = waiting.get(told.n)
    waiting.delete(told.n)
    if ('code' in told) asked?.reject(new AppError(told.code, told.facts as AppError['facts']))
    else asked?.resolve(told.value as never)
  }

  /** What is counted is in the store, and that is here. */
  async function take(from: Worker, { take: taken, kind, id }: Extract<Told, { take: number }>): Promise<void> {
    const answer: Taken = await budget[kind](id).then(
      () => ({ taken }),
      (error) => ({ taken, code: codeOf(error), facts: error instanceof AppError ? error.facts : {} }),
    )
    from.postMessage(answer)
  }

  /** Whatever was under way is tried again by its worker. */
  function onExit(): void {
    for (const { reject } of waiting.values()) reject(new AppError('coverage_unavailable', { why: 'ended' }))
    waiting.clear()
    if (closing) return
    log.error({}, 'directory.ended')
    setTimeout(() => void restart(), AGAIN_MS).unref()
  }

  async function restart(): Promise<void> {
    if (closing) return
    await start().then(
      (started) => {
        thread = started
      },
      (error) => log.error({ code: codeOf(error) }, 'directory.start_failed'),
    )
  }

  function ask<T>(method: Ask['method'], value: unknown): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const n = ++count
      waiting.set(n, { resolve, reject })
      thread?.postMessage({ n, method, value } satisfies Ask)
      // A thread that is gone answers nothing.
      if (!thread || thread.threadId === -1) onGone(n)
    })
  }

  function onGone(n: number): void {
    waiting.get(n)?.reject(new AppError('coverage_unavailable', { why: 'ended' }))
    waiting.delete(n)
  }

  async function close(): Promise<void> {
    if (closing) return
    closing = true
    const closed = ask('close', undefined).catch(() => undefined)
    await Promise.race([closed, pause(CLOSE_MS, undefined, { ref: false })])
    await thread?.terminate()
  }

  return {
    coverage: {
      find: (request) => ask('find', request),
      resend: (request) => ask('resend', request),
      link: (request) => ask('link', request),
      close,
    },
    mailer: { send: (mail) => ask('send', mail), pretend: (mail) => ask('pretend', mail) },
    close,
  }
}
