/** YAML text -> Dialog, or faults with file and line. */
import { z } from 'zod'
import type { Fault, FaultCode } from './faults.ts'
import { COLLECTS, type Dialog, FACTS, type Node } from './types.ts'
import { type Path, readYaml } from './yaml.ts'

/** A dialog that knows where it stands. */
export interface SourceDialog extends Dialog {
  file: string
  lineOf: (path: Path) => number
}

/** Namespaces of texts that are not dialogs. */
export const RESERVED = [
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
  'graph',
  'privacy',
  'supply',
]

const name = z.string().regex(/^[a-z][a-z0-9_]*$/, 'letters a-z, digits and _ only')
const target = z.string().regex(/^([a-z][a-z0-9_]*\.)?[a-z][a-z0-9_]*$/, 'must be node or dialog.node')
const option = z.string().regex(/^[A-Za-z][A-Za-z0-9_-]*$/, 'letters, digits, _ and - only')
const targets = z.record(option, target)
const taken = z.strictObject({ slot: name, go: target })
const over = z.strictObject({ max: z.int().min(1).max(100), go: target })
const limit = over.optional()
const idle = z.int().min(0).max(86_400)
const of = { slot: name.optional(), fact: z.enum(FACTS).optional() }
const condition = z
  .union([
    z.strictObject({ ...of, in: z.array(z.string()).min(1) }),
    z.strictObject({ ...of, set: z.boolean() }),
    z.strictObject({ ...of, min: z.number().optional(), max: z.number().optional() }),
  ])
  .refine((when) => (when.slot === undefined) !== (when.fact === undefined), 'needs a slot or a fact, one of them')

const node: z.ZodType<Node> = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('say'), limit, next: target }),
  z.strictObject({
    type: z.literal('ask'),
    limit,
    options: targets,
    slot: name.optional(),
    email: taken.optional(),
    text: taken.optional(),
    unclear: z.strictObject({ max: z.int().min(1).max(10), go: target }).optional(),
    heard: z.boolean().optional(),
    means: z.record(name, option).optional(),
    idle: idle.optional(),
  }),
  z.strictObject({
    type: z.literal('collect'),
    limit,
    slot: name,
    as: z.enum(COLLECTS),
    next: target,
    options: targets.optional(),
    retries: z.int().min(0).max(10).default(3),
    otherwise: target,
    idle: idle.optional(),
  }),
  z.strictObject({ type: z.literal('do'), limit, effect: name, with: z.array(name).default([]), next: target }),
  z.strictObject({
    type: z.literal('await'),
    limit,
    event: name,
    seconds: z.number().positive().max(86_400),
    on: targets.default({}),
    timeout: target,
  }),
  z.strictObject({
    type: z.literal('branch'),
    limit,
    cases: z.array(z.strictObject({ when: condition, go: target })).min(1),
    else: target,
  }),
  z.strictObject({ type: z.literal('call'), limit, dialog: name, next: target, on: targets.optional() }),
  z.strictObject({ type: z.literal('go'), limit, to: target }),
  z.strictObject({ type: z.literal('handoff'), limit, reason: name, next: target }),
  z.strictObject({ type: z.literal('end'), limit, outcome: name, again: z.boolean().optional() }),
  z.strictObject({ type: z.literal('close'), limit }),
])

const byIntent = z.record(name, target).default({})
export const dialogFile = z.strictObject({
  dialog: name,
  start: name,
  fallback: name.optional(),
  idle: idle.default(0),
  topics: byIntent,
  digressions: byIntent,
  nodes: z.record(name, node),
})

/** @param path shown in faults; its base name without `.yaml` must be the dialog's name. */
export function parseDialog(path: string, source: string): { dialog?: SourceDialog; faults: Fault[] } {
  const read = readYaml(path, source, dialogFile)
  if (!read.ok) return { faults: read.faults }
  const { lineOf } = read
  const { dialog, nodes, start, fallback = start, ...rest } = read.value
  const faults: Fault[] = []
  const fault = (code: FaultCode, facts: Fault['facts']) =>
    faults.push({ file: path, line: lineOf(['dialog']), code, facts })
  const base = path.slice(path.lastIndexOf('/') + 1).replace(/\.ya?ml$/, '')
  if (dialog !== base) fault('name_mismatch', { dialog, file: base })
  if (RESERVED.includes(dialog)) fault('name_reserved', { dialog })
  return {
    dialog: { ...rest, name: dialog, start, fallback, nodes: new Map(Object.entries(nodes)), file: path, lineOf },
    faults,
  }
}
