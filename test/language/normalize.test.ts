import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { clean, fold, normalize, pictures, UNDERSTOOD_LENGTH } from '../../src/language/normalize.ts'

test.each([
  ['blanks and lines', '  mon \u00a0code\r\n\t marche   pas ', 'mon code marche pas'],
  ['zero-width and bidirectional marks', 'cami\u200blle\u202e@exam\u2066ple.com\ufeff', 'camille@example.com'],
  ['control characters', 'co\u0000de\u0007', 'code'],
  ['accents typed apart', 'rec\u0327u', 'reçu'],
  ['half a picture', 'ok\ud83d', 'ok'],
])('clean: %s', (_name, text, expected) => expect(clean(text)).toBe(expected))

test.each([
  ['Où est l’accès? ŒUF', "ou est l'acces? oeuf"],
  ['PEUT‑ÊTRE', 'peut-etre'],
])('fold: %s', (text, expected) => expect(fold(text)).toBe(expected))

test('pictures lose skin tones and selectors', () => expect(pictures('ok 👍🏽 ❤️')).toBe('👍❤'))

test('normalize: within the limit, no half characters, and stable', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 3000 }), (text) => {
      const once = normalize(text)
      expect(once.length <= UNDERSTOOD_LENGTH && once.isWellFormed()).toBe(true)
      expect(normalize(once)).toBe(once)
    }),
  )
})

test('clean: what is taken for clean at a glance is, for a sign that nobody sees changes nothing', () => {
  const usual = fc.string({ unit: fc.constantFrom(...'aé’«»ÿ …\u00a0\u00ad\u0301ﬁＡ1-.\n'), maxLength: 20 })
  fc.assert(fc.property(usual, (text) => expect(clean(text)).toBe(clean(`\u200b${text}`))))
  const signs = Array.from({ length: 0x2100 }, (_, code) => String.fromCharCode(code))
  for (const sign of signs) expect(clean(`a${sign}b`)).toBe(clean(`a${sign}\u200bb`))
})
