/** F12: the process through which an agent writes freezes, and comes back when the conversation has long been somebody else's: it was
 *  given back elsewhere, or nobody heard of the agent's console any more. What the process then does for the agent must be refused and
 *  never be shown. */
import { setTimeout as pause } from 'node:timers/promises'
import { seqOf } from '../../../src/wire/activity.ts'
import { type DeskAgent, signInAgents } from '../agents.ts'
import type { Answer } from '../call.ts'
import { type Evidence, judge } from '../checker.ts'
import { createMember, type Member } from '../members.ts'
import { type Rig, startRig } from '../rig.ts'
import { answersOf, byLength, type Context, commonBreaches, type Scenario, toRow, using, waitFor } from '../scenario.ts'

/** Conversations that each freeze finds under way. */
const DESKS = 6
/** A freeze, ms. From 2 s on a process is taken for dead. */
const LEAST_MS = 200
const MOST_MS = 4_000
/** Between the first replies and the freeze, at most, ms: some are read, some carried out, some answered before it. */
const HEAD_START_MS = 20
/** A process that is told to stop may still do a little. */
const STOPPED_MS = 100
/** Nothing that could look like a code: the service hides those. */
const LATE = 'late'
const PERSON = 'parler à une personne'
/** In `lost-owner`: an agent whose console is silent for so long is gone, ms. */
const ABSENT_MS = 6_000
/** What the member is told then. */
const TOLD = /^La connexion avec .+ a été perdue/

/** One agent with a session in each process, and the colleague who takes over. */
interface Seat {
  frozen: DeskAgent
  elsewhere: DeskAgent
  colleague: DeskAgent
}

interface Score {
  replies: number
  refused: number
  /** Were carried out before the conversation was given back. */
  inTime: number
  accepted: string[]
  wrong: string[]
}

export const frozenOwner: Scenario = {
  name: 'frozen-owner',
  stores: ['redis'],
  run: (context) => run('frozen-owner', context, byLength(context.length, 3, 100), passOn),
}

export const lostOwner: Scenario = {
  name: 'lost-owner',
  stores: ['redis'],
  run: (context) => run('lost-owner', context, byLength(context.length, 1, 20), awaitLoss, ABSENT_MS),
}

/** How the conversation comes to somebody else while the process is frozen. */
type Pass = (one: Case, score: Score) => Promise<void>

const NOTHING: Readonly<Record<string, string>> = {}

/** @param absentMs 0: nobody is missed meanwhile. */
const run = (name: string, context: Context, freezes: number, pass: Pass, absentMs = 0) =>
  using(
    startRig({ ...context, processes: 2, env: () => (absentMs > 0 ? { ABSENT_MS: `${absentMs}` } : NOTHING) }),
    async (rig) => {
      const seats = await takeSeats(rig)
      const score: Score = { replies: 0, refused: 0, inTime: 0, accepted: [], wrong: [] }
      const evidence: Evidence[] = []
      const watching = absentMs > 0 ? seats.flatMap(({ frozen, colleague }) => [frozen, colleague]) : []
      const consoles = await Promise.all(watching.map((agent) => agent.open()))
      for (let n = 0; n < freezes; n++) evidence.push(...(await freezeOnce(rig, seats, score, pass, absentMs)))
      for (const close of consoles) close()
      return rowOf(name, context, rig, freezes, score, evidence)
    },
  )

function rowOf(name: string, context: Context, rig: Rig, freezes: number, score: Score, evidence: readonly Evidence[]) {
  const { replies, refused, inTime, accepted, wrong } = score
  return toRow(name, context, {
    injected: freezes,
    verdict: judge(evidence),
    notes: [
      `${replies} replies, half of them into a process that is frozen: ${refused} refused, ${inTime} done before the claim ended`,
      answersOf(rig),
    ],
    breaches: [
      ...commonBreaches(rig),
      ...(accepted.length > 0 ? [`${accepted.length} late replies accepted: ${accepted[0]}`] : []),
      ...(refused === 0 ? ['no reply came late'] : []),
      ...wrong.slice(0, 3),
    ],
  })
}

/** Everything of these clients goes through process `index`. */
function through(rig: Rig, index: number): Rig {
  const place = { url: rig.fleet.urls[index] ?? '', index }
  return { ...rig, clients: { ...rig.clients, route: () => place } }
}

async function takeSeats(rig: Rig): Promise<Seat[]> {
  const owners = await signInAgents(through(rig, 0), DESKS)
  // The first of these are the same agents, signed in once more.
  const others = await signInAgents(through(rig, 1), 2 * DESKS)
  return owners.map((frozen, n) => {
    const [elsewhere, colleague] = [others[n], others[DESKS + n]]
    if (!elsewhere || !colleague) throw new Error('too few agents')
    return { frozen, elsewhere, colleague }
  })
}

async function freezeOnce(rig: Rig, seats: readonly Seat[], score: Score, pass: Pass, absentMs: number) {
  const { fleet, clients } = rig
  const { random } = clients
  const cases = await Promise.all(seats.map((seat, n) => openCase(rig, seat, n)))
  if (absentMs > 0) await staysWithConsoles(cases, score, absentMs)
  const early = cases.filter(({ n }) => n % 2 === 0).map(sendLate)
  await pause(random.next() * HEAD_START_MS)
  fleet.freeze(0, true)
  await pause(STOPPED_MS)
  const thaw = pause(random.between(LEAST_MS, MOST_MS))
  const late = cases.filter(({ n }) => n % 2 === 1).map(sendLate)
  try {
    await Promise.all(cases.map((one) => pass(one, score)))
    await thaw
  } finally {
    fleet.freeze(0, false)
  }
  for (const { one, answer } of await Promise.all([...early, ...late])) await note(one, answer, score)
  return Promise.all(cases.map((one) => close(one, score)))
}

