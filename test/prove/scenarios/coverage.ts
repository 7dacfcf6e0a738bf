/** F8: the provider's coverage system is slow, away, erring, talks garbage, or speaks of somebody else. The chat does not feel it; what
 *  may pass is asked for again until each mail went out once, and after an odd answer no mail goes out at all. */
import { setTimeout as pause } from 'node:timers/promises'
import {
  type CoverageStub,
  type Fault,
  STUB_TOKEN,
  type StubCall,
  type StubInvitation,
  startCoverageStub,
} from '../../support/coverage-stub.ts'
import { startProxy, type TcpProxy } from '../../support/proxy.ts'
import { isAcked } from '../checker.ts'
import { type Outcome, startCrowd } from '../crowd.ts'
import { percentile } from '../report.ts'
import { type Rig, startRig } from '../rig.ts'
import { answersOf, byLength, type Context, commonBreaches, type Scenario, toRow, using, waitFor } from '../scenario.ts'

/** The chat's p99 may grow by this, ms. */
const SHIFT_MS = 10
const SLOW_MS = 1_500
/** The first two pauses before another try are 30 s and 2 min: a mail that met bad weather twice. */
const RETRIED_WITHIN_MS = 170_000
const LOOK_MS = 500

interface Weather {
  name: string
  /** What is answered; absent: what is true. */
  fault?: (call: StubCall, nth: number) => Fault | undefined
  link?: (proxy: TcpProxy) => void
}

const HALF = JSON.stringify({ found: true, invitation: { id: 'x' } })
const GARBAGE: readonly Fault[] = [
  { is: 'truncated' },
  { is: 'body', body: '<html>down for maintenance</html>' },
  { is: 'body', body: HALF },
  { is: 'big' },
]

/** After these an answer was odd: nothing may be sent, and nothing is tried again. */
const ODD: readonly Weather[] = [
  {
    name: 'garbage',
    fault: ({ operation }, nth) => (operation === 'find' ? GARBAGE[nth % GARBAGE.length] : undefined),
  },
  { name: 'somebody else', fault: ({ operation }) => (operation === 'find' ? { is: 'swapped' } : undefined) },
]
const PASSING: readonly Weather[] = [
  // First, while nobody takes the system for down yet. Of mails only: a question whose answer is lost has done nothing.
  { name: 'answers lost', fault: ({ operation }) => (operation === 'resend' ? { is: 'late' } : undefined) },
  { name: 'slow', link: (proxy) => proxy.delay(SLOW_MS) },
  { name: 'hanging', fault: () => ({ is: 'hang' }) },
  { name: '500', fault: () => ({ is: 'status', status: 500 }) },
  { name: 'down', link: (proxy) => proxy.refuse() },
]

export const coverage: Scenario = {
  name: 'coverage',
  stores: ['redis'],
  when: 'last',
  async run(context) {
    const stub = await startCoverageStub(invited())
    const proxy = await startProxy({ port: stub.port })
    const env = () => ({
      COVERAGE_URL: `http://127.0.0.1:${proxy.port}/v1`,
      COVERAGE_TOKEN: STUB_TOKEN,
      MAILS_PER_MINUTE: '100000',
    })
    try {
      return await using(startRig({ ...context, env }), (rig) => prove(context, rig, { stub, proxy }))
    } finally {
      await proxy.end()
      await stub.end()
    }
  },
}

/** Whoever the rig's clients may be. */
function invited(): StubInvitation[] {
  return Array.from({ length: 4_000 }, (_, n) => ({
    id: `inv-${n}`,
    email: `member${n}@prove.example.com`,
    status: 'pending',
    relation: 'own',
    region: 'CA-QC',
  }))
}

interface Provider {
  stub: CoverageStub
  proxy: TcpProxy
}

