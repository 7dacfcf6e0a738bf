/** Who is gone keeps no member waiting: from the sign that is missing to the request that is first in line again. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { EVENTS } from '../../src/conversation/events.ts'
import type { AgentStore } from '../../src/desk/agents.ts'
import { ABSENT_MS, createPresence } from '../../src/desk/presence.ts'
import { createAgentStore } from '../../src/store/sqlite/agents.ts'
import { agentOf } from '../contracts/agents.ts'
import { CONTENT, createStage, shown, type Talk } from '../support/conversation.ts'

/** The agent of the stage. */
const MAUDE = 'agent-1'
const LEAD = { id: 'lead', name: 'Inès', role: 'lead' } as const
const LOOK_MS = ABSENT_MS / 6
const { texts } = CONTENT

let stage: ReturnType<typeof createStage>
let agents: AgentStore
let look: () => Promise<void>
let member: Talk

beforeEach(async () => {
  stage = createStage()
  agents = createAgentStore(stage.store.db)
  for (const id of [MAUDE, 'agent-2']) await agents.insert(agentOf(id))
  look = watcher()
  member = await stage.open('fr')
  await member.say('Parler à une personne')
  await member.agent('claim')
})
afterEach(() => stage.close())

/** A process that looks. */
const watcher = (seen: Pick<AgentStore, 'signs'> = agents) =>
  createPresence({ ...stage, agents: { putSign: agents.putSign, signs: seen.signs }, now: () => stage.clock.now }).look

/** Time passes, and the processes look as they do. */
async function pass(ms: number, looks = [look]): Promise<void> {
  for (const end = stage.clock.now + ms; stage.clock.now < end; ) {
    stage.clock.now += Math.min(LOOK_MS, end - stage.clock.now)
    for (const each of looks) await each()
    await stage.idle()
  }
}

const sign = () => agents.putSign(MAUDE, stage.clock.now)
const ownerOf = async (talk = member) => (await talk.state()).owner
const lostEntries = async () =>
  (await stage.store.read(member.conversationId, 0, 1_000, 'desk')).filter((e) => e.activity.name === EVENTS.lost)

describe('an agent who gives no sign', () => {
  test('loses the request after 30 s: the member is told, it is first in line, and what comes late is refused', async () => {
    const early = await stage.open('fr')
    await early.say('Parler à une personne')
    await look()
    const { epoch } = await member.state()
    const seen = (await stage.store.read(member.conversationId, 0, 1_000, 'desk')).length
    await pass(ABSENT_MS - 1)
    expect(await ownerOf()).toBe('agent')
    await pass(LOOK_MS)
    const after = await stage.store.read(member.conversationId, seen, 1_000, 'desk')
    const told = texts.say('fr', 'common:agent_lost.say', { agent: 'Maude' })
    expect(shown(after).map((e) => [e.activity.text, e.activity.channelData?.owner])).toEqual([[told, 'waiting']])
    const [button] = shown(after)[0]?.activity.suggestedActions?.actions ?? []
    expect(button?.channelData.option).toBe('back_to_bot')
    expect(await member.state()).toMatchObject({ owner: 'waiting', epoch: epoch + 1, handoff: { lostBy: 'Maude' } })
    expect((await stage.desk.queue(LEAD))[0]).toMatchObject({ ticket: expect.any(String), lostBy: 'Maude' })

    const command = {
      conversationId: member.conversationId,
      agent: { id: MAUDE, name: 'Maude' },
      name: 'reply' as const,
    }
    const late = (clientId: string) => stage.desk.command({ ...command, clientId, value: { epoch, text: 'tard' } })
    await expect(late('1')).rejects.toMatchObject({ code: 'claim_stale', facts: {} })
    const zoe = { id: 'agent-2', name: 'Zoé' }
    await stage.desk.command({ ...command, agent: zoe, name: 'claim', clientId: 'c', value: {} })
    await expect(late('2')).rejects.toMatchObject({ code: 'claim_stale', facts: { by: 'Zoé' } })
    expect((await stage.desk.queue(LEAD)).find((i) => i.conversationId === member.conversationId)).not.toHaveProperty(
      'lostBy',
    )
  })

  test('and the member may go on with the assistant instead of waiting', async () => {
    await look()
    await pass(ABSENT_MS)
    const answer = await member.say(texts.say('fr', 'common:options.back_to_bot'))
    expect(shown(answer).map((e) => e.activity.text)).toContain(texts.say('fr', 'common:back_to_bot.say'))
    expect([await ownerOf(), await stage.desk.queue(LEAD)]).toEqual(['bot', []])
  })

  test('is told in English to whom speaks it', async () => {
    await member.chooseLocale('en')
    await look()
    await pass(ABSENT_MS)
    const all = await stage.store.read(member.conversationId, 0, 1_000, 'all')
    expect(all.at(-1)?.activity.text).toBe(texts.say('en', 'common:agent_lost.say', { agent: 'Maude' }))
  })

  test('stands behind nobody but who may be in danger', async () => {
    await look()
    const others = [await stage.open('fr'), await stage.open('fr')]
    for (const other of others) await other.say('Parler à une personne')
    await others[1]?.say('je veux mourir, jai pris toutes mes pilules')
    await pass(ABSENT_MS)
    const ids = (await stage.desk.queue(LEAD)).map((item) => item.conversationId)
    expect(ids).toEqual([others[1]?.conversationId, member.conversationId, others[0]?.conversationId])
    expect((await stage.store.load(others[0]?.conversationId ?? ''))?.ahead).toBe(1)
  })

  test('two processes notice at once: it stands in the log once, and the member is told once', async () => {
    const looks = [look, watcher()]
    const together = () => Promise.all(looks.map((each) => each()))
    await together()
    await pass(ABSENT_MS + 3 * LOOK_MS, [together as () => Promise<never>])
    expect(await lostEntries()).toHaveLength(1)
    const told = texts.say('fr', 'common:agent_lost.say', { agent: 'Maude' })
    const all = await stage.store.read(member.conversationId, 0, 1_000, 'all')
    expect(all.filter((e) => e.activity.text === told)).toHaveLength(1)
  })
})

