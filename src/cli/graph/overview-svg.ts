/** The overview as SVG. */
import { el, type Markup } from './markup.ts'
import { nameWidth, type Overview, TILE, type Tile } from './overview.ts'
import { icon, type Look, lineMarkup, link, words } from './svg.ts'
import type { Speak } from './words.ts'

export function overviewMarkup({ tiles, lines, apart, begins }: Overview, look: Look): Markup[] {
  return [
    el('g', { class: 'lines' }, lines.map(lineMarkup)),
    ...tiles.map((tile) => tileMarkup(tile, look, tile.cluster.name === begins)),
    ...(apart.tiles.length > 0 ? apartMarkup(apart.top, look.speak) : []),
    ...apart.tiles.map((tile) => tileMarkup(tile, look, false)),
  ]
}

const apartMarkup = (top: number, speak: Speak): Markup[] => [
  words(speak('anywhere'), 0, top + 8, 'title small'),
  words(speak('anywhere_note'), 0, top + 28, 'note'),
]

function tileMarkup(
  { cluster, title, size, notes, leads, x, y, height }: Tile & { x: number; y: number },
  look: Look,
  begins: boolean,
): Markup {
  const { name } = cluster
  const label = [look.speak(cluster.title), size, ...(begins ? [look.speak('begins')] : [])].join(' · ')
  const below = 22 + title.length * TILE.line
  return link(
    name,
    { class: `tile${begins ? ' begins' : ''}`, label, x, y, leads: leads.join(' ') },
    look,
    el('rect', { class: 'face', width: TILE.width, height, rx: 12 }),
    begins && icon('start', TILE.width - 28, 10, 14),
    title.map((line, i) => words(line, TILE.pad, 25 + i * TILE.line, 'title')),
    words(name, TILE.pad, below + 8, 'name'),
    words(size, TILE.pad + nameWidth(name) + 10, below + 8, 'note'),
    notes.length > 0 && el('path', { class: 'rule', d: `M${TILE.pad} ${below + 16.5}H${TILE.width - TILE.pad}` }),
    notes.map((line, i) => words(line, TILE.pad, below + 33 + i * TILE.smallLine, 'note')),
  )
}
