/** What agents do is recorded, without a word of the conversation; what can not be recorded is not shown. */
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { EVENTS, type Outcome } from '../../src/conversation/events.ts'
import { newState } from '../../src/conversation/state.ts'
import type { Turns } from '../../src/conversation/turn.ts'
import { type CommandName, createDesk, type Desk } from '../../src/desk/desk.ts'
import type { Reader } from '../../src/desk/view.ts'
import { AppError } from '../../src/errors.ts'
import { createTexts } from '../../src/language/texts.ts'
import { type Audit, type AuditStore, auditKeysOf, createAudit } from '../../src/privacy/audit.ts'
import { createAuditStore } from '../../src/store/sqlite/audit.ts'
import { openSqliteStore, type SqliteStore } from '../../src/store/sqlite/open.ts'
import { keyOf } from '../contracts/audit.ts'
import { commitOf, entryOf, inboundOf } from '../contracts/store.ts'
import { tempFolder } from '../support/folder.ts'

const ADDRESS = 'camille.tremblay@example.com'
const agent = { id: 'agent-1', name: 'Maude' }

let folder: ReturnType<typeof tempFolder>
let store: SqliteStore
let auditStore: AuditStore
let audit: Audit
let outcome: Outcome
beforeEach(async () => {
  folder = tempFolder()
  store = openSqliteStore(join(folder.path, 'sesame.db'))
  auditStore = createAuditStore(store.db)
  audit = createAudit({ store: auditStore, keys: auditKeysOf([keyOf('k', 1)]), now: Date.now })
  outcome = { ok: true, owner: 'agent', epoch: 1 }
  await store.receive(inboundOf('c', '1', { activity: { ...entryOf(`Mon adresse est ${ADDRESS}`).activity } }))
})
afterEach(() => {
  store.close()
  folder.remove()
})

/** Takes every command as it comes, with the outcome of the test. */
const run: Turns['run'] = async (conversationId) => {
  const { version, pending } = (await store.load(conversationId)) ?? { version: 0, pending: [] }
  const entries = pending.map(({ activity }) =>
    entryOf('', {
      origin: 'bot',
      audience: 'desk',
      activity: { ...activity, type: 'event', name: EVENTS.outcome, replyToId: activity.id, value: outcome },
    }),
  )
  await store.commit(commitOf(conversationId, version, { processed: pending.at(-1)?.seq ?? 0, entries }))
}

function deskWith(kept: Pick<Audit, 'record'>, now: () => number = Date.now): Desk {
  const turns = { run } as Turns
  const texts = createTexts({ fr: {}, en: {} }, {})
  return createDesk({ store, receive: (inbound) => store.receive(inbound), turns, texts, audit: kept, now })
}

const command = (name: CommandName, clientId: string = name) => ({
  conversationId: 'c',
  agent,
  name,
  clientId,
  value: { text: 'Bonjour Camille', reason: 'find_record' },
})
const recorded = async (log: 'desk' | 'audit') =>
  (await auditStore.read(log, 0, 99)).map(({ text }) => {
    const { actor, action, subject, reason } = JSON.parse(text)
    return [actor, action, subject, ...(reason ? [reason] : [])]
  })

test('who took, handed back and ended it, and who was shown an address; replies are in the conversation', async () => {
  const desk = deskWith(audit)
  for (const name of ['claim', 'reply', 'handback', 'resolve'] as const) await desk.command(command(name))
  const { name: _, ...reveal } = command('reveal')
  expect(await desk.reveal(reveal)).toEqual([ADDRESS])
  expect(await recorded('desk')).toEqual(['claim', 'handback', 'resolve'].map((name) => ['agent-1', name, 'c']))
  expect(await recorded('audit')).toEqual([['agent-1', 'reveal', 'c', 'find_record']])
  const texts = [...(await auditStore.read('desk', 0, 9)), ...(await auditStore.read('audit', 0, 9))].join()
  expect(texts).not.toMatch(/camille|bonjour/i)
})

test('a lead who takes over is recorded as just that', async () => {
  await deskWith(audit).command({ ...command('claim'), value: { take_over: true, epoch: 1 } })
  expect(await recorded('desk')).toEqual([['agent-1', 'take_over', 'c']])
})

test('what was refused is not recorded', async () => {
  outcome = { ok: false, code: 'claim_lost', by: 'Solange' }
  const desk = deskWith(audit)
  await expect(desk.command(command('claim'))).rejects.toMatchObject({ code: 'claim_lost' })
  const { name: _, ...reveal } = command('reveal')
  await expect(desk.reveal(reveal)).rejects.toMatchObject({ code: 'claim_lost' })
  expect([await recorded('desk'), await recorded('audit')]).toEqual([[], []])
})

test('an address is shown only when that is recorded', async () => {
  const { name: _, ...reveal } = command('reveal')
  const lost = deskWith({ record: () => Promise.reject(new AppError('store_unavailable')) })
  await expect(lost.reveal(reveal)).rejects.toMatchObject({ code: 'store_unavailable' })
  // The same request again, when it can be recorded.
  expect(await deskWith(audit).reveal(reveal)).toEqual([ADDRESS])
  expect(await recorded('audit')).toHaveLength(1)
})

describe('reading', () => {
  const lead: Reader = { id: 'lead-1', name: 'Inès', role: 'lead' }
  const owner: Reader = { ...agent, role: 'agent' }
  beforeEach(async () => {
    const handoff = { id: 'h', requestedAt: '', reason: 'member_asked', agent, toldAt: '' }
    await store.commit(commitOf('c', 0, { state: { ...newState('fr'), owner: 'agent', handoff }, processed: 1 }))
  })

  test('what leads read of others is recorded, again after an hour; what is one’s own is not', async () => {
    let time = Date.now()
    const desk = deskWith(audit, () => time)
    for (const reader of [owner, lead]) {
      await desk.view(reader, 'c', 'fr')
      await desk.activities(reader, 'c', 0)
    }
    expect(await recorded('audit')).toEqual([['lead-1', 'read', 'c']])
    time += 3_600_000
    await desk.activities(lead, 'c', 0)
    expect(await recorded('audit')).toHaveLength(2)
  })

  test('what is not recorded is not read', async () => {
    const desk = deskWith({ record: () => Promise.reject(new AppError('store_unavailable')) })
    await expect(desk.view(lead, 'c', 'fr')).rejects.toMatchObject({ code: 'store_unavailable' })
    await expect(desk.activities(lead, 'c', 0)).rejects.toMatchObject({ code: 'store_unavailable' })
    expect((await desk.view(owner, 'c', 'fr')).activities).toHaveLength(1)
  })
})