test('a conversation that can’t be read keeps no other one waiting', async () => {
  const other = await stage.open('fr')
  await other.say('Parler à une personne')
  await other.agent('claim')
  const { db } = stage.store
  db.prepare('UPDATE conversation SET state = \'{"schema":99}\' WHERE id = ?').run(member.conversationId)
  await look()
  await pass(ABSENT_MS + LOOK_MS)
  expect(await ownerOf(other)).toBe('waiting')
  expect(stage.failures.join()).toContain('state_unreadable')
})

describe('nothing is taken away', () => {
  test('while a console answers, or the agent does something, however long', async () => {
    await look()
    for (let n = 0; n < 9; n++) {
      if (n % 2 === 0) await sign()
      else await member.agent('reply', { text: 'un instant', clientActivityID: `r${n}` })
      await pass(ABSENT_MS - 1)
    }
    expect([await ownerOf(), await lostEntries()]).toEqual(['agent', []])
  })

  test('after a start, a pause, an outage: consoles get their time to come back', async () => {
    stage.clock.now += 10 * ABSENT_MS
    await pass(ABSENT_MS)
    stage.clock.now += 10 * ABSENT_MS
    await pass(ABSENT_MS)
    const failing = watcher({ signs: () => (away ? Promise.reject(new Error('away')) : agents.signs()) })
    let away = false
    await pass(ABSENT_MS - 1, [failing])
    away = true
    await expect(failing()).rejects.toThrow('away')
    away = false
    await pass(ABSENT_MS, [failing])
    expect(await ownerOf()).toBe('agent')
    await pass(LOOK_MS, [failing])
    expect(await ownerOf()).toBe('waiting')
  })

  test('when the agent came back between the look and the entry, or acted before it in the log', async () => {
    await look()
    const back = stage.clock.now + ABSENT_MS + LOOK_MS
    const late = watcher({
      // The console comes back after the first look at the signs.
      async signs() {
        const before = await agents.signs()
        if (stage.clock.now >= back) await sign()
        return before
      },
    })
    await pass(ABSENT_MS + LOOK_MS, [late])
    expect(await lostEntries()).toEqual([])

    const { epoch } = await member.state()
    const since = new Date(stage.clock.now).toISOString()
    stage.clock.now += 1
    await member.agent('reply', { text: 'me voici', clientActivityID: 'back' })
    const lost = (clientId: string, value: object) => stage.tell(member.conversationId, clientId, EVENTS.lost, value)
    await lost('acted', { agentId: MAUDE, epoch, since })
    await lost('other claim', { agentId: MAUDE, epoch: epoch - 1, since: '9' })
    await lost('other agent', { agentId: 'agent-2', epoch, since: '9' })
    await lost('odd', { epoch })
    expect(await ownerOf()).toBe('agent')
    await lost('gone', { agentId: MAUDE, epoch, since: '9' })
    expect(await ownerOf()).toBe('waiting')
  })
})

test('an agent who was removed is gone, though their console still answers', async () => {
  const { sign: signs } = createPresence({ ...stage, agents, now: () => stage.clock.now })
  await look()
  await pass(ABSENT_MS)
  await member.agent('claim')
  await agents.remove(MAUDE)
  for (let n = 0; n < 7; n++) {
    signs(MAUDE)
    await pass(LOOK_MS)
  }
  expect(await ownerOf()).toBe('waiting')
})

test('signs are written every 10 s at most, and again at once when one got lost', async () => {
  const written: number[] = []
  let fails = false
  const putSign = (_: string, at: number) => {
    written.push(at)
    return fails ? Promise.reject(new Error('away')) : Promise.resolve()
  }
  let at = 50_000
  const { sign } = createPresence({ ...stage, agents: { ...agents, putSign }, now: () => at })
  for (at of [50_000, 50_001, 59_999, 60_000]) sign('a')
  expect(written).toEqual([50_000, 60_000])
  fails = true
  for (at of [70_000, 75_000]) {
    sign('a')
    await new Promise(setImmediate)
  }
  expect(written.slice(2)).toEqual([70_000, 75_000])
})
