import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type CommandPhrases, createLanguage } from '../../src/language/commands.ts'
import type { Locale } from '../../src/wire/activity.ts'

const phrases = { fr: read('fr'), en: read('en') }
const language = createLanguage(phrases)

function read(locale: Locale): CommandPhrases {
  return JSON.parse(readFileSync(new URL(`../../locales/${locale}/commands.json`, import.meta.url), 'utf8'))
}

/** What is meant -> how members say it. `none`: about something else, however near the words are. */
const COMMANDS = {
  person: [
    'agent',
    'humain',
    'Parler à une personne',
    'Talk to a person',
    "parler à quelqu'un",
    'parler a qqun',
    'je veux parler a une vraie personne svp',
    'JE VEUX PARLER À UN HUMAIN!!!',
    'agnet',
    'agent svp',
    "un agent s'il vous plaît",
    'est-ce que je peux parler à quelqu’un',
    'puis-je parler à un agent?',
    "ça marche pas je veux parler à quelqu'un",
    'ca marche pas. agent svp',
    'bonjour, agent',
    'representant',
    'représentante svp',
    'can i talk to a human please',
    'talk to someone',
    'I want to talk to someone about my code',
    'speak to a representative',
    'real person',
    'human pls',
    'operator',
    'transfer me to an agent',
    'this is useless, give me a human',
    'i need a real person',
    'chui tanné, je veux un humain',
    "j'aimerais parler à un agent maintenant",
    'jveux parler à un agent',
    'pouvez-vous me transférer à un agent',
    "y a-tu quelqu'un?",
    'is anyone there?',
    'parler a une persone',
    'parlé à une personne',
    'je voudrais parler avec un conseiller merci',
    'i already tried that can i speak to someone',
    "J'ai besoin de parler à quelqu'un",
    'speak with an agent because nothing works',
    'live agent',
    'pas un robot',
    "j'ai besoin d'un humain",
  ],
  back: [
    'retour',
    'back',
    'go back',
    'Retour',
    'revenir en arrière',
    'revenir en arriere svp',
    'précédent',
    'precedent',
    'question précédente',
    'go back please',
    'previous',
    'retuor',
    'can i go back',
    'je veux revenir en arrière',
    'je me suis trompé',
  ],
  restart: [
    'recommencer',
    'Recommencer',
    'start over',
    'restart',
    'tout recommencer',
    'je veux recommencer',
    'recomencer',
    'recommencer depuis le début',
    'start again please',
    'menu',
    'retour au menu',
    'can we start over',
  ],
  'language:en': [
    'english',
    'english please',
    'English pls',
    'in english',
    'en anglais svp',
    'anglais',
    'do you speak english?',
    'can we do this in english',
    'can you speak english please',
    'switch to english',
    'i prefer english',
    'sorry in english please',
    'parlez-vous anglais',
    'speak english',
    'could i continue in english',
  ],
  'language:fr': [
    'français',
    'francais',
    'en français',
    'en francais svp',
    "en français s'il vous plaît",
    'french',
    'in french please',
    'parlez-vous français?',
    'je parle français',
    'je préfère le français',
    'fr',
  ],
  none: [
    'je suis de retour',
    'my agent at work said',
    "l'anglais de mon invitation",
    'personne ne répond',
    'I went back to the sign-in page',
    'une personne de ma famille',
    'address of the person who invited me',
    "personne ne m'a répondu depuis hier",
    'perso',
    'personnelle',
    'home',
    'reset',
    'redemander',
    'mon argent',
    'retour à la page de connexion',
    "I'll be back later",
    'come back later',
    'my invitation is in english',
    'le courriel est en anglais',
    "j'ai reçu un courriel en anglais",
    'je veux pas parler à un agent',
    "i don't want an agent",
    'i dont want to talk to a person',
    "j'ai parlé à un agent hier",
    "un agent m'a dit de venir ici",
    "j'ai voulu parler à quelqu'un hier",
    'je veux ajouter une personne svp',
    'i need to add a person please',
    "je veux parler à quelqu'un de ma famille",
    'can i talk to my manager',
    "mon conjoint est agent d'immeuble",
    'i am a human resources manager',
    'ressources humaines',
    'my rep gave me this',
    'representant syndical',
    "quelqu'un a utilisé mon code",
    'someone used my code',
    'someone else used my email',
    "y a quelqu'un d'autre sur mon compte",
    "quelqu'un m'a volé mon code",
    'je reviens dans 5 minutes',
    'je reviendrai',
    'feedback',
    'i restarted my phone',
    "j'ai recommencé trois fois",
    "recommencer l'inscription",
    'il faut que je recommence mon inscription',
    'start a new account',
    'previous employer',
    'mon ancien employeur',
    'the page goes back to the start',
    'une personne à charge',
    'personne à charge',
    "la personne qui m'a invité",
    'menu déroulant',
    'dois-je retourner au site',
    'where do i go to start',
    "l'agent immobilier",
    'oui',
    'non',
    'code',
    'camille@example.com',
    '',
    '   ',
    '???',
    'mon code ne marche pas',
    'chat',
    'personne dans ma famille',
    'there is no one to help',
    'nobody answers',
    'cancelled account',
    'my french is bad',
    'I take french classes',
    'mon mari parle anglais',
    'le français de votre site est correct',
    'service',
  ],
}

