import { wordsOf } from './words.ts'

const NUMBERS = [
  'un une one premier premiere first 1 1er 1ere 1re 1st',
  'deux two deuxieme second seconde 2 2e 2eme 2ieme 2nd 2nde',
  'trois three troisieme third 3 3e 3eme 3ieme 3rd',
  'quatre four quatrieme fourth 4 4e 4eme 4ieme 4th',
  'cinq five cinquieme fifth 5 5e 5eme 5ieme 5th',
  'six sixieme sixth 6 6e 6eme 6ieme 6th',
  'sept seven septieme seventh 7 7e 7eme 7ieme 7th',
  'huit eight huitieme eighth 8 8e 8eme 8ieme 8th',
]
const LAST = new Set(['dernier', 'derniere', 'last'])
const AROUND = new Set(
  'le la l the option choix choice numero num no number reponse answer bouton button one svp stp please pls je prends choisis i take pick'.split(
    ' ',
  ),
)

const PLACES: ReadonlyMap<string, number> = new Map(
  NUMBERS.flatMap((words, place) => words.split(' ').map((word): [string, number] => [word, place])),
)

/** The place, from 0, that "2", "2e", "le premier" or "the second one" names among `count` options; the whole text must say so. */
export function ordinalOf(text: string, count: number): number | undefined {
  const words = wordsOf(text)
  if (words.length > 5) return undefined
  const named = words.filter((word) => !AROUND.has(word))
  // "one" is both a number and a filler ("the second one").
  const word = named.length === 0 && words.includes('one') ? 'one' : named[0]
  if (word === undefined || named.length > 1) return undefined
  const place = LAST.has(word) ? count - 1 : PLACES.get(word)
  return place !== undefined && place < count ? place : undefined
}
