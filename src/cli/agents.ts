import en from '../../locales/en/cli.json' with { type: 'json' }
import fr from '../../locales/fr/cli.json' with { type: 'json' }
import { type Config, readConfig } from '../config.ts'
import { type Agents, createAgents } from '../desk/agents.ts'
import { createSecondStep } from '../desk/second-step.ts'
import { AppError } from '../errors.ts'
import { deriveKeys, readKeys } from '../keys.ts'
import { createTexts } from '../language/texts.ts'
import { type Audit, auditKeysOf, createAudit } from '../privacy/audit.ts'
import { openAgentStore } from '../stores.ts'
import { terminalLocale } from '../terminal.ts'
import type { Locale } from '../wire/activity.ts'
import { parseRole, type Role } from '../wire/desk.ts'
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
  config: Config
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
  const { name, role } = readWords(verb, words)
  if (!['add', 'list', 'remove', 'link', 'role'].includes(verb)) throw new Refusal(t('usage'))
  if ((verb === 'list') !== (name === '') || role === 'odd') throw new Refusal(t('usage'))
  const { agents: store, audit: auditStore, close } = await openAgentStore(command.config)
  try {
    const keys = readKeys(command.config)
    const secondStep = createSecondStep({ keys: deriveKeys(keys, 'second_step'), issuer: command.config.orgName })
    const agents = createAgents({ store, secondStep })
    const audit = createAudit({ store: auditStore, keys: auditKeysOf(keys.tokenKeys), now: Date.now })
    const line = verb === 'list' ? await list(agents, t) : await change(agents, audit, command, { verb, name, role }, t)
    command.out.write(`${line}\n`)
  } finally {
    close()
  }
}

const ACTION = { add: 'agent_added', remove: 'agent_removed', link: 'agent_link', role: 'agent_role' } as const

interface Wish {
  verb: string
  name: string
  role: Role
}

/** `NAME`, `NAME --role ROLE` after `add`, `NAME ROLE` after `role`. */
function readWords(verb: string, words: readonly string[]): { name: string; role: Role | 'odd' } {
  const marked = verb === 'add' && words.at(-2) === '--role'
  const isNamed = marked || verb === 'role'
  const name = words.slice(0, words.length - (marked ? 2 : isNamed ? 1 : 0)).join(' ')
  const role = isNamed ? parseRole(words.at(-1)) : 'agent'
  return { name, role: name.includes('--') ? 'odd' : (role ?? 'odd') }
}

/** Recorded before a link is shown: nobody comes in unseen. */
async function change(
  agents: Agents,
  audit: Audit,
  { config }: AgentsCommand,
  { verb, name, role }: Wish,
  t: Say,
): Promise<string> {
  const record = async () => {
    const action = ACTION[verb as keyof typeof ACTION]
    const reason = verb === 'role' || role === 'lead' ? { reason: role } : {}
    await audit.record('audit', { actor: 'command', action, subject: audit.subjectOf(name), ...reason })
  }
  if (verb === 'role') {
    if (!(await agents.setRole(name, role))) throw new Refusal(t('unknown', { name }))
    await record()
    return t('role_set', { name, role: t(`roles.${role}`) })
  }
  if (verb === 'remove') {
    if (!(await agents.remove(name))) throw new Refusal(t('unknown', { name }))
    await record()
    return t('removed', { name })
  }
  if (verb === 'add' && (await addAgent(agents, name, role, t)) === undefined) throw new Refusal(t('taken', { name }))
  const token = await agents.link(name)
  if (token === undefined) throw new Refusal(t('unknown', { name }))
  await record()
  return t('link', { name, url: new URL(`desk/#token=${token}`, config.publicUrl).href })
}

async function addAgent(agents: Agents, name: string, role: Role, t: Say): Promise<string | undefined> {
  try {
    return await agents.add(name, role)
  } catch (error) {
    if (error instanceof AppError && error.code === 'bad_request') throw new Refusal(t('bad_name'))
    throw error
  }
}

async function list(agents: Agents, t: Say): Promise<string> {
  const lines = (await agents.list()).map(({ name, role, hasPassword, hasSecondStep, createdAt }) => {
    const since = new Date(createdAt).toISOString().slice(0, 10)
    const signsIn = t(hasSecondStep ? 'two_steps' : hasPassword ? 'password' : 'no_password')
    return `${name}\t${t(`roles.${role}`)}\t${signsIn}\t${t('since', { date: since })}`
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
