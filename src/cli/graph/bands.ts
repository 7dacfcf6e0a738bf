/** Judging a drawing: where to break it when it is too wide, and how tangled its arrows are. */
import type { Drawing, Line } from './drawing.ts'
import type { Point } from './layout.ts'

/** Wider drawings are broken, in pixels. */
const WIDEST = 2000
/** The arrows that are cut become ports, which take room too. */
const ROOM = 0.9

/** @returns the boxes that had better stand in the next band: where the fewest steps are led to across the break;
 *  undefined when the drawing is narrow enough. */
export function bestCut({ width, cards, lines }: Drawing): ReadonlySet<string> | undefined {
  if (width <= WIDEST) return undefined
  const columns = [...new Set(cards.map(({ x }) => x))].sort((a, b) => a - b).slice(1)
  const at = new Map(cards.map(({ box, x }) => [box.id, x]))
  const across = (x: number) => lines.filter(({ from, to }) => (at.get(from) ?? x) < x && (at.get(to) ?? 0) >= x)
  const cost = (x: number) => new Set(across(x).map(({ to }) => to)).size - (2 * x) / WIDEST
  const [best] = columns.filter((x) => x <= WIDEST * ROOM).sort((a, b) => cost(a) - cost(b))
  if (best === undefined) return undefined
  return new Set(cards.filter(({ x }) => x >= best).map(({ box }) => box.id))
}

/** How often arrows cross, quiet ones counted less; of drawings that cross as often, those that begin high are better. */
export function tangle({ lines, pills, height }: Drawing): number {
  const start = pills.find(({ by }) => by === 'start')?.y ?? 0
  return crossings(lines) + start / height
}

function crossings(lines: readonly Line[]): number {
  const parts = lines.flatMap(({ points, to, quiet }) =>
    points.slice(1).map((end, i) => ({ start: points[i] ?? end, end, to, weight: quiet ? 0.4 : 1 })),
  )
  let sum = 0
  for (const [i, a] of parts.entries()) {
    for (const b of parts.slice(i + 1)) if (a.to !== b.to && cross(a, b)) sum += a.weight * b.weight
  }
  return sum
}

interface Part {
  start: Point
  end: Point
}

const cross = (a: Part, b: Part): boolean =>
  side(a, b.start) * side(a, b.end) < 0 && side(b, a.start) * side(b, a.end) < 0

const side = ({ start, end }: Part, { x, y }: Point): number =>
  Math.sign((end.x - start.x) * (y - start.y) - (end.y - start.y) * (x - start.x))
