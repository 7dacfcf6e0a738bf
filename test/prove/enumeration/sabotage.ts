/** Services that look an address up within the turn: the first takes longer over those on file, the second has other words for those that
 *  are not. */

import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Commit, Store } from '../../../src/conversation/store.ts'

export const LOOKUPS = ['lookup_in_turn', 'words_in_turn'] as const
export type Lookup = (typeof LOOKUPS)[number]

/** What a known address costs more, ms: little for a system that is asked over a network. The short form finds it on a busy machine too. */
const COST_MS = 5

/** @param folder where `coverage.db` is. @param cost ms (`LOOKUP_MS`), when other than usual. */
export function lookingStore(store: Store, lookup: Lookup, folder: string, cost?: string): Store {
  const costMs = Number(cost ?? COST_MS)
  const isKnown = openLookup(join(folder, 'coverage.db'))
  return {
    ...store,
    async commit(commit) {
      const addresses = commit.work.flatMap(({ payload }) => payload.email ?? [])
      const known = addresses.some(isKnown)
      if (lookup === 'lookup_in_turn') if (known) spend(costMs)
      const isOther = lookup === 'words_in_turn' && addresses.length > 0 && !known
      return store.commit(isOther ? inOtherWords(commit) : commit)
    },
  }
}

function openLookup(file: string): (email: string) => boolean {
  const byAddress = new DatabaseSync(file, { readOnly: true }).prepare('SELECT * FROM invitation WHERE email = ?')
  return (email) => byAddress.get(email) !== undefined
}

/** Work that takes so long on this machine when nobody disturbs it: clocks run on while others have the processor, and the kernel's
 *  count of processor time goes in steps of milliseconds. */
function spend(ms: number): void {
  spin(Math.round(ms * SPINS_PER_MS))
}

let spun = 1
function spin(times: number): void {
  for (let i = 0; i < times; i++) spun = Math.imul(spun ^ i, 0x01000193)
}

const SPINS_PER_MS = calibrate()

/** The best of many short runs is the one that nobody disturbed. The first ones are slow: nothing is compiled yet. */
function calibrate(): number {
  const times = 200_000
  const runs = Array.from({ length: 60 }, () => {
    const began = performance.now()
    spin(times)
    return performance.now() - began
  })
  return times / Math.min(...runs)
}

/** One space more: nobody reads it, and every program does. */
function inOtherWords(commit: Commit): Commit {
  const [last, ...before] = commit.entries.toReversed()
  if (!last) return commit
  const changed = { ...last, activity: { ...last.activity, text: `${last.activity.text} ` } }
  return { ...commit, entries: [...before.reverse(), changed] }
}
