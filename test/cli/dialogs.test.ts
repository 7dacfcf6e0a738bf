import { spawnSync } from 'node:child_process'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { coverageOf } from '../../src/cli/conversations/coverage.ts'
import { parseConversations } from '../../src/cli/conversations/format.ts'
import { playAll } from '../../src/cli/conversations/play.ts'
import { schemas } from '../../src/cli/schemas.ts'
import { checkContent, loadContent } from '../../src/content.ts'
import { LOCALES } from '../../src/wire/activity.ts'
import { CONTENT, ROOT } from '../support/conversation.ts'
import { tempFolder } from '../support/folder.ts'

const folder = tempFolder()
afterAll(() => folder.remove())

function run(script: string, args: string[], input = '') {
  const flags = ['--disable-warning=ExperimentalWarning', `src/cli/${script}.ts`, ...args]
  const env = { ...process.env, LANG: 'en_CA.UTF-8', LC_ALL: '' }
  return spawnSync(process.execPath, flags, { cwd: ROOT, encoding: 'utf8', env, input })
}

/** In a process of its own: the numbers of a training take ten times as long in the test runner's. */
function trainIn(root: string): void {
  const code = `import('./src/intents.ts').then((it) => it.currentModel(${JSON.stringify(root)}))`
  const { status, stderr } = spawnSync(process.execPath, ['-e', code], { cwd: ROOT, encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
}

async function play(yaml: string) {
  const { conversations, faults } = parseConversations('a.yaml', yaml)
  expect(faults).toEqual([])
  return playAll(CONTENT, conversations)
}

describe('a written conversation', () => {
  const good = `
- name: nothing came
  locale: fr
  steps:
    - member: j'ai rien reçu
      bot: missing.start
      offers: ['yes', 'no', not_sure]
    - click: 'no'
      bot: [resend:which_address.say]
      slots: { email: null }
    - member: camille@example.com
      bot: [resend.sent, arrived.question]
      slots: { email: camille@example.com }
      effects: [resend_code]
      owner: bot
    - switch: en
      language: en
    - click: person
      effects: ['handoff:member_asked']
      owner: waiting
    - agent: claim
    - agent: reply
      text: Hello, I am here.
      bot: Hello, I am here.
      owner: agent
`
  test('passes as it is written', async () => {
    expect((await play(good)).map(({ failure }) => failure)).toEqual([undefined])
  })

  test.each([
    ['bot', 9, 'resend:which_address.say', 'resend:hints.say'],
    ['bot', 11, '[resend.sent, arrived.question]', '[arrived.question]'],
    ['offers', 5, "['yes', 'no', not_sure]", "['no', 'yes', not_sure]"],
    ['slots', 8, '{ email: null }', '{ email: x }'],
    ['effects', 11, 'effects: [resend_code]', 'effects: []'],
    ['owner', 20, 'owner: waiting', 'owner: bot'],
    ['language', 16, 'language: en', 'language: fr'],
    ['bot', 23, 'bot: Hello, I am here.', 'bot: Goodbye'],
    ['click', 8, "click: 'no'", 'click: maybe'],
  ])('fails where %s is otherwise', async (what, _line, from, to) => {
    const [played] = await play(good.replace(from, to))
    expect(played?.failure?.what).toBe(what)
    const at = good
      .replace(from, to)
      .split('\n')
      .slice((played?.failure?.line ?? 0) - 1)
      .join('\n')
    expect(at.slice(0, 160)).toContain(to)
  })

  test('says which buttons it took, and which none took', async () => {
    const [played] = await play(good)
    const missing = coverageOf(CONTENT.trees, played?.path ?? []).find(({ dialog }) => dialog === 'missing')
    expect(missing?.options.missing).toContain('missing.start/yes')
    expect(missing?.options.missing).not.toContain('missing.start/no')
    expect(missing?.nodes.missing).not.toContain('missing.start')
  })

  test.each([
    ['no list', 'name: x', 1],
    ['no steps', '- name: x\n  steps: []', 2],
    ['two actions in one step', "- name: x\n  steps:\n    - member: a\n      click: 'yes'", 3],
    ['a word that is none', '- name: x\n  steps:\n    - membre: a', 3],
    ['a time that is none', '- name: x\n  steps:\n    - wait: soon', 3],
  ])('%s is refused with its line', (_, yaml, line) => {
    const { faults } = parseConversations('a.yaml', yaml)
    expect(faults[0]).toMatchObject({ file: 'a.yaml', line, code: 'shape_invalid' })
  })
})

test('the example of docs/dialogs.md works as it stands there', async () => {
  const page = readFileSync(join(ROOT, 'docs/dialogs.md'), 'utf8')
  const section = page.slice(page.indexOf('## Add a topic'), page.indexOf('## A file'))
  const blocks = [...section.matchAll(/```(?:yaml|json)\n([\s\S]*?)```/g)].map(([, block = '']) =>
    block.replace(/^ {3}/gm, ''),
  )
  const [tree = '', phrases = '', texts = '', conversations = ''] = blocks
  const root = tempFolder()
  for (const part of ['dialogs', 'locales']) cpSync(join(ROOT, part), join(root.path, part), { recursive: true })
  const write = (path: string, text: string) => writeFileSync(join(root.path, path), text)
  write('dialogs/hours.yaml', tree)
  for (const locale of LOCALES) {
    write(`dialogs/intents/opening_hours.${locale}.yaml`, phrases)
    write(`locales/${locale}/hours.json`, texts)
  }
  try {
    expect(checkContent(root.path)).toEqual([])
    trainIn(root.path)
    const content = loadContent({ root: root.path, always: {} })
    const parsed = parseConversations('hours.yaml', conversations)
    expect(parsed.faults).toEqual([])
    const played = await playAll(content, parsed.conversations)
    expect(played.map(({ failure }) => failure)).toEqual([undefined, undefined, undefined])
    const coverage = coverageOf(
      content.trees,
      played.flatMap(({ path }) => path),
    )
    expect(coverage.find(({ dialog }) => dialog === 'hours')?.options.missing).toEqual([])
  } finally {
    root.remove()
  }
}, 60_000)

describe('npm run dialogs', () => {
  test('test FILE fails with file, line and what was otherwise', () => {
    const file = join(folder.path, 'wrong.yaml')
    writeFileSync(file, '- name: wrong\n  locale: fr\n  steps:\n    - member: bonjour\n      bot: spam.look\n')
    const { status, stdout } = run('dialogs', ['test', file])
    expect(status).toBe(1)
    expect(stdout).toMatch(/wrong\.yaml:4 {2}wrong \(fr\)\n {4}bot: wanted spam\.look, got /)
  })

  test('the schemas that editors use are those that the files are read by', () => {
    for (const [file, schema] of Object.entries(schemas())) expect(readFileSync(join(ROOT, file), 'utf8')).toBe(schema)
  })

  test('an unknown word shows what there is', () => {
    const { status, stderr } = run('dialogs', ['draw'])
    expect(status).toBe(1)
    expect(stderr).toMatch(/^Usage/)
  })
})

describe('npm run chat', () => {
  test('talks, presses buttons by number, lets time pass, and shows what it made of it', () => {
    const lines = ["j'ai rien reçu", '2', 'camille@example.com', '2', '/wait 200', '/quit']
    const { status, stdout } = run(
      'chat',
      ['--locale', 'fr', '--trace', '--at', 'welcome.menu'],
      `${lines.join('\n')}\n`,
    )
    expect(status).toBe(0)
    for (const part of ['code_not_received 1.00', 'missing.start/no', 'effects resend_code', 'arrived.again'])
      expect(stdout).toContain(part)
  })

  test.each([
    ['a node that is not there', ['--at', 'spam.nowhere'], /spam\.nowhere does not exist/],
    ['a language it does not speak', ['--locale', 'de'], /^Usage/],
  ])('%s is one clear line', (_, args, line) => {
    const { status, stderr } = run('chat', args)
    expect(status).toBe(1)
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(stderr).toMatch(line)
  })
})
