/** F10: everything overtakes everything. Each answer, each piece of a socket's stream and each hint between processes is held for
 *  a time of its own, up to two seconds. Who puts what they read in the order of its numbers has the log, and nothing twice. */
import { setTimeout as pause } from 'node:timers/promises'
import { type ActivitySet, seqOf } from '../../../src/wire/activity.ts'
import { merge, type Transcript } from '../../../web/widget/transcript.ts'
import { type Evidence, judge } from '../checker.ts'
import { ROUND } from '../crowd.ts'
import { type Holder, startHolder } from '../holder.ts'
import { createMember, type Member } from '../members.ts'
import { percentile, spread } from '../report.ts'
import { type Rig, startRig } from '../rig.ts'
import {
  answersOf,
  byLength,
  type Context,
  commonBreaches,
  limit,
  type Scenario,
  settleMs,
  slack,
  toRow,
  using,
  waitFor,
} from '../scenario.ts'

const MOST_MS = 2_000
/** Whole so soon after nothing new is held: what is held already, and a second, ms. */
const WHOLE_MS = MOST_MS + 1_000
/** Between one client's questions for what is new, at most, ms. Shorter than what answers take, so that several are under way. */
const POLL_MS = 1_000
/** Where Redis tells the processes that there is something to read. */
const isHint = (chunk: Buffer): boolean => chunk.includes('sesame:h')

export const order: Scenario = {
  name: 'order',
  stores: ['sqlite', 'redis'],
  async run(context) {
    const holders: Holder[] = []
    const random = context.random.fork()
    const hold = () => random.next() * MOST_MS
    const through = async (port: number, holdMs: (piece: Buffer) => number) => {
      const holder = await startHolder(port, holdMs)
      holders.push(holder)
      return holder.port
    }
    const redisUrl = async ({ port }: { port: number }) =>
      `redis://127.0.0.1:${await through(port, (piece) => (isHint(piece) ? hold() : 0))}`
    try {
      return await using(startRig({ ...context, redisUrl }), async (rig) => {
        const doors = await Promise.all(rig.fleet.urls.map((url) => through(Number(new URL(url).port), hold)))
        return run(context, rig, doors, holders)
      })
    } finally {
      for (const holder of holders) await holder.end()
    }
  },
}

/** @param doors ports by which clients reach the processes. */
async function run(context: Context, rig: Rig, doors: readonly number[], holders: readonly Holder[]) {
  const size = byLength(context.length, 10, 100)
  const rounds = byLength(context.length, 1, 8)
  const random = rig.clients.random.fork()
  const places = doors.map((port, index) => ({ url: `http://127.0.0.1:${port}`, index }))
  const talks = await Promise.all(Array.from({ length: size }, () => openTalk(rig, () => random.pick(places))))
  await Promise.all(talks.map((talk) => talk.speak(rounds)))
  const finals = await Promise.all(talks.map(wholeLog))
  const repaired = Date.now()
  for (const holder of holders) holder.release()
  const waits = await completion(talks, finals, repaired, settleMs(context))
  const verdict = judge(talks.map((talk, n) => evidenceOf(talk, finals[n] ?? [])))
  for (const talk of talks) talk.close()
  const late = talks.reduce((sum, talk) => sum + talk.page.late(), 0)
  return toRow('order', context, {
    injected: late,
    verdict,
    notes: [`whole after the repair ${spread(waits)}`, answersOf(rig)],
    breaches: [
      ...commonBreaches(rig),
      ...limit('whole at most', percentile(waits, 1), WHOLE_MS * slack(context)),
      ...(late === 0 ? ['nothing came late'] : []),
      ...talks.flatMap(({ page }) => page.doubled()).slice(0, 2),
    ],
  })
}

/** What a page makes of all that it hears, with the widget's own code. */
interface Page {
  take(set: ActivitySet): void
  /** An answer to a message came. */
  acked(id: string): void
  ids(): string[]
  /** Entries and answers that came after something newer. */
  late(): number
  doubled(): string[]
}

