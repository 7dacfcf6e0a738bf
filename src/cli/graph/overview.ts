/** The dialogs as boxes, and how one leads to the next. Sizes in pixels. */
import type { Cluster, Graph, Link } from '../../dialog/graph.ts'
import type { Locale } from '../../wire/activity.ts'
import type { Drawing, Line } from './drawing.ts'
import { type Edge, forward, type Point, place, type Size } from './layout.ts'
import { BOLD, MONO, wrap } from './measure.ts'
import type { Speak } from './words.ts'

export const TILE = { width: 232, pad: 14, title: 15, line: 18, small: 11.5, smallLine: 15 } as const
const INNER = TILE.width - 2 * TILE.pad
const APART_GAP = 22

/** A dialog, small. */
export interface Tile extends Size {
  cluster: Cluster
  title: readonly string[]
  size: string
  /** Where it leads as well; no arrow is drawn for these. */
  notes: readonly string[]
  /** Names of all dialogs it leads to. */
  leads: readonly string[]
}

export interface Overview extends Size {
  tiles: readonly (Tile & Point)[]
  lines: readonly Line[]
  /** Dialogs that no other leads to, for they begin at any moment. */
  apart: { tiles: readonly (Tile & Point)[]; top: number }
  begins: string
}

/** What both kinds of files are made from, in one language. */
export interface Edition {
  locale: Locale
  speak: Speak
  overview: Overview
  /** Of each dialog, by name. */
  drawings: ReadonlyMap<string, Drawing>
}

/** Draws the first way to each dialog, and every call. @param first the dialog where a conversation begins. */
export function drawOverview({ clusters, links }: Graph, first: string, speak: Speak, widest = 1400): Overview {
  const reached = reach(links, first)
  const shown = links.filter((link) => reached.has(link.to) && reached.has(link.from))
  const ways = shown.filter((link) => link.type === 'call' || reached.get(link.to) === link.from)
  const drawn = forward([...reached.keys()], ways)
  const tileOf = new Map(clusters.map((cluster) => [cluster.name, tile(cluster, links, drawn, speak)]))
  const within = [...reached.keys()].flatMap((name) => tileOf.get(name) ?? [])
  const edges: Edge[] = [...drawn].map(({ from, to, type }) => ({ from, to, weight: type === 'call' ? 1 : 3 }))
  const layout = place(new Map(within.map((each) => [each.cluster.name, each])), edges, { nodesep: 18, ranksep: 70 })
  const tiles = within.map((each) => ({ ...each, ...corner(layout.areas.get(each.cluster.name)) }))
  const lines = [...drawn].map(({ from, to, type }): Line => {
    const { x, y, height } = tiles.find(({ cluster }) => cluster.name === from) ?? { x: 0, y: 0, height: 0 }
    const points = layout.route({ x: x + TILE.width, y: y + height / 2 }, { from, to })
    return { from, to, points, quiet: false, way: type }
  })
  const top = layout.height + 64
  const others = clusters.flatMap(({ name }) => (reached.has(name) ? [] : (tileOf.get(name) ?? [])))
  const width = Math.max(layout.width, Math.min(widest, others.length * (TILE.width + APART_GAP)))
  const apart = inRows(others, width, top)
  const height = Math.max(layout.height, ...apart.map((each) => each.y + each.height))
  return { tiles, lines, apart: { tiles: apart, top }, width, height, begins: first }
}

/** @returns each dialog that is reached, with the one that leads there first. */
function reach(links: readonly Link[], first: string): Map<string, string> {
  const reached = new Map([[first, '']])
  for (const name of reached.keys()) {
    for (const { from, to, type } of links)
      if (from === name && type !== 'quiet' && !reached.has(to)) reached.set(to, from)
  }
  return reached
}

function tile(cluster: Cluster, links: readonly Link[], drawn: ReadonlySet<Link>, speak: Speak): Tile {
  const mine = links.filter(({ from }) => from === cluster.name)
  const named = (key: string, some: readonly Link[]): string[] => {
    const dialogs = some.map(({ to }) => to).join(', ')
    return dialogs === '' ? [] : wrap(speak(key, { dialogs }), TILE.small, INNER, 4)
  }
  const rest = mine.filter((link) => !drawn.has(link))
  const notes = [
    ...named(
      'also',
      rest.filter(({ type }) => type !== 'quiet'),
    ),
    ...named(
      'lost',
      rest.filter(({ type }) => type === 'quiet'),
    ),
  ]
  const title = wrap(speak(cluster.title), TILE.title * BOLD, INNER, 2)
  const height =
    20 + title.length * TILE.line + TILE.smallLine + (notes.length > 0 ? 10 + notes.length * TILE.smallLine : 0)
  const size = speak('size', { count: cluster.boxes.length })
  return { cluster, title, size, notes, leads: mine.map(({ to }) => to), width: TILE.width, height: height + 6 }
}

function inRows(tiles: readonly Tile[], width: number, top: number): (Tile & Point)[] {
  const most = Math.max(1, Math.floor((width + APART_GAP) / (TILE.width + APART_GAP)))
  const placed: (Tile & Point)[] = []
  let y = top + 46
  for (let i = 0; i < tiles.length; i += most) {
    const row = tiles.slice(i, i + most)
    placed.push(...row.map((each, n) => ({ ...each, x: n * (TILE.width + APART_GAP), y })))
    y += Math.max(...row.map(({ height }) => height)) + APART_GAP
  }
  return placed
}

const corner = ({ x, y }: Point = { x: 0, y: 0 }): Point => ({ x, y })

/** Width of a name in small fixed letters. */
export const nameWidth = (name: string): number => name.length * TILE.small * MONO
