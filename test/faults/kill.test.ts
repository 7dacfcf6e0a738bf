import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, expect, test } from '@jest/globals'
import type { Activity, ActivitySet, WidgetToken } from '../../src/wire/activity.ts'
import { CONTENT } from '../support/conversation.ts'
import { freePort, type Service, startService } from '../support/service.ts'

const KILLS = 20
const CONVERSATIONS = 8
const seed = Number(process.env.SEED ?? 20261122)
const say = (key: string) => CONTENT.texts.say('fr', key)

/** What every conversation repeats, with the number of messages that answer each. */
const SCRIPT: readonly { text: string; replies: number }[] = [
  { text: 'recommencer', replies: 2 },
  { text: say('welcome:menu.options.never_came'), replies: 1 },
  { text: 'english please', replies: 2 },
  { text: 'en français svp', replies: 2 },
]

/** mulberry32: the same kills for the same seed. */
function random(state: number): () => number {
  let a = state
  return () => {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const folder = mkdtempSync(join(tmpdir(), 'sesame-kill-'))
let service: Service | undefined
afterAll(async () => {
  await service?.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})

interface Member {
  token: WidgetToken
  /** Acknowledged: id -> what was sent. */
  acked: Map<string, (typeof SCRIPT)[number]>
  sent: number
}

async function call<T>(path: string, token: string | undefined, body?: unknown): Promise<T> {
  const headers = { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) }
  const init = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) }
  const res = await fetch(`${service?.url}${path}`, init)
  if (!res.ok) throw new Error(`${res.status} ${path}`)
  return (await res.json()) as T
}

async function join_(): Promise<Member> {
  const token = await call<WidgetToken>('/widget/token', undefined, {})
  await call('/v3/directline/conversations', token.token, { locale: 'fr-CA' })
  return { token, acked: new Map(), sent: 0 }
}

/** Sends on and on, the same client id again until it is acknowledged, as the widget does. */
async function chat(member: Member, goesOn: () => boolean): Promise<void> {
  const { conversationId, userId, token } = member.token
  while (goesOn()) {
    const step = SCRIPT[member.sent % SCRIPT.length] as (typeof SCRIPT)[number]
    const body = {
      type: 'message',
      from: { id: userId },
      text: step.text,
      channelData: { clientActivityID: `m${member.sent}` },
    }
    try {
      const { id } = await call<{ id: string }>(
        `/v3/directline/conversations/${conversationId}/activities`,
        token,
        body,
      )
      member.acked.set(id, step)
      member.sent++
    } catch {
      await pause(20)
    }
  }
}

async function history(member: Member): Promise<Activity[]> {
  const all: Activity[] = []
  for (let watermark = ''; ; ) {
    const path = `/v3/directline/conversations/${member.token.conversationId}/activities?watermark=${watermark}`
    const set = await call<ActivitySet>(path, member.token.token)
    if (set.activities.length === 0) return all
    all.push(...set.activities)
    watermark = set.watermark
  }
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 15_000
  while (!(await condition())) {
    if (Date.now() > end) throw new Error('waited 15 s in vain')
    await pause(50)
  }
}

/** Counts what an honest log can't have. */
async function faultsOf(member: Member): Promise<string[]> {
  const log = await history(member)
  const faults: string[] = []
  for (const [id, step] of member.acked) {
    const own = log.filter((a) => a.id === id)
    const replies = log.filter((a) => a.replyToId === id)
    if (own.length !== 1 || own[0]?.text !== step.text) faults.push(`message ${id} stands ${own.length} times`)
    if (replies.length !== step.replies) faults.push(`${id} "${step.text}" has ${replies.length} replies`)
  }
  const clientIds = log.map((a) => a.channelData?.clientActivityID).filter((id) => id !== undefined)
  if (new Set(clientIds).size !== clientIds.length) faults.push('a retried message stands twice')
  return faults
}

test(`${KILLS} kills in mid-work lose nothing and double nothing (seed ${seed})`, async () => {
  const port = await freePort()
  const env = { DATA_DIR: folder }
  const next = random(seed)
  service = await startService(env, port)
  const members = await Promise.all(Array.from({ length: CONVERSATIONS }, join_))
  let going = true
  const chats = members.map((member) => chat(member, () => going))
  for (let kill = 0; kill < KILLS; kill++) {
    await pause(40 + next() * 400)
    await service.kill('SIGKILL')
    service = await startService(env, port)
  }
  going = false
  await Promise.all(chats)
  await until(async () => (await Promise.all(members.map(faultsOf))).flat().length === 0).catch(() => undefined)
  expect((await Promise.all(members.map(faultsOf))).flat()).toEqual([])
  expect(members.reduce((sum, m) => sum + m.acked.size, 0)).toBeGreaterThan(KILLS * 5)
}, 180_000)
