/** `npm run guards` takes long; that each of them still finds what it takes out is seen here. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { ROOT } from '../support/conversation.ts'
import { GUARDS } from './guards.ts'

test('what each takes out stands once in its file, and its test is there', () => {
  const astray = GUARDS.filter(({ file, find, put, test }) => {
    const pieces = readFileSync(join(ROOT, file), 'utf8').split(find)
    return pieces.length !== 2 || put === find || !existsSync(join(ROOT, test))
  })
  expect(astray.map(({ threat, name, file }) => `${threat}, ${name}: ${file}`)).toEqual([])
})
