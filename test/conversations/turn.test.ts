import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createBot } from '../../src/bot/bot.ts'
import { createHub } from '../../src/conversation/hub.ts'
import { createReceive, type Receive } from '../../src/conversation/receive.ts'
import type { ConversationStore, Inbound, Store } from '../../src/conversation/store.ts'
import { type Advance, createTurns, type Draft, MAX_FAILURES, type Turns } from '../../src/conversation/turn.ts'
import { AppError } from '../../src/errors.ts'
import { openSqliteStore } from '../../src/store/sqlite/open.ts'
import { keepLog } from '../support/app.ts'
import { CONTENT } from '../support/conversation.ts'
import { tempFolder } from '../support/folder.ts'
import { until } from '../support/until.ts'

const { texts } = CONTENT
const bot = createBot(CONTENT)

let folder: ReturnType<typeof tempFolder>
let store: Store

beforeEach(() => {
  folder = tempFolder()
  store = openSqliteStore(join(folder.path, 'sesame.db'))
})
const reopen = async () => {
  await store.close()
  store = openSqliteStore(join(folder.path, 'sesame.db'))
}
afterEach(async () => {
  await store.close()
  folder.remove()
})

interface Service {
  receive: Receive
  turns: Turns
  logged: ReturnType<typeof keepLog>['lines']
}

/** One process: turns over the store, or over `seen` of it. */
function serve(advance: Advance, seen: ConversationStore = store): Service {
  const { log, lines } = keepLog()
  const hub = createHub()
  const turns = createTurns({ store: seen, advance, hub, log, now: Date.now, onWork() {} })
  return { turns, receive: createReceive({ store: seen, turns }), logged: lines }
}

const inbound = (text: string, conversationId = 'c'): Inbound => ({
  conversationId,
  origin: 'member',
  audience: 'all',
  clientId: text,
  create: true,
  activity: {
    type: 'message',
    timestamp: '2026-11-22T12:00:00.000Z',
    channelId: 'directline',
    conversation: { id: conversationId },
    from: { id: 'dl_membre', role: 'user' },
    locale: 'fr-CA',
    text,
  },
})

const texts_ = (count: number, of = 'm') => Array.from({ length: count }, (_, i) => `${of}${i}`)

/** Answers each message with its own text, after letting others run; `fails` says which ones throw. */
function echo(fails: (text: string) => boolean = () => false): Advance & { runs: string[] } {
  const runs: string[] = []
  return {
    runs,
    async run(draft, { activity }) {
      const { text = '' } = activity
      runs.push(text)
      await new Promise(setImmediate)
      say(draft, `demi ${text}`)
      if (fails(text)) throw new TypeError('the bot is broken here')
      draft.entries.pop()
      say(draft, `rép ${text}`)
      draft.work.push({ id: `w ${text}`, kind: 'timer', conversationId: draft.conversationId, dueAt: 1, payload: {} })
    },
    apologise: bot.apologise,
  }
}

function say({ conversationId, entries }: Draft, text: string): void {
  const { activity } = inbound(text, conversationId)
  entries.push({ origin: 'bot', audience: 'all', activity: { ...activity, from: { id: 'sesame', role: 'bot' } } })
}

const log = (conversationId = 'c') => store.read(conversationId, 0, 1_000, 'all')
const said = async (conversationId = 'c') =>
  (await log(conversationId)).filter((e) => e.origin === 'bot').map((e) => e.activity.text)
const dueWork = async () => (await store.lease('timer', 9, 1_000, 1_000)).map((w) => w.id).sort()
const sorry = texts.say('fr', 'common:sorry.say')

describe('one turn at a time', () => {
  test('twenty messages at once are all answered, once, in their order', async () => {
    const advance = echo()
    const { receive, turns } = serve(advance)
    const received = await Promise.all(texts_(20).map((text) => receive(inbound(text))))
    expect(received.map((r) => r.seq)).toEqual(texts_(20).map((_, i) => i + 1))
    await turns.idle()
    expect(await said()).toEqual(texts_(20).map((text) => `rép ${text}`))
    expect(advance.runs).toEqual(texts_(20))
    expect(await dueWork()).toEqual(
      texts_(20)
        .map((text) => `w ${text}`)
        .sort(),
    )
  })

  test('the real bot as well: as one after the other', async () => {
    const { receive, turns } = serve(bot)
    const words = ['Bonjour', 'Renvoyez-moi mon code', 'Personnelle', 'a@example.com', 'Non']
    await Promise.all(words.map((text) => receive(inbound(text, 'together'))))
    await turns.idle()
    for (const text of words) {
      await receive(inbound(text, 'apart'))
      await turns.idle()
    }
    expect(await said('together')).toEqual(await said('apart'))
    expect((await said('apart')).length).toBeGreaterThanOrEqual(words.length)
  })

  test('more than fit into one look are all taken, without anybody asking again', async () => {
    for (const text of texts_(250)) await store.receive(inbound(text))
    await serve(echo()).turns.run('c')
    expect(await said()).toHaveLength(250)
    expect((await store.load('c'))?.pending).toEqual([])
  })

  test('a message that comes in the middle of a turn is not left behind', async () => {
    const inner = echo()
    const { receive, turns } = serve({
      ...inner,
      run: async (draft, entry) => {
        if (entry.activity.text === 'a') await receive(inbound('b'))
        await inner.run(draft, entry)
      },
    })
    await receive(inbound('a'))
    await turns.idle()
    expect(await said()).toEqual(['rép a', 'rép b'])
  })

  test('conversations do not wait for each other', async () => {
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const inner = echo()
    const { receive, turns } = serve({
      ...inner,
      run: async (draft, entry) => {
        if (draft.conversationId === 'slow') await held
        await inner.run(draft, entry)
      },
    })
    await receive(inbound('a', 'slow'))
    await receive(inbound('b', 'quick'))
    await until('the quick answer', async () => (await said('quick')).length === 1)
    expect(await said('slow')).toEqual([])
    release()
    await turns.idle()
    expect(await said('slow')).toEqual(['rép a'])
  })
})