async function prove(context: Context, rig: Rig, provider: Provider) {
  const isShort = context.length === 'short'
  const crowd = startCrowd({ rig, size: 40, perSecond: 50, mails: 1, rounds: 1 })
  await crowd.arrived()
  const odd = new Set<string>()
  const p99 = await measure(context, rig, provider, odd)
  const outcome = await crowd.finish({ extraCopies: 'any' })
  // In the short form nobody waits for the second try.
  const mails = await settle(outcome, provider.stub, odd, isShort ? 0 : RETRIED_WITHIN_MS)
  const shift = Math.max(...Object.values(p99)) - (p99.well ?? 0)
  const asks = provider.stub.calls.length
  return toRow('coverage', context, {
    injected: ODD.length + PASSING.length,
    verdict: outcome,
    notes: [
      `ack p99 ${Object.entries(p99)
        .map(([name, ms]) => `${name} ${Math.round(ms)}`)
        .join(', ')} ms`,
      `${mails.sent} mails, ${asks} calls; ${odd.size} addresses met an odd answer; ${mails.missing} mails were still due`,
      answersOf(rig),
    ],
    breaches: [
      ...commonBreaches(rig),
      ...mails.breaches,
      ...(mails.missing > 0 && !isShort ? [`${mails.missing} mails never went out`] : []),
      // A few hundred acks have no p99 worth the name.
      ...(shift > SHIFT_MS && !isShort ? [`p99 grew by ${Math.round(shift)} ms, at most ${SHIFT_MS}`] : []),
    ],
  })
}

/** The p99 of acks in each weather, good weather before each bad one. `well` is the worst of its kind. */
async function measure(
  context: Context,
  { clients: { tally } }: Rig,
  { stub, proxy }: Provider,
  odd: Set<string>,
): Promise<Record<string, number>> {
  const p99: Record<string, number> = {}
  // A retry after 30 s and another after 2 min must not meet a third bad weather: the whole lasts less than that.
  const lasts = byLength(context.length, 1_200, 9_000, 9_000)
  const well: Weather = { name: 'well' }
  for (const weather of [...ODD, ...PASSING].flatMap((bad) => [well, bad])) {
    await proxy.heal()
    weather.link?.(proxy)
    let met = 0
    stub.play((call, nth) => {
      const fault = weather.fault?.(call, nth)
      if (fault) met++
      if (fault && ODD.includes(weather)) odd.add(String(call.request.email))
      return fault
    })
    const from = tally.ackMs.length
    await pause(lasts)
    // Nobody may have asked for a mail meanwhile, or the system is still taken for down.
    if (weather.fault) await waitFor(`somebody who meets ${weather.name}`, () => met > 0)
    p99[weather.name] = Math.max(p99[weather.name] ?? 0, percentile(tally.ackMs.slice(from), 0.99))
  }
  await proxy.heal()
  stub.play(() => undefined)
  return p99
}

/** Waits until all mails that may go out went out. @returns what was wrong with those that did. */
async function settle({ conversations }: Outcome, stub: CoverageStub, odd: ReadonlySet<string>, withinMs: number) {
  const sends = conversations.flatMap(({ clients }) => clients.flatMap((client) => client.sends))
  const asked = sends.filter(({ mailTo }) => mailTo !== undefined)
  const sentTo = () => new Set(stub.mails.map(({ to }) => to))
  const missing = () => {
    const sent = sentTo()
    return asked.filter((send) => isAcked(send) && !odd.has(send.mailTo ?? '') && !sent.has(send.mailTo ?? '')).length
  }
  const end = Date.now() + withinMs
  while (missing() > 0 && Date.now() < end) await pause(LOOK_MS)
  // What should not be sent might be sent a little later.
  await pause(LOOK_MS)
  const wanted = new Set(asked.map(({ mailTo }) => mailTo))
  const { mails } = stub
  const unasked = mails.filter(({ to }) => !wanted.has(to)).length
  const toOdd = mails.filter(({ to }) => odd.has(to)).length
  const twice = mails.length - sentTo().size
  return {
    sent: mails.length,
    missing: missing(),
    breaches: [
      ...(unasked > 0 ? [`${unasked} mails that nobody asked for`] : []),
      ...(toOdd > 0 ? [`${toOdd} mails after an odd answer`] : []),
      ...(twice > 0 ? [`${twice} mails went out twice`] : []),
      ...(mails.length === 0 ? ['no mail at all'] : []),
      ...(odd.size === 0 ? ['no odd answer was met'] : []),
    ],
  }
}
