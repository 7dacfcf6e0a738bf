import { expect, test } from '@jest/globals'
import { messageIdFor } from '../../src/mail/compose.ts'
import { type Activity, activityId } from '../../src/wire/activity.ts'
import { type ClientLog, type Evidence, judge, type SentMail } from './checker.ts'

const ID = 'conversation'
const FROM = 'sesame@example.com'
const at = (seq: number) => activityId(ID, seq)

function entry(seq: number, more: Partial<Activity> = {}): Activity {
  return {
    type: 'message',
    id: at(seq),
    timestamp: '2026-03-02T15:00:00.000Z',
    channelId: 'directline',
    conversation: { id: ID },
    from: { id: 'bot' },
    ...more,
  }
}

const member = (seq: number, clientActivityID: string) =>
  entry(seq, { from: { id: 'dl_1' }, text: clientActivityID, channelData: { author: 'member', clientActivityID } })
const reply = (seq: number, to: number) => entry(seq, { replyToId: at(to) })

/** Two messages, the first with one reply and the second with two; all seen. */
function honest(): { client: ClientLog; final: Activity[] } {
  const final = [member(1, 'a'), reply(2, 1), member(4, 'b'), reply(5, 4), reply(6, 4)]
  const send = (clientId: string, seq: number, replies: number) => {
    return { clientId, text: clientId, sentAt: 0, ackedAt: 1, answers: [at(seq)], replies }
  }
  const sends = [send('a', 1, 1), { ...send('b', 4, 2), mailTo: 'pat@example.com' }]
  const seen = final.map(({ id }) => id)
  return { client: { conversationId: ID, sends, seen, repeats: 0, changed: [], listenedTo: at(6) }, final }
}

const counts = (evidence: Evidence, mails?: readonly SentMail[], extraCopies = 0) => {
  const { lost, doubled, inverted } = judge([evidence], mails && { mails, from: FROM, extraCopies })
  return { lost, doubled, inverted }
}
const none = { lost: 0, doubled: 0, inverted: 0 }
const mail: SentMail = { messageId: messageIdFor(`resend:${at(4)}`, FROM), to: 'pat@example.com' }

/** What the checker says after one change to an honest run. */
function after(change: (run: ReturnType<typeof honest>) => void) {
  const run = honest()
  change(run)
  return counts({ clients: [run.client], final: run.final })
}

test('an honest run has no fault', () => {
  const { client, final } = honest()
  expect(judge([{ clients: [client], final }])).toEqual({ acked: 2, ...none, faults: [] })
  expect(counts({ clients: [client], final }, [mail])).toEqual(none)
})

test('what was acknowledged and is not there is lost', () => {
  // The message, both its replies are orphans; and its client saw what the list lacks.
  expect(after(({ final }) => final.splice(2, 1))).toMatchObject({ lost: 1, doubled: 0 })
  expect(after(({ final }) => final.splice(2, 1, member(4, 'other')))).toMatchObject({ lost: 1 })
  expect(after(({ final }) => final.splice(5, 1))).toEqual(none)
})

test('a reply too few is lost, one too many is doubled', () => {
  expect(after(({ final }) => final.splice(4, 1))).toMatchObject({ lost: 1, doubled: 0 })
  const more = after(({ final, client }) => {
    final.push(reply(7, 4))
    client.listenedTo = at(7)
    client.seen.push(at(7))
  })
  expect(more).toEqual({ ...none, doubled: 1 })
})

test('a message without an answer owes nothing', () => {
  const unacked = after(({ client }) => {
    client.sends.push({ clientId: 'c', text: 'c', sentAt: 0, answers: [], replies: 1 })
  })
  expect(unacked).toEqual(none)
})

test('the same client id twice in the log is doubled, and so are two answers to it', () => {
  expect(after(({ final }) => final.push(member(7, 'a')))).toMatchObject({ doubled: 1 })
  expect(after(({ client }) => client.sends[0]?.answers.push(at(9)))).toMatchObject({ doubled: 1 })
})

test('another order anywhere is inverted', () => {
  expect(after(({ final }) => final.reverse()).inverted).toBeGreaterThan(0)
  expect(after(({ client }) => client.seen.reverse()).inverted).toBeGreaterThan(0)
  expect(after(({ client }) => client.sends.reverse())).toEqual({ ...none, inverted: 1 })
  expect(after(({ client }) => client.changed.push(at(2)))).toEqual({ ...none, inverted: 1 })
  expect(after(({ client }) => client.seen.push(at(9)))).toEqual({ ...none, inverted: 1 })
})

test('a listener must have seen all up to where it listened, and no more', () => {
  expect(after(({ client }) => client.seen.splice(3, 1))).toEqual({ ...none, lost: 1 })
  const early = after(({ client }) => {
    client.seen.pop()
    client.listenedTo = at(5)
  })
  expect(early).toEqual(none)
})

test('mails: one each, copies only as allowed, none that nobody asked for', () => {
  const { client, final } = honest()
  const evidence = { clients: [client], final }
  expect(counts(evidence, [])).toEqual({ ...none, lost: 1 })
  expect(counts(evidence, [mail, mail])).toEqual({ ...none, doubled: 1 })
  expect(counts(evidence, [mail, mail], 1)).toEqual(none)
  expect(counts(evidence, [mail, { ...mail, messageId: 'other@example.com' }])).toEqual({ ...none, doubled: 1 })
  expect(counts(evidence, [{ ...mail, to: 'other@example.com' }])).toEqual({ ...none, doubled: 1 })
})

test('a request that was carried out and never acknowledged may have its mail, and need not', () => {
  const { client, final } = honest()
  const sends = client.sends.map((send) => ({ ...send, answers: [] }))
  const evidence = { clients: [{ ...client, sends }], final }
  expect(counts(evidence, [mail])).toEqual(none)
  expect(counts(evidence, [])).toEqual(none)
})
