/** T3: limits, outages and refusals that strike one class only, or all, are told to no member, neither in words nor in time. */

import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { byLength, type Context, commonBreaches, type Scenario, toRow, using } from '../scenario.ts'
import { CLASSES, type Class } from './addresses.ts'
import { FLOOD_FEATURES, floodTrial } from './attacks.ts'
import type { Compared } from './comparison.ts'
import { type Ground, startGround } from './ground.ts'
import { type Plan, runPlan, warmUp } from './time.ts'
import { TURN_FEATURES, turnsTrial } from './turns.ts'
import { compareGroups, type Group, placesFor } from './words.ts'

interface Fault {
  name: string
  disturb(ground: Ground): void
  /** Classes that are told apart by time. */
  classes: Plan['classes']
}

const FAULTS: readonly Fault[] = [
  {
    name: 'the mail server refuses one class',
    disturb: ({ book, sink }) => sink.refuse(book.left('pending')),
    classes: ['pending', 'claimed'],
  },
  { name: 'coverage is away', disturb: takeDirectory, classes: ['pending', 'unknown'] },
]

/** Places at which a fault is tried: they are what any place leads to. */
const PLACES = ['welcome.menu', 'resend.email', 'arrived.question', 'resend.another']

export const faults: Scenario = {
  name: 'enumeration-faults',
  stores: ['sqlite', 'redis'],
  async run(context) {
    const tried: { differences: string[]; compared: Compared[]; breaches: string[] }[] = []
    for (const fault of FAULTS) tried.push(await tryFault(context, fault))
    const compared = tried.flatMap((one) => one.compared)
    const differences = tried.flatMap((one) => one.differences)
    const trials = compared.reduce((sum, { pairs }) => sum + 2 * pairs, 0)
    return toRow('enumeration-faults', context, {
      injected: FAULTS.length,
      verdict: { acked: trials, lost: 0, doubled: 0, inverted: 0, faults: [] },
      notes: compared.map(({ title, worst }) => `${title}: at most ${(0.5 + worst).toFixed(3)}`),
      breaches: [
        ...differences.slice(0, 5),
        ...compared.flatMap(({ breaches }) => breaches),
        ...tried.flatMap(({ breaches }) => breaches),
      ],
    })
  },
}

async function tryFault(context: Context, fault: Fault) {
  const groups = groupsFor(context)
  const plans = plansFor(fault)
  const counts = countsFor(context, groups.length, plans)
  return using(startGround(context, counts), async (ground) => {
    await warmUp(ground)
    const differences = await compareGroups(ground, groups, () => fault.disturb(ground))
    const compared: Compared[] = []
    for (const plan of plans)
      compared.push(await runPlan(context, ground, plan, byLength(context.length, ...plan.pairs)))
    return {
      differences: differences.map((line) => `${fault.name}: ${line}`),
      compared,
      breaches: commonBreaches(ground.rig),
    }
  })
}

const groupsFor = (context: Context): Group[] =>
  placesFor(context)
    .filter(({ node }) => PLACES.includes(node))
    .map((place) => ({ place, locale: context.random.pick(['fr', 'en'] as const) }))

function plansFor({ name, classes }: Fault): Plan[] {
  const common = { pairs: [40, 600] as const, lanes: 1, classes }
  return [
    {
      ...common,
      title: `${name}, turns`,
      features: TURN_FEATURES,
      trial: (ground, address) => turnsTrial(ground, address, 'polling'),
    },
    { ...common, title: `${name}, flood`, features: FLOOD_FEATURES, trial: floodTrial },
  ]
}

function countsFor({ length }: Context, groups: number, plans: readonly Plan[]): Record<Class, number> {
  const timed = plans.reduce((sum, { pairs }) => sum + byLength(length, ...pairs), 0)
  return Object.fromEntries(CLASSES.map((of) => [of, groups + timed + 100])) as Record<Class, number>
}

/** The directory's table is gone, for whoever asks from now on. */
function takeDirectory({ folder }: Ground): void {
  const db = new DatabaseSync(join(folder, 'coverage.db'), { timeout: 5_000 })
  try {
    db.exec('ALTER TABLE invitation RENAME TO gone')
  } finally {
    db.close()
  }
}
