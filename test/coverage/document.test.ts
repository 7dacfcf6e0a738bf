/** `docs/coverage-api.yaml` says what the code does. */
import { describe, expect, test } from '@jest/globals'
import { z } from 'zod'
import { OPERATIONS, type Operation } from '../../src/coverage/http/wire.ts'
import { conforms, DOCUMENT, schemaOf } from '../support/openapi.ts'

const names = Object.keys(OPERATIONS) as Operation[]

test('it has these operations and no others', () => {
  expect(Object.keys(DOCUMENT.paths as object)).toEqual(names.map((name) => `/${name}`))
})

describe.each(names)('%s', (name) => {
  test.each(['request', 'answer'] as const)('%s: what is documented is what is read', (of) => {
    const { $schema: _draft, ...schema } = z.toJSONSchema(OPERATIONS[name][of], { io: 'input' })
    expect(schemaOf(name, of)).toEqual(schema)
  })
})

test('its own check finds what is wrong', () => {
  const found = { id: 'i', email: 'a@example.com', status: 'pending', relation: 'own', region: 'CA-QC' }
  expect(conforms('find', 'answer', { found: true, invitation: found })).toEqual([])
  for (const wrong of [{}, null, { found: true }, { found: true, invitation: { ...found, code: 'x' } }])
    expect(conforms('find', 'answer', wrong)).not.toEqual([])
  expect(conforms('find', 'request', { email: 'a' })).toEqual(['request.email: length'])
  expect(conforms('link', 'answer', { result: 'ok', member: 'm', email: 'a@b.ca' })).toHaveLength(1)
})
