import en from '../../locales/en/cli.json' with { type: 'json' }
import fr from '../../locales/fr/cli.json' with { type: 'json' }
import { type Config, readConfig } from '../config.ts'
import { type Agents, createAgents } from '../desk/agents.ts'
import { AppError } from '../errors.ts'
import { createTexts } from '../language/texts.ts'
import { openAgentStore } from '../stores.ts'
import { terminalLocale } from '../terminal.ts'
import type { Locale } from '../wire/activity.ts'
import { runCli } from './run.ts'

const texts = createTexts({ fr: { cli: fr }, en: { cli: en } }, {})
type Say = (key: string, values?: Readonly<Record<string, string>>) => string

/** Where the command writes; `process.stdout` and `process.stderr` fit. */
interface Sink {
  write(text: string): unknown
}

export interface AgentsCommand {
  args: readonly string[]
  /** Where agents are kept, and where the console is reached: sign-in links begin with it. */
  config: Pick<Config, 'dataDir' | 'redis' | 'publicUrl'>
  locale: Locale
  out: Sink
  err: Sink
}

/** A mistake of the person at the terminal; its text is all they are shown. */
class Refusal extends Error {}

/** @returns the exit code. A sign-in link goes to `out` and nowhere else. */
export async function runAgents(command: AgentsCommand): Promise<number> {
  const t: Say = (key, values) => texts.say(command.locale, `cli:agents.${key}`, values)
  try {
    await dispatch(command, t)
    return 0
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    command.err.write(`${error.message}\n`)
    return 1
  }
}

async function dispatch(command: AgentsCommand, t: Say): Promise<void> {
  const [verb = '', ...words] = command.args
  const name = words.join(' ')
  if (!['add', 'list', 'remove', 'link'].includes(verb)) throw new Refusal(t('usage'))
  if ((verb === 'list') !== (name === '')) throw new Refusal(t('usage'))
  const { agents: store, close } = await openAgentStore(command.config)
  try {
    const agents = createAgents({ store })
    const line = verb === 'list' ? await list(agents, t) : await change(agents, verb, name, command.config.publicUrl, t)
    command.out.write(`${line}\n`)
  } finally {
    close()
  }
}

async function change(agents: Agents, verb: string, name: string, publicUrl: URL, t: Say): Promise<string> {
  if (verb === 'remove') {
    if (!(await agents.remove(name))) throw new Refusal(t('unknown', { name }))
    return t('removed', { name })
  }
  if (verb === 'add' && (await addAgent(agents, name, t)) === undefined) throw new Refusal(t('taken', { name }))
  const token = await agents.link(name)
  if (token === undefined) throw new Refusal(t('unknown', { name }))
  return t('link', { name, url: new URL(`desk/#token=${token}`, publicUrl).href })
}

async function addAgent(agents: Agents, name: string, t: Say): Promise<string | undefined> {
  try {
    return await agents.add(name)
  } catch (error) {
    if (error instanceof AppError && error.code === 'bad_request') throw new Refusal(t('bad_name'))
    throw error
  }
}

async function list(agents: Agents, t: Say): Promise<string> {
  const lines = (await agents.list()).map(({ name, hasPassword, createdAt }) => {
    const since = new Date(createdAt).toISOString().slice(0, 10)
    return `${name}\t${t(hasPassword ? 'password' : 'no_password')}\t${t('since', { date: since })}`
  })
  return lines.length > 0 ? lines.join('\n') : t('none')
}

if (import.meta.main) {
  await runCli(() => {
    const config = readConfig(process.env)
    return runAgents({
      args: process.argv.slice(2),
      config,
      locale: terminalLocale(process.env),
      out: process.stdout,
      err: process.stderr,
    })
  })
}
