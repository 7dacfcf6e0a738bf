/** Each step of a dialog in full, as HTML: what is shown when a box is chosen, and what is printed. */
import type { Arrow, Box, Cluster, Graph } from '../../dialog/graph.ts'
import { iconOf } from './icons.ts'
import { type Child, el, type Markup } from './markup.ts'
import type { Speak } from './words.ts'

/** Finds what the steps link to. */
export interface Book {
  speak: Speak
  boxes: ReadonlyMap<string, { box: Box; cluster: Cluster }>
  /** Arrows by where they lead. */
  into: ReadonlyMap<string, readonly Arrow[]>
}

export function bookOf({ clusters }: Graph, speak: Speak): Book {
  return {
    speak,
    boxes: new Map(clusters.flatMap((cluster) => cluster.boxes.map((box) => [box.id, { box, cluster }] as const))),
    into: Map.groupBy(
      clusters.flatMap(({ arrows }) => arrows),
      ({ to }) => to,
    ),
  }
}

export function stepMarkup(box: Box, cluster: Cluster, book: Book): Markup {
  const { speak } = book
  const arrows = cluster.arrows.filter(({ from }) => from === box.id)
  const entries = cluster.entries.filter(({ to }) => to === box.id)
  return el(
    'article',
    { class: `step ${box.kind}`, 'data-step': box.id },
    el(
      'h3',
      { tabindex: '-1' },
      el('span', { class: 'kind' }, sign(box.kind), speak(`kinds.${box.kind}`)),
      ' ',
      el('code', { class: 'id' }, box.node),
    ),
    box.says && el('div', { class: box.spoken ? 'said' : 'done' }, paragraphs(speak(box.says))),
    box.invalid && [el('h4', {}, speak('page.invalid')), el('div', { class: 'said' }, paragraphs(speak(box.invalid)))],
    list(
      speak('page.ways'),
      'ways',
      arrows.map((arrow) => wayItem(arrow, cluster, book)),
    ),
    list(
      speak('page.facts'),
      'facts',
      box.facts.map((fact) => el('li', {}, speak(fact))),
    ),
    list(speak('page.from'), 'from', [
      ...entries.map(({ words, by }) => el('li', {}, sign(by), speak(words))),
      ...(book.into.get(box.id) ?? []).map((arrow) => fromItem(arrow, book)),
    ]),
    fileLine(box, cluster, speak),
  )
}

const list = (title: string, type: string, items: readonly Markup[]): Child =>
  items.length > 0 && [el('h4', {}, title), el('ul', { class: type }, items)]

function wayItem(arrow: Arrow, { name }: Cluster, { speak, boxes }: Book): Markup {
  const type = arrow.quiet ? 'quiet' : arrow.way === 'options' ? 'button' : 'plain'
  const there = boxes.get(arrow.to)
  const title = there && there.cluster.name !== name ? speak(there.cluster.title) : ''
  const typed = arrow.aliases ? speak(arrow.aliases).split('|').filter(Boolean) : []
  return el(
    'li',
    { class: type },
    el('span', { class: 'way' }, type !== 'button' && sign(arrow.way), speak(arrow.words ?? 'ways.then')),
    ' ',
    placeLink(arrow.to, title),
    typed.length > 0 && el('p', { class: 'typed' }, speak('page.typed', { words: typed.join(', ') })),
  )
}

function fromItem(arrow: Arrow, { speak }: Book): Markup {
  return el('li', {}, placeLink(arrow.from, speak(arrow.words ?? 'ways.then')))
}

/** @param words read beside the name. */
function placeLink(place: string, words: string): Markup {
  return el(
    'a',
    { class: 'target', href: `#${place}` },
    el('code', {}, place),
    words !== '' && el('span', {}, ' ', words),
  )
}

function fileLine({ line }: Box, { file }: Cluster, speak: Speak): Child {
  if (file === undefined) return undefined
  return el('p', { class: 'file' }, line === undefined ? file : speak('page.line', { file, line }))
}

/** Empty lines part paragraphs; a single end of line stays one. */
function paragraphs(text: string): Markup[] {
  return text.split(/\n{2,}/).map((part) =>
    el(
      'p',
      {},
      part.split('\n').flatMap((line, i) => (i > 0 ? [el('br'), line] : [line])),
    ),
  )
}

/** Beside words that say the same. */
export const sign = (name: string): Markup =>
  el(
    'svg',
    { class: 'sign', viewBox: '0 0 16 16', width: 16, height: 16, 'aria-hidden': 'true' },
    el('path', { d: iconOf(name) }),
  )