function createPage(): Page {
  let transcript: Transcript = []
  let newest = 0
  let late = 0
  const note = (id: string) => {
    if (seqOf(id) < newest) late++
    newest = Math.max(newest, seqOf(id))
  }
  const ids = () => transcript.map(({ id }) => id)
  return {
    take({ activities }) {
      // Within one set they are in order: the last tells whether it was overtaken.
      const last = activities.at(-1)
      if (last) note(last.id)
      transcript = merge(transcript, activities)
    },
    acked: note,
    ids,
    late: () => late,
    doubled: () => ids().filter((id, at, all) => all.indexOf(id) !== at),
  }
}

/** One conversation in two tabs that both write and listen, and a page that hears both of them and asks besides. */
interface Talk {
  page: Page
  tabs: readonly Member[]
  /** Reads by a way where nothing is held. */
  auditor: Member
  speak(rounds: number): Promise<void>
  close(): void
}

async function openTalk(rig: Rig, route: () => { url: string; index: number }): Promise<Talk> {
  const page = createPage()
  const o = {
    ...rig.clients,
    route,
    heard: page.take,
    acked: ({ answers }: { answers: string[] }) => tell(page, answers),
  }
  const first = await joined(createMember(o))
  const second = await joined(createMember({ ...o, joins: first.token }))
  const auditor = await joined(createMember({ ...rig.clients, joins: first.token, listens: false }))
  await waitFor('both sockets', () => first.isListening() && second.isListening())
  const tabs = [first, second]
  let open = true
  const polls = poll(rig, route, first, page, () => open)
  return {
    page,
    tabs,
    auditor,
    async speak(rounds) {
      const say = async (tab: Member) => {
        for (let n = 0; n < rounds * ROUND.length; n++) await tab.send(ROUND[n % ROUND.length] ?? { text: '' })
      }
      await Promise.all(tabs.map(say))
    },
    close() {
      open = false
      for (const member of [...tabs, auditor]) member.close()
      polls.catch(() => undefined)
    },
  }
}

function tell(page: Page, answers: readonly string[]): void {
  const id = answers.at(-1)
  if (id !== undefined) page.acked(id)
}

async function joined(member: Promise<Member | undefined>): Promise<Member> {
  const made = await member
  if (!made) throw new Error('no member')
  return made
}

/** Asks again before it was answered; whichever answer comes last tells how far it has read. */
async function poll(
  { clients }: Rig,
  route: () => { url: string },
  { token }: Member,
  page: Page,
  isOpen: () => boolean,
): Promise<void> {
  const path = `/v3/directline/conversations/${token.conversationId}/activities`
  let watermark = ''
  const ask = async () => {
    const { status, body } = await clients.call(`${route().url}${path}?watermark=${watermark}`, { token: token.token })
    if (status !== 200) return
    watermark = (body as ActivitySet).watermark
    page.take(body as ActivitySet)
  }
  while (isOpen()) {
    void ask()
    await pause(clients.random.next() * POLL_MS)
  }
}

type Final = Evidence['final']

/** The log once all in it is answered. */
async function wholeLog({ auditor, tabs }: Talk): Promise<Final> {
  let final: Final = []
  await waitFor('the answers', async () => {
    final = (await auditor.history()) ?? []
    const clients = tabs.map(({ log }) => ({ ...log, seen: [] }))
    return judge([{ clients, final }]).lost === 0
  })
  return final
}

/** @returns for each client, ms from the repair until it had all. */
async function completion(talks: readonly Talk[], finals: readonly Final[], repaired: number, withinMs: number) {
  const until = async (seen: () => readonly string[], count: number) => {
    await waitFor('a client to be whole', () => new Set(seen()).size >= count, withinMs).catch(() => undefined)
    return Date.now() - repaired
  }
  const waits = talks.flatMap(({ tabs, page }, n) => {
    const count = finals[n]?.length ?? 0
    return [...tabs.map(({ log }) => until(() => log.seen, count)), until(page.ids, count)]
  })
  return Promise.all(waits)
}

function evidenceOf({ tabs, page }: Talk, final: Final): Evidence {
  const listenedTo = final.at(-1)?.id ?? ''
  const conversationId = tabs[0]?.token.conversationId ?? ''
  const merged = { conversationId, sends: [], seen: page.ids(), repeats: 0, changed: [], listenedTo }
  return { clients: [...tabs.map(({ log }) => ({ ...log, listenedTo })), merged], final }
}
