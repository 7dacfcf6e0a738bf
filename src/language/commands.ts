import type { Locale } from '../wire/activity.ts'
import { fold, pictures } from './normalize.ts'
import { clausesOf, NEGATIONS, slips, wordsOf } from './words.ts'

/** `locales/<lang>/commands.json`: each string holds phrases with `|` between. */
export interface CommandPhrases {
  person: string
  back: string
  restart: string
  french: string
  english: string
  yes: string
  no: string
  not_sure: string
  /** The exact texts of the widget's buttons. */
  labels: { person: string; back: string; restart: string }
}

export type Command = { type: 'person' } | { type: 'back' } | { type: 'restart' } | { type: 'language'; locale: Locale }
export type Answer = 'yes' | 'no' | 'not_sure'

export interface Language {
  /** What can be asked for in every state, in either language, whatever language is spoken. The whole message must say it, but
   *  for courtesies; only a person may also be asked for at the end of a complaint ("ça marche pas, un agent svp").
   *  @returns undefined for a sentence about something else ("je suis de retour"). */
  findCommand(text: string): Command | undefined
  /** A plain yes, no or "I don't know", also when a short harmless rest follows ("oui je l'ai reçu").
   *  @returns undefined for both, for "not yet", and when the sentence turns ("oui mais ..."). */
  yesNo(text: string): Answer | undefined
}

type Phrase = readonly string[]

/** Courtesies and wishes around a command; they ask for nothing themselves. */
const FRAME = new Set(
  [
    'je j veux voudrais aimerais aimerai desire souhaite prefere prefererais peux pourrais puis puisje peut pouvez vous on est ce que qu svp stp s il te plait merci bonjour salut allo bonsoir',
    'bon ben bin euh hum ok desole desolee excusez maintenant juste tout de suite besoin d un une le la l a au vrai vraie plutot',
    'i id im would like want wanna need to can could you please pls plz thanks thank hello hi hey sorry a an the real actual now just right away rather lets let me may',
  ]
    .join(' ')
    .split(' '),
)
/** Words that one slip turns into a command's word, but that mean something else. */
const REAL_WORDS = new Set(
  'argent urgent personnel personnelle personnels personal persona humaine? retard detour demain main human-like alient patient client cliente rent sent event black pack bank rest start début restaurer franc france aussi gens agence agences urgence humeur'.split(
    ' ',
  ),
)
const WISHES = new Set(
  'veux voudrais aimerais peux pourrais puis puisje besoin faut svp desire souhaite prefere prefererais want wanna need like please can could may let lets'.split(
    ' ',
  ),
)
/** What may follow a person who is asked for, in the same clause. */
const AFTER_PERSON = new Set(
  'svp stp s please pls plz merci thanks now maintenant vite asap about regarding because cause cuz car parce pcq pour for concernant who qui right tout instead plutot immediatement directement'.split(
    ' ',
  ),
)
const FILLERS = new Set(
  'svp stp merci bonjour ben bin bah euh hum heu ah oh well um uh so please thanks thank you bon la le madame monsieur hey hi salut'.split(
    ' ',
  ),
)
const TURNS = new Set('mais but sauf except sinon however though'.split(' '))
/** Longest rest after a plain yes or no that is still read as one. */
const MAX_REST = 6

/** Reads the phrases of both languages once. */
export function createLanguage(phrases: Readonly<Record<Locale, CommandPhrases>>): Language {
  const all = (key: Exclude<keyof CommandPhrases, 'labels'>) => toPhrases([phrases.fr[key], phrases.en[key]])
  const commands: { command: Command; phrases: Phrase[] }[] = [
    { command: { type: 'person' }, phrases: all('person') },
    { command: { type: 'restart' }, phrases: all('restart') },
    { command: { type: 'back' }, phrases: all('back') },
    { command: { type: 'language', locale: 'fr' }, phrases: all('french') },
    { command: { type: 'language', locale: 'en' }, phrases: all('english') },
  ]
  const labels = labelMap(Object.values(phrases))
  const requests = all('person').filter((phrase) => phrase.length > 1)
  const answers = answerMap({ yes: all('yes'), no: all('no'), not_sure: all('not_sure') }, Object.values(phrases))
  return {
    findCommand(text) {
      const words = wordsOf(text)
      if (words.length === 0) return undefined
      const label = labels.get(words.join(' '))
      if (label !== undefined) return label
      const whole = commands.find((each) => saysOnly(words, each.phrases))
      if (whole !== undefined) return whole.command
      return asksForPerson(text, commands[0]?.phrases ?? [], requests) ? { type: 'person' } : undefined
    },
    yesNo: (text) => readAnswer(text, answers),
  }
}

function toPhrases(lists: readonly string[]): Phrase[] {
  const phrases = lists.flatMap((list) => list.split('|')).map(wordsOf)
  return phrases.filter((words) => words.length > 0)
}

