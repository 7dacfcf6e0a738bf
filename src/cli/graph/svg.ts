/** A dialog's drawing as SVG. Everything is escaped; colours come from `graph.css`. */
import type { Box } from '../../dialog/graph.ts'
import { CARD, type Card, type Port, type Row } from './card.ts'
import type { Drawing, Line, Pill } from './drawing.ts'
import { iconOf } from './icons.ts'
import type { Point } from './layout.ts'
import { type Child, el, type Markup, tenth } from './markup.ts'
import { BOLD, MONO, shorten, widthOf } from './measure.ts'
import type { Speak } from './words.ts'

/** How boxes and ports become links; in a file of its own they are groups. */
export interface Look {
  speak: Speak
  links: boolean
}

/** The inside of a drawing, from 0,0: arrows below, boxes above. */
export function drawingMarkup({ lines, pills, cards }: Drawing, look: Look): Markup[] {
  return [
    el('g', { class: 'lines' }, quietFirst(lines).map(lineMarkup)),
    ...pills.map(pillMarkup),
    ...cards.flatMap((card) => [cardMarkup(card, look), ...portsOf(card, look)]),
  ]
}

/** Where arrows meet, the plain one is seen. */
const quietFirst = (lines: readonly Line[]): readonly Line[] =>
  [...lines].sort((a, b) => Number(b.quiet) - Number(a.quiet))

export function lineMarkup({ points, quiet, from, to, way }: Line): Markup {
  const end = points.at(-1) ?? { x: 0, y: 0 }
  const type = quiet ? 'quiet' : way === 'on' || way === 'start' || way === 'call' ? way : 'plain'
  const ends = { 'data-from': from, 'data-to': to }
  return el(
    'g',
    { class: `line ${type}`, ...ends },
    el('path', { class: 'trace', d: curve(points) }),
    head(end),
    way === 'call' && head(points[0] ?? end, -1),
  )
}

/** Level at every point, bent between them. */
export function curve(points: readonly Point[]): string {
  return points
    .map(({ x, y }, i) => {
      const before = points[i - 1]
      const at = `${tenth(x)} ${tenth(y)}`
      if (!before) return `M${at}`
      if (Math.abs(before.y - y) < 0.5) return `L${at}`
      const middle = tenth((before.x + x) / 2)
      return `C${middle} ${tenth(before.y)} ${middle} ${tenth(y)} ${at}`
    })
    .join('')
}

export function head({ x, y }: Point, turn = 1): Markup {
  const back = tenth(x - 7 * turn)
  return el('path', { class: 'head', d: `M${tenth(x)} ${tenth(y)}L${back} ${tenth(y - 4)}V${tenth(y + 4)}z` })
}

/** What can be gone to. `leads`: the names of the dialogs it leads to. */
export interface Stop extends Point {
  class: string
  label: string
  leads?: string
}

/** A box or port with its tooltip; a link where the look has links. */
export function link(
  place: string,
  { x, y, label, leads, class: type }: Stop,
  look: Look,
  ...children: Child[]
): Markup {
  const at = {
    class: look.links ? `stop ${type}` : type,
    'data-place': place,
    'data-leads': leads,
    transform: `translate(${tenth(x)} ${tenth(y)})`,
  }
  const title = el('title', {}, label)
  if (!look.links) return el('g', at, title, children)
  return el('a', { ...at, href: `#${place}`, 'aria-label': label }, title, children)
}

function cardMarkup(card: Card & Point, look: Look): Markup {
  const { box, height, x, y, rows } = card
  const label = [look.speak(`kinds.${box.kind}`), box.node, box.says ? look.speak(box.says) : '']
    .filter(Boolean)
    .join(' · ')
  const outline = { width: CARD.width, height, rx: card.slim ? CARD.head / 2 : 10 }
  return link(
    box.id,
    { class: `card ${box.kind}${card.slim ? ' slim' : ''}`, label, x, y },
    look,
    el('rect', { class: 'face', ...outline }),
    card.slim ? slimMarkup(card, look.speak) : [headMarkup(box, height, look.speak), saysMarkup(card)],
    el('rect', { class: 'edge', ...outline }),
    rows.filter(({ lines }) => lines.length > 0).map(rowMarkup),
  )
}

function slimMarkup({ box, lines }: Card, speak: Speak): Child {
  const kind = speak(`kinds.${box.kind}`)
  const x = 34 + widthOf(kind, 12) * BOLD + 8
  const said = lines[0] === undefined ? '' : shorten(lines[0], CARD.text, CARD.width - x - 14)
  return [icon(box.kind, 12, 7), words(kind, 34, 19.5, 'kind'), said !== '' && words(said, x, 19.5, 'says')]
}

