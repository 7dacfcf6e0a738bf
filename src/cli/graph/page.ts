/** The graph as one HTML page for reading: a dialog at a time, both languages. It loads nothing and runs one script of its own. */
import { createHash } from 'node:crypto'
import type { Cluster, Graph } from '../../dialog/graph.ts'
import { LOCALE_TAGS, type Locale } from '../../wire/activity.ts'
import type { Drawing } from './drawing.ts'
import type { Size } from './layout.ts'
import { legendList } from './legend.ts'
import { type Child, el, type Markup, raw, render } from './markup.ts'
import type { Edition, Overview } from './overview.ts'
import { overviewMarkup } from './overview-svg.ts'
import { type Book, bookOf, sign, stepMarkup } from './steps.ts'
import { drawingMarkup } from './svg.ts'
import type { Speak } from './words.ts'

export interface PageParts {
  graph: Graph
  /** The first one is shown when the reader's language is none of them. */
  editions: readonly Edition[]
  style: string
  script: string
}

/** @returns the text of an HTML file. */
export function page({ graph, editions, style, script }: PageParts): string {
  const [first] = editions
  const html = el(
    'html',
    { lang: first && LOCALE_TAGS[first.locale] },
    el(
      'head',
      {},
      el('meta', { charset: 'utf-8' }),
      el('meta', { 'http-equiv': 'Content-Security-Policy', content: policy(style, script) }),
      el('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' }),
      el('title', {}, first?.speak('title')),
      el('link', { rel: 'icon', href: 'data:,' }),
      el('style', {}, raw(style)),
    ),
    el(
      'body',
      {},
      editions.map((edition) => bookMarkup(graph, edition, editions)),
      el('script', { type: 'module' }, raw(script)),
    ),
  )
  return `<!doctype html>\n${render(html)}\n`
}

/** Nothing but the page's own style and script, by what they hold. */
function policy(style: string, script: string): string {
  const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
  return `default-src 'none'; style-src ${hash(style)}; script-src ${hash(script)}; img-src data:; base-uri 'none'; form-action 'none'`
}

function bookMarkup(
  graph: Graph,
  { locale, speak, overview, drawings }: Edition,
  editions: readonly Edition[],
): Markup {
  const book = bookOf(graph, speak)
  const title = speak('title')
  return el(
    'div',
    { class: 'book', lang: LOCALE_TAGS[locale], 'data-locale': locale, 'data-title': title },
    el('header', {}, [
      el('a', { class: 'skip', href: `#main-${locale}` }, speak('page.skip')),
      el('h1', {}, title),
      languages(locale, speak, editions),
    ]),
    el('div', { class: 'columns' }, [
      contents(overview, speak, locale),
      el('main', { id: `main-${locale}`, tabindex: '-1' }, [
        overviewSection(overview, speak),
        graph.clusters.map((cluster) => dialogSection(cluster, drawings.get(cluster.name), book)),
      ]),
      el('aside', { class: 'panel', 'aria-label': speak('page.panel'), hidden: true }, [
        el('button', { type: 'button', class: 'dismiss', 'aria-label': speak('page.close') }, sign('shut')),
        el('div', { class: 'shown' }),
      ]),
    ]),
  )
}

function languages(locale: Locale, speak: Speak, editions: readonly Edition[]): Markup {
  const buttons = editions.map((edition) => {
    const now = edition.locale === locale
    const name = edition.speak('page.own_name')
    return el(
      'button',
      {
        type: 'button',
        lang: LOCALE_TAGS[edition.locale],
        'data-language': edition.locale,
        'aria-pressed': String(now),
      },
      name,
    )
  })
  return el('div', { class: 'languages', role: 'group', 'aria-label': speak('page.languages') }, buttons)
}

function contents(overview: Overview, speak: Speak, locale: Locale): Markup {
  const items = [...overview.tiles, ...overview.apart.tiles].map(({ cluster: { name, title } }) =>
    el('li', { 'data-dialog': name }, [
      el('a', { href: `#${name}` }, el('span', {}, speak(title)), ' ', el('code', { class: 'id' }, name)),
      el('ul', { class: 'found', hidden: true }),
    ]),
  )
  const search = `search-${locale}`
  const heard = { 'data-none': speak('page.none'), 'data-found': speak('page.found', { count: '#' }) }
  return el('nav', { 'aria-label': speak('page.dialogs') }, [
    el('details', { open: true }, [
      el('summary', {}, speak('page.dialogs')),
      el('label', { for: search }, speak('page.search')),
      el('input', { type: 'search', id: search, autocomplete: 'off', spellcheck: 'false' }),
      el('p', { class: 'status', role: 'status', ...heard }),
      el('ul', { class: 'dialogs' }, el('li', {}, el('a', { href: '#' }, speak('overview'))), items),
    ]),
  ])
}

function overviewSection(overview: Overview, speak: Speak): Markup {
  const title = speak('overview')
  return el('section', { 'data-view': '', 'aria-label': title }, [
    el('div', { class: 'title' }, el('h2', { tabindex: '-1' }, title), tools(speak)),
    el('p', { class: 'intro' }, speak('intro')),
    viewport(overview, overviewMarkup(overview, { speak, links: true }), speak('page.graph', { title })),
    el('details', { class: 'legend', open: true }, [el('summary', {}, speak('legend.title')), legendList(speak)]),
  ])
}

function dialogSection(cluster: Cluster, drawn: Drawing | undefined, book: Book): Markup {
  const { speak } = book
  const title = speak(cluster.title)
  const size = speak('size', { count: cluster.boxes.length })
  return el('section', { 'data-view': cluster.name, 'aria-label': title }, [
    el(
      'div',
      { class: 'title' },
      el('h2', { tabindex: '-1' }, title, ' ', el('code', { class: 'id' }, cluster.name), ' ', el('small', {}, size)),
      tools(speak),
    ),
    drawn && viewport(drawn, drawingMarkup(drawn, { speak, links: true }), speak('page.graph', { title })),
    el('details', { class: 'steps' }, [
      el('summary', {}, speak('page.steps')),
      el(
        'div',
        {},
        cluster.boxes.map((box) => stepMarkup(box, cluster, book)),
      ),
    ]),
  ])
}

function tools(speak: Speak): Markup {
  const button = (zoom: string, sign: string, key: string) =>
    el('button', { type: 'button', 'data-zoom': zoom, 'aria-label': speak(key), title: speak(key) }, sign)
  return el('div', { class: 'tools', role: 'group', 'aria-label': speak('page.zoom') }, [
    button('out', '−', 'page.farther'),
    button('in', '+', 'page.closer'),
    el('button', { type: 'button', 'data-zoom': 'fit' }, speak('page.fit')),
  ])
}

const viewport = (size: Size, inside: readonly Markup[], label: string): Markup =>
  el('div', { class: 'viewport', tabindex: '0', role: 'region', 'aria-label': label }, drawing(size, inside, label))

/** Room for what stands on the edge. */
const EDGE = 8

function drawing({ width, height }: Size, inside: readonly Child[], label: string): Markup {
  const [w, h] = [Math.ceil(width) + 2 * EDGE, Math.ceil(height) + 2 * EDGE]
  return el(
    'svg',
    { class: 'graph', viewBox: `-${EDGE} -${EDGE} ${w} ${h}`, width: w, height: h, role: 'group', 'aria-label': label },
    inside,
  )
}
