/** What the service and its commands say on a terminal, in the language of whoever started them. */
import authoringEn from '../locales/en/authoring.json' with { type: 'json' }
import cliEn from '../locales/en/cli.json' with { type: 'json' }
import authoringFr from '../locales/fr/authoring.json' with { type: 'json' }
import cliFr from '../locales/fr/cli.json' with { type: 'json' }
import { ConfigError } from './config.ts'
import { ContentError, type Fault } from './dialog/faults.ts'
import { AppError } from './errors.ts'
import { createTexts } from './language/texts.ts'
import { type Locale, parseLocale } from './wire/activity.ts'

type Environment = Readonly<Record<string, string | undefined>>
export type Say = (key: string, values?: Readonly<Record<string, string | number>>) => string

/** French unless the terminal speaks English. */
export function terminalLocale({ LC_ALL, LC_MESSAGES, LANG }: Environment): Locale {
  return parseLocale(LC_ALL || LC_MESSAGES || LANG) ?? 'fr'
}

/** Words of `cli.json` and `authoring.json`, as `"<namespace>:<key>"`. */
export function terminalWords(locale: Locale): Say {
  const resources = { fr: { cli: cliFr, authoring: authoringFr }, en: { cli: cliEn, authoring: authoringEn } }
  const texts = createTexts(resources, {})
  return (key, values) => texts.say(locale, key, values)
}

/** One line for each thing that a person must mend. */
export function explain(error: unknown, say: Say): string[] {
  if (error instanceof ConfigError) {
    return error.faults.map(({ name, code, facts }) => `${name}: ${say(`cli:config.${code}`, facts)}`)
  }
  if (error instanceof ContentError) return error.faults.map((fault) => describeFault(fault, say))
  if (error instanceof AppError && error.code === 'start_failed')
    return [say(`cli:failed.${error.facts.what}`, error.facts)]
  return [say('cli:failed.other', { why: error instanceof Error ? error.message : String(error) })]
}

/** Where an author finds it, and what is wrong. */
function describeFault({ file, line, code, facts }: Fault, say: Say): string {
  return `${file}:${line}  ${say(`authoring:${code}`, facts)}`
}

export type StartFault =
  | 'port_used'
  | 'listen'
  | 'folder'
  | 'database'
  | 'newer'
  | 'keys'
  | 'pages'
  | 'redis'
  | 'redis_weak'

/** Runs a step of starting; its fault becomes a sentence of `cli:failed`. */
export function starting<T>(what: StartFault, facts: Readonly<Record<string, string | number>>, step: () => T): T {
  try {
    return step()
  } catch (error) {
    throw startFault(what, facts, error)
  }
}

export function startFault(
  what: StartFault,
  facts: Readonly<Record<string, string | number>>,
  cause: unknown,
): AppError {
  const { code, message } = cause as { code?: string; message?: string }
  const isNewer = cause instanceof AppError && cause.facts.newer !== undefined
  return new AppError(
    'start_failed',
    { what: isNewer ? 'newer' : what, ...facts, why: code ?? message ?? String(cause) },
    { cause },
  )
}
