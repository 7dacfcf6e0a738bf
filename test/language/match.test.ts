import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { compileOptions, matchOption, type OptionTexts } from '../../src/language/match.ts'

interface Texts {
  options: Readonly<Record<string, string>>
  aliases?: Readonly<Record<string, string>>
}

const LOCALES = new URL('../../locales/', import.meta.url)

function read(locale: string, file: string): Readonly<Record<string, unknown>> {
  return JSON.parse(readFileSync(new URL(`${locale}/${file}`, LOCALES), 'utf8'))
}

function hasOptions(node: unknown): node is Texts {
  return typeof node === 'object' && node !== null && 'options' in node && typeof node.options === 'object'
}

/** Every question of every tree, with its buttons and their other wordings in both languages. */
function questions(): { name: string; options: OptionTexts[] }[] {
  return readdirSync(new URL('fr/', LOCALES)).flatMap((file) => {
    const [fr, en] = [read('fr', file), read('en', file)]
    return Object.keys(fr).flatMap((node) => {
      const pair = [fr[node], en[node]].filter(hasOptions)
      const ids = Object.keys(pair[0]?.options ?? {})
      const options = ids.map((id) => ({ id, texts: pair.flatMap((texts) => waysToSay(texts, id)) }))
      return options.length === 0 ? [] : [{ name: `${file.replace('.json', '')}.${node}`, options }]
    })
  })
}

function waysToSay(texts: Texts, id: string): string[] {
  return [texts.options[id] ?? '', ...(texts.aliases?.[id] ?? '').split('|')].filter((text) => text !== '')
}

const QUESTIONS = questions()

function compiled(name: string) {
  return compileOptions(QUESTIONS.find((question) => question.name === name)?.options ?? [])
}

/** Question -> what is typed -> the option meant; `none`: ask again. */
const TYPED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'resend.which_address': {
    perso: 'personal',
    'mon adresse perso je pense': 'personal',
    "c'est celle de la job": 'work',
    travial: 'work',
    'au bureau': 'work',
    'mon adresse personel': 'personal',
    cegep: 'school',
    "l'école de ma fille": 'school',
    '1': 'personal',
    'le deuxième': 'work',
    'la 3e': 'school',
    'the second one': 'work',
    'pas perso, la job': 'work',
    'pas mon adresse du travail': 'none',
    'not my work email': 'none',
    'perso ou travail': 'none',
    'je ne sais pas': 'not_sure',
    'chais pas trop': 'not_sure',
    'my personal email': 'personal',
    'work email': 'work',
    hier: 'none',
    'pourquoi vous demandez ça': 'none',
    'je vais le faire moi meme': 'myself',
    'mon boss ma dit de venir ici pour mon code': 'none',
    '6': 'none',
    'Mon adresse': 'none',
    email: 'none',
    both: 'none',
    'les deux': 'none',
    persnonel: 'personal',
    'universite laval': 'school',
    'work i think': 'work',
    'i dont know': 'not_sure',
  },
  'arrived.question': {
    oui: 'yes',
    'pas encore': 'not_yet',
    non: 'no',
    "oui je l'ai reçu": 'yes',
    "non j'ai rien reçu": 'no',
    'oui mais non': 'none',
    'toujours pas': 'no',
    'not yet': 'not_yet',
    no: 'no',
    'yes got it': 'yes',
    'non pas encore': 'not_yet',
    "j'attends": 'not_yet',
    'ok mais le code marche pas': 'none',
    'oui mais le code est pas bon': 'none',
  },
  'spam.look': {
    'oui trouvé': 'yes',
    'il est dans mes pourriels': 'yes',
    'pas dans mes pourriels': 'no',
    "il n'est pas dans mes pourriels": 'no',
    'rien dans les spams': 'no',
    'je trouve pas le dossier': 'how',
    "c'est où?": 'how',
    'non rien là': 'no',
    'found it': 'yes',
    'not in my spam': 'no',
    "je l'ai trouvé dans les spams": 'yes',
    'it was in junk': 'yes',
    "je ne l'ai pas trouvé": 'no',
  },
  'welcome.menu': {
    'mon code est jamais arrivé': 'never_came',
    "j'ai pas reçu mon code": 'never_came',
    'jai rien recu': 'never_came',
    'renvoyez moi le code svp': 'resend',
    'renvoyer code': 'resend',
    "c'est quoi le code": 'what',
    'mot de passe oublié': 'account',
    "j'ai oublié mon mot de passe": 'account',
    'mon code marche pas': 'rejected',
    'code invalide': 'rejected',
    'mauvaise region': 'region',
    'par ma conjointe': 'family',
    'my code never came': 'never_came',
    'i didnt get my code': 'never_came',
    'send it again': 'resend',
    'forgot password': 'account',
    'wrong region': 'region',
    'my wife': 'family',
    code: 'none',
    bonjour: 'none',
    "j'ai un problème avec mon code": 'none',
    "il pleut aujourd'hui": 'none',
    '4': 'rejected',
    'jamais reçu de code': 'never_came',
    'code refuse': 'rejected',
    'mon code a été refusé': 'rejected',
    'my code doesnt work': 'rejected',
  },
  'feedback.ask': { '😀': 'good', '😀 Oui': 'good', '👍': 'good', '🙁': 'bad', 'un peu': 'fair', non: 'bad' },
}

describe.each(Object.entries(TYPED))('%s', (name, cases) => {
  const options = compiled(name)
  test.each(Object.entries(cases))('%j -> %s', (text, meant) =>
    expect(matchOption(text, options)?.id ?? 'none').toBe(meant),
  )
})

test.each(QUESTIONS.map(({ name, options }) => [name, options] as const))(
  '%s: each wording means its own option',
  (_name, options) => {
    const ready = compileOptions(options)
    const all = options.flatMap(({ id, texts }) => texts.map((text) => [text, id]))
    expect(all.map(([text = '']) => [text, matchOption(text, ready)?.id])).toEqual(all)
  },
)

test('a wording that two options share is asked again', () => {
  const options = compileOptions([
    { id: 'a', texts: ['Oui', 'la job'] },
    { id: 'b', texts: ['Non', 'la job'] },
  ])
  expect(matchOption('la job', options)).toBeUndefined()
})

test('no text makes it throw; a score is between 0.65 and 1', () => {
  const options = compiled('welcome.menu')
  const word = fc.constantFrom(...'code pas reçu mot de passe région l’ , . - oui 2 refusé 😀'.split(' '))
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(word, { maxLength: 20 }).map((words) => words.join(' ')),
  )
  fc.assert(
    fc.property(text, (value) => {
      const score = matchOption(value, options)?.score ?? 1
      expect(score >= 0.65 && score <= 1).toBe(true)
    }),
    { numRuns: 500 },
  )
})

test('options with no words at all are never matched', () => {
  const options = compileOptions([
    { id: 'a', texts: ['', ' ', '…'] },
    { id: 'b', texts: [] },
  ])
  expect(['', ' ', '!!', 'code'].map((text) => matchOption(text, options))).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ])
})
