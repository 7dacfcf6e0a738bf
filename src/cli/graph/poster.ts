/** One SVG of everything: the overview above, then every dialog in a frame. It holds its own style and asks for nothing. */
import type { Cluster } from '../../dialog/graph.ts'
import { LOCALE_TAGS } from '../../wire/activity.ts'
import type { Drawing } from './drawing.ts'
import type { Area, Point, Size } from './layout.ts'
import { legendDrawing } from './legend.ts'
import { type Child, el, type Markup, raw, render } from './markup.ts'
import { type Edition, nameWidth, type Overview } from './overview.ts'
import { overviewMarkup } from './overview-svg.ts'
import { drawingMarkup, type Look, words } from './svg.ts'
import type { Speak } from './words.ts'

const FRAME = { pad: 28, head: 64, gap: 40 }
const MARGIN = 48
const HEADING = 52

interface Framed extends Size {
  title: string
  note: string
  name: string
  inside: readonly Markup[]
}

/** @param style what `graph.css` holds. @returns the text of an SVG file. */
export function poster({ locale, speak, overview, drawings }: Edition, style: string): string {
  const look: Look = { speak, links: false }
  const dialogs = [...overview.tiles, ...overview.apart.tiles].flatMap(({ cluster }) => {
    const drawing = drawings.get(cluster.name)
    return drawing ? [framedDialog(cluster, drawing, look)] : []
  })
  const { inside, width, height } = sheet([framedOverview(overview, look), ...dialogs], speak)
  const attributes = { class: 'graph', viewBox: `0 0 ${width} ${height}`, width, height, lang: LOCALE_TAGS[locale] }
  const svg = el(
    'svg',
    { xmlns: 'http://www.w3.org/2000/svg', ...attributes, role: 'img', 'aria-labelledby': 'title' },
    el('title', { id: 'title' }, speak('title')),
    el('style', {}, raw(style)),
    el('rect', { class: 'ground', width, height }),
    inside,
  )
  return `${render(svg)}\n`
}

/** The heading, what the signs mean, then the frames. */
function sheet(frames: readonly Framed[], speak: Speak): Size & { inside: readonly Markup[] } {
  const signs = legendDrawing(speak)
  const top = MARGIN + HEADING + signs.height + FRAME.gap
  const areas = pack(frames)
  const inside = [
    words(speak('title'), MARGIN, MARGIN + 22, 'heading'),
    moved({ x: MARGIN, y: MARGIN + HEADING }, signs.markup),
    ...frames.map((frame, i) => frameMarkup(frame, { x: MARGIN + (areas[i]?.x ?? 0), y: top + (areas[i]?.y ?? 0) })),
  ]
  const width = Math.max(signs.width, ...areas.map((area) => area.x + area.width)) + 2 * MARGIN
  const height = top + Math.max(...areas.map((area) => area.y + area.height)) + MARGIN
  return { inside, width, height }
}

function framedOverview(overview: Overview, look: Look): Framed {
  const { width, height } = overview
  return {
    title: look.speak('overview'),
    note: look.speak('intro'),
    name: '',
    width,
    height,
    inside: overviewMarkup(overview, look),
  }
}

function framedDialog(cluster: Cluster, drawing: Drawing, look: Look): Framed {
  const { width, height } = drawing
  const note = look.speak('size', { count: cluster.boxes.length })
  return {
    title: look.speak(cluster.title),
    note,
    name: cluster.name,
    width,
    height,
    inside: drawingMarkup(drawing, look),
  }
}

function frameMarkup({ title, note, name, width, height, inside }: Framed, at: Point): Markup {
  const noteAt = name === '' ? 0 : nameWidth(name) + 12
  return moved(at, [
    el('rect', { class: 'frame', width: width + 2 * FRAME.pad, height: height + FRAME.head + 2 * FRAME.pad, rx: 18 }),
    words(title, FRAME.pad, FRAME.pad + 18, 'title large'),
    name !== '' && words(name, FRAME.pad, FRAME.pad + 42, 'name'),
    words(note, FRAME.pad + noteAt, FRAME.pad + 42, 'note'),
    moved({ x: FRAME.pad, y: FRAME.pad + FRAME.head }, inside),
  ])
}

const moved = ({ x, y }: Point, ...inside: readonly Child[]): Markup =>
  el('g', { transform: `translate(${x} ${y})` }, inside)

/** Each frame as high up as there is room for it, and then as far left, in order; on the sheet that wastes least. */
function pack(frames: readonly Framed[]): Area[] {
  const sizes = frames.map(({ width, height }) => ({
    width: Math.ceil(width) + 2 * FRAME.pad,
    height: Math.ceil(height) + FRAME.head + 2 * FRAME.pad,
  }))
  const widest = Math.max(...sizes.map(({ width }) => width))
  const sheets = SHEETS.map((factor) => packInto(sizes, widest * factor))
  return sheets.reduce((best, next) => (paper(next) < paper(best) ? next : best))
}

/** Widths of sheets to try, in widths of the widest frame. */
const SHEETS = [1.4, 1.6, 1.8, 2, 2.2, 2.4, 2.6]

function paper(areas: readonly Area[]): number {
  return Math.max(...areas.map(({ x, width }) => x + width)) * Math.max(...areas.map(({ y, height }) => y + height))
}

function packInto(sizes: readonly Size[], widest: number): Area[] {
  const placed: Area[] = []
  for (const size of sizes) placed.push({ ...bestPlace(size, placed, widest), ...size })
  return placed
}

function bestPlace({ width }: Size, placed: readonly Area[], widest: number): Point {
  const lefts = [0, ...placed.map((area) => area.x + area.width + FRAME.gap)].filter(
    (x) => x === 0 || x + width <= widest,
  )
  const points = lefts.map((x) => {
    const over = placed.filter((area) => area.x < x + width + FRAME.gap && x < area.x + area.width + FRAME.gap)
    return { x, y: Math.max(0, ...over.map((area) => area.y + area.height + FRAME.gap)) }
  })
  return points.reduce((best, next) => (next.y < best.y || (next.y === best.y && next.x < best.x) ? next : best))
}
