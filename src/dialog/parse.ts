/** YAML text -> Dialog, or faults with file and line. */
import { type Document, isMap, LineCounter, parseDocument, visit } from 'yaml'
import { z } from 'zod'
import { AppError } from '../errors.ts'
import type { Dialog, Node } from './types.ts'

/** Something an author must mend. `facts` fill the sentence of `locales/<lang>/authoring.json` under `code`. */
export interface Fault {
  file: string
  line: number
  code: FaultCode
  facts: Readonly<Record<string, string | number>>
}

export const FAULT_CODES = [
  'yaml_invalid',
  'shape_invalid',
  'name_mismatch',
  'name_reserved',
  'dialog_twice',
  'unknown_target',
  'unknown_effect',
  'unreachable_node',
  'no_way_out',
  'endless_loop',
  'unknown_text',
  'missing_language',
  'same_button_text',
  'entry_missing',
] as const
export type FaultCode = (typeof FAULT_CODES)[number]

/** Trees or texts that would fail a member later. */
export class ContentError extends AppError {
  readonly faults: readonly Fault[]

  constructor(faults: readonly Fault[]) {
    super('tree_broken', { faults: faults.length })
    this.faults = faults
  }
}

/** A dialog with where each node stands in its file. */
export interface SourceDialog extends Dialog {
  file: string
  lines: ReadonlyMap<string, number>
}

/** Namespaces of texts that are not dialogs. */
const RESERVED = [
  'common',
  'commands',
  'mail',
  'desk',
  'terms',
  'widget',
  'demo',
  'errors',
  'authoring',
  'coverage',
  'cli',
  'mailbox',
]

const name = z.string().regex(/^[a-z][a-z0-9_]*$/, 'letters a-z, digits and _ only')
const target = z.string().regex(/^([a-z][a-z0-9_]*\.)?[a-z][a-z0-9_]*$/, 'must be node or dialog.node')
const option = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]*$/, 'letters, digits, _ and - only')
const targets = z.record(option, target)
const taken = z.strictObject({ slot: name, go: target })
const condition = z.union([
  z.strictObject({ slot: name, in: z.array(z.string()).min(1) }),
  z.strictObject({ slot: name, set: z.boolean() }),
  z.strictObject({ fact: name, in: z.array(z.string()).min(1) }),
  z.strictObject({ fact: name, set: z.boolean() }),
])

const node: z.ZodType<Node> = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('say'), next: target }),
  z.strictObject({
    type: z.literal('ask'),
    options: targets,
    slot: name.optional(),
    email: taken.optional(),
    text: taken.optional(),
    unclear: z.strictObject({ max: z.int().min(1).max(10), go: target }).optional(),
  }),
  z.strictObject({
    type: z.literal('collect'),
    slot: name,
    as: z.enum(['email', 'text']),
    next: target,
    options: targets.optional(),
    retries: z.int().min(0).max(10).default(3),
    otherwise: target,
  }),
  z.strictObject({ type: z.literal('do'), effect: name, with: z.array(name).default([]), next: target }),
  z.strictObject({
    type: z.literal('await'),
    event: name,
    seconds: z.number().positive().max(86_400),
    on: targets.default({}),
    timeout: target,
  }),
  z.strictObject({
    type: z.literal('branch'),
    cases: z.array(z.strictObject({ when: condition, go: target })).min(1),
    else: target,
  }),
  z.strictObject({ type: z.literal('call'), dialog: name, next: target, on: targets.optional() }),
  z.strictObject({ type: z.literal('go'), to: target }),
  z.strictObject({ type: z.literal('handoff'), reason: name, next: target }),
  z.strictObject({ type: z.literal('end'), outcome: name }),
])

const file = z.strictObject({ dialog: name, start: name, nodes: z.record(name, node) })

/** @param path shown in faults; its base name without `.yaml` must be the dialog's name. */
export function parseDialog(path: string, source: string): { dialog?: SourceDialog; faults: Fault[] } {
  const counter = new LineCounter()
  const doc = parseDocument(source, { lineCounter: counter })
  const fault = (line: number, code: FaultCode, facts: Fault['facts'] = {}): Fault => ({
    file: path,
    line,
    code,
    facts,
  })
  if (doc.errors.length > 0) {
    const faults = doc.errors.map((e) =>
      fault(counter.linePos(e.pos[0]).line, 'yaml_invalid', { why: firstLine(e.message) }),
    )
    return { faults }
  }
  const read = toValue(doc)
  if ('why' in read) return { faults: [fault(counter.linePos(read.at).line, 'yaml_invalid', { why: read.why })] }
  const lineOf = (keys: readonly PropertyKey[]): number => {
    for (let n = keys.length; n > 0; n--) {
      const parent = n === 1 ? doc.contents : doc.getIn(keys.slice(0, n - 1), true)
      const pair = isMap(parent) ? parent.items.find((p) => String(p.key) === String(keys[n - 1])) : undefined
      const range = (pair?.key as { range?: [number, number, number] } | undefined)?.range
      if (range) return counter.linePos(range[0]).line
    }
    return 1
  }
  const parsed = file.safeParse(read.value)
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) =>
      fault(lineOf(issue.path), 'shape_invalid', { where: issue.path.join('.') || '-', why: issue.message }),
    )
    return { faults }
  }
  const { dialog, start, nodes } = parsed.data
  const faults: Fault[] = []
  const base = path.slice(path.lastIndexOf('/') + 1).replace(/\.ya?ml$/, '')
  if (dialog !== base) faults.push(fault(lineOf(['dialog']), 'name_mismatch', { dialog, file: base }))
  if (RESERVED.includes(dialog)) faults.push(fault(lineOf(['dialog']), 'name_reserved', { dialog }))
  const lines = new Map(Object.keys(nodes).map((key) => [key, lineOf(['nodes', key])]))
  return { dialog: { name: dialog, start, nodes: new Map(Object.entries(nodes)), file: path, lines }, faults }
}

/** Aliases that lead nowhere, or to far too much, show only when the value is made. */
function toValue(doc: Document.Parsed): { value: unknown } | { at: number; why: string } {
  try {
    return { value: doc.toJS() }
  } catch (error) {
    let at = 0
    visit(doc, {
      Alias(_, alias) {
        at = alias.range?.[0] ?? 0
        return alias.resolve(doc) ? undefined : visit.BREAK
      },
    })
    return { at, why: firstLine(String(error)) }
  }
}

const firstLine = (text: string): string => text.split('\n')[0] ?? text
