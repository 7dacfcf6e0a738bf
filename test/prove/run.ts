/** `npm run prove -- [names...] [--short] [soak] [--seed N] [--store sqlite|redis] [--lanes N]`: faults, and what must hold under them. */
import { parseArgs } from 'node:util'
import { isSound, renderRows, renderSabotages } from './report.ts'
import { runAll } from './suite.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    short: { type: 'boolean' },
    seed: { type: 'string' },
    store: { type: 'string' },
    // Scenarios at a time.
    lanes: { type: 'string' },
  },
})

const seed = Number(values.seed ?? Date.now() % 1_000_000)
const { store } = values
if (!Number.isSafeInteger(seed) || (store !== undefined && store !== 'sqlite' && store !== 'redis')) {
  process.stderr.write(
    'usage: npm run prove -- [names...] [--short] [soak] [--seed N] [--store sqlite|redis] [--lanes N]\n',
  )
  process.exit(2)
}

/** Scenarios at a time when all of them run: most wait most of the time. */
const MANY = 3
const isMany = positionals.every((name) => name === 'soak')

const say = (line: string) => void process.stdout.write(`${line}\n`)
say(`seed ${seed}`)
const { rows, sabotages } = await runAll({
  seed,
  length: values.short ? 'short' : positionals.includes('soak') ? 'soak' : 'long',
  names: positionals.filter((name) => name !== 'soak'),
  stores: store ? [store] : ['redis', 'sqlite'],
  lanes: Number(values.lanes ?? (isMany ? MANY : 1)),
  say,
})
if (rows.length > 0) say(`\n${renderRows(rows)}`)
if (sabotages.length > 0) say(`\n${renderSabotages(sabotages)}`)
const sound = isSound(rows, sabotages)
say(`\nseed ${seed}: ${sound ? 'sound' : 'NOT SOUND'}`)
process.exit(sound ? 0 : 1)