/** An agent whose console is open keeps the conversation, also when they do nothing. */
async function staysWithConsoles(cases: readonly Case[], score: Score, absentMs: number): Promise<void> {
  await pause(1.5 * absentMs)
  for (const { seat, member } of cases) {
    const { body } = await seat.elsewhere.view(member.token.conversationId)
    if (body?.owner !== 'agent') score.wrong.push(`lost by ${seat.frozen.name}, whose console was open`)
  }
}

/** One conversation that an agent owns through the process which will freeze. */
interface Case {
  n: number
  seat: Seat
  member: Member
  /** Of the claim that will be lost. */
  epoch: number
  /** Who has it afterwards, under which claim. */
  next: { agent: DeskAgent; epoch: number }
  /** Number of the member's second request, or of what told them of the loss: what stands behind it was not written under the first claim. */
  askedAgain: number
}

async function openCase(rig: Rig, seat: Seat, n: number): Promise<Case> {
  const member = await createMember(through(rig, 1).clients)
  if (!member) throw new Error('no member')
  const epoch = await ask(member, seat.frozen, seat.elsewhere)
  // The colleague, or the agent again by a new claim: then only the claim's number tells the two apart.
  const agent = n % 3 === 0 ? seat.elsewhere : seat.colleague
  return { n, seat, member, epoch, next: { agent, epoch: 0 }, askedAgain: 0 }
}

/** The member asks for a person, and `agent` claims. @returns the claim's number. */
async function ask(member: Member, agent: DeskAgent, reader: DeskAgent): Promise<number> {
  const id = member.token.conversationId
  await member.send({ text: PERSON })
  await waitFor('the request', async () => (await reader.view(id)).body?.owner === 'waiting')
  const { status, body } = await agent.claim(id)
  if (status !== 200) throw new Error(`a claim was answered ${status} ${body?.code}`)
  return body.epoch
}

async function sendLate(one: Case): Promise<{ one: Case; answer: Answer }> {
  const { seat, member, epoch } = one
  return { one, answer: await seat.frozen.reply(member.token.conversationId, epoch, LATE) }
}

/** While the process is frozen the agent gives the conversation back elsewhere, and it is claimed again. */
async function passOn(one: Case, score: Score): Promise<void> {
  const { seat, member, next } = one
  const id = member.token.conversationId
  const back = await seat.elsewhere.handback(id, one.epoch)
  if (back.status !== 200) score.wrong.push(`giving back was answered ${back.status} ${back.body?.code}`)
  next.epoch = await ask(member, next.agent, seat.elsewhere)
  one.askedAgain = seqOf(member.log.sends.at(-1)?.answers[0] ?? '')
  const said = await next.agent.reply(id, next.epoch, 'present')
  if (said.status !== 200) score.wrong.push(`the new owner was refused with ${said.status} ${said.body?.code}`)
}

/** Nobody does anything: the service itself notices that the agent is gone. */
async function awaitLoss(one: Case, score: Score): Promise<void> {
  const { seat, member, next } = one
  const id = member.token.conversationId
  next.agent = seat.colleague
  await waitFor('the loss', async () => (await seat.colleague.view(id)).body?.owner === 'waiting', 5 * ABSENT_MS)
  const { status, body } = await next.agent.claim(id)
  if (status !== 200) return void score.wrong.push(`a claim was answered ${status} ${body?.code}`)
  next.epoch = body.epoch
  const told = (await historyOf(member)).filter(({ text }) => TOLD.test(text ?? ''))
  if (told.length !== 1) score.wrong.push(`the member was told ${told.length} times`)
  one.askedAgain = seqOf(told[0]?.id ?? '')
  const said = await next.agent.reply(id, next.epoch, 'present')
  if (said.status !== 200) score.wrong.push(`the new owner was refused with ${said.status} ${said.body?.code}`)
}

async function historyOf(member: Member): Promise<Evidence['final']> {
  let final: Evidence['final'] | undefined
  await waitFor('the log', async () => {
    final = await member.history()
    return final !== undefined
  })
  return final ?? []
}

/** What the late reply came to. One that was read before the freeze may have been carried out in time. */
async function note(one: Case, { status, body }: Answer, score: Score): Promise<void> {
  score.replies++
  const final = await historyOf(one.member)
  const place = seqOf(final.find(({ text }) => text === LATE)?.id ?? '')
  const owner = one.next.agent.name
  if (place > one.askedAgain || (status === 200 && place === 0))
    score.accepted.push(`case ${one.n} answered ${status}, stands at ${place}, asked again at ${one.askedAgain}`)
  else if (status === 200) score.inTime++
  else if (status !== 409 || body?.code !== 'claim_stale') score.wrong.push(`answered ${status} ${body?.code}`)
  else if (place > 0) score.wrong.push('refused, and shown')
  else if (body.by !== owner) score.wrong.push(`the owner is ${owner}, and ${body.by} was named`)
  else score.refused++
}

/** The present owner goes on and gives it back; the member has read all of it, and nothing else. */
async function close({ member, next }: Case, score: Score): Promise<Evidence> {
  const id = member.token.conversationId
  const said = await next.agent.reply(id, next.epoch, 'still here')
  if (said.status !== 200) score.wrong.push(`the owner was refused after the thaw: ${said.status} ${said.body?.code}`)
  await next.agent.handback(id, next.epoch)
  const final = await historyOf(member)
  member.log.listenedTo = final.at(-1)?.id ?? ''
  const isWhole = () => new Set(member.log.seen).size >= final.length
  await waitFor('the member to read all', isWhole, 5_000).catch(() => undefined)
  member.close()
  return { clients: [member.log], final }
}
