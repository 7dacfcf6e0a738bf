/** T1: at every place of the trees, in both languages, whatever class the typed address is of, the client is given the same bytes:
 *  answers with their headers, socket frames, polls, watermarks, then and afterwards. */
import { setTimeout as pause } from 'node:timers/promises'
import { LOCALES, type Locale } from '../../../src/wire/activity.ts'
import { CONTENT } from '../../support/conversation.ts'
import { type Context, commonBreaches, type Scenario, toRow, using } from '../scenario.ts'
import { CLASSES, type Class } from './addresses.ts'
import { openConnection } from './connection.ts'
import { type Ground, startGround, useUp } from './ground.ts'
import { findPlaces, type Place, wordsOf } from './places.ts'
import type { Visitor } from './visitor.ts'

/** Said after the address: a number that was guessed, a yes where the address is to be confirmed, and that nothing came. */
const AFTER: Readonly<Record<Locale, readonly string[]>> = {
  fr: ['123456', 'oui', 'je n’ai rien reçu'],
  en: ['123456', 'yes', 'I did not get anything'],
}
/** More guesses where a one-time number is asked for: more than may be tried. */
const GUESSES = 6
const LANES = 6

/** What one conversation was given, all ids, times and the address itself masked. */
interface Given {
  of: Class
  lines: string[]
  /** To read it all again in the end, when everything that could come has come. */
  again(): Promise<string>
}

export interface Group {
  place: Place
  locale: Locale
}

/** Pause before everything is read again, ms: longer than any worker needs for what is due. */
const SETTLE_MS = 3_000

/** One's place in the queue, as it is said in both languages. */
const COUNT = /(position |number )\d+/g
/** What is said to a member who waits comes at once, or not at all, ms. */
const QUIET_MS = 200
/** Other processes learn of a request within this, ms. */
const QUEUE_MS = 1_500

export const words: Scenario = {
  name: 'enumeration-words',
  stores: ['sqlite', 'redis'],
  run: (context) => comparePlaces(context, placesFor(context)),
}

/** The short form leaves out places whose question takes no address. */
export function placesFor({ length }: Pick<Context, 'length'>): Place[] {
  return findPlaces(CONTENT.trees).filter(({ takesEmail }) => takesEmail || length !== 'short')
}

/** Every place in both languages; in the short form each in one of them, by chance. */
function groupsFor({ length, random }: Context, places: readonly Place[]): Group[] {
  const locales = () => (length === 'short' ? [random.pick(LOCALES)] : LOCALES)
  return places.flatMap((place) => locales().map((locale) => ({ place, locale })))
}

async function comparePlaces(context: Context, places: readonly Place[]) {
  const groups = groupsFor(context, places)
  const counts = Object.fromEntries(CLASSES.map((of) => [of, groups.length]))
  return using(startGround(context, counts), async (ground) => {
    const differences = await compareGroups(ground, groups)
    const conversations = groups.length * CLASSES.length
    return toRow('enumeration-words', context, {
      injected: conversations,
      verdict: { acked: conversations, lost: 0, doubled: 0, inverted: 0, faults: [] },
      notes: [`${places.length} places, ${groups.length} with their languages, ${CLASSES.length} classes`],
      breaches: [
        ...commonBreaches(ground.rig),
        ...(differences.length > 0 ? [`${differences.length} answers differ`, ...differences.slice(0, 5)] : []),
      ],
    })
  })
}

/** @param disturb done before anything is compared, and after the limits were reached.
 *  @returns where a class was given something else than the first class was. */
