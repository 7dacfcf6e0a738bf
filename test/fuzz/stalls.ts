/** T22: how long one message can hold up everybody else's. Timed, so it is a scenario (`npm run prove -- stalls`), not a test. */
import { setImmediate as breathe } from 'node:timers/promises'
import { createUnderstanding, type Situation, type Understanding } from '../../src/bot/understand.ts'
import { parseMemberActivity } from '../../src/channels/directline/parse.ts'
import { expectationOf } from '../../src/dialog/expect.ts'
import { type CommandPhrases, createLanguage } from '../../src/language/commands.ts'
import { maskAddresses } from '../../src/language/mask.ts'
import { MAX_TEXT } from '../../src/wire/activity.ts'
import type { Random } from '../prove/random.ts'
import { percentile } from '../prove/report.ts'
import { byLength, type Scenario } from '../prove/scenario.ts'
import type { CONTENT } from '../support/conversation.ts'
import { ENDS, HOSTILE, PUMPS, pumped } from './corpus/texts.ts'

/** Longest time that one message may take, ms. Source: threat T22. */
const MOST_MS = 20
/** A slow one is run again so often, and the least counts: collecting what others left is not this message's fault. */
const AGAIN = 7
/** Others get their turn after so many. */
const BATCH = 200

type Content = typeof CONTENT
const grant = { conversationId: 'c', userId: 'dl_u' }

export const stalls: Scenario = {
  name: 'stalls',
  stores: ['sqlite'],
  when: 'named',
  async run({ length, random, store }) {
    const wanted = byLength(length, 10_000, 100_000)
    // Trees and model are read only when this is run.
    const work = createWork((await import('../support/conversation.ts')).CONTENT)
    const times: number[] = []
    let worst = { ms: 0, text: '' }
    for (let n = 0; n < wanted; n++) {
      if (n % BATCH === 0) await breathe()
      const text = textOf(random)
      const ms = leastMs(() => work(text, random))
      times.push(ms)
      if (ms > worst.ms) worst = { ms, text }
    }
    const ok = worst.ms <= MOST_MS
    const figures = [0.5, 0.99, 1].map((p) => percentile(times, p).toFixed(2))
    return {
      name: `stalls (${store})`,
      injected: wanted,
      acked: wanted,
      lost: 0,
      doubled: 0,
      inverted: 0,
      notes: [
        ...(ok ? [] : [`BREACH ${worst.ms.toFixed(1)} ms for one message, at most ${MOST_MS} ms`]),
        `p50 ${figures[0]}, p99 ${figures[1]}, most ${figures[2]} ms a message`,
        `slowest: ${described(worst.text)}`,
      ],
      ok,
    }
  },
}

/** All that is done with a member's words without a pause: received, understood, shown to an agent. */
function createWork({ texts, resources, classifier, trees }: Content): (text: string, random: Random) => void {
  const language = createLanguage({
    fr: resources.fr.commands as CommandPhrases,
    en: resources.en.commands as CommandPhrases,
  })
  const understanding = createUnderstanding({ texts, language, classifier, canAsk: () => true })
  const situations = questions(trees)
  return (text, random) => {
    const kept = received(text)
    if (kept === undefined) return
    understand(understanding, kept, random.pick(situations))
    maskAddresses(kept)
  }
}

function understand(understanding: Understanding, text: string, situation: Situation): void {
  understanding.tellLocale(text)
  understanding.isCrisis(text)
  understanding.understand(text, situation)
  if (situation.expected) understanding.heard(text)(situation.expected)
}

/** The text as the log keeps it; undefined when it is refused. */
function received(text: string): string | undefined {
  try {
    return parseMemberActivity({ type: 'message', from: { id: 'x' }, text }, grant, new Date(0), () => 'id')?.activity
      .text
  } catch {
    return undefined
  }
}

/** Every question of the trees, with two others as those that were asked before. */
function questions(trees: Content['trees']): Situation[] {
  const all = [...trees].flatMap(([dialog, { nodes }]) =>
    [...nodes].flatMap(([node, each]) =>
      each.type === 'ask' || each.type === 'collect' ? [expectationOf({ dialog, node }, each)] : [],
    ),
  )
  return all.map((expected, i) => {
    const earlier = [all.at(i - 1)?.options ?? [], all.at(i - 2)?.options ?? []]
    return {
      expected,
      earlier,
      guesses: i % 3 === 0 ? (earlier[0]?.slice(0, 2) ?? []) : [],
      isMenu: expected.node === 'welcome.menu',
    }
  })
}

/** Half as long as may be or longer, mostly of one thing or two. */
function textOf(random: Random): string {
  const length = random.between(1, 4) === 1 ? random.between(1, MAX_TEXT) : MAX_TEXT
  const pieces = random.between(1, 3)
  if (random.between(1, 3) > 1) {
    return Array.from({ length: pieces }, (_, n) =>
      pumped(random.pick(PUMPS), Math.floor(length / pieces), n === pieces - 1 ? random.pick(ENDS) : ''),
    ).join('')
  }
  const few = Array.from({ length: random.between(1, 5) }, () =>
    random.pick(random.between(0, 1) === 0 ? PUMPS : HOSTILE),
  )
  let text = ''
  while (text.length < length) text += random.pick(few) || ' '
  return text.slice(0, length)
}

function leastMs(run: () => void): number {
  let least = timed(run)
  for (let n = 0; n < AGAIN && least > MOST_MS / 2; n++) least = Math.min(least, timed(run))
  return least
}

/** Processor time of the process, ms: on a machine that does other things the clock on the wall says little. */
function timed(run: () => void): number {
  const before = process.cpuUsage()
  run()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}

const described = (text: string): string =>
  `${text.length} signs, ${JSON.stringify(text.slice(0, 24))} ... ${JSON.stringify(text.slice(-12))}`
