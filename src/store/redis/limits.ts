import type { LimitStore } from '../../conversation/store.ts'
import { limitKeyOf } from './keys.ts'
import type { Link } from './link.ts'
import { ALLOW_STEP } from './steps.ts'

/** What was counted is cleared up this long after it stops counting, ms. */
const CLEAR_MS = 60_000

/** One sorted set a key, holders by time. A key is asked with the same allowances each time: what is older than the longest goes.
 *  Every method @throws AppError `store_unavailable`. */
export function createLimits({ step, command }: Pick<Link, 'step' | 'command'>): LimitStore {
  return {
    async allow(key, holder, now, allowances) {
      const longest = Math.max(...allowances.map(({ ms }) => ms))
      const each = allowances.flatMap(({ most, ms }) => [most - 1, now - ms])
      const args = [holder, now, now - longest, longest + CLEAR_MS, ...each]
      return (await step<number>(ALLOW_STEP, [limitKeyOf(key)], args)) === 1
    },
    clear: async (key) => void (await command('DEL', limitKeyOf(key))),
  }
}
