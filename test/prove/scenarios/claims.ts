/** F12: many agents claim the same conversation at once, through different processes. One wins; whoever comes with an older
 *  claim is refused, and nothing of theirs reaches the member. */
import { type DeskAgent, signInAgents } from '../agents.ts'
import { type Evidence, judge } from '../checker.ts'
import { createMember, type Member } from '../members.ts'
import type { Random } from '../random.ts'
import { type Rig, startRig } from '../rig.ts'
import { answersOf, byLength, commonBreaches, type Scenario, toRow, using, waitFor } from '../scenario.ts'

const MOST_AGENTS = 50
/** Races at a time, each in its own conversation. */
const AT_ONCE = 24
/** Races of one conversation, one after the other: what reads its whole log takes longer with every race. */
const RACES_EACH = 5
const PERSON = 'parler à une personne'

interface Score {
  races: number
  claims: number
  /** Agents of the largest race. */
  most: number
  staleTried: number
  staleAccepted: number
  wrong: string[]
}

export const claims: Scenario = {
  name: 'claims',
  stores: ['sqlite', 'redis'],
  run: (context) =>
    using(startRig(context), async (rig) => {
      const races = byLength(context.length, 100, context.store === 'redis' ? 10_000 : 1_000)
      const agents = await signInAgents(rig, MOST_AGENTS)
      const score: Score = { races: 0, claims: 0, most: 0, staleTried: 0, staleAccepted: 0, wrong: [] }
      const evidence: Evidence[] = []
      const began = performance.now()
      const lane = async () => {
        const random = rig.clients.random.fork()
        while (score.races < races) evidence.push(await raceInOne(score, rig, agents, random, races))
      }
      await Promise.all(Array.from({ length: AT_ONCE }, lane))
      const perSecond = score.races / ((performance.now() - began) / 1000)
      const verdict = judge(evidence)
      return toRow('claims', context, {
        injected: score.races,
        verdict,
        notes: [
          `${score.claims} claims by up to ${score.most} agents at once, ${score.staleTried} stale writes, ${score.staleAccepted} accepted`,
          `${perSecond.toFixed(1)} races a second in ${evidence.length} conversations`,
          answersOf(rig),
        ],
        breaches: [
          ...commonBreaches(rig),
          ...(score.staleAccepted > 0 ? [`${score.staleAccepted} stale writes accepted`] : []),
          ...score.wrong.slice(0, 3),
        ],
      })
    }),
}

/** A new conversation, and races in it until it has had its share or `most` have begun. */
async function raceInOne(score: Score, rig: Rig, agents: readonly DeskAgent[], random: Random, most: number) {
  const member = await createMember({ ...rig.clients, listens: false })
  if (!member) throw new Error('no member')
  for (let n = 0; n < RACES_EACH && score.races < most; n++) await race(score, member, agents, random)
  return evidenceOf(member, rig)
}

/** Waiting -> claimed by one of several -> stale writes -> handed back -> stale writes again. */
async function race(score: Score, member: Member, agents: readonly DeskAgent[], random: Random): Promise<void> {
  const id = member.token.conversationId
  const n = ++score.races
  await member.send({ text: PERSON })
  const rivals = draw(agents, random)
  // The request stands in the log before any claim: nobody has to wait until it was taken.
  const answers = await Promise.all(rivals.map(async (agent) => ({ agent, ...(await agent.claim(id)) })))
  score.claims += answers.length
  score.most = Math.max(score.most, answers.length)
  const won = answers.filter((answer) => answer.status === 200)
  const [winner] = won
  const odd = answers.filter(({ status, body }) => status !== 200 && !(status === 409 && body?.code === 'claim_lost'))
  if (won.length !== 1 || !winner) score.wrong.push(`race ${n}: ${won.length} winners of ${answers.length}`)
  if (odd[0]) score.wrong.push(`race ${n}: a claim was answered ${odd[0].status} ${odd[0].body?.code}`)
  if (!winner) return
  if (answers.some(({ body, status }) => status === 409 && body?.by !== winner.agent.name))
    score.wrong.push(`race ${n}: a loser was told another winner`)

  const { epoch } = winner.body
  const loser = answers.find(({ status }) => status === 409)?.agent
  if (loser) await stale(score, loser, id, epoch, `loser ${n}`)
  await stale(score, winner.agent, id, epoch - 1, `old ${n}`)
  const said = await winner.agent.reply(id, epoch, `answer ${n}`)
  if (said.status !== 200) score.wrong.push(`race ${n}: the owner was refused with ${said.status} ${said.body?.code}`)
  await winner.agent.handback(id, epoch)
  await stale(score, winner.agent, id, epoch, `late ${n}`)
}

/** A write that must be refused with 409. */
async function stale(score: Score, agent: DeskAgent, id: string, epoch: number, text: string): Promise<void> {
  score.staleTried++
  const { status } = await agent.reply(id, epoch, `stale ${text}`)
  if (status === 200) score.staleAccepted++
  else if (status !== 409) score.wrong.push(`a stale write was answered ${status}`)
}

/** Small races are the usual ones; each size comes. */
function draw(agents: readonly DeskAgent[], random: Random): DeskAgent[] {
  const count = 2 + Math.floor((agents.length - 1) * random.next() ** 3)
  return agents.toSorted(() => random.next() - 0.5).slice(0, count)
}

/** What was refused must not stand in the log either: a stale text there counts as an entry that nobody may see. */
async function evidenceOf(member: Member, rig: Rig): Promise<Evidence> {
  let final: Evidence['final'] = []
  // A service that is busy for a moment tells nothing; nothing told is not nothing kept.
  await waitFor('the log of a conversation', async () => {
    const told = await member.history()
    final = told ?? []
    return told !== undefined
  })
  const leaked = final.filter(({ text }) => text?.startsWith('stale ')).length
  if (leaked > 0) rig.clients.tally.errorsShown.push(`${leaked} stale texts reached a member`)
  return { clients: [member.log], final }
}
