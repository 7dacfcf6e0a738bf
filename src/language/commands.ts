import type { Locale } from '../wire/activity.ts'
import { fold, pictures } from './normalize.ts'
import { createSmallTalk, type SmallTalk, type SmallTalkPhrases } from './small-talk.ts'
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
  /** What takes an earlier answer back ("je voulais dire"). */
  correct: string
  /** The exact texts of the widget's buttons. */
  labels: { person: string; back: string; restart: string }
  small_talk: SmallTalkPhrases
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
  /** What is said beside words that take an earlier answer back: "sorry, I meant the other one" -> "the other one".
   *  @returns undefined when there are no such words, or nothing beside them. */
  correction(text: string): string | undefined
  /** "It works", "are you there", "ok": words that deserve a kind answer but are no intent. */
  smallTalk(text: string): SmallTalk | undefined
}

type Phrase = readonly string[]

/** Courtesies and wishes around a command; they ask for nothing themselves. */
const FRAME = wordSet(
  'je j veux voudrais aimerais aimerai desire souhaite prefere prefererais peux pourrais puis peut pouvez vous on est ce que qu besoin',
  'svp stp s il te plait merci bonjour salut allo bonsoir bon ben bin euh hum ok desole desolee excusez maintenant juste tout de suite plutot',
  'd un une la le l a au avec vrai vraie jveux jvoudrais jaimerais jpeux veut',
  'get',
  'i id im would like want wanna need to can could you please pls plz thanks thank hello hi hey sorry now just right away rather lets let me may we with',
  'an the real actual',
)
const WISHES = wordSet(
  'jveux jvoudrais jaimerais jpeux veut veux voudrais aimerais aimerai desire souhaite prefere prefererais peux peut pourrais pouvez besoin faut',
  'want wanna need like can could may let lets please pls plz svp stp',
)
/** Before a wish these deny it; a French "pas" there only ends what came before ("ça marche pas je veux ..."). */
const DENIALS = wordSet('ne n dont doesnt didnt not never wouldnt cannot')
/** What may follow a person who is asked for, in the same clause. */
const AFTER_PERSON = wordSet(
  'svp stp s merci maintenant vite tout plutot immediatement directement pour parce pcq car concernant qui la ici',
  'please pls plz thanks now asap right instead about regarding because cause cuz for who on here',
)
/** Words that one slip of the finger turns into a command's word, but that mean something else. */
const REAL_WORDS = wordSet(
  'argent urgent urgence agence agences personnel personnelle personnels perso persos personal persona detour retard redemander demander',
  'restarted backed clients patient france restauration repartir debit humeur rap rip rest',
)
const FILLERS = wordSet(
  'svp stp merci bonjour ben bin bah euh hum heu ah oh well um uh so please thanks thank you bon la sorry desole desolee madame monsieur hey hi salut',
)
/** Beside a correction these say no more than it does. */
const BESIDE = wordSet('non no nan oups oops oh ah desole desolee sorry scuse excusez')
const TURNS = wordSet('mais but sauf except sinon however though')
/** Plain enough to decide a longer sentence by standing first in it ("right" is not: "right address"). */
const PLAIN = wordSet('oui ouais ouin ouaip ouep yes yep yeah yup ok okay non nan nah no nope accord')
const AFTER_NO = wordSet('i its it im ive we not nothing never this that still thats')
const UNSURE_OF = wordSet('si if lequel laquelle lesquels which quel quelle what where ou')
/** Longest rest after a plain yes or no that is still read as one. */
const MAX_REST = 6
const MAX_COMMAND = 14