function labelMap(all: readonly CommandPhrases[]): ReadonlyMap<string, Command> {
  const types = ['person', 'back', 'restart'] as const
  return new Map(
    all.flatMap(({ labels }) => types.map((type): [string, Command] => [wordsOf(labels[type]).join(' '), { type }])),
  )
}

/** The words are one of the phrases, once courtesies are left out on both sides. */
function saysOnly(words: Phrase, phrases: readonly Phrase[]): boolean {
  if (words.length > 14) return false
  const core = bare(words)
  return phrases.some((phrase) => isSame(words, phrase) || (core.length > 0 && isSame(core, bare(phrase))))
}

function bare(words: Phrase): Phrase {
  return words.filter((word) => !FRAME.has(word))
}

function isSame(words: Phrase, phrase: Phrase): boolean {
  return words.length === phrase.length && phrase.length > 0 && startsWith(words, 0, phrase)
}

/** At most one word of the phrase may hold slips. */
function startsWith(words: Phrase, at: number, phrase: Phrase): boolean {
  let slipped = 0
  for (let i = 0; i < phrase.length; i++) {
    const [typed, meant] = [words[at + i], phrase[i]]
    if (typed === undefined || meant === undefined) return false
    if (typed === meant) continue
    if (REAL_WORDS.has(typed) || ++slipped > 1 || slips(typed, meant) === undefined) return false
  }
  return true
}

/** A person asked for within a longer message: as a clause of its own, or wished for in so many words. */
function asksForPerson(text: string, phrases: readonly Phrase[], requests: readonly Phrase[]): boolean {
  const clauses = clausesOf(text)
  if (clauses.length > 1 && clauses.some((clause) => isLoud(clause) && saysOnly(clause, phrases))) return true
  return clauses.some((clause) => requests.some((request) => isWished(clause, request)))
}

/** "personne" alone in a list of clauses may mean nobody; the others are plain. */
function isLoud(clause: Phrase): boolean {
  return !(clause.length === 1 && ['personne', 'person', 'quelqu', 'someone'].includes(clause[0] ?? ''))
}

function isWished(clause: Phrase, request: Phrase): boolean {
  for (let at = 0; at + request.length <= clause.length; at++) {
    if (!startsWith(clause, at, request)) continue
    const before = clause.slice(Math.max(0, at - 4), at)
    const next = clause[at + request.length]
    const wished = before.some((word) => WISHES.has(word)) || next === 'svp' || next === 'please'
    const denied = before.some((word) => NEGATIONS.has(word))
    if (wished && !denied && (next === undefined || AFTER_PERSON.has(next))) return true
  }
  return false
}

type Answers = ReadonlyMap<string, Answer>

function answerMap(phrases: Readonly<Record<Answer, readonly Phrase[]>>, all: readonly CommandPhrases[]): Answers {
  const map = new Map<string, Answer>()
  for (const answer of ['yes', 'no', 'not_sure'] as const) {
    for (const phrase of phrases[answer]) map.set(keyOf(phrase), answer)
    for (const each of all)
      for (const drawn of each[answer].split('|').map(pictures)) if (drawn !== '') map.set(drawn, answer)
  }
  return map
}

/** Drawn-out letters shortened: "ouiii", "nonnn", "okkk". */
function keyOf(words: Phrase): string {
  return words.map((word) => word.replace(/(.)\1+/g, '$1')).join(' ')
}

function readAnswer(text: string, answers: Answers): Answer | undefined {
  const words = wordsOf(text)
  if (words.length === 0) return answers.get(pictures(text))
  const whole = answers.get(keyOf(words)) ?? answers.get(keyOf(words.filter((word) => !FILLERS.has(word))))
  if (whole !== undefined) return whole
  if (words.some((word) => TURNS.has(word)) || fold(text).includes('?')) return undefined
  return leadingAnswer(
    words.filter((word, i) => i > 0 || !FILLERS.has(word)),
    answers,
  )
}

/** "oui je l'ai reçu", "non rien reçu": the first words decide when the rest is short and does not contradict them. */
function leadingAnswer(words: Phrase, answers: Answers): Answer | undefined {
  for (let length = Math.min(6, words.length - 1); length > 0; length--) {
    const answer = answers.get(keyOf(words.slice(0, length)))
    const rest = words.slice(length)
    if (answer !== undefined) return rest.length <= MAX_REST && agrees(answer, words[0], rest) ? answer : undefined
  }
  return undefined
}

const AFTER_NO = new Set('i its it im ive we not nothing never this that still'.split(' '))
const UNSURE_OF = new Set('si if lequel laquelle lesquels which quel quelle what where ou'.split(' '))

function agrees(answer: Answer, first: string | undefined, rest: Phrase): boolean {
  const denies = rest.some((word) => NEGATIONS.has(word) || word === 'non' || word === 'no')
  if (answer === 'yes') return !denies
  if (answer === 'not_sure') return UNSURE_OF.has(rest[0] ?? '')
  // "no email came" is about an e-mail; "no it did not" is a no.
  if (first === 'no') return AFTER_NO.has(rest[0] ?? '')
  return !rest.some((word) => word === 'oui' || word === 'yes')
}
