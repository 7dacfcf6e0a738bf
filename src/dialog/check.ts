/** Faults of a whole set of trees, found before any member does. Pure. */
import { nameOf, resolve } from './expect.ts'
import type { Fault, FaultCode } from './faults.ts'
import type { SourceDialog } from './parse.ts'
import type { Dialog, Node, Place, Target } from './types.ts'
import { buildGraph, flood, type Graph, type GraphNode, ownTargets, passing, runThrough } from './ways.ts'

export interface CheckOptions {
  /** Where the service enters the trees, `dialog.node`. */
  entries: readonly Target[]
  /** Effects the service knows. */
  effects: readonly string[]
  locales: readonly string[]
  /** The text of a key in a language; undefined when there is none. */
  text: (locale: string, key: string) => string | undefined
  /** Intents that have training phrases, with the languages they have them in; undefined: not looked at. */
  intents?: ReadonlyMap<string, ReadonlySet<string>>
  /** The node that answers whoever asks for a person, and the ways to ask. */
  person?: { entry: Target; words: readonly string[] }
}

/** @returns all faults, in the order of files and lines. */
export function checkTrees(dialogs: readonly SourceDialog[], options: CheckOptions): Fault[] {
  const graph = buildGraph(dialogs)
  const faults = [...graph.faults, ...checkEntries(graph, options.entries), ...checkEffects(graph, options.effects)]
  if (faults.length === 0) {
    faults.push(...checkReach(graph, options.entries), ...checkWaysOut(graph), ...checkLoops(graph))
    faults.push(...checkPerson(graph, options))
  }
  faults.push(...checkIntents(graph, options), ...checkTexts(graph, options))
  return faults.sort((a, b) => a.file.localeCompare(b.file) || a.line - b.line)
}

function checkEntries(graph: Graph, entries: readonly Target[]): Fault[] {
  const missing = entries.filter((entry) => !graph.nodes.has(entry))
  return missing.map((node) => ({
    file: `dialogs/${node.split('.')[0]}.yaml`,
    line: 1,
    code: 'entry_missing',
    facts: { node },
  }))
}

function checkEffects(graph: Graph, effects: readonly string[]): Fault[] {
  const faults: Fault[] = []
  for (const { node, fault } of graph.nodes.values()) {
    if (node.type === 'do' && !effects.includes(node.effect))
      faults.push(fault('unknown_effect', { effect: node.effect }))
  }
  return faults
}

function checkReach(graph: Graph, entries: readonly Target[]): Fault[] {
  const own = graph.dialogs.flatMap((dialog) => ownTargets(dialog).map((t) => nameOf(resolve(t, dialog.name))))
  const reached = flood([...entries, ...own], (name) => graph.nodes.get(name)?.next ?? [])
  return [...graph.nodes].filter(([name]) => !reached.has(name)).map(([, n]) => n.fault('unreachable_node'))
}

const EXITS: readonly Node['type'][] = ['end', 'handoff', 'close']

/** From every node, an end or a person must be reachable. */
function checkWaysOut(graph: Graph): Fault[] {
  const into = new Map<string, string[]>()
  for (const [name, { next }] of graph.nodes) {
    for (const to of next) into.set(to, [...(into.get(to) ?? []), name])
  }
  const exits = [...graph.nodes].filter(([, { node }]) => EXITS.includes(node.type))
  const saved = flood(
    exits.map(([name]) => name),
    (name) => into.get(name) ?? [],
  )
  return [...graph.nodes].filter(([name]) => !saved.has(name)).map(([, n]) => n.fault('no_way_out'))
}

/** A circle of nodes none of which waits for anybody would never end. */
function checkLoops(graph: Graph): Fault[] {
  const through = runThrough(graph)
  const next = (name: string) => passing(graph, through, name)
  const looping = [...graph.nodes].filter(([name]) => flood(next(name), next).has(name))
  return looping.map(([, n]) => n.fault('endless_loop'))
}

/** A person is one action away everywhere because asking for one always leads to one: so the answer to it may wait for
 *  nothing else, and no question may take the words for something else. */
function checkPerson(graph: Graph, { person, locales, text }: CheckOptions): Fault[] {
  if (!person) return []
  const faults: Fault[] = []
  const through = runThrough(graph)
  if (!leadsToPerson(graph, through, person.entry)) {
    const entry = graph.nodes.get(person.entry)
    if (entry) faults.push(entry.fault('person_far', { words: person.words[0] ?? '' }))
  }
  const words = new Set(person.words.map((word) => word.toLowerCase()))
  for (const { node, place, fault } of graph.nodes.values()) {
    if (node.type !== 'ask' && node.type !== 'collect') continue
    for (const [id, target] of Object.entries(node.options ?? {})) {
      const at = `${place.dialog}:${place.node}`
      const ways = locales.flatMap((locale) => [
        text(locale, `${at}.options.${id}`) ?? '',
        ...(text(locale, `${at}.aliases.${id}`) ?? '').split('|'),
      ])
      const taken = ways.find((way) => words.has(way.toLowerCase()))
      if (taken === undefined || leadsToPerson(graph, through, nameOf(resolve(target, place.dialog)))) continue
      faults.push(fault('person_far', { words: taken }))
    }
  }
  return faults
}

