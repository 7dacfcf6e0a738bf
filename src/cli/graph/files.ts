/** The graph of the dialogs as files. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ENTRIES } from '../../bot/stepper.ts'
import { graphOf } from '../../dialog/graph.ts'
import type { Trees } from '../../dialog/types.ts'
import type { Texts } from '../../language/texts.ts'
import type { Locale } from '../../wire/activity.ts'
import { drawCluster } from './cluster.ts'
import { drawOverview } from './overview.ts'
import { page } from './page.ts'
import { poster } from './poster.ts'
import { speaker } from './words.ts'

export interface GraphFiles {
  content: { trees: Trees; texts: Texts }
  /** Made if it is not there. */
  folder: string
  locales: readonly Locale[]
}

/** Writes `dialogs.<locale>.svg` for each language and one `dialogs.html`. @returns their paths. */
export function writeGraph({ content: { trees, texts }, folder, locales }: GraphFiles): string[] {
  const graph = graphOf(trees)
  const style = own('graph.css')
  const script = own('page-script.js') + own('page-drag.js')
  const first = ENTRIES.hello.slice(0, ENTRIES.hello.indexOf('.'))
  const editions = locales.map((locale) => {
    const speak = speaker(texts, locale)
    const drawings = new Map(graph.clusters.map((cluster) => [cluster.name, drawCluster(cluster, speak)]))
    return { locale, speak, overview: drawOverview(graph, first, speak), drawings }
  })
  const files = [
    ...editions.map((edition) => [`dialogs.${edition.locale}.svg`, poster(edition, style)] as const),
    ['dialogs.html', page({ graph, editions, style: style + own('page.css'), script })] as const,
  ]
  mkdirSync(folder, { recursive: true })
  return files.map(([name, text]) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  })
}

/** Browsers read every end of line as `\n`, and so must whoever makes the hashes of the page's policy. */
const own = (file: string): string => readFileSync(join(import.meta.dirname, file), 'utf8').replaceAll('\r\n', '\n')
