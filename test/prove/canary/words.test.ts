import type { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from '@jest/globals'
import { openCoverageDb } from '../../../src/coverage/sqlite.ts'
import { type Canary, codeFinder, inviteCanaries, marksIn, namesIn, typed } from './words.ts'

const one: Canary = {
  email: 'zqxcanaria00007@example.com',
  text: 'zqxcanarit00007',
  name: 'zqxcanarin00007',
  member: 'zqxcanarim00007',
  code: 'K7M2-9XQP',
}
const base64 = (text: string) => Buffer.from(text).toString('base64url')

describe('a canary is found', () => {
  test.each([
    ['as it is', `to ${one.email} now`],
    ['in capitals', one.text.toUpperCase()],
    ['in a URL', `/x?q=${encodeURIComponent(one.email)}`],
    ['in base64', base64(one.email)],
    ['in base64, one byte later', base64(`.${one.email}`)],
    ['in base64, two bytes later', base64(`..${one.email}`)],
    ['in a token', `eyJ.${base64(JSON.stringify({ sub: one.member }))}.x`],
    ['in hexadecimal', Buffer.from(one.text).toString('hex')],
    ['cut off', one.text.slice(0, 11)],
  ])('%s', (_name, text) => {
    expect(marksIn(text)).not.toEqual([])
  })

  test('and nothing else is', () => {
    expect(marksIn('c•••@e•••.com zq canari 00007')).toEqual([])
    expect(namesIn(`${one.text} ${one.email}`)).toEqual([])
    expect(namesIn(one.name)).toEqual([one.name])
  })
})

describe('a code is found', () => {
  const codesIn = codeFinder([one])

  test.each([0, 1, 2, 3])('however it is typed (%i)', (way) => {
    expect(codesIn(`here: ${typed(one.code, way)} ok`)).toHaveLength(1)
  })

  test.each(['xxK7M2-9XQPxx', 'AAAA-K7M2-9XQP', 'abcK7M29XQPabc', '{"code":"k7m2-9xqp"}'])('within %s', (text) => {
    expect(codesIn(text)).toHaveLength(1)
  })

  test.each(['K7M2-9XQ', 'K7M2 9XQP', '••••-••••', 'K7M3-9XQP'])('but not in %s', (text) => {
    expect(codesIn(text)).toEqual([])
  })
})

test('those on file have an address, a name and a code each', async () => {
  const db: DatabaseSync = openCoverageDb(':memory:')
  const all = await inviteCanaries(db, 3)
  db.close()
  expect(new Set(all.map((it) => it.code)).size).toBe(3)
  expect(all[2]).toMatchObject({ email: 'zqxcanaria00002@example.com', name: 'zqxcanarin00002' })
  expect(all.every((it) => /^\w{4}-\w{4}$/.test(it.code))).toBe(true)
})