/** Without anybody being asked anything before. */
function leadsToPerson(graph: Graph, through: ReadonlySet<string>, from: string): boolean {
  const passed = flood([from], (name) => passing(graph, through, name))
  return [...passed].some((name) => graph.nodes.get(name)?.node.type === 'handoff')
}

/** Every intent is answered in one place, and every place that answers one has phrases to know it by. */
function checkIntents(graph: Graph, { intents, locales }: CheckOptions): Fault[] {
  if (!intents) return []
  const faults: Fault[] = []
  const answered = new Map<string, string>()
  for (const dialog of graph.dialogs) {
    for (const intent of [...Object.keys(dialog.topics), ...Object.keys(dialog.digressions)]) {
      const line = dialog.lineOf([intent in dialog.topics ? 'topics' : 'digressions', intent])
      const fault = (code: FaultCode, facts: Fault['facts']): Fault => ({ file: dialog.file, line, code, facts })
      const other = answered.get(intent)
      if (other !== undefined) faults.push(fault('intent_twice', { intent, dialog: other }))
      answered.set(intent, dialog.name)
      const missing = locales.filter((locale) => !intents.get(intent)?.has(locale))
      for (const locale of missing) faults.push(fault('intent_without_phrases', { intent, locale }))
    }
  }
  for (const { node, fault } of graph.nodes.values()) {
    if (node.type !== 'ask') continue
    for (const [intent, option] of Object.entries(node.means ?? {})) {
      if (!Object.hasOwn(node.options, option)) faults.push(fault('unknown_target', { target: option }))
      if (!intents.has(intent)) faults.push(fault('intent_without_phrases', { intent, locale: locales.join(', ') }))
    }
  }
  for (const [intent, languages] of intents) {
    if (answered.has(intent)) continue
    const file = `dialogs/intents/${intent}.${[...languages][0] ?? locales[0]}.yaml`
    faults.push({ file, line: 1, code: 'intent_without_answer', facts: { intent } })
  }
  return faults
}

function checkTexts(graph: Graph, options: CheckOptions): Fault[] {
  const faults: Fault[] = []
  for (const dialog of graph.dialogs) {
    const fault: GraphNode['fault'] = (code, facts = {}) => ({ file: dialog.file, line: 1, code, facts })
    for (const key of ownKeys(dialog)) faults.push(...checkKey(key, fault, options))
  }
  for (const { node, place, fault } of graph.nodes.values()) {
    for (const key of keysOf(node, place)) {
      const option = /\.(?:options|aliases)\.(.+)$/.exec(key)?.[1]
      faults.push(...checkKey(key, option === undefined ? fault : atOption(graph, place, option, fault), options))
    }
    faults.push(...checkButtons(node, place, fault, options))
  }
  return faults
}

/** The same fault where the option stands, rather than its node. The line is looked for only when there is a fault. */
function atOption(graph: Graph, place: Place, option: string, fault: GraphNode['fault']): GraphNode['fault'] {
  return (code, facts) => {
    const line = graph.dialogs
      .find(({ name }) => name === place.dialog)
      ?.lineOf(['nodes', place.node, 'options', option])
    return { ...fault(code, facts), ...(line === undefined ? {} : { line }) }
  }
}

function checkKey(key: string, fault: GraphNode['fault'], { locales, text }: CheckOptions): Fault[] {
  const missing = locales.filter((locale) => !text(locale, key))
  if (missing.length === locales.length) return [fault('unknown_text', { key })]
  return missing.map((locale) => fault('missing_language', { key, locale }))
}

/** Text keys a dialog needs beside its nodes': its title, and a button for each topic that may be asked back about. */
export function ownKeys(dialog: Dialog): string[] {
  return [`${dialog.name}:title`, ...Object.keys(dialog.topics).map((intent) => `${dialog.name}:intents.${intent}`)]
}

/** Text keys a node needs. */
export function keysOf(node: Node, place: Place): string[] {
  const at = `${place.dialog}:${place.node}`
  const options = node.type === 'ask' || node.type === 'collect' ? Object.keys(node.options ?? {}) : []
  const buttons = options.flatMap((id) => [`${at}.options.${id}`, `${at}.aliases.${id}`])
  if (node.type === 'say' || node.type === 'ask') return [`${at}.say`, ...buttons]
  if (node.type === 'handoff') return [`terms:reasons.${node.reason}`]
  return node.type === 'collect' ? [`${at}.say`, `${at}.invalid`, ...buttons] : []
}

/** A typed answer is matched by the buttons' texts, so two may not read the same. */
function checkButtons(node: Node, place: Place, fault: GraphNode['fault'], { locales, text }: CheckOptions): Fault[] {
  if (node.type !== 'ask' && node.type !== 'collect') return []
  const faults: Fault[] = []
  for (const locale of locales) {
    const texts = Object.keys(node.options ?? {}).map((id) =>
      text(locale, `${place.dialog}:${place.node}.options.${id}`),
    )
    const twice = texts.find((t, i) => t !== undefined && texts.indexOf(t) !== i)
    if (twice !== undefined) faults.push(fault('same_button_text', { locale, text: twice }))
  }
  return faults
}
