/** The parts of `natural` that are used, by sub-path: importing the whole package costs 370 ms and 117 MB. */

declare module 'natural/lib/natural/tokenizers/aggressive_tokenizer_fr.js' {
  class AggressiveTokenizerFr {
    tokenize(text: string): string[]
  }
  export = AggressiveTokenizerFr
}

declare module 'natural/lib/natural/stemmers/porter_stemmer_fr.js' {
  const stemmer: { stem(token: string): string }
  export = stemmer
}

declare module 'natural/lib/natural/stemmers/porter_stemmer.js' {
  const stemmer: { stem(token: string): string }
  export = stemmer
}

declare module 'natural/lib/natural/distance/index.js' {
  const distances: {
    JaroWinklerDistance(a: string, b: string): number
    /** `restricted`: no letter is touched twice; the unrestricted kind reads its own unfinished row. */
    DamerauLevenshteinDistance(a: string, b: string, options: { restricted: boolean }): number
  }
  export = distances
}
