import fc from 'fast-check'
import { HOSTILE } from './texts.ts'

export const hostileText = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...HOSTILE) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 200 }) },
  { weight: 1, arbitrary: fc.array(fc.constantFrom(...HOSTILE), { maxLength: 8 }).map((parts) => parts.join('')) },
)

const number = fc.constantFrom(0, -0, 1, -1, 0.1, 1e21, 2 ** 31, 2 ** 53, -(2 ** 63), 5e-324, Number.MAX_VALUE)

/** Any JSON value, with the names that objects have of their own among the keys. */
export const hostileJson: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.oneof(hostileText, number, fc.boolean(), fc.constant(null)),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.array(fc.tuple(hostileText, tie('value')), { maxLength: 5 }).map(toObject),
  ),
})).value

/** As `JSON.parse` makes objects: `__proto__` is a key like another. */
export function toObject(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  const object: Record<string, unknown> = {}
  for (const [key, value] of entries) {
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
  }
  return object
}

/** A sound value with some fields replaced, dropped or added. */
export function near(sound: Readonly<Record<string, unknown>>): fc.Arbitrary<unknown> {
  const field = fc.oneof(fc.constantFrom(...Object.keys(sound)), hostileText)
  const change = fc.tuple(field, fc.oneof(hostileJson, fc.constant(undefined)))
  return fc.array(change, { maxLength: 4 }).map((changes) => toObject([...Object.entries(sound), ...changes]))
}

/** Nested as deep as its length allows. */
export const deep = (depth: number, open = '[', close = ']'): string => open.repeat(depth) + close.repeat(depth)
