import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { parseMemberActivity } from '../../src/channels/directline/parse.ts'
import { parseInvitation } from '../../src/coverage/records.ts'
import { type CommandPhrases, createLanguage } from '../../src/language/commands.ts'
import { emailSpans, findEmail, looksLikeAddress, meantSpans, parseEmail } from '../../src/language/email.ts'
import { rankWithDanger } from '../../src/language/intents/danger.ts'
import { tellLocale } from '../../src/language/locale.ts'
import { maskAddresses, maskCodes } from '../../src/language/mask.ts'
import { compileOptions, matchOption } from '../../src/language/match.ts'
import { clean, fold, normalize, pictures } from '../../src/language/normalize.ts'
import { clausesOf, wordsOf } from '../../src/language/words.ts'
import { composeLetter } from '../../src/mail/compose.ts'
import { CONTENT } from '../support/conversation.ts'
import { ENDS, PUMPS, pumped } from './corpus/texts.ts'
import { type Growth, tooSteep } from './cost.ts'

const { resources, classifier } = CONTENT
const language = createLanguage({
  fr: resources.fr.commands as CommandPhrases,
  en: resources.en.commands as CommandPhrases,
})
const options = compileOptions([
  { id: 'yes', texts: ['Oui', 'Yes', 'oui je l’ai reçu'] },
  { id: 'no', texts: ['Non', 'pas encore', 'plus jamais'] },
])
const cells = { relation: 'member', sponsor: '', organisation: 'x', region: 'CA-QC', status: 'pending', language: 'fr' }
const grant = { conversationId: 'c', userId: 'u' }
const letter = (text: string) =>
  composeLetter({
    language: 'fr-CA',
    title: text,
    blocks: [{ kind: 'paragraph', text }],
    links: { 'aide@example.com': 'mailto:aide@example.com', aide: 'https://a.example' },
  })

/** Whatever reads a text that somebody else wrote, of any length. */
const READERS: Readonly<Record<string, (text: string) => unknown>> = {
  clean,
  normalize,
  fold,
  pictures,
  emailSpans,
  meantSpans,
  findEmail,
  looksLikeAddress,
  parseEmail,
  maskCodes,
  maskAddresses,
  wordsOf,
  clausesOf,
  tellLocale: (text) => tellLocale(text, classifier.locale),
  rankWithDanger: (text) => rankWithDanger(text, classifier.rank),
  matchOption: (text) => matchOption(text, options),
  findCommand: language.findCommand,
  yesNo: language.yesNo,
  correction: language.correction,
  smallTalk: language.smallTalk,
  parseInvitation: (text) => parseInvitation({ ...cells, email: `a@${text}`, name: text }),
  composeLetter: letter,
}

const SIZE = 12_000
const end = (i: number): string => ENDS[i % ENDS.length] ?? ''
const single = PUMPS.map((pump, i) => (size: number) => pumped(pump, size, end(i)))
/** Half of it one thing, half another: a chain that leads to a long row, say. */
const pair =
  ([a, b, last]: [string, string, string]) =>
  (size: number) =>
    pumped(a, size * 0.6) + pumped(b, size * 0.4, last)
const KNOWN = [
  pair(['@x . ', ')', 'a']),
  pair(['x(at)x . ', '"', 'a']),
  pair(['a@', 'b.', '!']),
  pair(['a', '\u0316\u0301', '']),
  pair(['K7M2-', '\ufb2c', ' ']),
]

test.each(Object.entries(READERS))('%s: the work grows as the text does', (name, read) => {
  const sampled = fc
    .sample(fc.tuple(fc.constantFrom(...PUMPS), fc.constantFrom(...PUMPS), fc.constantFrom(...ENDS)), 20)
    .map(pair)
  const found: (Growth | undefined)[] = [...single, ...KNOWN, ...sampled].map((make) => {
    const [large, small] = [make(SIZE), make(SIZE / 4)]
    return tooSteep(
      `${name} of ${JSON.stringify(large.slice(0, 40))} ... ${JSON.stringify(large.slice(-10))}`,
      SIZE,
      (size) => read(size === SIZE ? large : small),
    )
  })
  expect(found.filter(Boolean)).toEqual([])
})

test('the longest message costs a bounded number of signs, whatever it is made of', () => {
  for (const pump of PUMPS) {
    const body = { type: 'message', from: { id: 'x' }, text: pumped(pump, 2_000) }
    const kept = attempt(() => parseMemberActivity(body, grant, new Date(0), () => 'id')?.activity.text ?? '')
    // Eight signs of a code become nine.
    expect(kept.length).toBeLessThanOrEqual(2_250)
  }
})

/** Empty when it was refused. */
function attempt(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}

test('the measure itself tells a square from a line', () => {
  const square = (size: number) => {
    let sum = 0
    for (let i = 0; i < size; i++) for (let k = 0; k < size; k++) sum += i ^ k
    return sum
  }
  const line = (size: number) => square(Math.floor(Math.sqrt(size * 1_000)))
  expect([tooSteep('square', 12_000, square)?.what, tooSteep('line', 40_000, line)]).toEqual(['square', undefined])
})
