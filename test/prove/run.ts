/** `npm run prove -- [names...] [--short] [soak] [--seed N] [--store sqlite|redis] [--lanes N] [--sabotage NAME]`: faults, and what must hold
 *  under them. */
import { parseArgs } from 'node:util'
import { isSound, renderRows, renderSabotages } from './report.ts'
import { SABOTAGES } from './sabotage.ts'
import { runAll } from './suite.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    short: { type: 'boolean' },
    seed: { type: 'string' },
    store: { type: 'string' },
    // Scenarios at a time.
    lanes: { type: 'string' },
    // Of a service that breaks this promise: the scenarios that are named have to be red.
    sabotage: { type: 'string' },
  },
})

const seed = Number(values.seed ?? Date.now() % 1_000_000)
const { store } = values
const sabotage = SABOTAGES.find((name) => name === values.sabotage)
const isStore = store === undefined || store === 'sqlite' || store === 'redis'
if (!Number.isSafeInteger(seed) || !isStore || sabotage !== values.sabotage) {
  process.stderr.write(
    `usage: npm run prove -- [names...] [--short] [soak] [--seed N] [--store sqlite|redis] [--lanes N] [--sabotage ${SABOTAGES.join('|')}]\n`,
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
  ...(sabotage ? { sabotage } : {}),
  lanes: Number(values.lanes ?? (isMany ? MANY : 1)),
  say,
})
if (rows.length > 0) say(`\n${renderRows(rows)}`)
if (sabotages.length > 0) say(`\n${renderSabotages(sabotages)}`)
const sound = isSound(rows, sabotages)
say(`\nseed ${seed}: ${sound ? 'sound' : 'NOT SOUND'}`)
process.exit(sound ? 0 : 1)
