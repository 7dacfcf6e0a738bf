import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { emailSpans, findEmail, looksLikeAddress, parseEmail } from '../../src/language/email.ts'

describe('findEmail', () => {
  test.each([
    ['mon adresse est Camille.Tremblay+code@Exemple.ca.', 'camille.tremblay+code@exemple.ca'],
    ['l’adresse « camille@example.com », svp', 'camille@example.com'],
    ['Camille <camille@example.com>', 'camille@example.com'],
    ['mailto:camille@example.com?subject=x', 'camille@example.com'],
    ['**camille@example.com**', 'camille@example.com'],
    ['courriel=camille@example.com', 'camille@example.com'],
    ['c’est camille@example.com.Merci', 'camille@example.com'],
    ["O'Brien@example.com", "o'brien@example.com"],
    ["'camille@example.com'", 'camille@example.com'],
    ['cami\u200blle@example.com', 'camille@example.com'],
    ['camille＠example.com', 'camille@example.com'],
    ['camille @ exemple.ca', 'camille@exemple.ca'],
    ['camille point tremblay arobase exemple point ca', 'camille.tremblay@exemple.ca'],
    ['écrivez à camille (at) exemple (point) ca merci', 'camille@exemple.ca'],
    ['camille[at]exemple.ca', 'camille@exemple.ca'],
    ['a@example.com, non, c’est b@example.com', 'b@example.com'],
    ['b@example.com, pas a@example.com', 'b@example.com'],
    ['not a@example.com but b@example.com', 'b@example.com'],
    ['x@éducation.example.org', 'x@xn--ducation-90a.example.org'],
  ])('%j -> %s', (text, email) => expect(findEmail(text)?.email).toBe(email))

  test.each([
    ...[
      '',
      'mon code',
      'camille@',
      '@exemple.ca',
      'camille@gmail',
      'camille@gmail,com',
      'camille.trémblay@example.com',
      'a@b',
      'camille@-exemple.ca',
    ],
    ...[
      'camille@exemple..ca',
      'camille..t@exemple.ca',
      'je suis @ la maison',
      'arobase',
      'x@127.0.0.1',
      'un point cest tout',
      'jean dupont @exemple.ca',
    ],
  ])('%j holds none', (text) => expect(findEmail(text)).toBeUndefined())
})

describe('a slip in a known domain is offered, never taken', () => {
  test.each([
    ...[
      ['gmial.com', 'gmail.com'],
      ['gmail.con', 'gmail.com'],
      ['gmail.co', 'gmail.com'],
      ['gmail.ca', 'gmail.com'],
      ['gamil.com', 'gmail.com'],
    ],
    ...[
      ['hotmail.cm', 'hotmail.com'],
      ['hotmial.ca', 'hotmail.ca'],
      ['hotmil.con', 'hotmail.com'],
      ['outlok.com', 'outlook.com'],
      ['yaho.ca', 'yahoo.ca'],
    ],
    ...[
      ['vidéotron.ca', 'videotron.ca'],
      ['sympatco.ca', 'sympatico.ca'],
      ['telus.ent', 'telus.net'],
      ['protonmial.com', 'protonmail.com'],
      ['iclod.com', 'icloud.com'],
    ],
  ])('%s -> %s', (typed, meant) => expect(findEmail(`c.t@${typed}`)?.suggested).toBe(`c.t@${meant}`))

  test.each([
    ...[
      'gmail.com',
      'bell.ca',
      'mail.com',
      'gmx.com',
      'ymail.com',
      'email.com',
      'hotmail.fr',
      'yahoo.co.uk',
      'videotron.qc.ca',
      'telus.com',
    ],
    ...[
      'example.com',
      'exemple.ca',
      'life.ca',
      'ne.com',
      'he.com',
      'umontreal.ca',
      'gouv.qc.ca',
      'desjardins.com',
      'mail.gmial.com',
    ],
  ])('%s stays', (domain) => expect(findEmail(`c@${domain}`)).toEqual({ email: `c@${domain}` }))
})

