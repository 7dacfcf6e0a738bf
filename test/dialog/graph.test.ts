import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { writeGraph } from '../../src/cli/graph/files.ts'
import { loadContent } from '../../src/content.ts'
import { graphOf } from '../../src/dialog/graph.ts'
import { targetsOf } from '../../src/dialog/ways.ts'
import { createTexts, type Texts } from '../../src/language/texts.ts'
import { LOCALES } from '../../src/wire/activity.ts'
import { tempFolder } from '../support/folder.ts'

const always = { orgName: 'Sésame Santé', supportEmail: 'soutien@example.com' }
const content = loadContent({ root: join(import.meta.dirname, '..', '..'), always })
const graph = graphOf(content.trees)
const boxes = graph.clusters.flatMap((cluster) => cluster.boxes)
const folder = tempFolder()
afterAll(() => folder.remove())

/** Name -> text of the files that are written. */
function written(texts: Texts, name: string): ReadonlyMap<string, string> {
  const paths = writeGraph({ content: { ...content, texts }, folder: join(folder.path, name), locales: LOCALES })
  return new Map(paths.map((path) => [basename(path), readFileSync(path, 'utf8')]))
}

const files = written(content.texts, 'once')
const page = files.get('dialogs.html') ?? ''
const all = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map((m) => m[1] ?? '')

describe('the model', () => {
  test('has every node once, with its line', () => {
    const nodes = [...content.trees.values()].flatMap(({ name, nodes }) =>
      [...nodes.keys()].map((key) => `${name}.${key}`),
    )
    expect(boxes.map(({ id }) => id)).toEqual(nodes)
    expect(boxes.filter(({ line }) => line === undefined)).toEqual([])
  })

  test('has every target of a node once, and the way into each called dialog', () => {
    for (const { name, nodes } of content.trees.values()) {
      const arrows = graph.clusters.find((cluster) => cluster.name === name)?.arrows ?? []
      for (const [key, node] of nodes) {
        const targets = targetsOf(node).map((target) => (target.includes('.') ? target : `${name}.${target}`))
        if (node.type === 'call') targets.push(`${node.dialog}.${content.trees.get(node.dialog)?.start}`)
        const to = arrows.filter(({ from }) => from === `${name}.${key}`).map((arrow) => arrow.to)
        expect([key, ...to.sort()]).toEqual([key, ...targets.sort()])
      }
    }
  })

  test('leads only to nodes that there are', () => {
    const ids = new Set(boxes.map(({ id }) => id))
    const ends = graph.clusters.flatMap(({ arrows, entries }) => [...arrows, ...entries].map(({ to }) => to))
    expect(ends.filter((to) => !ids.has(to))).toEqual([])
  })
})

describe('the files', () => {
  test('are a drawing for each language and a page', () => {
    expect([...files.keys()]).toEqual(['dialogs.fr.svg', 'dialogs.en.svg', 'dialogs.html'])
    const [fr = '', en = ''] = [files.get('dialogs.fr.svg'), files.get('dialogs.en.svg')]
    for (const [text, locale, other] of [[fr, 'fr', 'en'] as const, [en, 'en', 'fr'] as const]) {
      expect(text).toContain(`>${content.texts.say(locale, 'welcome:title')}<`)
      expect(text).not.toContain(`>${content.texts.say(other, 'welcome:title')}<`)
      expect(page).toContain(`>${content.texts.say(locale, 'welcome:title')}<`)
    }
  })

  test('show every node', () => {
    for (const text of files.values()) {
      const shown = new Set(all(text, /class="[^"]*\bcard\b[^"]*" data-place="([^"]+)"/g))
      expect(boxes.filter(({ id }) => !shown.has(id))).toEqual([])
    }
  })

  test('are the same from the same trees', () => {
    expect(written(content.texts, 'twice')).toEqual(files)
  })

  test('ask for nothing from outside', () => {
    for (const text of files.values()) {
      const plain = text.replaceAll('xmlns="http://www.w3.org/2000/svg"', '')
      expect(all(plain, /((?:https?:)?\/\/[\w.-]+\.\w+)/g)).toEqual([])
      expect(all(plain, /(@import|url\(|\ssrc=|<(?:img|iframe|object|embed|use|image)\b)/g)).toEqual([])
      expect(all(plain, /\shref="(?!#|data:,")([^"]*)"/g)).toEqual([])
    }
  })

  test('let the page run its own script and style only', () => {
    const hash = (text: string) => createHash('sha256').update(text).digest('base64')
    const [policy = ''] = all(page, /http-equiv="Content-Security-Policy" content="([^"]*)"/g)
    const [style] = all(page, /<style>([\s\S]*?)<\/style>/g)
    const [script, ...others] = all(page, /<script type="module">([\s\S]*?)<\/script>/g)
    expect(others).toEqual([])
    expect(policy).toContain('default-src &#39;none&#39;')
    expect(policy).toContain(`style-src &#39;sha256-${hash(style ?? '')}&#39;;`)
    expect(policy).toContain(`script-src &#39;sha256-${hash(script ?? '')}&#39;;`)
    expect(page).not.toMatch(/\s(style|on\w+)="/)
  })

  test('link within the page only to what is there', () => {
    const places = new Set([...boxes.map(({ id }) => id), ...content.trees.keys(), '', 'main-fr', 'main-en'])
    expect(all(page, /\shref="#([^"]*)"/g).filter((place) => !places.has(place))).toEqual([])
  })
})

test('what authors write is text, never markup', () => {
  const evil = `</title><script>alert("1")</script>' onload='x`
  const { fr } = content.resources
  const texts = createTexts({ ...content.resources, fr: { ...fr, welcome: poisoned(fr.welcome ?? {}, evil) } }, always)
  for (const [name, text] of written(texts, 'evil')) {
    expect(text).not.toContain('<script>alert')
    expect(text).not.toContain(`' onload='`)
    if (name !== 'dialogs.en.svg')
      expect(text).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39; onload=&#39;x')
  }
})

/** The same texts, each with something in it that should not be run. */
function poisoned(texts: object, evil: string): object {
  const entries = Object.entries(texts).map(([key, value]) => [
    key,
    typeof value === 'string' ? `${evil} ${value}` : poisoned(value, evil),
  ])
  return Object.fromEntries(entries)
}
