/** natural's BayesClassifier as it comes, one for each language with the stemmer of that language. */
import { readFileSync } from 'node:fs'
import { BayesClassifier } from 'natural/lib/natural/classifiers/index.js'
import stemmerEn from 'natural/lib/natural/stemmers/porter_stemmer.js'
import stemmerFr from 'natural/lib/natural/stemmers/porter_stemmer_fr.js'
import type { Locale } from '../../src/wire/activity.ts'
import type { Contender } from './contender.ts'

export const natural: Contender = {
  async train(phrases) {
    const classifiers = { fr: new BayesClassifier(stemmerFr), en: new BayesClassifier(stemmerEn) }
    for (const { locale, text, intent } of phrases) classifiers[locale].addDocument(text, intent)
    classifiers.fr.train()
    classifiers.en.train()
    // What its `save` writes, both in one file.
    return JSON.stringify(classifiers)
  },
  async load(path) {
    const saved = JSON.parse(readFileSync(path, 'utf8')) as Record<Locale, unknown>
    const classifiers = {
      fr: BayesClassifier.restore(saved.fr, stemmerFr),
      en: BayesClassifier.restore(saved.en, stemmerEn),
    }
    return ({ locale, text }) => classifiers[locale].getClassifications(text).map(({ label }) => label)
  },
}
