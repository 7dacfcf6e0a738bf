import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createBot } from '../../src/bot/bot.ts'
import { parseMemberActivity, startOf } from '../../src/channels/directline/parse.ts'
import { loadContent, SAMPLE_VALUES } from '../../src/content.ts'
import { EVENTS, type ResultValue } from '../../src/conversation/events.ts'
import { createHub } from '../../src/conversation/hub.ts'
import { createReceive } from '../../src/conversation/receive.ts'
import { type ConversationState, newState, parseState } from '../../src/conversation/state.ts'
import type { LogEntry } from '../../src/conversation/store.ts'
import { createTurns } from '../../src/conversation/turn.ts'
import { createDesk } from '../../src/desk/desk.ts'
import type { Dialog, Node, Trees } from '../../src/dialog/types.ts'
import { openSqliteStore } from '../../src/store/sqlite/open.ts'
import { LOCALE_TAGS, type Locale } from '../../src/wire/activity.ts'

export const ROOT = join(import.meta.dirname, '..', '..')
export const CONTENT = loadContent({
  root: ROOT,
  always: SAMPLE_VALUES,
})
const silent = { info() {}, warn() {}, error() {} }
const agent = { id: 'agent-1', name: 'Maude' }

/** A whole conversation side of the service, on a real store, without HTTP and without the worker. */
export function createStage(trees: Trees = CONTENT.trees) {
  const folder = mkdtempSync(join(tmpdir(), 'sesame-stage-'))
  const clock = { now: Date.parse('2026-03-02T15:00:00Z') }
  const now = () => clock.now
  const store = openSqliteStore(join(folder, 'sesame.db'), now)
  const { texts } = CONTENT
  const advance = createBot({ ...CONTENT, trees })
  const hub = createHub()
  const failures: string[] = []
  const log = { ...silent, warn: (facts: object) => failures.push(JSON.stringify(facts)) }
  const turns = createTurns({ store, advance, hub, log, now, onWork() {} })
  const receive = createReceive({ store, turns })
  const audit = { record: async () => {} }
  const desk = createDesk({ store, receive, turns, texts, audit, now })
  let count = 0

  /** Runs what is given, then returns what the log has beyond `seen`. */
  async function after(conversationId: string, seen: number): Promise<LogEntry[]> {
    await turns.run(conversationId)
    return store.read(conversationId, seen, 1000, 'desk')
  }

  /** @param from stands where that state stands, instead of at the start. */
  async function open(locale: Locale, from?: ConversationState) {
    const conversationId = `stage-${++count}`
    const grant = { conversationId, userId: 'dl_member' }
    let seen = 0
    const take = async () => {
      const entries = await after(conversationId, seen)
      seen = entries.at(-1)?.seq ?? seen
      return entries
    }
    const start = startOf(grant, LOCALE_TAGS[locale], new Date(now()))
    if (from) {
      await store.receive(start)
      await store.commit({ conversationId, expected: 0, state: from, processed: 1, entries: [], work: [], desk: null })
    } else await receive(start)
    const greeting = await take()
    return {
      conversationId,
      greeting,
      async say(text: string, clientId = `c${++count}`) {
        clock.now += 1000
        const body = { type: 'message', from: { id: 'x' }, text, channelData: { clientActivityID: clientId } }
        const inbound = parseMemberActivity(body, grant, new Date(now()), () => clientId)
        if (inbound) await receive(inbound)
        return take()
      },
      async chooseLocale(to: Locale) {
        const body = { type: 'event', name: 'sesame/locale', value: { locale: to }, from: { id: 'x' } }
        const inbound = parseMemberActivity(body, grant, new Date(now()), () => `l${++count}`)
        if (inbound) await receive(inbound)
        return take()
      },
      async timeOut() {
        const { waiting } = (await this.state()).dialog
        await tell(conversationId, `t${++count}`, EVENTS.timer, { ref: waiting?.ref })
        return take()
      },
      async result(value: ResultValue) {
        await tell(conversationId, `r${++count}`, EVENTS.result, value)
        return take()
      },
      async agent(name: 'claim' | 'reply' | 'handback' | 'resolve', value: Record<string, unknown> = {}) {
        const { epoch } = await this.state()
        await desk.command({ conversationId, agent, name, clientId: `a${++count}`, value: { epoch, ...value } })
        return take()
      },
      async state(): Promise<ConversationState> {
        const loaded = await store.load(conversationId)
        return loaded?.state === undefined ? newState(locale) : parseState(loaded.state)
      },
    }
  }

  /** Something that the service itself puts into a log. */
  async function tell(conversationId: string, clientId: string, name: string, value: unknown): Promise<void> {
    await receive({
      conversationId,
      origin: 'system',
      audience: 'desk',
      clientId,
      activity: {
        type: 'event',
        name,
        value,
        timestamp: new Date(now()).toISOString(),
        channelId: 'directline',
        conversation: { id: conversationId },
        from: { id: 'system' },
      },
    })
    await turns.run(conversationId)
  }

  return {
    open,
    store,
    desk,
    receive,
    log,
    tell,
    idle: turns.idle,
    clock,
    /** Turns that failed, as the log told them. */
    failures,
    close() {
      store.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export type Talk = Awaited<ReturnType<ReturnType<typeof createStage>['open']>>

/** What the member is shown of some entries. */
export const shown = (entries: readonly LogEntry[]) =>
  entries.filter((e) => e.audience === 'all' && e.origin !== 'member')

/** Trees that note which of their nodes were looked at. */
export function recordVisits(trees: Trees): { trees: Trees; visited: Set<string> } {
  const visited = new Set<string>()
  const recorded = new Map<string, Dialog>()
  for (const [name, dialog] of trees) {
    const nodes = new Map(dialog.nodes)
    const get = (key: string): Node | undefined => {
      visited.add(`${name}.${key}`)
      return dialog.nodes.get(key)
    }
    nodes.get = get
    recorded.set(name, { ...dialog, nodes })
  }
  return { trees: recorded, visited }
}
