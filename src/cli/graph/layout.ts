/** Where things stand: dagre's layers, one column of boxes for each, from left to right. Sizes in pixels. */
import { Graph, layout } from '@dagrejs/dagre'

export interface Point {
  x: number
  y: number
}
export interface Size {
  width: number
  height: number
}
/** `x` and `y` are the left upper corner's. */
export type Area = Point & Size

export interface Edge {
  from: string
  to: string
  /** Heavier edges are kept shorter and straighter. */
  weight: number
}

export interface Layout extends Size {
  areas: ReadonlyMap<string, Area>
  /** The way of an edge from where it leaves its box to the middle of the next one's left side; level at each point. */
  route(start: Point, edge: Pick<Edge, 'from' | 'to'>): Point[]
}

const GAPS = { nodesep: 26, ranksep: 56, edgesep: 14 }
interface Placed extends Area {
  rank: number
}
/** What is used of dagre's graph; it counts from the middle of a box. */
interface Layers {
  setGraph(options: object): void
  setNode(id: string, node: Placed): void
  setEdge(from: string, to: string, edge: Bend): void
  node(id: string): Placed
  edge(from: string, to: string): Bend
}
interface Bend {
  weight: number
  points: readonly Point[]
}
interface Column {
  left: number
  right: number
}

/** @param edges without circles, one for a pair. */
export function place(
  sizes: ReadonlyMap<string, Size>,
  edges: readonly Edge[],
  gaps: Partial<typeof GAPS> = {},
): Layout {
  const layers: Layers = new Graph()
  layers.setGraph({ rankdir: 'LR', rankalign: 'top', ...GAPS, ...gaps })
  for (const [id, { width, height }] of sizes) layers.setNode(id, { width, height, x: 0, y: 0, rank: 0 })
  for (const { from, to, weight } of edges) layers.setEdge(from, to, { weight, points: [] })
  layout(layers)
  const nodes = new Map([...sizes.keys()].map((id) => [id, layers.node(id)]))
  const bends = edges.flatMap(({ from, to }) => layers.edge(from, to).points.map(({ y }) => y))
  // dagre puts boxes at 0 and below, but arrows may pass above them.
  const down = -Math.min(0, ...bends)
  const lower = <T extends Point>(thing: T): T => ({ ...thing, y: thing.y + down })
  const columns = columnsOf([...nodes.values()])
  const areas = new Map([...nodes].map(([id, node]) => [id, lower(cornered(node))]))
  const all = [...areas.values()]
  return {
    areas,
    width: Math.max(0, ...all.map(({ x, width }) => x + width)),
    height: Math.max(0, ...bends.map((y) => y + down), ...all.map(({ y, height }) => y + height)),
    route: (start, edge) => {
      const [first, last] = [layers.node(edge.from), layers.node(edge.to)]
      const passed = [...columns].filter(([rank]) => first.rank < rank && rank < last.rank).map(([, column]) => column)
      const out = { x: columns.get(first.rank)?.right ?? start.x, y: start.y }
      const inner = through(passed, layers.edge(edge.from, edge.to).points).map(lower)
      return [start, out, ...inner, lower({ x: last.x - last.width / 2, y: last.y })]
    },
  }
}

/** Each column that an edge passes is passed level, so that it does not touch the boxes there. */
function through(columns: readonly Column[], points: readonly Point[]): Point[] {
  return columns.flatMap(({ left, right }) => {
    const at = points.find(({ x }) => left - 1 <= x && x <= right + 1)
    return at
      ? [
          { x: left, y: at.y },
          { x: right, y: at.y },
        ]
      : []
  })
}

type Columns = ReadonlyMap<number, Column>

function columnsOf(placed: readonly Placed[]): Columns {
  const columns = new Map<number, Column>()
  for (const { x, width, rank } of [...placed].sort((a, b) => a.rank - b.rank)) {
    const { left, right } = columns.get(rank) ?? { left: x, right: x }
    columns.set(rank, { left: Math.min(left, x - width / 2), right: Math.max(right, x + width / 2) })
  }
  return columns
}

const cornered = ({ x, y, width, height }: Placed): Area => ({ x: x - width / 2, y: y - height / 2, width, height })

/** Splits arrows into those that lead on and those that lead back to where they came from, so that no circle is left. */
export function forward<T extends { from: string; to: string }>(ids: readonly string[], arrows: readonly T[]): Set<T> {
  const from = Map.groupBy(arrows, (arrow) => arrow.from)
  const state = new Map<string, 'open' | 'done'>()
  const on = new Set<T>()
  const visit = (id: string): void => {
    state.set(id, 'open')
    for (const arrow of from.get(id) ?? []) {
      if (state.get(arrow.to) === 'open') continue
      on.add(arrow)
      if (!state.has(arrow.to)) visit(arrow.to)
    }
    state.set(id, 'done')
  }
  for (const id of ids) if (!state.has(id)) visit(id)
  return on
}