function headMarkup({ kind, node }: Box, height: number, speak: Speak): Child {
  const word = speak(`kinds.${kind}`)
  const room = Math.floor((CARD.width - 58 - widthOf(word, 12) * BOLD) / (CARD.small * MONO))
  const name = node.length > room ? `${node.slice(0, room - 1)}…` : node
  const { width, head: bottom } = CARD
  const square = height > bottom ? `V${bottom}H0` : `V${bottom - 10}a10 10 0 0 1-10 10H10a10 10 0 0 1-10-10`
  return [
    el('path', { class: 'band', d: `M0 10a10 10 0 0 1 10-10h${width - 20}a10 10 0 0 1 10 10${square}z` }),
    icon(kind, CARD.pad, 7),
    words(word, CARD.pad + 22, 19.5, 'kind'),
    words(name, width - CARD.pad, 19.5, 'name', 'end'),
  ]
}

const saysMarkup = ({ lines, box }: Card): Child =>
  lines.map((line, i) => words(line, CARD.pad, CARD.head + 17 + i * CARD.line, box.spoken ? 'says' : 'says done'))

function rowMarkup({ look, lines, arrow, top, height }: Row): Markup {
  const middle = top + height / 2
  const button = look === 'button'
  const first = middle + 4 - (lines.length - 1) * 7
  return el(
    'g',
    { class: `row ${look}` },
    button &&
      el('rect', {
        class: 'outline',
        x: CARD.pad - 4,
        y: top + 2,
        width: CARD.width - 2 * CARD.pad + 8,
        height: height - 4,
        rx: 11,
      }),
    !button && icon(arrow.way, CARD.pad, middle - 6, 12),
    lines.map((line, i) => words(line, CARD.pad + (button ? 7 : 18), first + i * 14, 'way')),
    el('circle', { class: 'socket', cx: CARD.width, cy: middle, r: button ? 3.5 : 2.5 }),
  )
}

function portsOf({ rows, x, y }: Card & Point, look: Look): Markup[] {
  return rows.flatMap((row) => (row.port ? [portMarkup(row, row.port, { x: x + CARD.width, y }, look)] : []))
}

function portMarkup({ arrow, top, height, whole }: Row, port: Port, at: Point, look: Look): Markup {
  const { portGap: gap, port: tall } = CARD
  const y = at.y + top + height / 2 - tall / 2
  const call = arrow.way === 'call'
  const type = call ? 'call' : arrow.quiet ? 'quiet' : 'plain'
  const middle = tall / 2
  const stub = call
    ? [
        el('path', { class: 'trace', d: `M4 ${middle - 2.5}H${gap - 5}M5 ${middle + 2.5}H${gap}` }),
        head({ x: gap, y: middle - 2.5 }),
        head({ x: 0, y: middle + 2.5 }, -1),
      ]
    : [el('path', { class: 'trace', d: `M3 ${middle}H${gap - 4}` }), head({ x: gap, y: middle })]
  return link(
    arrow.to,
    { class: `port ${type} ${port.to}`, label: `${whole} → ${arrow.to}`, x: at.x, y },
    look,
    stub,
    el('rect', { class: 'shape', x: gap, width: port.width, height: tall, rx: call ? 3 : tall / 2 }),
    call && el('path', { class: 'trace', d: `M${gap + 4} 0v${tall}M${gap + port.width - 4} 0v${tall}` }),
    icon(call ? 'call' : port.to, gap + 8, middle - 5.5, 11),
    words(port.name, gap + 23, middle + 4, 'name'),
  )
}

function pillMarkup({ by, note, text, x, y, width, height }: Pill): Markup {
  return el(
    'g',
    { class: `entry ${by}`, transform: `translate(${tenth(x)} ${tenth(y)})` },
    el('title', {}, note),
    el('rect', { class: 'shape', width, height, rx: height / 2 }),
    icon(by, 11, height / 2 - 6.5, 13),
    words(text, 30, height / 2 + 4, 'way'),
  )
}

export function icon(name: string, x: number, y: number, size = 16): Markup {
  const scale = size === 16 ? '' : ` scale(${size / 16})`
  return el('path', { class: 'icon', d: iconOf(name), transform: `translate(${tenth(x)} ${tenth(y)})${scale}` })
}

export function words(text: string, x: number, y: number, type: string, anchor?: 'end' | 'middle'): Markup {
  return el('text', { x, y, class: type, 'text-anchor': anchor }, text)
}
