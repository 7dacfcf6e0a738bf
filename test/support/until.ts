import { setTimeout as pause } from 'node:timers/promises'

/** Longest wait for a condition, ms. A test that needs so long has failed. */
const DEADLINE_MS = 15_000

/** Waits until `condition` gives something truthy. The only place of the tests that looks at a clock to wait.
 *  @throws Error naming `what` when the deadline passed. */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
): Promise<Exclude<T, false | undefined | null | 0 | ''>> {
  const end = performance.now() + DEADLINE_MS
  for (;;) {
    const found = await condition()
    if (found) return found as Exclude<T, false | undefined | null | 0 | ''>
    if (performance.now() > end) throw new Error(`waited in vain for: ${what}`)
    await pause(2)
  }
}
