/** `test/conversations/*.yaml`: conversations as authors write them down to be tested. */
import { z } from 'zod'
import type { Fault } from '../../dialog/faults.ts'
import { readYaml } from '../../dialog/yaml.ts'
import { LOCALES, type Locale, OWNERS } from '../../wire/activity.ts'

/** What a test is about; at least one of each is kept. */
export const KINDS = [
  'happy',
  'cancel',
  'correct',
  'digress',
  'clarify',
  'invalid',
  'repeat',
  'negation',
  'idle',
  'language',
  'agent',
  'crisis',
  'limit',
] as const

const DURATION = /^(\d+)\s*(s|seconds?|min|minutes?|h|hours?|d|days?)$/
const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

const words = z.record(z.string(), z.union([z.string(), z.null()]))
const action = {
  member: z.string().optional(),
  click: z.string().optional(),
  wait: z.string().regex(DURATION, 'a time like "90 s", "15 min" or "2 h"').optional(),
  agent: z.enum(['claim', 'reply', 'handback', 'resolve']).optional(),
  text: z.string().optional(),
  /** What a lookup answered; `proven` makes an address the member's. */
  result: z
    .strictObject({
      event: z.string(),
      value: z.string(),
      slots: z.record(z.string(), z.string()).optional(),
      proven: z.string().optional(),
    })
    .optional(),
  switch: z.enum(LOCALES).optional(),
}
const expectation = {
  bot: z.union([z.string(), z.array(z.string())]).optional(),
  offers: z.array(z.string()).optional(),
  slots: words.optional(),
  effects: z.array(z.string()).optional(),
  owner: z.enum(OWNERS).optional(),
  language: z.enum(LOCALES).optional(),
}
const ACTIONS = ['member', 'click', 'wait', 'agent', 'result', 'switch'] as const

const step = z
  .strictObject({ ...action, ...expectation })
  .refine((each) => ACTIONS.filter((name) => each[name] !== undefined).length <= 1, 'one action a step')
const conversation = z.strictObject({
  name: z.string().min(1),
  kind: z.enum(KINDS).optional(),
  locale: z.union([z.enum(LOCALES), z.array(z.enum(LOCALES)).min(1)]).default([...LOCALES]),
  at: z
    .string()
    .regex(/^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$/, 'must be dialog.node')
    .optional(),
  slots: z.record(z.string(), z.string()).optional(),
  hours: z.enum(['open', 'closed']).default('open'),
  /** Who the member is known to be from the start. */
  verified: z.enum(['member', 'number']).optional(),
  steps: z.array(step).min(1),
})
export const conversations = z.array(conversation).min(1)

export type TestStep = z.infer<typeof step>
export interface Conversation extends Omit<z.infer<typeof conversation>, 'locale'> {
  locales: readonly Locale[]
  file: string
  /** Line of each step. */
  lines: readonly number[]
}

export function parseConversations(path: string, source: string): { conversations: Conversation[]; faults: Fault[] } {
  const read = readYaml(path, source, conversations)
  if (!read.ok) return { conversations: [], faults: read.faults }
  const parsed = read.value.map(({ locale, ...rest }, i) => ({
    ...rest,
    locales: typeof locale === 'string' ? [locale] : locale,
    file: path,
    lines: rest.steps.map((_, j) => read.lineOf([i, 'steps', j])),
  }))
  return { conversations: parsed, faults: [] }
}

/** "15 min" -> 900. */
export function secondsOf(duration: string): number {
  const [, count = '0', unit = 's'] = DURATION.exec(duration) ?? []
  return Number(count) * (UNITS[unit.charAt(0)] ?? 1)
}