export async function compareGroups(ground: Ground, groups: readonly Group[], disturb = () => {}): Promise<string[]> {
  await openQueue(ground)
  const limited = groups.map(() => ground.book.next('limited'))
  await useUp(ground, limited)
  disturb()
  const addressOf = (of: Class) => (of === 'limited' ? (limited.pop() ?? '') : ground.book.next(of))
  const todo = [...groups]
  const done: (Group & { given: Given[] })[] = []
  const lane = async () => {
    for (let group = todo.shift(); group; group = todo.shift()) {
      const { place, locale } = group
      const given = await Promise.all(CLASSES.map((of) => tryPlace(ground, place, locale, of, addressOf(of))))
      done.push({ ...group, given })
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  await pause(SETTLE_MS)
  for (const { given } of done) for (const each of given) each.lines.push(await each.again())
  return done.flatMap(({ place, locale, given }) => differencesOf(`${place.name} (${locale})`, given))
}

/** Somebody waits before all others: whoever is first is told so in other words than whoever is not. */
async function openQueue(ground: Ground): Promise<void> {
  const first = await ground.visit({ locale: 'fr', way: 'polling' })
  await first.say('parler à une personne')
  first.close()
  await pause(QUEUE_MS)
}

async function tryPlace(ground: Ground, place: Place, locale: Locale, of: Class, address: string): Promise<Given> {
  const visitor = await ground.visit({ locale, way: 'socket' })
  const mask = masker(visitor, address)
  for (const move of place.way)
    await visitor.say(wordsOf(move, locale, CONTENT.texts, () => ground.book.next('unknown')))
  const at = visitor.last()?.channelData?.node
  if (at !== place.node && !place.isWaiting && !place.node.endsWith('.wait'))
    throw new Error(`the way to ${place.name} leads to ${at}`)
  const lines = [`at ${at}`]
  const say = async (text: string) => void lines.push(...(await capture(visitor, text)).map(mask))
  await say(address)
  for (let guess = 0; guess < GUESSES && asksNumber(visitor); guess++) await say(`${654_321 + guess}`)
  for (const text of AFTER[locale]) await say(text)
  visitor.close()
  const { token, conversationId } = visitor.token
  const { url } = ground.rig.clients.route()
  return {
    of,
    lines,
    async again() {
      const connection = await openConnection(url)
      const { head, body } = await connection.get(`/v3/directline/conversations/${conversationId}/activities`, token)
      connection.close()
      return mask(`in the end ${head}\n${body}`)
    },
  }
}

/** Everything that one message brings. A member who waits for a person may get no answer. */
async function capture(visitor: Visitor, text: string): Promise<string[]> {
  if (isWaiting(visitor)) {
    const { head, body } = await visitor.post(text)
    await pause(QUIET_MS)
    return [`answer ${head}\n${body}`, await poll(visitor)]
  }
  const { answer, sets } = await visitor.say(text)
  // In how many frames it comes is a matter of time, and is compared there.
  const told = { activities: sets.flatMap(({ activities }) => activities), watermark: sets.at(-1)?.watermark }
  return [`answer ${answer.head}\n${answer.body}`, `frames ${JSON.stringify(told)}`, await poll(visitor)]
}

async function poll(visitor: Visitor): Promise<string> {
  const { head, body } = (await visitor.history()).reply
  return `poll ${head}\n${body}`
}

const asksNumber = (visitor: Visitor): boolean =>
  /^verify\.(number|wrong)$/.test(visitor.last()?.channelData?.node ?? '')

const isWaiting = (visitor: Visitor): boolean =>
  visitor.last()?.suggestedActions?.actions.some(({ channelData }) => channelData.option === 'back_to_bot') ?? false

/** How many wait before a member differs by the hour, not by the address: it is masked where a person was asked for. */
function masker({ token }: Visitor, address: string): (text: string) => string {
  return (text) => {
    const masked = text
      .replaceAll(token.conversationId, '<conversation>')
      .replaceAll(token.userId, '<user>')
      .replaceAll(address, '<address>')
      .replace(/p[bcdfghjkmnpqrstvwxz]{14}@prove\.example\.com/g, '<another address>')
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
      .replace(/\r\ndate: [^\r]*/i, '\r\ndate: <date>')
    if (!masked.includes('"back_to_bot"')) return masked
    return masked.replace(COUNT, '$1<count>').replace(/content-length: \d+/i, '')
  }
}

function differencesOf(where: string, given: readonly Given[]): string[] {
  const [first, ...others] = given
  if (!first) return []
  return others.flatMap(({ of, lines }) => {
    const at = lines.findIndex((line, i) => line !== first.lines[i])
    if (at < 0 && lines.length === first.lines.length) return []
    return [`${where}: ${of} is not as ${first.of}: ${around(lines[at], first.lines[at])}`]
  })
}

/** The first difference of two texts, with what stands around it. */
function around(one = '', other = ''): string {
  let at = 0
  while (at < one.length && one[at] === other[at]) at++
  const cut = (text: string) => JSON.stringify(text.slice(Math.max(0, at - 30), at + 50))
  return `${cut(one)} and ${cut(other)}`
}
