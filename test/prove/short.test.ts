/** The short form of `npm run prove`, on a real Redis and on SQLite, through the same code. */
import { expect, test } from '@jest/globals'
import { isSound, renderRows, renderSabotages } from './report.ts'
import { SABOTAGES } from './sabotage.ts'
import { runAll, type Suite } from './suite.ts'

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000)

/** What the long form has beside these waits for minutes, needs root, or is of the power cut and of the cluster. */
const ON_REDIS = [
  'kill-service',
  'kill-redis',
  'pause-redis',
  'lost-replies',
  'duplicates',
  'skew',
  'claims',
  'half-open',
  'rolling',
  'poison',
]
const ON_SQLITE = ['kill-service', 'lost-answers', 'watermarks']

async function prove(stores: Suite['stores'], names: readonly string[], lanes: number): Promise<string> {
  const said: string[] = []
  const suite: Suite = { seed, length: 'short', names, stores, lanes, say: (line) => void said.push(line) }
  const { rows, sabotages } = await runAll(suite)
  if (isSound(rows, sabotages) && rows.every((row) => !row.notRun)) return 'sound'
  return [`seed ${seed}`, renderRows(rows), renderSabotages(sabotages)].join('\n\n')
}

test(`SQLite: nothing acknowledged is lost, doubled or put in another order (seed ${seed})`, async () => {
  expect(await prove(['sqlite'], ON_SQLITE, 3)).toBe('sound')
}, 120_000)

test(`Redis: nothing acknowledged is lost, doubled or put in another order (seed ${seed})`, async () => {
  expect(await prove(['redis'], ON_REDIS, 4)).toBe('sound')
}, 180_000)

test(`the harness notices every broken promise (seed ${seed})`, async () => {
  expect(await prove(['redis'], [...SABOTAGES], 3)).toBe('sound')
}, 120_000)