describe('two processes on one store', () => {
  test('a turn that another one overtook is run again, and leaves one answer', async () => {
    const advance = echo()
    let overtaken = 0
    const seen: ConversationStore = {
      ...store,
      commit: async (commit) => {
        if (overtaken++ === 0) await serve(echo()).turns.run('c')
        return store.commit(commit)
      },
    }
    const { receive, turns, logged } = serve(advance, seen)
    await receive(inbound('a'))
    await turns.idle()
    expect(await said()).toEqual(['rép a'])
    await receive(inbound('b'))
    await turns.idle()
    expect(await said()).toEqual(['rép a', 'rép b'])
    expect(await dueWork()).toEqual(['w a', 'w b'])
    expect(logged).toEqual([])
  })

  test('a turn that lost its version to a change that did not take its input answers it now', async () => {
    let changed = 0
    const seen: ConversationStore = {
      ...store,
      commit: async (commit) => {
        if (changed++ < 3) await store.commit({ ...commit, processed: 0, entries: [], work: [] })
        return store.commit(commit)
      },
    }
    const { receive, turns, logged } = serve(echo(), seen)
    await receive(inbound('a'))
    await turns.idle()
    expect(await said()).toEqual(['rép a'])
    expect(await store.load('c')).toMatchObject({ version: 4, attempts: 0 })
    expect(logged).toEqual([])
  })

  test('both taking the same messages answer each once', async () => {
    for (const text of texts_(40)) await store.receive(inbound(text))
    const both = [serve(echo()), serve(echo())]
    await Promise.all(both.map((service) => service.turns.run('c')))
    expect(await said()).toEqual(texts_(40).map((text) => `rép ${text}`))
  })

  test('what a process left behind is taken up by another', async () => {
    await store.receive(inbound('a', 'one'))
    await store.receive(inbound('b', 'two'))
    const { turns } = serve(echo())
    await turns.recover(60_000)
    expect([await said('one'), await said('two')]).toEqual([[], []])
    await turns.recover(-1)
    expect([await said('one'), await said('two')]).toEqual([['rép a'], ['rép b']])
  })

  test('an input that killed the process again and again is set aside', async () => {
    await store.receive(inbound('deadly'))
    const advance = echo()
    const dying: Advance = { ...advance, run: () => new Promise(() => undefined) }
    for (let crashes = 1; crashes < MAX_FAILURES; crashes++) {
      await reopen()
      void serve(dying).turns.recover(-1)
      await until(`crash ${crashes}`, async () => (await store.load('c'))?.attempts === crashes)
    }
    await reopen()
    await serve(advance).turns.recover(-1)
    expect(advance.runs).toEqual([])
    expect(await said()).toEqual([sorry])
  })
})

