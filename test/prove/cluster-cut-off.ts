/** A replica that hears nothing any more while its master does not know: what a broken network between the two looks like. */
import { setTimeout as pause } from 'node:timers/promises'
import { ask } from '../support/redis.ts'
import type { ClusterNode } from '../support/redis-cluster.ts'

/** More than the system keeps for a connection on its way, MB: what comes after it stays in the master's memory. */
const JUNK_MB = 24
/** How long members go on being answered by the master alone, ms. Redis allows `min-replicas-max-lag`, 10 s by default. */
const ALONE_MS = 1_500

/** Resolves when the master has been alone for a while. @returns what wakes the replica. */
export async function cutOff(master: ClusterNode, replica: ClusterNode): Promise<() => void> {
  const key = await keyOf(master)
  const junk = 'x'.repeat(2 ** 20)
  replica.pause()
  for (let n = 0; n < JUNK_MB; n++) await ask(master, 'SET', key, junk)
  await pause(ALONE_MS)
  return () => replica.resume()
}

/** A key that this master holds. */
async function keyOf(master: ClusterNode): Promise<string> {
  for (let n = 0; ; n++) {
    const key = `prove:junk:${n}`
    const isHeld = await ask(master, 'EXISTS', key).then(
      () => true,
      () => false,
    )
    if (isHeld) return key
  }
}
