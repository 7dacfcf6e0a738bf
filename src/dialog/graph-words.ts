/** Which words say what stands in a tree: text keys for boxes and arrows. Pure. */
import type { Condition, Dialog, Node, Place, Target } from './types.ts'

/** What is to be read somewhere: a text's key with its values; `plain` is read where no text has that key. */
export interface Words {
  key: string
  values?: Readonly<Record<string, Value>>
  plain?: string | Words
}
/** Several words are read one after the other, with commas. */
export type Value = string | number | Words | readonly Words[]

/** A way on, as a node names it. */
export interface Way {
  way: string
  target: Target
  id?: string
  /** What stands beside `go`. */
  detail?: Readonly<Record<string, unknown>>
}

/** What the member reads, or what happens here. */
export function saysOf(node: Node, { dialog, node: key }: Place): Words | undefined {
  switch (node.type) {
    case 'say':
    case 'ask':
    case 'collect':
      return { key: `${dialog}:${key}.say`, plain: key }
    case 'do':
      return { key: `graph:effects.${node.effect}`, plain: node.effect }
    case 'await':
      return { key: `graph:events.${node.event}`, plain: node.event }
    case 'call':
      return { key: `${node.dialog}:title`, plain: node.dialog }
    case 'handoff':
      return { key: `terms:reasons.${node.reason}`, plain: node.reason }
    case 'end':
      return outcome(node.outcome)
    default:
      return undefined
  }
}

/** What else is true of a node. */
export function factsOf(node: Node, dialog: Dialog): Words[] {
  const facts: Words[] = []
  const add = (key: string, values: Words['values'] = {}) => facts.push({ key: `graph:facts.${key}`, values })
  if (node.type === 'ask' && node.slot) add('kept', { slot: slot(node.slot) })
  if (node.type === 'collect') add(`kept_${node.as}`, { slot: slot(node.slot) })
  if (node.type === 'ask' && node.heard) add('heard')
  if (node.type === 'do' && node.with.length > 0) add('with', { slots: node.with.map(slot) })
  if (node.type === 'end' && node.again === false) add('not_again')
  const idle = node.type === 'ask' || node.type === 'collect' ? (node.idle ?? dialog.idle) : 0
  if (idle > 0) add('idle', { time: time(idle) })
  return facts
}

/** What is read on an arrow; undefined: a plain way on. @param at `dialog:node`. */
export function wordsOf(node: Node, at: string, { way, id = '', detail = {} }: Way): Words | undefined {
  const named = (name: string, values: Words['values'] = {}): Words => ({
    key: `graph:ways.${name}`,
    values,
    plain: way,
  })
  if (way === 'options') return { key: `${at}.options.${id}`, plain: id }
  if (way === 'on') return node.type === 'call' ? outcome(id) : { key: `graph:results.${id}`, plain: id }
  if (way === 'cases') return conditionWords(detail.when as Condition)
  if (way === 'timeout') return named(way, { time: time(node.type === 'await' ? node.seconds : 0) })
  if (way === 'otherwise') return named(way, { max: node.type === 'collect' ? node.retries : 0 })
  if (way === 'unclear' || way === 'limit') return named(way, { max: Number(detail.max) })
  if (way === 'next') return nextWords(node, named)
  return way === 'to' ? undefined : named(way)
}

/** Where a node has one way on only, it needs no name. */
function nextWords(node: Node, named: (name: string) => Words): Words | undefined {
  if (node.type === 'collect') return named(`next_${node.as}`)
  return node.type === 'call' || node.type === 'handoff' ? named(`next_${node.type}`) : undefined
}

function conditionWords(when: Condition): Words {
  const about: Words =
    when.slot !== undefined ? slot(when.slot) : { key: `graph:asked.${when.fact}`, plain: when.fact ?? '' }
  const values = (list: readonly string[]) =>
    list.map((value): Words => ({ key: `terms:values.${when.slot ?? when.fact}.${value}`, plain: value }))
  if ('in' in when) return { key: 'graph:when.in', values: { about, values: values(when.in) } }
  if ('set' in when) return { key: when.set ? 'graph:when.set' : 'graph:when.unset', values: { about } }
  const { min, max } = when
  const key = min === undefined ? 'max' : max === undefined ? 'min' : 'between'
  return { key: `graph:when.${key}`, values: { about, min: min ?? '', max: max ?? '' } }
}

const slot = (name: string): Words => ({ key: `terms:slots.${name}`, plain: name })
const outcome = (name: string): Words => ({ key: `terms:outcomes.${name}`, plain: name })

function time(seconds: number): Words {
  if (seconds >= 3600 && seconds % 3600 === 0) return { key: 'graph:time.hours', values: { n: seconds / 3600 } }
  if (seconds >= 60 && seconds % 60 === 0) return { key: 'graph:time.minutes', values: { n: seconds / 60 } }
  return { key: 'graph:time.seconds', values: { n: seconds } }
}
