import { afterAll, describe, expect, test } from '@jest/globals'
import type { ResultValue } from '../../src/conversation/events.ts'
import type { ConversationState } from '../../src/conversation/state.ts'
import { expects, nodeAt } from '../../src/dialog/expect.ts'
import { readPhrases } from '../../src/intents.ts'
import { LOCALES, type Locale } from '../../src/wire/activity.ts'
import { CONTENT, createStage, ROOT, recordVisits, shown, type Talk } from '../support/conversation.ts'

/** One thing a member (or the clock, or an agent) may do. */
type Move =
  | { option: string }
  | { email: string }
  | { text: string }
  | { lost: true }
  | { intent: string }
  | { time: true }
  | { result: ResultValue }
  | { agent: 'handback' | 'resolve' }

/** Everything that the trees answer in words, each said as its first training phrase. */
const INTENTS = [...CONTENT.trees.values()].flatMap((d) => [...Object.keys(d.topics), ...Object.keys(d.digressions)])
const PHRASES = readPhrases(ROOT).phrases
const phraseFor = (intent: string, locale: Locale): string =>
  // The language that is spoken already: the sentences of a walk stay in one.
  intent === 'change_language' ? { fr: 'en français svp', en: 'english please' }[locale] : firstPhrase(intent, locale)
const firstPhrase = (intent: string, locale: Locale): string =>
  PHRASES.find((phrase) => phrase.intent === intent && phrase.locale === locale)?.text ?? ''

/** What neither a button nor a word leads to, but time, hours, or many tries: test/conversations/*.yaml go there. */
const ELSEWHERE = /^(idle\.|away\.closed$|resend\.many$|verify\.sent_enough$)/

const ADDRESS = 'camille.tremblay@example.com'
/** Signed in on the host page, and has named a region. */
const asMember = (state: ConversationState): ConversationState => ({
  ...state,
  verified: { member: 'member-1', emails: [{ email: ADDRESS }] },
  dialog: { ...state.dialog, slots: { region: 'CA-ON' } },
})

const recorded = recordVisits(CONTENT.trees)
const stage = createStage(recorded.trees)
afterAll(() => stage.close())

async function act(talk: Talk, locale: Locale, move: Move) {
  if ('option' in move) {
    const { dialog } = await talk.state()
    const option = expects(CONTENT.trees, dialog)?.options.find((o) => o.id === move.option)
    return talk.say(CONTENT.texts.say(locale, option?.key ?? ''))
  }
  if ('lost' in move) return talk.say('zzkrpt wqx')
  if ('intent' in move) return talk.say(phraseFor(move.intent, locale))
  if ('email' in move) return talk.say(move.email)
  if ('text' in move) return talk.say(move.text)
  if ('time' in move) return talk.timeOut()
  if ('result' in move) return talk.result(move.result)
  await talk.agent('claim')
  return talk.agent(move.agent)
}

/** Everything that can be done where the conversation stands. */
async function moves(talk: Talk): Promise<Move[]> {
  const { owner, dialog } = await talk.state()
  if (owner === 'waiting') return [{ agent: 'handback' }, { agent: 'resolve' }]
  if (dialog.waiting) return [{ time: true }, ...results(dialog)]
  const expected = expects(CONTENT.trees, dialog)
  if (!expected) return []
  return [
    ...expected.options.map((o) => ({ option: o.id })),
    ...(expected.takesEmail ? [{ email: ADDRESS }] : []),
    ...(expected.collects === 'number' ? [{ text: '493 021' }] : []),
    ...(expected.takesText ? [{ text: 'Marie-Ève Gagnon' }] : [{ lost: true as const }]),
    ...(expected.node === 'welcome.menu' ? INTENTS.map((intent) => ({ intent })) : []),
  ]
}

/** Everything that the wait may end with. */
function results({ stack, waiting }: ConversationState['dialog']): Move[] {
  const place = stack.at(-1)
  const node = place && nodeAt(CONTENT.trees, place)
  if (node?.type !== 'await' || !waiting) return []
  const slots = { invited_at: 'c•••@e•••.com', invited_region: 'Ontario' }
  return Object.keys(node.on).map((value) => ({
    result: { event: node.event, value, slots, ...(value === 'right' ? { proven: ADDRESS } : {}) },
  }))
}

/** A person reads whole sentences in their language: no keys, no holes, and says where the conversation stands. */
function checkReplies(entries: Awaited<ReturnType<Talk['say']>>, locale: Locale, isAway: boolean): void {
  const replies = shown(entries)
  // Where an answer is on its way the widget shows that, and nothing need be said.
  if (!isAway) expect(replies.length).toBeGreaterThan(0)
  for (const { activity } of replies) {
    expect(activity.text).toMatch(/\S/)
    // No blank before a comma or a full stop either: a value is missing there.
    expect(activity.text).not.toMatch(/\{\{|\}\}|^[a-z_]+:[a-z_.]+$|undefined| [,.]/)
    expect(activity.locale).toBe(`${locale}-CA`)
    if (activity.channelData?.author === 'bot') expect(activity.channelData.node).toMatch(/^\w+\.\w+$/)
    for (const action of activity.suggestedActions?.actions ?? []) expect(action.value).not.toContain(':')
  }
}

/** Walks every option of every question, breadth first; each step is a turn of a conversation that stands where the
 *  last one stopped. */
async function walk(locale: Locale): Promise<{ edges: number }> {
  const start = await stage.open(locale)
  checkReplies(start.greeting, locale, false)
  // Nobody knows the first of them; they prove an address on their way.
  const queue = [start, await stage.open(locale, asMember(await start.state()))]
  const seen = new Set<string>()
  let edges = 0
  for (const talk of queue) {
    const from = await talk.state()
    for (const move of await moves(talk)) {
      const next = await stage.open(locale, from)
      const entries = await act(next, locale, move)
      const after = await next.state()
      checkReplies(entries, locale, after.dialog.waiting !== undefined)
      edges++
      const place = placeOf(after)
      if (!seen.has(place)) queue.push(next)
      seen.add(place)
    }
  }
  return { edges }
}

function placeOf({ owner, dialog, verified }: ConversationState): string {
  const stack = dialog.stack.slice(-2).map((p) => `${p.dialog}.${p.node}`)
  const { rating, region, email } = dialog.slots
  const place = [owner, ...stack, dialog.misses]
  // What is known is looked at on some ways only; elsewhere it would multiply them for nothing.
  if (/^verify\./.test(stack[0] ?? '')) return [...place, verified?.member].join(' ')
  if (stack[0] === 'missing.causes') return [...place, email !== undefined].join(' ')
  return [...place, rating, region !== undefined, stack[0]?.startsWith('family.') && verified?.member].join(' ')
}

describe.each(LOCALES)('every way through the trees (%s)', (locale) => {
  test('answers in whole sentences, everywhere, without one failed turn', async () => {
    recorded.visited.clear()
    const { edges } = await walk(locale)
    const all = [...CONTENT.trees.values()].flatMap((d) => [...d.nodes.keys()].map((n) => `${d.name}.${n}`))
    expect(all.filter((node) => !recorded.visited.has(node) && !ELSEWHERE.test(node))).toEqual([])
    expect(stage.failures).toEqual([])
    expect(edges).toBeGreaterThan(500)
  }, 240_000)
})
