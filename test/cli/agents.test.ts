/** `npm run agents`: who may do what at the desk is decided at the terminal, and recorded. */

import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { runAgents } from '../../src/cli/agents.ts'
import { readConfig } from '../../src/config.ts'
import { CONTENT } from '../support/conversation.ts'
import { tempFolder } from '../support/folder.ts'

let folder: ReturnType<typeof tempFolder>
beforeEach(() => {
  folder = tempFolder()
})
afterEach(() => folder.remove())

const t = (key: string, values?: Record<string, string>) => CONTENT.texts.say('en', `cli:agents.${key}`, values)

/** @returns the exit code, and what was printed. */
async function run(...args: string[]): Promise<[code: number, printed: string]> {
  let printed = ''
  const sink = { write: (text: string) => (printed += text) }
  const config = readConfig({ NODE_ENV: 'test', DATA_DIR: folder.path })
  const code = await runAgents({ args, config, locale: 'en', out: sink, err: sink })
  return [code, printed.trim()]
}

/** Name and role of each agent. */
const roles = async () => (await run('list'))[1].split('\n').map((line) => line.split('\t').slice(0, 2))

function recorded(): string[] {
  const db = new DatabaseSync(join(folder.path, 'sesame.db'))
  const texts = db.prepare('SELECT text FROM audit_audit ORDER BY n').all()
  db.close()
  return texts.map(({ text }) => {
    const { action, reason } = JSON.parse(String(text))
    return reason ? `${action} ${reason}` : action
  })
}

test('an agent is an agent, unless they are made a lead; every role is recorded', async () => {
  expect((await run('add', 'Zoé', 'B.'))[1]).toContain('/desk/#token=')
  await run('add', 'Inès', '--role', 'lead')
  const [agent, lead] = [t('roles.agent'), t('roles.lead')]
  expect(await roles()).toEqual([
    ['Inès', lead],
    ['Zoé B.', agent],
  ])
  expect(await run('role', 'Zoé', 'B.', 'lead')).toEqual([0, t('role_set', { name: 'Zoé B.', role: lead })])
  await run('role', 'Inès', 'agent')
  expect(await roles()).toEqual([
    ['Inès', agent],
    ['Zoé B.', lead],
  ])
  expect(recorded()).toEqual(['agent_added', 'agent_added lead', 'agent_role lead', 'agent_role agent'])
})

test.each([
  ['a role that there is not', ['add', 'Zoé', '--role', 'admin']],
  ['a role that is not named', ['add', 'Zoé', '--role']],
  ['a role before the name', ['add', '--role', 'lead', 'Zoé']],
  ['no role at all', ['role', 'Zoé']],
  ['nobody', ['role', 'lead']],
])('%s is told, and nothing is done', async (_, args) => {
  expect(await run(...args)).toEqual([1, t('usage')])
  expect(await run('list')).toEqual([0, t('none')])
})

test('a role for who is not there is told', async () => {
  expect(await run('role', 'Zoé', 'lead')).toEqual([1, t('unknown', { name: 'Zoé' })])
})
