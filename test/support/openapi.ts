/** Whether something is as `docs/coverage-api.yaml` says. Only what that document uses is understood; anything else is an error. */
import { readFileSync } from 'node:fs'
import { load } from 'js-yaml'

type Schema = Readonly<Record<string, unknown>>

const FILE = new URL('../../docs/coverage-api.yaml', import.meta.url)
export const DOCUMENT = load(readFileSync(FILE, 'utf8')) as Schema

/** What a pointer like `#/components/schemas/Id` leads to. */
function at(pointer: string): unknown {
  const parts = pointer.replace(/^#\//, '').split('/')
  return parts.reduce<unknown>((node, part) => (node as Schema | undefined)?.[part.replaceAll('~1', '/')], DOCUMENT)
}

/** The schema of an operation's request or of its answer 200. */
export function schemaOf(operation: string, of: 'request' | 'answer'): Schema {
  const content = of === 'request' ? 'requestBody/content' : 'responses/200/content'
  const schema = at(`#/paths/~1${operation}/post/${content}/application~1json/schema`)
  if (!schema) throw new Error(`the document has no ${of} of ${operation}`)
  return plain(schema) as Schema
}

/** Without references and words. */
function plain(node: unknown, isName = false): unknown {
  if (Array.isArray(node)) return node.map((one) => plain(one))
  if (typeof node !== 'object' || node === null) return node
  const { $ref, ...own } = node as Schema
  const rest = Object.entries(own).filter(([key]) => isName || key !== 'description')
  const here = Object.fromEntries(rest.map(([key, value]) => [key, plain(value, key === 'properties')]))
  return typeof $ref === 'string' ? { ...(plain(at($ref)) as Schema), ...here } : here
}

/** @returns what is wrong, one line a fault; nothing: it conforms. */
export function conforms(operation: string, of: 'request' | 'answer', value: unknown): string[] {
  return faults(schemaOf(operation, of), value, of)
}

const KEYWORDS = ['type', 'properties', 'required', 'enum', 'const', 'minLength', 'maxLength', 'oneOf']

function faults(schema: Schema, value: unknown, place: string): string[] {
  const unknown = Object.keys(schema).filter((key) => !KEYWORDS.includes(key))
  if (unknown.length > 0) throw new Error(`${place}: ${unknown.join(', ')} is not understood`)
  const { oneOf, type, const: only } = schema
  if (Array.isArray(oneOf)) {
    const fitting = oneOf.filter((one) => faults(one, value, place).length === 0)
    return fitting.length === 1 ? [] : [`${place}: fits ${fitting.length} of ${oneOf.length}`]
  }
  if (type !== typeof value || value === null) return [`${place}: ${typeof value}, not ${String(type)}`]
  if (only !== undefined && value !== only) return [`${place}: not ${String(only)}`]
  if (typeof value === 'string') return textFaults(schema, value, place)
  return typeof value === 'object' ? objectFaults(schema, { ...value }, place) : []
}

function textFaults(schema: Schema, value: string, place: string): string[] {
  const { enum: allowed, minLength = 0, maxLength = Number.POSITIVE_INFINITY } = schema
  if (Array.isArray(allowed) && !allowed.includes(value)) return [`${place}: not one of ${allowed.join(', ')}`]
  return value.length < Number(minLength) || value.length > Number(maxLength) ? [`${place}: length`] : []
}

/** Our own side sends nothing that is not described, and the stub answers nothing else either. */
function objectFaults({ properties, required }: Schema, value: Record<string, unknown>, place: string): string[] {
  const known = properties as Record<string, Schema>
  const missing = (required as string[]).filter((key) => !Object.hasOwn(value, key))
  return [
    ...missing.map((key) => `${place}.${key}: missing`),
    ...Object.entries(value).flatMap(([key, one]) =>
      known[key] ? faults(known[key], one, `${place}.${key}`) : [`${place}.${key}: not described`],
    ),
  ]
}
