import { cpSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { createHours } from '../src/hours.ts'
import { createLive, watchContent } from '../src/live.ts'
import { ROOT } from './support/conversation.ts'
import { tempFolder } from './support/folder.ts'
import { until } from './support/until.ts'

let folder: ReturnType<typeof tempFolder>
let end: () => void = () => {}

beforeEach(() => {
  folder = tempFolder()
  for (const part of ['dialogs', 'locales', 'dist'])
    cpSync(join(ROOT, part), join(folder.path, part), { recursive: true })
})
afterEach(() => {
  end()
  folder.remove()
})

const live = () => createLive({ root: folder.path, always: {} }, {})
function edit(path: string, change: (text: string) => string): void {
  const file = join(folder.path, path)
  writeFileSync(file, change(readFileSync(file, 'utf8')))
}

test('a changed sentence is there after a reload', () => {
  const { texts, reload } = live()
  edit('locales/fr/talk.json', (text) => text.replace('Avec plaisir!', 'De rien!'))
  expect(texts.say('fr', 'talk:thanks.say')).toBe('Avec plaisir!')
  reload()
  expect(texts.say('fr', 'talk:thanks.say')).toBe('De rien!')
})

test('a broken edit is told with file and line, and the last good content stays', () => {
  const { texts, dialogs, reload } = live()
  const count = dialogs()
  edit('dialogs/spam.yaml', (text) => text.replace('next: found', 'next: nowhere'))
  edit('locales/fr/talk.json', (text) => text.replace('Avec plaisir!', 'De rien!'))
  const fault = expect.objectContaining({ file: 'dialogs/spam.yaml', code: 'unknown_target' })
  expect(reload).toThrow(expect.objectContaining({ faults: expect.arrayContaining([fault]) }))
  expect([texts.say('fr', 'talk:thanks.say'), dialogs()]).toEqual(['Avec plaisir!', count])
  edit('dialogs/spam.yaml', (text) => text.replace('next: nowhere', 'next: found'))
  reload()
  expect(texts.say('fr', 'talk:thanks.say')).toBe('De rien!')
})

test('saving is noticed, also by editors that put a new file in place of the old one, again and again', async () => {
  let changes = 0
  end = watchContent(folder.path, () => changes++)
  for (const path of [
    'dialogs/spam.yaml',
    'locales/en/spam.json',
    'dialogs/intents/yes.fr.yaml',
    'dialogs/spam.yaml',
  ]) {
    const before = changes
    const file = join(folder.path, path)
    writeFileSync(`${file}.new`, readFileSync(file))
    renameSync(`${file}.new`, file)
    await until(`a change of ${path}`, () => changes > before)
  }
})

test.each<[string | undefined, string, string, string]>([
  ['Mo-Fr 08:00-20:00; PH off', '2026-11-23T14:00:00Z', 'open', 'a Monday morning'],
  ['Mo-Fr 08:00-20:00; PH off', '2026-11-24T02:00:00Z', 'closed', 'Monday evening there, Tuesday in UTC'],
  ['Mo-Fr 08:00-20:00; PH off', '2026-11-21T15:00:00Z', 'closed', 'a Saturday'],
  ['Mo-Fr 08:00-20:00; PH off', '2026-12-25T15:00:00Z', 'closed', 'Christmas, a Friday'],
  ['Mo-Fr 08:00-12:00,13:00-17:00', '2026-11-23T17:30:00Z', 'closed', 'lunch'],
  [undefined, '2026-11-21T04:00:00Z', 'open', 'no hours are set'],
])('people answer: %s at %s is %s (%s)', (spec, at, expected, _what) => {
  expect(createHours(spec, 'America/Toronto')(new Date(at))).toBe(expected)
})
