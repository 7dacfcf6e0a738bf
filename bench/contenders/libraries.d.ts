/** The parts that are used of libraries without types of their own, or whose types cover the whole package only. */

declare module '@nlpjs/nlp' {
  export class Nlp {
    constructor(settings: {
      languages: string[]
      autoSave: boolean
      nlu: { log: boolean }
    })
    container: { use(plugin: unknown): void }
    addDocument(locale: string, utterance: string, intent: string): void
    train(): Promise<unknown>
    export(minified: boolean): string
    import(json: string): void
    process(locale: string, utterance: string): Promise<{ intent: string; classifications: { intent: string }[] }>
  }
}

declare module '@nlpjs/lang-fr' {
  export const LangFr: unknown
}

declare module '@nlpjs/lang-en' {
  export const LangEn: unknown
}

declare module 'natural/lib/natural/classifiers/index.js' {
  interface Stemmer {
    stem(token: string): string
  }
  export class BayesClassifier {
    constructor(stemmer: Stemmer)
    /** @param saved what JSON made of a classifier. */
    static restore(saved: unknown, stemmer: Stemmer): BayesClassifier
    addDocument(text: string, label: string): void
    train(): void
    getClassifications(text: string): { label: string; value: number }[]
  }
}
