import { expect, test } from '@jest/globals'
import { type Activity, activityId } from '../../src/wire/activity.ts'
import type { ClientLog } from './checker.ts'
import { judgeFailover, waitsSince } from './cluster-check.ts'

const id = (seq: number) => activityId('c', seq)

function entry(seq: number, clientActivityID: string): Activity {
  return {
    type: 'message',
    id: id(seq),
    timestamp: '2026-01-01T00:00:00.000Z',
    channelId: 'directline',
    conversation: { id: 'c' },
    from: { id: 'dl_1' },
    text: clientActivityID,
    channelData: { author: 'member', clientActivityID },
  }
}

/** A client that sent a, b, c ... and was told 1, 2, 3 ... */
function client(sent: string, more: Partial<ClientLog> = {}): ClientLog {
  const sends = [...sent].map((text, i) => ({ clientId: text, text, sentAt: i, ackedAt: i * 10, answers: [id(i + 1)] }))
  const seen = sends.map(({ answers: [answer = ''] }) => answer)
  return { conversationId: 'c', sends, seen, repeats: 0, changed: [], ...more }
}

test('nothing lost is nothing to tell', () => {
  const verdict = judgeFailover([{ log: client('ab'), final: [entry(1, 'a'), entry(2, 'b')] }])
  expect(verdict).toMatchObject({ acked: 2, gone: 0, lost: 0, doubled: 0, inverted: 0, takenBack: 0, unseen: 0 })
})

test('what died with its master is gone, and neither lost nor in another order', () => {
  const verdict = judgeFailover([{ log: client('abc'), final: [entry(1, 'a')] }])
  expect(verdict).toMatchObject({ acked: 3, gone: 2, lost: 0, doubled: 0, inverted: 0, takenBack: 2, unseen: 0 })
})

test('a place whose words changed without a word to the client is doubtful', () => {
  const final = [entry(1, 'a'), entry(2, 'c')]
  const log = client('ab', {
    sends: [...client('ab').sends, { ...client('c').sends[0], clientId: 'c', text: 'c', sentAt: 9, answers: [id(2)] }],
  })
  expect(judgeFailover([{ log, final }])).toMatchObject({ gone: 1, doubtful: 1, takenBack: 0 })
  const told = { ...log, changed: [id(2)] }
  expect(judgeFailover([{ log: told, final }])).toMatchObject({ gone: 1, doubtful: 0, takenBack: 1 })
})

test('a message that was kept and never answered is lost: no failover excuses it', () => {
  const log = client('a')
  const sends = log.sends.map((send) => ({ ...send, replies: 1 }))
  expect(judgeFailover([{ log: { ...log, sends }, final: [entry(1, 'a')] }])).toMatchObject({ gone: 0, lost: 1 })
})

test('the same words in the same place are no difference', () => {
  const log = client('ab')
  const final = [entry(1, 'a'), { ...entry(2, 'c'), text: 'b' }]
  expect(judgeFailover([{ log, final }])).toMatchObject({ gone: 1, unseen: 0, doubtful: 0 })
})

test('a client that hears nothing more is found', () => {
  const verdict = judgeFailover([{ log: client('a'), final: [entry(1, 'a'), entry(2, 'x')] }])
  expect(verdict).toMatchObject({ lost: 0, unseen: 1 })
})

test('what was kept may neither stand twice nor in another order', () => {
  const twice = [entry(1, 'a'), entry(2, 'a')]
  expect(judgeFailover([{ log: client('a'), final: twice }]).doubled).toBe(1)
  const turned = [entry(2, 'b'), entry(1, 'a')]
  expect(judgeFailover([{ log: client('ab'), final: turned }]).inverted).toBeGreaterThan(0)
})

test('a wait is the longest time without an acknowledged message', () => {
  expect(waitsSince(5, [client('abcd'), client('')])).toEqual([10, 0])
})
