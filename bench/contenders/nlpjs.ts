/** NLP.js by the packages that `node-nlp` wraps: one manager for both languages, with its usual settings. */
import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { LangEn } from '@nlpjs/lang-en'
import { LangFr } from '@nlpjs/lang-fr'
import { Nlp } from '@nlpjs/nlp'
import type { Contender } from './contender.ts'

export const nlpjs: Contender = {
  async train(phrases) {
    const manager = newManager()
    for (const { locale, text, intent } of mixed(phrases)) manager.addDocument(locale, text, intent)
    await manager.train()
    return manager.export(true)
  },
  /** Its answer comes first, then what else it thought of. */
  async load(path) {
    const manager = newManager()
    manager.import(readFileSync(path, 'utf8'))
    return async ({ locale, text }) => {
      const { intent, classifications } = await manager.process(locale, text)
      return [...new Set([intent, ...classifications.map((each) => each.intent)].map(ourName))]
    }
  },
}

function newManager(): Nlp {
  const manager = new Nlp({ languages: ['fr', 'en'], autoSave: false, nlu: { log: false } })
  manager.container.use(LangFr)
  manager.container.use(LangEn)
  return manager
}

/** It learns in the order of the documents and does not mix them itself, as ours does: intent after intent it understands
 *  less. */
function mixed<T extends { text: string }>(phrases: readonly T[]): T[] {
  const keyed = phrases.map((phrase) => ({ phrase, key: hash('sha1', phrase.text) }))
  return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ phrase }) => phrase)
}

/** Its word for a message that fits nothing. */
const ourName = (intent: string): string => (intent === 'None' ? 'out_of_scope' : intent)
