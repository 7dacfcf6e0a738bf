import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { MASKED_CODE, maskAddress, maskAddresses, maskCodes } from '../../src/language/mask.ts'

describe('maskCodes hides', () => {
  test.each([
    ['mon code K7M2-9XQP ne marche pas', `mon code ${MASKED_CODE} ne marche pas`],
    ['k7m2-9xqp', MASKED_CODE],
    ['ABCD-EFGH', MASKED_CODE],
    ['K7M2–9XQP', MASKED_CODE],
    ['K7M29XQP', MASKED_CODE],
    ['K7M2 9XQP', MASKED_CODE],
    ['K7M2 - 9XQP', MASKED_CODE],
    ['mon code est k7m29xqp merci', `mon code est ${MASKED_CODE} merci`],
    ['k7m2 9xqp', MASKED_CODE],
    ['K7M2 -9XQP', MASKED_CODE],
    ['K7M2- 9XQP', MASKED_CODE],
    ['K7M2--9XQP', MASKED_CODE],
    ['k7m2_9xqp', MASKED_CODE],
    ['K7M2/9XQP', MASKED_CODE],
    ['K 7 M 2 - 9 X Q P', MASKED_CODE],
    ['k-7-m-2-9-x-q-p!', `${MASKED_CODE}!`],
    ['code:K7M2-9XQP.', `code:${MASKED_CODE}.`],
    ['code-K7M2-9XQP', MASKED_CODE],
    ['K7M2-9XQP-code', MASKED_CODE],
    ['https://exemple.ca/c/K7M2-9XQP?x=1', `https://exemple.ca/c/${MASKED_CODE}?x=1`],
    ['K7M2-9XQP ou B4D5-6FGH', `${MASKED_CODE} ou ${MASKED_CODE}`],
    ['camille@example.com K7M2-9XQP', `camille@example.com ${MASKED_CODE}`],
  ])('%s', (text, expected) => expect(maskCodes(text)).toEqual({ text: expected, masked: true }))
})

describe('maskCodes leaves', () => {
  test.each([
    ...[
      '2024-2025',
      '2024-12-31',
      'mars-2024',
      '514-555-1234',
      '1234-5678',
      '12345678',
      'H2X 1Y4',
      'peut-être',
      'PEUT-ETRE',
      'PEUT-ÊTRE',
    ],
    ...[
      'avez-vous',
      'BONJOURS',
      'entre 8h15 et 9h30, 8h15-9h30, 8h15 - 9h30',
      'from 10am - 11pm, 2eme 3eme',
      '2024 fois, K7M2 à 9XQP',
      'marie123 camille1',
      'K7M2 9XQP@example.com',
      'abcd-1234@example.com',
      'ab.K7M2-9XQP@exemple.ca',
      '550e8400-e29b-41d4-a716-446655440000',
      'étés-1234',
      '',
    ],
  ])('%j', (text) => expect(maskCodes(text)).toEqual({ text, masked: false }))
})

test('no code of our own format survives, wherever it stands: neither half', () => {
  const letter = fc.constantFrom(...'23456789ABCDEFGHJKMNPQRSTUVWXYZ')
  const code = fc.tuple(
    fc.string({ unit: letter, minLength: 4, maxLength: 4 }),
    fc.string({ unit: letter, minLength: 4, maxLength: 4 }),
  )
  const mixed = code.map((halves) => halves.join('-')).filter((text) => /\d/.test(text) && /[A-Z]/.test(text))
  const before = fc.constantFrom('', ' ', 'mon code: ', '«', '(', '.', ', ', '\n', 'AB12-', 'c-', '/', 'AB12 ', '2024-')
  const after = fc.constantFrom('', ' ', '.', '»', ')', '?', ', ', '\n', '-AB12', '-c', '/', ' AB12', '-2024')
  fc.assert(
    fc.property(before, mixed, after, (head, text, tail) => {
      const masked = maskCodes(head + text + tail).text
      expect(text.split('-').filter((half) => masked.includes(half))).toEqual([])
    }),
  )
})

test.each([
  ['camille@example.com', 'c•••@e•••.com'],
  ['a@mail.exemple.ca', 'a•••@m•••.ca'],
  ['pas une adresse', '•••'],
  ['', '•••'],
])('maskAddress(%j)', (email, expected) => expect(maskAddress(email)).toBe(expected))

test('maskAddresses hides every address and nothing else', () => {
  expect(maskAddresses('de camille@example.com à <B.O@Exemple.ca>, merci @ tous')).toBe(
    'de c•••@e•••.com à <B•••@E•••.ca>, merci @ tous',
  )
})

test.each([
  ['camille point tremblay arobase exemple point ca', '•••'],
  ['écrivez à camille (at) exemple.ca merci', 'écrivez à ••• merci'],
  ['camille(at)exemple.ca', '•••'],
  ['camille.tremblay @ exemple.ca', 'c•••@e•••.ca'],
  ['camille.tremblay@ exemple.ca', 'c•••@e•••.ca'],
  ['josé.tremblay@exemple.ca ou a@b.ca', 'j•••@e•••.ca ou a•••@b•••.ca'],
  ['camille@gmail', '•••'],
  ['2 @ 4.50, à tantôt @midi. Bye @ plus. Fin', '2 @ 4.50, à tantôt @midi. Bye @ plus. Fin'],
])('maskAddresses also hides what was meant as one: %j', (text, expected) => expect(maskAddresses(text)).toBe(expected))

test('no text makes them throw', () => {
  const piece = fc.constantFrom('@', '.', '-', 'a', 'É', 'AB12', '–', ' ', '0', '\u200b', '😀')
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(piece).map((pieces) => pieces.join('')),
  )
  fc.assert(fc.property(text, (value) => void [maskCodes(value), maskAddresses(value), maskAddress(value)]))
})
