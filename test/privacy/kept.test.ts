import { expect, test } from '@jest/globals'
import { holdsAddress } from '../../src/privacy/kept.ts'

const ADDRESS = 'camille.tremblay@example.com'

test.each([
  ['alone', ADDRESS],
  ['in capitals', 'CAMILLE.Tremblay@Example.COM'],
  ['in a sentence', `pas jean@exemple.ca, mais ${ADDRESS}.`],
  ['in words', 'camille point tremblay arobase example point com'],
  ['with blanks', 'camille.tremblay @ example.com'],
  ['among other addresses', `jean@exemple.ca ${ADDRESS}`],
  ['deep in a value', { a: [null, 1, { b: [`<${ADDRESS}>`] }] }],
])('an address is found %s', (_, value) => {
  expect(holdsAddress(value, ADDRESS)).toBe(true)
})

test.each([
  ['longer on the left', `jean-${ADDRESS}`],
  ['longer on the right', `${ADDRESS}.org`],
  ['with a plus sign', 'camille.tremblay+a@example.com'],
  ['without its dot', 'camilletremblay@example.com'],
  ['masked', 'c•••@e•••.com'],
  ['as the name of a field', { [ADDRESS]: 'x' }],
  ['nothing', null],
])('another one is not taken for it: %s', (_, value) => {
  expect(holdsAddress(value, ADDRESS)).toBe(false)
})