describe('a turn that fails', () => {
  test('five times is set aside: the member is told, a person is offered, and the next message works', async () => {
    const advance = echo((text) => text === 'poison')
    const { receive, turns, logged } = serve(advance)
    await Promise.all(['avant', 'poison', 'après'].map((text) => receive(inbound(text))))
    await turns.idle()
    expect(await said()).toEqual(['rép avant', sorry, 'rép après'])
    expect(advance.runs.filter((text) => text === 'poison').length).toBeGreaterThanOrEqual(MAX_FAILURES)
    const apology = (await log()).find((e) => e.activity.text === sorry)?.activity
    expect(apology?.suggestedActions?.actions.map((a) => a.channelData.option)).toEqual(['person'])
    expect(apology?.channelData).toMatchObject({ author: 'bot', owner: 'bot' })
    expect(await dueWork()).toEqual(['w après', 'w avant'])
    expect(logged.filter((l) => l.event === 'turn.dead_lettered')).toEqual([
      { conversationId: 'c', seq: 2, event: 'turn.dead_lettered', level: 'error' },
    ])
    expect(JSON.stringify(logged)).not.toContain('poison')
    expect((await store.load('c'))?.attempts).toBe(0)
  })

  test('leaves nothing of its halves, and works when what failed it is over', async () => {
    let failures = 2
    const { receive, turns } = serve(echo(() => failures-- > 0))
    await receive(inbound('a'))
    await turns.idle()
    expect(await said()).toEqual(['rép a'])
    expect(await dueWork()).toEqual(['w a'])
  })

  test('is no matter for its neighbours', async () => {
    const { receive, turns } = serve(echo((text) => text === 'poison'))
    await Promise.all(texts_(10, 'v').map((id) => receive(inbound(id === 'v5' ? 'poison' : 'a', id))))
    await turns.idle()
    const answers = await Promise.all(texts_(10, 'v').map((id) => said(id)))
    expect(answers.filter(([first]) => first === 'rép a')).toHaveLength(9)
    expect(answers[5]).toEqual([sorry])
  })

  test('because the store is away is interrupted, then taken up: no input is blamed for it', async () => {
    let away = true
    const seen: ConversationStore = {
      ...store,
      commit: (commit) => (away ? Promise.reject(new AppError('store_unavailable')) : store.commit(commit)),
    }
    const { receive, turns, logged } = serve(echo(), seen)
    await receive(inbound('a'))
    await turns.idle()
    expect(logged.map((l) => [l.event, l.code])).toEqual([['turn.interrupted', 'store_unavailable']])
    expect(await store.load('c')).toMatchObject({ attempts: 0, version: 0 })
    away = false
    await turns.recover(-1)
    expect(await said()).toEqual(['rép a'])
  })

  test.each([
    ['of an unknown schema', { schema: 99, owner: 'bot' }],
    ['that is no state at all', 'x'],
    ['with a place that is no place', { schema: 1, dialog: { stack: [1] } }],
  ])('a state %s: the member is told, a person is offered, the next message works', async (_, bad) => {
    const { receive, turns } = serve(bot)
    await receive(inbound('Bonjour'))
    await turns.idle()
    const { version } = (await store.load('c')) as { version: number }
    const commit = { conversationId: 'c', expected: version, processed: 1, entries: [], work: [], desk: null }
    await store.commit({ ...commit, state: bad })
    await receive(inbound('Mon code est refusé'))
    await turns.idle()
    const apology = (await log()).at(-1)?.activity
    expect([apology?.text, apology?.suggestedActions?.actions[0]?.channelData.option]).toEqual([sorry, 'person'])
    await receive(inbound('Parler à une personne'))
    await turns.idle()
    expect(await store.queue()).toMatchObject([{ conversationId: 'c', owner: 'waiting' }])
  })

  test.each([
    ['a node', [{ dialog: 'rejected', node: 'gone' }], 'rejected.start'],
    ['a whole dialog', [{ dialog: 'gone', node: 'gone' }], 'welcome.menu'],
  ])('a running conversation whose tree lost %s is told, and goes on at the fallback', async (_, stack, node) => {
    const { receive, turns } = serve(bot)
    await receive(inbound('Bonjour'))
    await turns.idle()
    const { version, state } = (await store.load('c')) as { version: number; state: { dialog: object } }
    const moved = { ...state, dialog: { ...state.dialog, version: 'older', stack } }
    const commit = { conversationId: 'c', expected: version, processed: 1, entries: [], work: [], desk: null }
    await store.commit({ ...commit, state: moved })
    await receive(inbound('Oui'))
    await turns.idle()
    const [told, asked] = (await log()).slice(-2).map((e) => e.activity)
    expect(told?.text).toBe(texts.say('fr', 'common:moved.say'))
    expect(asked?.channelData?.node).toBe(node)
  })

  test('a state of the first version is read, and the conversation goes on where it was', async () => {
    const { receive, turns } = serve(bot)
    await receive(inbound('Bonjour'))
    await turns.idle()
    const { version, state } = (await store.load('c')) as { version: number; state: Record<string, unknown> }
    const { heardAt, idleDue, ...rest } = state
    const { version: _v, visits, ...dialog } = state.dialog as Record<string, unknown>
    const older = { ...rest, schema: 1, dialog: { ...dialog, stack: [{ dialog: 'spam', node: 'look' }] } }
    expect([heardAt, visits, idleDue]).not.toContain(undefined)
    const commit = { conversationId: 'c', expected: version, processed: 1, entries: [], work: [], desk: null }
    await store.commit({ ...commit, state: older })
    await receive(inbound('Non, ni dans les indésirables'))
    await turns.idle()
    expect((await log()).every((e) => e.activity.text !== sorry)).toBe(true)
    expect((await store.load('c'))?.state).toMatchObject({ schema: 2 })
  })
})
