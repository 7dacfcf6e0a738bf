/** `npm run agents -- add NAME | list | remove NAME | link NAME`. May run beside the service. */
import { existsSync, mkdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ConfigError, readConfig } from '../config.ts'
import { type Agents, createAgents } from '../desk/agents.ts'
import { AppError } from '../errors.ts'
import { createAgentStore } from '../store/sqlite/agents.ts'

const USAGE = 'Usage: npm run agents -- add NAME | list | remove NAME | link NAME'

/** A mistake of the person at the terminal; its text is all they are shown. */
class Refusal extends Error {}

async function main(): Promise<void> {
  const [command = '', ...words] = process.argv.slice(2)
  const name = words.join(' ')
  if (!['add', 'list', 'remove', 'link'].includes(command)) throw new Refusal(USAGE)
  if ((command === 'list') !== (name === '')) throw new Refusal(USAGE)
  const { dataDir, publicUrl } = readConfig(process.env)
  const db = openDatabase(dataDir)
  try {
    await run(createAgents({ store: createAgentStore(db) }), command, name, publicUrl)
  } finally {
    db.close()
  }
}

async function run(agents: Agents, command: string, name: string, publicUrl: URL): Promise<void> {
  if (command === 'list') return list(agents)
  if (command === 'remove') {
    if (!(await agents.remove(name))) throw unknown(name)
    return console.log(`Removed ${name}, with their sessions.`)
  }
  if (command === 'add') {
    const id = await agents.add(name).catch(explainName)
    if (id === undefined)
      throw new Refusal(`There is an agent named "${name}" already. For a new link: npm run agents -- link "${name}"`)
  }
  const token = await agents.link(name)
  if (token === undefined) throw unknown(name)
  console.log(
    `Sign-in link for ${name}, good for one use within 24 hours:\n${new URL(`desk/#token=${token}`, publicUrl)}`,
  )
}

async function list(agents: Agents): Promise<void> {
  const all = await agents.list()
  if (all.length === 0) console.log('No agents yet. Add one: npm run agents -- add NAME')
  for (const { name, hasPassword, createdAt } of all) {
    console.log(
      `${name}\t${hasPassword ? 'password' : 'no password'}\tsince ${new Date(createdAt).toISOString().slice(0, 10)}`,
    )
  }
}

function openDatabase(dataDir: string): DatabaseSync {
  try {
    makeFolder(resolve(dataDir))
    const db = new DatabaseSync(join(dataDir, 'sesame.db'), { timeout: 5_000 })
    db.exec('PRAGMA synchronous = FULL')
    return db
  } catch (error) {
    throw new Refusal(`Cannot open ${join(dataDir, 'sesame.db')}: ${error instanceof Error ? error.message : error}`)
  }
}

/** Not `recursive: true`: that never returns where the system refuses every folder, as in /proc. */
function makeFolder(path: string): void {
  if (existsSync(path)) return
  makeFolder(dirname(path))
  mkdirSync(path, { mode: 0o700 })
}

function explainName(error: unknown): never {
  if (error instanceof AppError && error.code === 'bad_request')
    throw new Refusal('A name has 1 to 40 characters, all visible.')
  throw error
}

function unknown(name: string): Refusal {
  return new Refusal(`There is no agent named "${name}". See: npm run agents -- list`)
}

try {
  await main()
} catch (error) {
  if (error instanceof ConfigError) console.error(error.faults.join('\n'))
  else console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
