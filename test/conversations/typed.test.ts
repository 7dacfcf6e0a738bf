import { afterAll, describe, expect, test } from '@jest/globals'
import type { LogEntry } from '../../src/conversation/store.ts'
import type { Locale } from '../../src/wire/activity.ts'
import { CONTENT, createStage, shown } from '../support/conversation.ts'

/** What people type instead of touching a button, line by line. After `=>`: the node of the last reply, `-` for no reply,
 *  and after `+` the text of `common.json` that comes with it. `!` is what an agent does. */
const FRENCH = {
  'the code never came, with greetings and slang': `
    bonjour => welcome.menu +greeting
    jai pas recu mon code => missing.start
    nn => resend.which_address
    chu pas sure => resend.hints
    ok je vais essayer avec mon gmail => resend.email
    camille@example.com => arrived.question
    tjrs rien => spam.look
    rien dans mes spams => missing.causes`,
  'an address in the first sentence': `
    bonjour, pouvez vous renvoyer mon code a camille@example.com svp merci => arrived.question
    oui je lai recu merci!! => received.works
    ca marche merci bcp => feedback.ask
    oui => feedback.comment
    non => feedback.thanks
    merci => - +thanks
    allo => welcome.menu +greeting`,
  'thanks right after asking are not the code': `
    renvoyer mon code => resend.which_address
    merci => resend.which_address +thanks
    camille@example.com => arrived.question
    ok merci => arrived.waiting
    ok => arrived.wait +noted
    criss c'est long => arrived.wait +upset
    je l'ai!! => received.works`,
  'the answer before the question is asked again': `
    renvoyer a camille@example.com => arrived.question
    pas encore => arrived.waiting
    toujours rien => spam.look
    cest ou ca => spam.how
    ah oui je l'ai trouvé! => received.works`,
  'two addresses, then another': `
    ni sur camille@example.com ni sur camille@example.org => arrived.question +one_address
    non c'est pas la bonne adresse => resend.another
    c'est plutot camille@exemple.ca => arrived.question`,
  'the other address, not the one just typed': `
    renvoyer a camille@example.com => arrived.question
    camille@example.org => resend.confirm
    non l'autre adresse => arrived.question
    une autre adresse => resend.another`,
  'a change of mind': `
    renvoyer mon code => resend.which_address
    finalement j'ai oublié mon mot de passe => account.start
    retour => resend.which_address
    code refusé => rejected.start`,
  'nobody is asked what they just said': `
    mot de passe oublié => password.reset
    non => password.nothing
    j'ai rien recu => account.no_account
    oui renvoyez moi le code => resend.which_address`,
  'a message that says something else': `
    renvoyer a camille@example.com => arrived.question
    oui => received.works
    deja un compte => account.exists
    je sais plus laquelle => signin.try`,
  'a message with a code that fails': `
    renvoyer a camille@example.com => arrived.question
    oui mais le code marche pas => rejected.start
    pantoute => rejected.to_person`,
  'something else is not the menu': `
    renvoyer a camille@example.com => arrived.question
    oui => received.works
    ca parle d'autre chose => received.told
    autre chose => stuck.start`,
  'anger is answered, and a person always found': `
    votre systeme est de la marde => welcome.menu +upset
    criss que mon code marche pas => rejected.start
    j'veux parler à du monde => person.to_person
    finalement laisse faire => rejected.start +back_to_bot`,
  'a person, asked for in odd ways': `
    est-ce que je peux parler a quelquun => person.to_person
    !claim => - +agent_joined
    allo => -
    !handback => welcome.menu +handed_back
    je veux pas parler a un robot => person.to_person`,
  'is anyone there': `
    ya tu un humain la => person.to_person
    combien de temps => person.to_person +position
    vous etes tu un robot => person.to_person +position
    ca marche finalement => person.to_person +waiting_again
    j'ai pu besoin merci => welcome.menu +back_to_bot`,
  'lost from the start': `
    je sais pas => welcome.menu +lost
    aide moi svp => welcome.menu +lost
    chu perdue => welcome.menu +lost
    es-tu un robot? => welcome.menu +robot
    es-tu la? => welcome.menu +there`,
  'it works, wherever it is said': `
    renvoyer mon code => resend.which_address
    j'ai trouvé finalement => feedback.ask
    c'est réglé => feedback.comment`,
  'family, before the invitation': `
    c'est mon mari qui a les assurances => family.start
    j'avais deja un compte avant => family.explain
    ok => family.family_member
    Jean-François Bouchard => family.relation
    c'est mon mari => family.account_email
    marie.bouchard@example.com => family.family_email
    je la connais pas => family.to_person`,
  'a province that no button has': `
    jai pas choisi la bonne province => region.start
    nouveau brunswick => region.more
    nouveau brunswick => region.steps
    comment je fais => stuck.start
    oui ca a marché => feedback.ask`,
  'an address that is gone': `
    renvoyer => resend.which_address
    travail => resend.email
    j'ai plus acces a cette adresse la => resend.hints`,
  'health has no place here': `
    est-ce que je peux voir un medecin => welcome.menu +health
    bye => welcome.menu +goodbye`,
  'after a request was resolved': `
    agent => person.to_person
    !claim => - +agent_joined
    !resolve => feedback.ask +resolved
    un peu => feedback.comment
    pas vite en titi => feedback.thanks
    mon code est refusé => rejected.start`,
}