describe('parseEmail', () => {
  test.each([
    ['Camille@Example.COM', 'camille@example.com'],
    ["o'brien+a.b@exemple.ca", "o'brien+a.b@exemple.ca"],
    [`${'a'.repeat(64)}@example.com`, `${'a'.repeat(64)}@example.com`],
    ['x@École.example.org', 'x@xn--cole-9oa.example.org'],
  ])('%s', (text, email) => expect(parseEmail(text)).toBe(email))

  test.each([
    ...[
      '',
      'a',
      '@',
      'a@',
      '@b.ca',
      'a@b',
      'a@b.c',
      'a b@exemple.ca',
      ' a@exemple.ca',
      'a@exemple.ca ',
      'a@exemple.ca\r\nBcc: b@exemple.ca',
    ],
    ...[
      'a@exemple.ca\n',
      'a\u0000@exemple.ca',
      '"a"@exemple.ca',
      'a(b)@exemple.ca',
      'a@exemple.ca,b@exemple.ca',
      'g:a@exemple.ca;',
      '<a@exemple.ca>',
    ],
    ...[
      'a@@exemple.ca',
      'a@b@exemple.ca',
      '.a@exemple.ca',
      'a.@exemple.ca',
      'a..b@exemple.ca',
      'a@.exemple.ca',
      'a@exemple.ca.',
      'a@exemple..ca',
    ],
    ...[
      'a@-exemple.ca',
      'a@exemple-.ca',
      'a@exemple.123',
      'a@1.2.3.4',
      'a@[1.2.3.4]',
      'a@exemple_x.ca',
      'é@exemple.ca',
      'a@exe%mple.ca',
      'a@x/y.ca',
    ],
    ...[`${'a'.repeat(65)}@example.com`, `a@${'b'.repeat(64)}.ca`, `a@${'b.'.repeat(130)}ca`],
  ])('%j is none', (text) => expect(parseEmail(text)).toBeUndefined())
})

test.each([
  ['camille@gmail', true],
  ['camille arobase exemple', true],
  ['camille (at) exemple', true],
  ['camille gmail.com', true],
  ['camille.tremblay.gmail.com', true],
  ['mon gmail ne marche pas', false],
  ['gmail.com', false],
  ['je ne sais pas', false],
  ['', false],
])('looksLikeAddress(%j) is %s', (text, expected) => expect(looksLikeAddress(text)).toBe(expected))

describe('for any text', () => {
  const piece = fc.constantFrom(
    '@',
    '.',
    '-',
    'a',
    'B',
    '9',
    'é',
    ' ',
    '<',
    '>',
    "'",
    '+',
    '_',
    '..',
    'gmial.com',
    'exemple.ca',
    ' arobase ',
    '(at)',
    '\u200b',
    '\r\n',
    '😀',
  )
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('')),
  )

  test('what is found is well formed, and so is what is offered', () => {
    fc.assert(
      fc.property(text, (value) => {
        const found = findEmail(value)
        if (found === undefined) return
        expect(parseEmail(found.email)).toBe(found.email)
        if (found.suggested !== undefined) expect(parseEmail(found.suggested)).toBe(found.suggested)
        expect(looksLikeAddress(value)).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  test('places are in order and apart', () => {
    fc.assert(
      fc.property(text, (value) => {
        let end = 0
        for (const span of emailSpans(value)) {
          expect(span.start >= end && span.end > span.start).toBe(true)
          end = span.end
        }
      }),
    )
  })

  test('an address within a sentence is found', () => {
    const local = fc.stringMatching(/^[a-z0-9]([._+-]?[a-z0-9]){0,20}$/)
    const before = fc.constantFrom('', ' ', 'mon adresse : ', ' <', 'c’est ', '« ', '\n', '(')
    const after = fc.constantFrom('', ' ', '> ', ', merci', '. ', '? ', ' »', '\n', ')')
    fc.assert(
      fc.property(local, before, after, (name, head, tail) => {
        expect(findEmail(`${head}${name}@exemple.ca${tail}`)?.email).toBe(`${name}@exemple.ca`)
      }),
    )
  })
})