/** Reads the phrases of both languages once. */
export function createLanguage(phrases: Readonly<Record<Locale, CommandPhrases>>): Language {
  const all = (key: Exclude<keyof CommandPhrases, 'labels' | 'small_talk'>) =>
    toPhrases([phrases.fr[key], phrases.en[key]])
  const commands: { command: Command; phrases: Phrase[] }[] = [
    { command: { type: 'person' }, phrases: all('person') },
    { command: { type: 'restart' }, phrases: all('restart') },
    { command: { type: 'back' }, phrases: all('back') },
    { command: { type: 'language', locale: 'fr' }, phrases: all('french') },
    { command: { type: 'language', locale: 'en' }, phrases: all('english') },
  ]
  const labels = labelMap(Object.values(phrases))
  // Spelled right is the usual case, and needs no comparing; of two commands with one phrase the first counts.
  const spelled = new Map(
    commands.toReversed().flatMap((each) => each.phrases.map((words) => [words.join(' '), each.command])),
  )
  const requests = all('person').filter((phrase) => phrase.length > 1)
  const cues = all('correct').sort((a, b) => b.length - a.length)
  const answers = answerMap({ yes: all('yes'), no: all('no'), not_sure: all('not_sure') }, Object.values(phrases))
  return {
    findCommand(text) {
      const words = wordsOf(text)
      if (words.length === 0) return undefined
      const said = words.join(' ')
      const known = labels.get(said) ?? spelled.get(said)
      if (known !== undefined) return known
      const whole = commands.find((each) => saysOnly(words, each.phrases))
      if (whole !== undefined) return whole.command
      return asksForPerson(text, commands[0]?.phrases ?? [], requests) ? { type: 'person' } : undefined
    },
    yesNo: (text) => readAnswer(text, answers),
    correction: (text) => withoutCue(wordsOf(text), cues),
    smallTalk: createSmallTalk({ fr: phrases.fr.small_talk, en: phrases.en.small_talk }),
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
  if (words.length > MAX_COMMAND) return false
  const core = bare(words)
  const isTelling = core.join('').length > 2
  return phrases.some((phrase) => isSame(words, phrase) || (isTelling && isSame(core, coreOf(phrase))))
}

const cores = new WeakMap<Phrase, Phrase>()

/** Phrases stay for the life of the process, so that each is stripped once. */
function coreOf(phrase: Phrase): Phrase {
  const known = cores.get(phrase)
  if (known) return known
  const core = bare(phrase)
  cores.set(phrase, core)
  return core
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
  if (clauses.length > 1 && clauses.some((clause) => isPlainRequest(clause) && saysOnly(clause, phrases))) return true
  return clauses.some((clause) => requests.some((request) => isWished(clause, request)))
}

/** "..., personne, ..." may mean nobody, and "quelqu'un" anybody, unless a courtesy goes with it. */
function isPlainRequest(clause: Phrase): boolean {
  const [first, ...others] = bare(clause)
  const isVague = others.length === 0 && ['personne', 'person', 'quelqu', 'someone'].includes(first ?? '')
  return !isVague || clause.some((word) => WISHES.has(word))
}

function isWished(clause: Phrase, request: Phrase): boolean {
  for (let at = 0; at + request.length <= clause.length; at++) {
    if (!startsWith(clause, at, request)) continue
    const next = clause[at + request.length]
    const ends = next === undefined || AFTER_PERSON.has(next)
    if (ends && wishBefore(clause, at, request.length)) return true
  }
  return false
}

/** A wish with nothing but courtesies up to `at` ("je veux ajouter une personne" wishes for something else), or nothing before. */
function wishBefore(clause: Phrase, at: number, length: number): boolean {
  const start = clause.findLastIndex((word, i) => i < at && !FRAME.has(word)) + 1
  if (clause.slice(start, at).some((word) => WISHES.has(word))) return !DENIALS.has(clause[start - 1] ?? '')
  return start === 0 && (length > 2 || WISHES.has(clause[at + length] ?? ''))
}

function withoutCue(words: Phrase, cues: readonly Phrase[]): string | undefined {
  if (words.length > MAX_COMMAND) return undefined
  for (const cue of cues) {
    const at = words.findIndex((_, i) => cue.every((word, j) => words[i + j] === word))
    if (at < 0) continue
    const rest = [...words.slice(0, at), ...words.slice(at + cue.length)].filter((word) => !BESIDE.has(word))
    return rest.length > 0 ? rest.join(' ') : undefined
  }
  return undefined
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

function keyOf(words: Phrase): string {
  return words.map(squeezed).join(' ')
}

/** Drawn-out letters shortened: "ouiii", "nooon", "okkk". */
function squeezed(word: string): string {
  return word.replace(/(.)\1{2,}|(.)\2+$/g, '$1$2')
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
    if (length === 1 && !PLAIN.has(squeezed(words[0] ?? ''))) continue
    const rest = words.slice(length)
    if (answer !== undefined) return rest.length <= MAX_REST && agrees(answer, words[0], rest) ? answer : undefined
  }
  return undefined
}

function agrees(answer: Answer, first: string | undefined, rest: Phrase): boolean {
  const denies = rest.some((word) => NEGATIONS.has(word) || word === 'non' || word === 'no')
  if (answer === 'yes') return !denies
  if (answer === 'not_sure') return UNSURE_OF.has(rest[0] ?? '')
  // "no email came" is about an e-mail; "no it did not" is a no.
  if (first === 'no') return AFTER_NO.has(rest[0] ?? '')
  return !rest.some((word) => word === 'oui' || word === 'yes')
}

function wordSet(...lines: string[]): ReadonlySet<string> {
  return new Set(lines.join(' ').split(' '))
}