const ANSWERS = {
  yes: [
    'oui',
    'Oui!',
    'ouin',
    'ouais',
    'ouiii',
    'OUI',
    'ok',
    'okay',
    'yep',
    'yes',
    'yess',
    'Yeah',
    "oui je l'ai reçu",
    'oui svp',
    'yes please',
    'ben oui',
    "d'accord",
    '👍',
    '👍🏽',
    'je pense que oui',
    'i think so',
    "c'est ça",
    "c'est bon",
    'sure',
    "oui c'est la bonne",
    'yes i got it',
    'ok merci',
    'bien sûr',
    'mets-en',
  ],
  no: [
    'non',
    'Non.',
    'nan',
    'nonnn',
    'no',
    'nope',
    'no thanks',
    'non merci',
    "non j'ai rien reçu",
    'non toujours pas',
    'no i did not',
    "no it's not there",
    '👎',
    'pas du tout',
    'pantoute',
    'ben non',
    "i don't think so",
    'je pense pas',
    'no nothing',
    'nah',
    'non, pas encore',
  ],
  not_sure: [
    'je sais pas',
    'chais pas',
    'je ne sais pas',
    'aucune idée',
    'not sure',
    'idk',
    "i don't know",
    'no idea',
    'jsp',
    'je ne suis pas sûre',
    'peut-être',
    'maybe',
    'i dont remember',
    "je m'en souviens plus",
    "je sais pas si c'est la bonne",
    'not sure which one',
    '🤷',
    'p-e',
    'euh je sais pas',
    'no clue sorry',
  ],
  none: [
    'pas encore',
    'not yet',
    'oui mais non',
    'oui et non',
    "oui mais j'ai pas le code",
    'no problem',
    'pas de problème',
    'no email came',
    'right address',
    'n.-b.',
    'n.b.',
    'mon code',
    'no code',
    'ok mais comment',
    'bonne adresse',
    'camille@example.com',
    '',
    'je sais pas comment faire',
    'not',
    'pas',
    'yes and no',
    'non ou oui',
    "oui je ne l'ai pas reçu",
    'perfect storm',
    'le mot de passe est correct',
    'noël',
    'noon',
    'une',
    'ouf',
  ],
}

function rows(table: Readonly<Record<string, readonly string[]>>): [string, string][] {
  return Object.entries(table).flatMap(([meant, texts]) => texts.map((text): [string, string] => [text, meant]))
}

function commandOf(text: string): string {
  const command = language.findCommand(text)
  if (command === undefined) return 'none'
  return command.type === 'language' ? `language:${command.locale}` : command.type
}

describe('findCommand', () => {
  test.each(rows(COMMANDS))('%j -> %s', (text, meant) => expect(commandOf(text)).toBe(meant))

  test.each(['fr', 'en'] as const)('the %s buttons say what they do', (locale) => {
    const { labels } = phrases[locale]
    expect([labels.person, labels.back, labels.restart].map(commandOf)).toEqual(['person', 'back', 'restart'])
  })

  test('every phrase of both languages is understood as its own command', () => {
    const keys = {
      person: 'person',
      back: 'back',
      restart: 'restart',
      french: 'language:fr',
      english: 'language:en',
    } as const
    for (const each of [phrases.fr, phrases.en]) {
      for (const [key, meant] of Object.entries(keys)) {
        const list = each[key as keyof typeof keys].split('|')
        expect(list.map((text) => [text, commandOf(text)])).toEqual(list.map((text) => [text, meant]))
      }
    }
  })
})

describe('yesNo', () => {
  test.each(rows(ANSWERS))('%j -> %s', (text, meant) => expect(language.yesNo(text) ?? 'none').toBe(meant))
})

test('both languages have the same keys', () => {
  const keys = (each: CommandPhrases) => [Object.keys(each), Object.keys(each.labels)]
  expect(keys(phrases.fr)).toEqual(keys(phrases.en))
})

test('no text makes it throw or hang', () => {
  const word = fc.constantFrom(...'je veux parler à un agent oui non pas retour . , ’ - 👍 en'.split(' '))
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(word, { maxLength: 30 }).map((words) => words.join(' ')),
  )
  fc.assert(
    fc.property(text, (value) => void [language.findCommand(value), language.yesNo(value)]),
    { numRuns: 500 },
  )
})
