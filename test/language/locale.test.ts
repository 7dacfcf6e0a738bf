import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { detectLocale } from '../../src/language/locale.ts'
import { ENGLISH, FRENCH, UNSURE } from './lines.ts'

const LINES = [...FRENCH.map((text) => [text, 'fr'] as const), ...ENGLISH.map((text) => [text, 'en'] as const)]

test('at least 97 % of chat lines are told right', () => {
  const missed = LINES.filter(([text, locale]) => detectLocale(text) !== locale)
  expect({ missed, enough: missed.length <= LINES.length * 0.03 }).toMatchObject({ enough: true })
})

test('no line is taken for the other language: better to keep the one that is spoken', () => {
  expect(LINES.filter(([text, locale]) => (detectLocale(text) ?? locale) !== locale)).toEqual([])
})

test.each(UNSURE)('%j tells no language', (text) => expect(detectLocale(text)).toBeUndefined())

test.each([
  ["j'ai pas reçu le email, check mon login svp", 'fr'],
  ['le spam de mon inbox est vide', 'fr'],
  ['camille@example.com cest mon adresse', 'fr'],
  ['i clicked Renvoyer mon code but nothing happened', 'en'],
  ['bonjour do you have mon code', undefined],
  ['mon code est not working', undefined],
  ['my address is camille@exemple.ca', 'en'],
  ['i live in Montréal and never got it', 'en'],
])('%j -> %s', (text, locale) => expect(detectLocale(text)).toBe(locale))

test('no text makes it throw', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void detectLocale(text)))
})
