import { describe, expect, test } from '@jest/globals'
import type { Activity } from '../../src/wire/activity.ts'
import type { Pending } from '../../web/widget/kept.ts'
import { createLanguage } from '../../web/widget/language.ts'
import { agentName, asksEmail, linesOf, merge, quickReplies, unreadCount } from '../../web/widget/transcript.ts'

function activity(seq: number, more: Partial<Activity>): Activity {
  const id = `c1|${String(seq).padStart(7, '0')}`
  const from = { id: 'sesame', role: 'bot' as const }
  const base = { type: 'message', channelId: 'directline' as const, conversation: { id: 'c1' }, from, text: `m${seq}` }
  return { ...base, id, timestamp: '2026-03-09T14:32:00.000Z', ...more }
}

const bot = (seq: number, more: Partial<Activity> = {}) =>
  activity(seq, { locale: 'fr-CA', ...more, channelData: { author: 'bot', owner: 'bot', ...more.channelData } })
const member = (seq: number, clientActivityID: string) =>
  activity(seq, { from: { id: 'dl_1', role: 'user' }, channelData: { author: 'member', clientActivityID } })
const agent = (seq: number, name: string) =>
  activity(seq, { from: { id: 'a', name, role: 'bot' }, channelData: { author: 'agent', owner: 'agent' } })
const asking = (seq: number) =>
  bot(seq, {
    suggestedActions: { actions: [{ type: 'imBack', title: 'Oui', value: 'Oui', channelData: { option: 'yes' } }] },
    channelData: { input: 'email' },
  })
const pending = (id: string, state: Pending['state']): Pending => ({
  ...{ id, state, kind: 'message', text: id, locale: 'fr', at: '2026-03-09T14:33:00.000Z', order: 1 },
})

describe('the log of the widget', () => {
  test('any order and any repetition of activities give the same log', () => {
    const all = [bot(1), member(2, 'a'), bot(10)]
    const mixed = merge(merge([], [bot(10), bot(1), bot(10)]), [member(2, 'a'), bot(1)])
    expect(linesOf(mixed, [], [])).toEqual(linesOf(merge([], all), [], []))
    expect(mixed.map((a) => a.text)).toEqual(['m1', 'm2', 'm10'])
  })

  test('an own message is shown once while it is sent, accepted and echoed', () => {
    const log = merge([], [bot(1)])
    const states = [
      linesOf(log, [pending('a', 'sending')], []),
      linesOf(log, [], [pending('a', 'queued')]),
      linesOf(merge(log, [member(2, 'a')]), [pending('a', 'sending')], [pending('a', 'sending')]),
    ].map((lines) => lines.slice(1).map(({ key, state }) => `${key} ${state}`))
    expect(states).toEqual([['a sending'], ['a sent'], ['a sent']])
  })

  test('quick replies stand until the member answers, and come back when the answer could not be sent', () => {
    const log = merge([], [asking(1)])
    expect(quickReplies(log, [])).toHaveLength(1)
    expect(quickReplies(log, [pending('a', 'sending')])).toEqual([])
    expect(quickReplies(log, [pending('a', 'failed')])).toHaveLength(1)
    expect(quickReplies(merge(log, [member(2, 'a')]), [])).toEqual([])
  })

  test('once a person owns the conversation, the bot asks nothing and the person is named', () => {
    const log = merge([], [asking(1), agent(2, 'Julie')])
    expect([quickReplies(log, []), asksEmail(log), agentName(log)]).toEqual([[], false, 'Julie'])
    expect(agentName(merge(log, [bot(3), activity(4, { channelData: { author: 'system', owner: 'agent' } })]))).toBe(
      undefined,
    )
  })

  test('only what others said after the last look is unread', () => {
    expect(unreadCount(merge([], [bot(1), member(2, 'a'), agent(3, 'Julie')]), 1)).toBe(1)
  })
})

test('a chosen language outlives replies that were under way, then follows the bot', () => {
  const language = createLanguage('fr', undefined)
  const english = (seq: number) => bot(seq, { locale: 'en-CA' })
  language.choose('en')
  language.accepted('en', 2)
  const late = merge([], [bot(1), bot(3)])
  language.settle(late)
  expect(language.of(late)).toBe('en')
  const answered = merge(late, [english(4)])
  language.settle(answered)
  expect(language.of(answered)).toBe('en')
  expect(language.of(merge(answered, [bot(5)]))).toBe('fr')
})
