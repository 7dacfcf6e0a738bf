/** What the signs mean. */
import type { Box } from '../../dialog/graph.ts'
import type { Size } from './layout.ts'
import { type Child, el, type Markup } from './markup.ts'
import { BOLD, widthOf } from './measure.ts'
import { head, icon, words } from './svg.ts'
import type { Speak } from './words.ts'

/** A sign of 34 by 20, the word it stands for (kinds only), and what that means. */
interface Sign {
  drawn: Markup
  word: string
  note: string
}

const KINDS: readonly Box['kind'][] = [
  'say',
  'ask',
  'collect',
  'do',
  'await',
  'branch',
  'call',
  'go',
  'handoff',
  'end',
  'close',
]
const WAYS = ['chosen', 'quiet', 'call', 'port', 'loop', 'below', 'topics', 'digressions'] as const

function signs(speak: Speak): Sign[] {
  const kinds = KINDS.map((kind): Sign => {
    const band = el('rect', { class: 'band', width: 26, height: 20, rx: 6 })
    const drawn = el('g', { class: `card ${kind}` }, band, icon(kind, 6, 3, 14))
    return { drawn, word: speak(`kinds.${kind}`), note: speak(`kind_notes.${kind}`) }
  })
  const ways = WAYS.map((way): Sign => ({ drawn: waySign(way), word: '', note: speak(`legend.${way}`) }))
  return [...kinds, ...ways]
}

function waySign(way: (typeof WAYS)[number]): Markup {
  if (way === 'chosen' || way === 'quiet')
    return el('g', { class: `line ${way}` }, el('path', { class: 'trace', d: 'M0 10H26' }), head({ x: 32, y: 10 }))
  if (way === 'call') {
    const both = [
      el('path', { class: 'trace', d: 'M5 7.5H26M6 12.5H32' }),
      head({ x: 32, y: 7.5 }),
      head({ x: 0, y: 12.5 }, -1),
    ]
    return el('g', { class: 'port call' }, both)
  }
  const shape = el('rect', { class: 'shape', x: 1, y: 1, width: 30, height: 18, rx: 9 })
  const type = way === 'topics' || way === 'digressions' ? `entry ${way}` : 'port'
  return el('g', { class: type }, shape, icon(way === 'port' ? 'away' : way, 10, 4, 12))
}

const CELL = { width: 320, height: 26, text: 42 }
const COLUMNS = 4

/** In a drawing. @returns its markup from 0,0 and its size. */
export function legendDrawing(speak: Speak): Size & { markup: Markup[] } {
  const all = signs(speak)
  const rows = Math.ceil(all.length / COLUMNS)
  const markup = all.map(({ drawn, word, note }, i) => {
    const [x, y] = [Math.floor(i / rows) * CELL.width, (i % rows) * CELL.height]
    const noteAt = word === '' ? CELL.text : CELL.text + widthOf(word, 12) * BOLD + 8
    const named: Child = word !== '' && words(word, CELL.text, 14, 'word')
    return el('g', { transform: `translate(${x} ${y})` }, drawn, named, words(note, noteAt, 14, 'note'))
  })
  return { markup, width: COLUMNS * CELL.width, height: rows * CELL.height }
}

/** In a page. */
export function legendList(speak: Speak): Markup {
  const items = signs(speak).map(({ drawn, word, note }) => {
    const picture = { class: 'graph', viewBox: '0 0 34 20', width: 34, height: 20, 'aria-hidden': 'true' }
    const text = el('span', {}, word !== '' && [el('b', {}, word), ' '], note)
    return el('li', {}, el('svg', picture, drawn), text)
  })
  return el('ul', { class: 'signs' }, items)
}
