/** The trees as the parts of a picture: clusters, boxes and arrows, with text keys for words. Pure: no layout, no I/O. */
import { nameOf, resolve } from './expect.ts'
import { factsOf, saysOf, type Way, type Words, wordsOf } from './graph-words.ts'
import type { SourceDialog } from './parse.ts'
import type { Dialog, Node, Place, Target, Trees } from './types.ts'

export interface Graph {
  clusters: readonly Cluster[]
  /** Which dialogs lead to which others; one link a pair. */
  links: readonly Link[]
}

/** A dialog. */
export interface Cluster {
  name: string
  title: Words
  /** Its file, as authors name it; absent when the trees were not read from files. */
  file?: string
  boxes: readonly Box[]
  /** The ways on of its boxes, in the authors' order, quiet ones last. */
  arrows: readonly Arrow[]
  /** Where it is entered other than by an arrow. */
  entries: readonly Entry[]
}

/** A node. `id` is `dialog.node`. */
export interface Box {
  id: string
  node: string
  kind: Node['type']
  /** Line in the dialog's file, from 1. */
  line?: number
  /** What the member reads, or what happens here. */
  says?: Words
  /** `says` is a sentence of the bot's. */
  spoken: boolean
  /** What the member reads when an answer does not fit. */
  invalid?: Words
  /** What else is true of it. */
  facts: readonly Words[]
}

/** A way from one box to another. */
export interface Arrow {
  /** Box ids; `to` may be in any dialog. */
  from: string
  to: string
  /** The node's field: `options`, `on`, `next`, `unclear`, … and `call` for the way into a called dialog. */
  way: string
  /** Of the option or the result. */
  id?: string
  /** Nothing to say about a plain way on. */
  words?: Words
  /** Other ways to type the option, separated by vertical bars. */
  aliases?: Words
  /** Not what the member chose: too many misses, too long a wait. */
  quiet: boolean
}

export interface Entry {
  /** `start`, or whether the member's words leave the question (`topics`) or only interrupt it (`digressions`). */
  by: 'start' | 'topics' | 'digressions'
  to: string
  words: Words
}

/** `call`: is called and comes back; `quiet`: nothing but quiet arrows lead there. */
export interface Link {
  from: string
  to: string
  type: 'call' | 'way' | 'quiet'
}

/** @returns every node once as a box, every target it names once as an arrow; the trees' order is kept. */
export function graphOf(trees: Trees): Graph {
  const clusters = [...trees.values()].map((dialog) => clusterOf(dialog, trees))
  return { clusters, links: linksOf(clusters) }
}

function clusterOf(dialog: Dialog, trees: Trees): Cluster {
  const { name, nodes } = dialog
  const source = dialog as Partial<SourceDialog>
  const places = [...nodes].map(([key, node]) => ({ node, place: { dialog: name, node: key } }))
  return {
    name,
    title: { key: `${name}:title`, plain: name },
    ...(source.file !== undefined && { file: source.file }),
    boxes: places.map(({ node, place }) => {
      const line = source.lineOf?.(['nodes', place.node])
      return { ...boxOf(node, place, dialog), ...(line !== undefined && { line }) }
    }),
    arrows: places.flatMap(({ node, place }) => arrowsOf(node, place, trees)),
    entries: entriesOf(dialog),
  }
}

function entriesOf({ name, start, topics, digressions }: Dialog): Entry[] {
  const from = (by: 'topics' | 'digressions', targets: Readonly<Record<string, Target>> = {}): Entry[] =>
    Object.entries(targets).map(([intent, target]) => {
      const said: Words = {
        key: `${name}:intents.${intent}`,
        plain: { key: `graph:intents.${intent}`, plain: intent },
      }
      return { by, to: nameOf(resolve(target, name)), words: { key: 'graph:entries.said', values: { intent: said } } }
    })
  const first: Entry = { by: 'start', to: nameOf({ dialog: name, node: start }), words: { key: 'graph:entries.start' } }
  return [first, ...from('topics', topics), ...from('digressions', digressions)]
}

function boxOf(node: Node, place: Place, dialog: Dialog): Box {
  const says = saysOf(node, place)
  const invalid = node.type === 'collect' && { invalid: { key: `${place.dialog}:${place.node}.invalid` } }
  return {
    id: nameOf(place),
    node: place.node,
    kind: node.type,
    ...(says && { says }),
    spoken: node.type === 'say' || node.type === 'ask' || node.type === 'collect',
    ...invalid,
    facts: factsOf(node, dialog),
  }
}

/** Fields whose text is a target, and fields that hold a target for each id. Whatever has a `go` is a way on too. */
const LEADS = new Set(['next', 'to', 'else', 'otherwise', 'timeout'])
const CHOICES = new Set(['options', 'on'])
const QUIET = new Set(['otherwise', 'timeout', 'unclear', 'limit'])

function arrowsOf(node: Node, place: Place, trees: Trees): Arrow[] {
  const at = `${place.dialog}:${place.node}`
  const arrows = waysOf(node).map(({ way, target, id, detail }): Arrow => {
    const words = wordsOf(node, at, { way, target, ...(id !== undefined && { id }), ...(detail && { detail }) })
    const option = way === 'options' && id !== undefined
    return {
      from: nameOf(place),
      to: nameOf(resolve(target, place.dialog)),
      way,
      ...(id !== undefined && { id }),
      ...(words && { words }),
      ...(option && { aliases: { key: `${at}.aliases.${id}`, plain: '' } }),
      quiet: QUIET.has(way),
    }
  })
  const sorted = [...arrows.filter((arrow) => !arrow.quiet), ...arrows.filter((arrow) => arrow.quiet)]
  if (node.type !== 'call') return sorted
  const to = nameOf({ dialog: node.dialog, node: trees.get(node.dialog)?.start ?? '' })
  return [{ from: nameOf(place), to, way: 'call', words: { key: 'graph:ways.call' }, quiet: false }, ...sorted]
}

function waysOf(node: Node): Way[] {
  return Object.entries(node).flatMap(([way, value]: [string, unknown]): Way[] => {
    if (typeof value === 'string') return LEADS.has(way) ? [{ way, target: value }] : []
    if (Array.isArray(value)) return value.filter(hasGo).map((detail) => ({ way, target: detail.go, detail }))
    if (hasGo(value)) return [{ way, target: value.go, detail: value }]
    if (!CHOICES.has(way) || typeof value !== 'object' || value === null) return []
    return Object.entries(value).map(([id, target]) => ({ way, id, target: String(target) }))
  })
}

const hasGo = (value: unknown): value is { go: string } =>
  typeof value === 'object' && value !== null && 'go' in value && typeof value.go === 'string'

function linksOf(clusters: readonly Cluster[]): Link[] {
  const links = new Map<string, Link>()
  const strength = { quiet: 0, way: 1, call: 2 }
  for (const { name: from, arrows } of clusters) {
    for (const arrow of arrows) {
      const to = arrow.to.slice(0, arrow.to.indexOf('.'))
      const type = arrow.way === 'call' ? 'call' : arrow.quiet ? 'quiet' : 'way'
      const known = links.get(`${from} ${to}`)
      if (to !== from && (!known || strength[known.type] < strength[type]))
        links.set(`${from} ${to}`, { from, to, type })
    }
  }
  return [...links.values()]
}
