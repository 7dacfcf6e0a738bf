/** All trees as one graph: what may come after what. Pure. */
import { nameOf, resolve } from './expect.ts'
import type { Fault, FaultCode } from './faults.ts'
import type { SourceDialog } from './parse.ts'
import type { Node, Place, Target } from './types.ts'

export interface GraphNode {
  place: Place
  node: Node
  /** Every node that may come next, sub-dialogs included. */
  next: string[]
  fault: (code: FaultCode, facts?: Fault['facts']) => Fault
}

export interface Graph {
  nodes: Map<string, GraphNode>
  dialogs: readonly SourceDialog[]
  faults: Fault[]
}

export function buildGraph(dialogs: readonly SourceDialog[]): Graph {
  const graph: Graph = { nodes: new Map(), dialogs, faults: [] }
  const byName = new Map<string, SourceDialog>()
  for (const dialog of dialogs) {
    if (byName.has(dialog.name))
      graph.faults.push({ file: dialog.file, line: 1, code: 'dialog_twice', facts: { dialog: dialog.name } })
    byName.set(dialog.name, dialog)
    for (const [key, node] of dialog.nodes) {
      const place = { dialog: dialog.name, node: key }
      const fault: GraphNode['fault'] = (code, facts = {}) => ({
        file: dialog.file,
        line: dialog.lineOf(['nodes', key]),
        code,
        facts: { node: nameOf(place), ...facts },
      })
      graph.nodes.set(nameOf(place), { place, node, next: [], fault })
    }
  }
  for (const entry of graph.nodes.values()) link(graph, byName, entry)
  for (const dialog of dialogs) {
    if (!dialog.nodes.has(dialog.start))
      graph.faults.push({
        file: dialog.file,
        line: 1,
        code: 'unknown_target',
        facts: { node: dialog.name, target: dialog.start },
      })
    for (const target of ownTargets(dialog)) {
      if (!graph.nodes.has(nameOf(resolve(target, dialog.name))))
        graph.faults.push({ file: dialog.file, line: 1, code: 'unknown_target', facts: { node: dialog.name, target } })
    }
  }
  return graph
}

/** Where a dialog is entered other than by its nodes. */
export const ownTargets = ({ fallback, topics, digressions }: SourceDialog): Target[] => [
  fallback,
  ...Object.values(topics),
  ...Object.values(digressions),
]

function link(graph: Graph, dialogs: ReadonlyMap<string, SourceDialog>, entry: GraphNode): void {
  const { node, place } = entry
  for (const target of targetsOf(node)) {
    const name = nameOf(resolve(target, place.dialog))
    if (graph.nodes.has(name)) entry.next.push(name)
    else graph.faults.push(entry.fault('unknown_target', { target }))
  }
  if (node.type !== 'call') return
  const called = dialogs.get(node.dialog)
  if (called) entry.next.push(nameOf({ dialog: called.name, node: called.start }))
  else graph.faults.push(entry.fault('unknown_target', { target: node.dialog }))
}

/** Every target a node names. */
export function targetsOf(node: Node): Target[] {
  return node.limit ? [node.limit.go, ...waysOn(node)] : waysOn(node)
}

function waysOn(node: Node): Target[] {
  switch (node.type) {
    case 'say':
    case 'do':
    case 'handoff':
      return [node.next]
    case 'ask':
      return [
        ...Object.values(node.options),
        ...[node.email, node.text, node.unclear].flatMap((t) => (t ? [t.go] : [])),
      ]
    case 'collect':
      return [node.next, node.otherwise, ...Object.values(node.options ?? {})]
    case 'await':
      return [node.timeout, ...Object.values(node.on)]
    case 'branch':
      return [node.else, ...node.cases.map((c) => c.go)]
    case 'call':
      return [node.next, ...Object.values(node.on ?? {})]
    case 'go':
      return [node.to]
    case 'end':
    case 'close':
      return []
  }
}

const WAITING: readonly Node['type'][] = ['ask', 'collect', 'await', 'handoff', 'end', 'close']

/** As `passingHere`, into called dialogs too. */
export function passing(graph: Graph, through: ReadonlySet<string>, name: string): string[] {
  const node = graph.nodes.get(name)?.node
  const entered = node?.type === 'call' ? [startOf(graph, node.dialog)] : []
  return [...passingHere(graph, through, name), ...entered]
}

/** What may come next without anybody being waited for, calls passed over if what they call ends so. */
export function passingHere(graph: Graph, through: ReadonlySet<string>, name: string): string[] {
  const found = graph.nodes.get(name)
  if (!found || WAITING.includes(found.node.type)) return []
  if (found.node.type === 'call' && !through.has(found.node.dialog)) return []
  return targetsOf(found.node).map((target) => nameOf(resolve(target, found.place.dialog)))
}

/** Dialogs that may end without having waited for anybody: first those that do so alone, then those that call them. */
export function runThrough(graph: Graph): Set<string> {
  const through = new Set<string>()
  for (let known = -1; known < through.size; ) {
    known = through.size
    for (const { name } of graph.dialogs) {
      const passed = flood([startOf(graph, name)], (at) => passingHere(graph, through, at))
      if ([...passed].some((at) => graph.nodes.get(at)?.node.type === 'end')) through.add(name)
    }
  }
  return through
}

export const startOf = (graph: Graph, dialog: string): string =>
  nameOf({ dialog, node: graph.dialogs.find((d) => d.name === dialog)?.start ?? '' })

export function flood(from: readonly string[], next: (name: string) => readonly string[]): Set<string> {
  const seen = new Set(from)
  for (const name of seen) for (const to of next(name)) seen.add(to)
  return seen
}
