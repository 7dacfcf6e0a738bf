/** The short form of `npm run prove`, on a real Redis and on SQLite: the same program, in a process of its own. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from '@jest/globals'
import { ROOT } from '../support/conversation.ts'
import { SABOTAGES } from './sabotage.ts'

const seed = process.env.SEED ?? String(Date.now() % 1_000_000)

/** What the long form has beside these waits for minutes, needs root, or is of the power cut and of the cluster. */
const ON_REDIS = [
  'kill-service',
  'kill-redis',
  'pause-redis',
  'lost-replies',
  'duplicates',
  'skew',
  'claims',
  'frozen-owner',
  'lost-owner',
  'order',
  'half-open',
  'rolling',
  'poison',
  'canary',
  'enumeration-replay',
]
const ON_SQLITE = ['kill-service', 'lost-answers', 'watermarks', 'canary', 'enumeration-words', 'enumeration-effort']
const MOST_OUTPUT = 10_000_000

/** @returns the last line, when all is as it should be; else everything that was printed. */
async function prove(store: 'sqlite' | 'redis', names: readonly string[], lanes: number): Promise<string> {
  const args = ['--disable-warning=ExperimentalWarning', 'test/prove/run.ts', ...names]
  const options = ['--short', '--store', store, '--seed', seed, '--lanes', String(lanes)]
  const run = promisify(execFile)(process.execPath, [...args, ...options], { cwd: ROOT, maxBuffer: MOST_OUTPUT })
  const { stdout } = await run.catch((failure: { stdout: string }) => failure)
  return stdout.includes('not run') ? stdout : (/^seed \d+: sound$/m.exec(stdout)?.[0] ?? stdout)
}

const sound = `seed ${seed}: sound`

test(`Redis: nothing acknowledged is lost, doubled or put in another order (seed ${seed})`, async () => {
  expect(await prove('redis', ON_REDIS, 4)).toBe(sound)
}, 300_000)

// Side by side: both wait most of the time.
test(`SQLite keeps the same, and the harness notices every broken promise (seed ${seed})`, async () => {
  const [kept, noticed] = await Promise.all([prove('sqlite', ON_SQLITE, 3), prove('redis', SABOTAGES, 4)])
  expect({ kept, noticed }).toEqual({ kept: sound, noticed: sound })
}, 300_000)
