/** YAML text (and JSON, which is YAML) -> a checked value that knows its lines. Pure. */
import { CORE_SCHEMA, EVENT_ID, type Event, getScalarValue, load, parseEvents, YAMLException } from 'js-yaml'
import type { z } from 'zod'
import type { Fault } from './faults.ts'

/** Each may stand for as much as the whole file; what is read is looked at whole. */
const MAX_ALIASES = 100

export type Path = readonly PropertyKey[]
export type Read<T> = { ok: true; value: T; lineOf: (path: Path) => number } | { ok: false; faults: Fault[] }

/** @param path shown in faults. */
export function readYaml<T>(path: string, source: string, schema: z.ZodType<T>): Read<T> {
  const read = toValue(source)
  if ('why' in read) {
    const { line, why } = read
    return { ok: false, faults: [{ file: path, line, code: 'yaml_invalid', facts: { why } }] }
  }
  const lineOf = linesOf(source)
  const parsed = schema.safeParse(read.value)
  if (parsed.success) return { ok: true, value: parsed.data, lineOf }
  const faults = parsed.error.issues.map((issue): Fault => {
    const [unknown] = 'keys' in issue ? (issue.keys as string[]) : []
    const at = unknown === undefined ? issue.path : [...issue.path, unknown]
    const facts = { where: issue.path.join('.') || '-', why: issue.message }
    return { file: path, line: lineOf(at), code: 'shape_invalid', facts }
  })
  return { ok: false, faults }
}

/** What keeps a text from being read; undefined: nothing. */
export function yamlFault(source: string): { line: number; why: string } | undefined {
  const read = toValue(source)
  return 'why' in read ? read : undefined
}

function toValue(source: string): { value: unknown } | { line: number; why: string } {
  try {
    return { value: load(source, { schema: CORE_SCHEMA, maxAliases: MAX_ALIASES }) }
  } catch (error) {
    // The library says: more than its own exceptions may come out of it.
    if (error instanceof YAMLException) return { line: (error.mark?.line ?? 0) + 1, why: error.reason }
    return { line: 1, why: error instanceof Error ? error.message : String(error) }
  }
}

/** The line, from 1, of the nearest thing that a path leads to. Lines are looked for only when one is asked for: most files
 *  have no fault. */
export function linesOf(source: string): (path: Path) => number {
  let places: ReadonlyMap<string, number> | undefined
  let lineAt: (offset: number) => number
  return (path) => {
    places ??= placesOf(source)
    lineAt ??= lineCounter(source)
    for (let n = path.length; n > 0; n--) {
      const at = places.get(keyOf(path.slice(0, n)))
      if (at !== undefined) return lineAt(at)
    }
    return 1
  }
}

/** A file may have a fault on every line: each is found by halving, not by counting from the top. */
function lineCounter(source: string): (offset: number) => number {
  const starts = [0]
  for (let at = source.indexOf('\n'); at >= 0; at = source.indexOf('\n', at + 1)) starts.push(at + 1)
  return (offset) => {
    let [low, high] = [0, starts.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((starts[middle] ?? 0) <= offset) low = middle + 1
      else high = middle
    }
    return low
  }
}

const keyOf = (path: Path): string => path.map(String).join('\0')

/** Path -> offset of its key, or of what stands first in it. */
function placesOf(source: string): Map<string, number> {
  const events = parseEvents(source, {})
  const places = new Map<string, number>()
  let next = 0
  /** Where the last thing that was written ends. */
  let end = 0

  function note(path: Path, { valueStart, valueEnd }: { valueStart: number; valueEnd: number }): void {
    // An item that is empty has no place of its own: its dash is the next one.
    const at = valueStart < 0 ? Math.max(0, source.indexOf('-', end)) : valueStart
    end = Math.max(at + 1, valueEnd)
    for (let n = path.length; n > 0; n--) {
      const key = keyOf(path.slice(0, n))
      if (places.has(key)) return
      places.set(key, at)
    }
  }
  function read(path: Path): void {
    const event = events[next++]
    if (event?.type === EVENT_ID.SCALAR) return note(path, event)
    if (event?.type === EVENT_ID.SEQUENCE) {
      for (let i = 0; !isEnd(events[next]); i++) read([...path, i])
      next++
    }
    if (event?.type === EVENT_ID.MAPPING) {
      while (!isEnd(events[next])) {
        const key = events[next++]
        if (key?.type !== EVENT_ID.SCALAR) return
        const inner = [...path, getScalarValue(source, key)]
        note(inner, key)
        read(inner)
      }
      next++
    }
  }
  if (events[0]?.type === EVENT_ID.DOCUMENT) next = 1
  read([])
  return places
}

const isEnd = (event: Event | undefined): boolean => event === undefined || event.type === EVENT_ID.POP
