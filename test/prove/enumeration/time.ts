/** T2: nothing that a stranger can time tells an address on file from one that is not, nor one whose limit is reached. */
import { byLength, type Context, commonBreaches, type Scenario, toRow, using } from '../scenario.ts'
import type { Class } from './addresses.ts'
import {
  FLOOD_FEATURES,
  floodTrial,
  LATE_MOMENTS,
  MOMENTS,
  momentFeatures,
  otherTrial,
  ownTrial,
  verifiedTrial,
} from './attacks.ts'
import { type Compared, compare } from './comparison.ts'
import { type Ground, startGround, useUp } from './ground.ts'
import { TURN_FEATURES, turnsTrial } from './turns.ts'
import type { Way } from './visitor.ts'

/** One attack with one pair of classes. */
export interface Plan {
  title: string
  features: readonly string[]
  /** Pairs in the short and in the long form; 0: not at all. */
  pairs: readonly [number, number]
  lanes: number
  /** The class that stands against known or unknown addresses. */
  classes: readonly [Class, Class]
  trial(ground: Ground, address: string): Promise<readonly number[]>
}

const KNOWN: Plan['classes'] = ['pending', 'unknown']
const LIMITED: Plan['classes'] = ['limited', 'pending']
const FAMILY: Plan['classes'] = ['family', 'pending']
const LANES = { idle: 1, loaded: 20 } as const

function turnsPlan(way: Way, load: keyof typeof LANES, pairs: Plan['pairs'], classes = KNOWN): Plan {
  return {
    title: `${classes.join(' and ')}, ${load}, by ${way}`,
    features: TURN_FEATURES,
    pairs,
    lanes: LANES[load],
    classes,
    trial: (ground, address) => turnsTrial(ground, address, way),
  }
}

export const TURNS: readonly Plan[] = [
  turnsPlan('socket', 'idle', [120, 2_500]),
  turnsPlan('polling', 'idle', [0, 2_500]),
  turnsPlan('socket', 'loaded', [0, 2_500]),
  turnsPlan('polling', 'loaded', [200, 2_500]),
  turnsPlan('socket', 'idle', [60, 600], LIMITED),
  turnsPlan('socket', 'idle', [0, 600], FAMILY),
]

export const ATTACKS: readonly Plan[] = [
  {
    title: 'the same conversation asks again',
    features: momentFeatures(MOMENTS),
    pairs: [0, 1_500],
    lanes: 1,
    classes: KNOWN,
    trial: (ground, address) => ownTrial(ground, address, MOMENTS),
  },
  {
    title: 'another conversation asks',
    features: momentFeatures(MOMENTS),
    pairs: [0, 1_500],
    lanes: 1,
    classes: KNOWN,
    trial: (ground, address) => otherTrial(ground, address, MOMENTS),
  },
  {
    title: 'verified members ask about themselves',
    features: momentFeatures(MOMENTS),
    pairs: [0, 1_500],
    lanes: 1,
    classes: KNOWN,
    trial: (ground, address) => verifiedTrial(ground, address, MOMENTS),
  },
  {
    title: 'a flood of small requests',
    features: FLOOD_FEATURES,
    pairs: [100, 1_500],
    lanes: 1,
    classes: KNOWN,
    trial: floodTrial,
  },
  {
    title: 'a flood, limit reached',
    features: FLOOD_FEATURES,
    pairs: [0, 600],
    lanes: 1,
    classes: LIMITED,
    trial: floodTrial,
  },
  {
    title: 'the same conversation asks late',
    features: momentFeatures(LATE_MOMENTS),
    pairs: [0, 600],
    lanes: 8,
    classes: KNOWN,
    trial: (ground, address) => ownTrial(ground, address, LATE_MOMENTS),
  },
]

export const time: Scenario = timed('enumeration-time', TURNS)
export const attack: Scenario = timed('enumeration-attack', ATTACKS)

/** Trials thrown away at first: code that runs for the first time, connections that are opened. */
const WARM_UP = 30

function timed(name: string, plans: readonly Plan[]): Scenario {
  return {
    name,
    stores: ['sqlite', 'redis'],
    async run(context) {
      const wanted = plans.map((plan) => ({ ...plan, count: pairsOf(context, plan) })).filter(({ count }) => count > 0)
      const counts: Partial<Record<Class, number>> = { pending: WARM_UP }
      for (const { classes, count } of wanted) for (const one of classes) counts[one] = (counts[one] ?? 0) + count
      return using(startGround(context, counts), async (ground) => {
        await warmUp(ground)
        const compared: Compared[] = []
        for (const plan of wanted) {
          const one = await runPlan(context, ground, plan, plan.count)
          for (const line of [`${one.title}, ${one.pairs} pairs:`, ...one.lines.map((l) => `  ${l}`)]) context.say(line)
          compared.push(one)
        }
        const trials = compared.reduce((sum, { pairs }) => sum + 2 * pairs, 0)
        return toRow(name, context, {
          injected: trials,
          verdict: { acked: trials, lost: 0, doubled: 0, inverted: 0, faults: [] },
          notes: compared.map(({ title, worst }) => `${title}: at most ${(0.5 + worst).toFixed(3)}`),
          breaches: [...commonBreaches(ground.rig), ...compared.flatMap(({ breaches }) => breaches)],
        })
      })
    },
  }
}

const pairsOf = ({ length }: Context, { pairs: [short, long] }: Plan): number => byLength(length, short, long)

export async function warmUp(ground: Ground): Promise<void> {
  for (let n = 0; n < WARM_UP; n++) await turnsTrial(ground, ground.book.next(n % 2 ? 'unknown' : 'pending'), 'polling')
}

export async function runPlan(context: Context, ground: Ground, plan: Plan, pairs: number): Promise<Compared> {
  const [one, other] = plan.classes
  const prepared = await prepare(ground, one, pairs)
  return compare({
    ...plan,
    pairs,
    random: context.random,
    trial: (isOne) => {
      const address = isOne ? (prepared.pop() ?? ground.book.next(one)) : ground.book.next(other)
      return plan.trial(ground, address)
    },
  })
}

/** Addresses whose limit is reached have to be asked for before. */
async function prepare(ground: Ground, of: Class, count: number): Promise<string[]> {
  if (of !== 'limited') return []
  const addresses = Array.from({ length: count }, () => ground.book.next(of))
  await useUp(ground, addresses)
  return addresses
}
