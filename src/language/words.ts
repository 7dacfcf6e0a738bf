import distance from 'natural/lib/natural/distance/index.js'
import stemmerEn from 'natural/lib/natural/stemmers/porter_stemmer.js'
import stemmerFr from 'natural/lib/natural/stemmers/porter_stemmer_fr.js'
import AggressiveTokenizerFr from 'natural/lib/natural/tokenizers/aggressive_tokenizer_fr.js'
import { fold } from './normalize.ts'

/** French and English words that carry no meaning of their own in a chat line. Folded. */
export const STOPWORDS: ReadonlySet<string> = new Set(
  [
    'a ah ai aie ait alors as au aussi aux avais avait avez avoir avons bah ben bin bon bonjour c ca ce cela celle celles celui ces cest cet cette ceux',
    'chu d dans de deja des du elle elles en encore entre es est et etais etait ete etes etre eu euh faut genre hum il ils j jai je jsuis jusqu',
    'l la le les leur lui m ma me meme mes moi mon n ne nos notre nous on ont ou par pense peut plait plus pour pr pi puis qu que qui quil s sa salut se ses',
    'si soit son sont stp suis sur svp t ta te tes toi ton tout toute toujours tres tse tu un une va vais vos votre vous voila y',
    'an and are at be been but by can could did do does for from go had has have he hello her hey hi his i id ill im in is it its ive just',
    'like maybe me mine my of oh oui-da our please pls plz really she should so some still sure than that thanks the their them then there they think',
    'this to too uh um up us very was we well were will with would yet you your actually',
    'merci voudrais veux aimerais want need would',
    // Anger and time: they stand in any answer.
    'criss crisse esti ostie osti tabarnak calisse maudit merde marde fuck fucking damn hell shit wtf',
    'depuis hier jour jours semaine semaines heure heures since yesterday ago day days week weeks hour hours',
  ]
    .join(' ')
    .split(' '),
)

/** Words that turn a statement round. Folded; "no" and "non" are decided by their place. */
export const NEGATIONS: ReadonlySet<string> = new Set(
  [
    'pas jamais rien aucun aucune aucunement sans ni nul nulle plus-jamais',
    'not never nothing none neither nor without cannot cant dont doesnt didnt isnt arent wasnt werent wont havent hasnt hadnt couldnt wouldnt shouldnt aint',
  ]
    .join(' ')
    .split(' '),
)

/** How words are cut short on phones. */
const SHORT: ReadonlyMap<string, string> = new Map(
  Object.entries({
    nn: 'non',
    tjr: 'toujours',
    tjrs: 'toujours',
    tjs: 'toujours',
    qqun: 'quelqu un',
    qqn: 'quelqu un',
    quelquun: 'quelqu un',
    pk: 'pourquoi',
    pkoi: 'pourquoi',
    pourkoi: 'pourquoi',
    adr: 'adresse',
    msg: 'message',
  }),
)

const tokenizer = new AggressiveTokenizerFr()
const ELISIONS = new Set('c d j l m n s t y qu jusqu lorsqu puisqu quelqu presqu aujourd'.split(' '))

/** The words of a text: folded, split at blanks, punctuation, hyphens and French elisions ("l'école" -> l, ecole), with
 *  English contractions kept whole ("don't" -> dont). One tokenizer serves both languages, since folding leaves ASCII. */
export function wordsOf(text: string): readonly string[] {
  // One message is asked about by six readers in a row.
  if (last.text !== text) last = { text, words: splitWords(fold(text)) }
  return last.words
}

let last: { text: string; words: readonly string[] } = { text: '', words: [] }

/** As `wordsOf`, one list for each piece between sentence marks and "mais"/"but". */
export function clausesOf(text: string): string[][] {
  return fold(text)
    .split(/[,;:.!?()\n]|\b(?:mais|but)\b/)
    .map(splitWords)
    .filter((words) => words.length > 0)
}

/** The words of a text that is folded already. */
export function splitWords(folded: string): string[] {
  const joined = folded.replace(/([a-z]+)'(?=[a-z])/g, (_all, before: string) =>
    ELISIONS.has(before) ? `${before} ` : before,
  )
  const words = tokenizer.tokenize(joined.replaceAll('-', ' ')).filter((word) => word !== '')
  return words.flatMap((word) => SHORT.get(word)?.split(' ') ?? word)
}

/** French and English stem of a folded word. They serve for comparing only. */
export function stemsOf(word: string): { fr: string; en: string } {
  return word.length < 4 ? { fr: word, en: word } : { fr: stemmerFr.stem(word), en: stemmerEn.stem(word) }
}

/** How many slips of the finger a word of this length may have. */
function slipsAllowed(length: number): number {
  if (length < 4) return 0
  return length < 9 ? 1 : 2
}

/** Slips between a typed word and a meant one. @returns undefined when they are different words. */
export function slips(typed: string, meant: string): number | undefined {
  if (typed === meant) return 0
  const allowed = Math.min(slipsAllowed(typed.length + 1), slipsAllowed(meant.length))
  if (allowed === 0 || Math.abs(typed.length - meant.length) > allowed) return undefined
  if (distance.JaroWinklerDistance(typed, meant) < 0.84) return undefined
  const count = distance.DamerauLevenshteinDistance(typed, meant, { restricted: true })
  if (count > allowed) return undefined
  // Short words have too many neighbours ("code", "mode"): only swapped or doubled letters count.
  return meant.length > 4 || letters(typed) === letters(meant) ? count : undefined
}

function letters(word: string): string {
  return [...new Set(word)].sort().join('')
}