const ENGLISH = {
  'never came': `
    hi => welcome.menu +greeting
    I never got my code => missing.start
    no i havent => resend.which_address
    ill try my work one => resend.email
    jane@example.com => arrived.question
    thanks => arrived.waiting
    got it => received.works
    it works => feedback.ask`,
  'swearing, a person, never mind': `
    wtf this is so stupid => welcome.menu +upset
    can i get a real human being on the line => person.to_person
    how long will it take => person.to_person +position
    is this a bot? => person.to_person +position
    never mind => welcome.menu +back_to_bot`,
  'wrong address': `
    resend my code => resend.which_address
    jane@gmial.com => resend.which_address
    no => arrived.question
    wait wrong address => resend.another`,
  'the invitation expired': `
    resend my code to jane@example.com => arrived.question
    yes => received.works
    expired => received.expired`,
  'an English speaker in a French chat is not told off': `
    sorry i don't speak french, can you do english => welcome.menu`,
}

const stage = createStage()
afterAll(() => stage.close())

async function act(talk: Awaited<ReturnType<typeof stage.open>>, said: string): Promise<LogEntry[]> {
  if (said.startsWith('!')) return talk.agent(said.slice(1) as 'claim')
  return talk.say(said)
}

async function play(locale: Locale, lines: string) {
  const talk = await stage.open(locale)
  const told: string[] = []
  for (const line of lines.trim().split('\n')) {
    const [said = '', expected = ''] = line.split(' => ').map((part) => part.trim())
    const replies = shown(await act(talk, said)).map((entry) => entry.activity)
    const node = replies.findLast((reply) => reply.channelData?.node)?.channelData?.node ?? '-'
    const key = expected.split(' +')[1]
    const isSaid = key !== undefined && replies.some((reply) => isText(reply.text ?? '', key))
    told.push(`${said} => ${node}${isSaid ? ` +${key}` : ''}`)
  }
  return told
}

/** Whether a text is that of `common.json`, whatever stands in its gaps. */
function isText(text: string, key: string): boolean {
  return (['fr', 'en'] as const).some((locale) => {
    const ways = ['say', 'say_one', 'say_other'].map((way) => CONTENT.texts.find(locale, `common:${key}.${way}`))
    return ways.some((way) => way?.split(/\{\{\w+\}\}/).every((piece) => text.includes(piece)))
  })
}

const expectedOf = (lines: string) =>
  lines
    .trim()
    .split('\n')
    .map((line) => line.trim())

describe('typed in French', () => {
  test.each(Object.entries(FRENCH))('%s', async (_name, lines) => {
    expect(await play('fr', lines)).toEqual(expectedOf(lines))
  })
})

describe('typed in English', () => {
  test.each(Object.entries(ENGLISH))('%s', async (_name, lines) => {
    expect(await play('en', lines)).toEqual(expectedOf(lines))
  })
})

test('no turn failed', () => expect(stage.failures).toEqual([]))
