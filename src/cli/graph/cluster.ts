/** One dialog's boxes, arrows and ports with their places. Sizes in pixels. */
import type { Arrow, Box, Cluster } from '../../dialog/graph.ts'
import { bestCut, tangle } from './bands.ts'
import { CARD, type Card, cardOf, type Leads } from './card.ts'
import type { Drawing, Line, Pill } from './drawing.ts'
import { type Edge, forward, type Layout, type Point, place, type Size } from './layout.ts'
import { shorten, widthOf } from './measure.ts'
import type { Speak } from './words.ts'

const PILL = { height: 26, most: 250, text: 12, sides: 46 }
const BAND_GAP = 48

/** What is drawn, and what of it leads on rather than back. */
interface Plan {
  cluster: Cluster
  speak: Speak
  on: ReadonlySet<Arrow>
}

/** Dialogs with many steps in a row are broken into bands, one below the other. */
export function drawCluster(cluster: Cluster, speak: Speak): Drawing {
  const ids = cluster.boxes.map(({ id }) => id)
  const near = cluster.arrows.filter(({ to, way }) => ids.includes(to) && way !== 'call')
  return stack(bandsOf(cluster.boxes, { cluster, speak, on: forward(ids, near) }))
}

function bandsOf(boxes: readonly Box[], plan: Plan): Drawing[] {
  const band = drawBand(boxes, plan)
  const later = bestCut(band)
  if (!later) return [band]
  const first = boxes.filter(({ id }) => !later.has(id))
  const rest = boxes.filter(({ id }) => later.has(id))
  return [...bandsOf(first, plan), ...bandsOf(rest, plan)]
}

function stack(bands: readonly Drawing[]): Drawing {
  let height = -BAND_GAP
  const moved = bands.map((band) => {
    const down = height + BAND_GAP
    height = down + band.height
    const shift = <T extends Point>(thing: T): T => ({ ...thing, y: thing.y + down })
    const lines = band.lines.map((line) => ({ ...line, points: line.points.map(shift) }))
    return { cards: band.cards.map(shift), pills: band.pills.map(shift), lines }
  })
  return {
    width: Math.max(0, ...bands.map(({ width }) => width)),
    height,
    cards: moved.flatMap(({ cards }) => cards),
    pills: moved.flatMap(({ pills }) => pills),
    lines: moved.flatMap(({ lines }) => lines),
  }
}

function drawBand(boxes: readonly Box[], plan: Plan): Drawing {
  const ids = new Set(boxes.map(({ id }) => id))
  const leads = leadsIn(ids, plan)
  const arrowsOf = Map.groupBy(plan.cluster.arrows, ({ from }) => from)
  const cards = boxes.map((box) => cardOf(box, arrowsOf.get(box.id) ?? [], leads, plan.speak))
  const on = [...plan.on].filter((arrow) => leads(arrow) === 'on' && ids.has(arrow.from))
  const pills = pillsOf(ids, plan)
  const edges = [...pills.map(({ to }, i) => ({ from: pillId(i), to, weight: 4 })), ...weighed(on)]
  const sizes = [
    ...pills.map((pill, i) => [pillId(i), pill] as const),
    ...cards.map((card) => [card.box.id, card] as const),
  ]
  const orders = [false, true].flatMap((a) => [false, true].map((b) => [turned(sizes, a), turned(edges, b)] as const))
  const drawings = orders.map(([s, e]) => draw(cards, pills, place(new Map<string, Size>(s), e), new Set(on)))
  return drawings.reduce((best, next) => (tangle(next) < tangle(best) ? next : best))
}

const turned = <T>(list: readonly T[], turn: boolean): T[] => (turn ? [...list].reverse() : [...list])

function leadsIn(band: ReadonlySet<string>, { cluster, on }: Plan): Leads {
  const own = new Set(cluster.boxes.map(({ id }) => id))
  return (arrow) => {
    if (arrow.way === 'call' || !own.has(arrow.to)) return 'away'
    if (!on.has(arrow)) return 'loop'
    return band.has(arrow.to) ? 'on' : 'below'
  }
}

function pillsOf(band: ReadonlySet<string>, { cluster, speak, on }: Plan): Pill[] {
  const entries = cluster.entries.map(({ by, to, words }) => ({ by, to, whole: speak(words) }))
  const above = [...on].filter(({ from }) => !band.has(from)).map(({ to }) => to)
  const continued = [...new Set(above)].map((to) => ({ by: 'above', to, whole: speak('entries.above') }))
  return [...entries, ...continued]
    .filter(({ to }) => band.has(to))
    .map(({ by, to, whole }) => {
      const text = shorten(whole, PILL.text, PILL.most - PILL.sides)
      const note = by === 'topics' || by === 'digressions' ? `${whole} ${speak(`entries.${by}`)}` : whole
      return {
        by,
        to,
        text,
        note,
        x: 0,
        y: 0,
        width: Math.ceil(widthOf(text, PILL.text) + PILL.sides),
        height: PILL.height,
      }
    })
}

const pillId = (index: number): string => `entry ${index}`

/** One edge for all the arrows of a pair. */
function weighed(arrows: readonly Arrow[]): Edge[] {
  const pairs = Map.groupBy(arrows, ({ from, to }) => `${from} ${to}`)
  return [...pairs.values()].flatMap((pair) => {
    const [first] = pair
    return first ? [{ from: first.from, to: first.to, weight: pair.some(({ quiet }) => !quiet) ? 3 : 1 }] : []
  })
}

function draw(cards: readonly Card[], pills: readonly Pill[], layout: Layout, on: ReadonlySet<Arrow>): Drawing {
  const corner = (id: string): Point => {
    const { x, y } = layout.areas.get(id) ?? { x: 0, y: 0 }
    return { x, y }
  }
  const placed = cards.map((card) => ({ ...card, ...corner(card.box.id) }))
  const entries = pills.map((pill, i) => ({ ...pill, ...corner(pillId(i)) }))
  const lines = [...linesFromPills(entries, layout), ...placed.flatMap((card) => linesFromCard(card, layout, on))]
  return { width: layout.width, height: layout.height, cards: placed, pills: entries, lines }
}

function linesFromPills(pills: readonly Pill[], layout: Layout): Line[] {
  return pills.map(({ by, to, x, y, width, height }, i) => {
    const start = { x: x + width, y: y + height / 2 }
    return { from: '', to, points: layout.route(start, { from: pillId(i), to }), quiet: false, way: by }
  })
}

function linesFromCard(card: Card & Point, layout: Layout, on: ReadonlySet<Arrow>): Line[] {
  const rows = card.rows.filter(({ arrow }) => on.has(arrow))
  return rows.map(({ arrow, top, height }) => {
    const { from, to, quiet, way } = arrow
    const start = { x: card.x + CARD.width, y: card.y + top + height / 2 }
    return { from, to, points: layout.route(start, arrow), quiet, way }
  })
}
