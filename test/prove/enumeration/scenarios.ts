/** That nobody can learn who is covered: all scenarios of it, and the sabotages that they have to notice. */
import type { Control } from '../controls.ts'
import type { Scenario } from '../scenario.ts'
import { effort } from './effort.ts'
import { faults } from './faults.ts'
import { flood } from './flood.ts'
import { replay } from './replay.ts'
import { attack, time } from './time.ts'
import { words } from './words.ts'

export const ENUMERATION: readonly Scenario[] = [effort, words, time, attack, replay, flood, faults].map((one) => ({
  ...one,
  when: 'named',
}))

export const ENUMERATION_CONTROLS: readonly Control[] = [
  {
    name: 'lookup_in_turn',
    sabotage: 'lookup_in_turn',
    // Not `time`: that needs a machine that does nothing else, or hours.
    scenario: effort,
    stores: ['sqlite', 'redis'],
    isCaught: ({ notes }) => notes.some((note) => /BREACH pending and unknown at .* cost differently: cpu/.test(note)),
  },
  {
    name: 'words_in_turn',
    sabotage: 'words_in_turn',
    scenario: words,
    stores: ['sqlite', 'redis'],
    isCaught: ({ notes }) => notes.some((note) => /BREACH .*unknown is not as pending/.test(note)),
  },
]
