/** The attacks that are most likely to succeed: whatever is done about an address after its turn is done by the same service, so its
 *  business is felt by who asks it for something else at the right moment. */
import { setTimeout as pause } from 'node:timers/promises'
import { CONTENT } from '../../support/conversation.ts'
import { openConnection } from './connection.ts'
import { type Ground, vouch } from './ground.ts'
import type { Visitor } from './visitor.ts'

/** When something is asked after the address was answered, ms. */
export const MOMENTS = [0, 5, 20, 50] as const
export const LATE_MOMENTS = [200, 1_000, 2_000] as const
/** Ends of the spans in which a flood of small requests is counted, ms. */
const SPANS = [2, 4, 6, 8, 12, 16, 24, 32, 48, 64] as const

/** Has what is on file looked up, when a verified member says it. */
const LOOK = CONTENT.texts.say('fr', 'welcome:menu.options.resend')

export const momentFeatures = (moments: readonly number[]): string[] => moments.map((ms) => `post ${ms} ms later`)
export const FLOOD_FEATURES: readonly string[] = SPANS.flatMap((end) => [
  `requests until ${end} ms`,
  `longest until ${end} ms`,
])

/** The next message of the same conversation at each of the moments: takes the store, the disk and a turn.
 *  @returns the time of each answer, ms. */
export async function ownTrial(ground: Ground, address: string, moments: readonly number[]): Promise<number[]> {
  const visitor = await ground.visit({ locale: 'fr', way: 'polling' })
  await visitor.post(address)
  const times = await askAt(visitor, moments)
  visitor.close()
  return times
}

/** A message of another conversation at each of the moments. */
export async function otherTrial(ground: Ground, address: string, moments: readonly number[]): Promise<number[]> {
  const other = await ground.visit({ locale: 'fr', way: 'polling' })
  const visitor = await ground.visit({ locale: 'fr', way: 'polling' })
  await visitor.post(address)
  const times = await askAt(other, moments)
  visitor.close()
  other.close()
  return times
}

/** Questions about themselves of members who are verified, at each of the moments: answered by the very thread that has the address looked
 *  up and its mail sent. @returns the time until each was told, ms. */
export async function verifiedTrial(ground: Ground, address: string, moments: readonly number[]): Promise<number[]> {
  const identity = await vouch()
  const verified = await Promise.all(moments.map(() => ground.visit({ locale: 'fr', way: 'socket', identity })))
  const visitor = await ground.visit({ locale: 'fr', way: 'polling' })
  await visitor.post(address)
  const began = performance.now()
  const times = await Promise.all(
    verified.map(async (one, n) => {
      await pause(Math.max(0, (moments[n] ?? 0) - (performance.now() - began)))
      return (await one.say(LOOK, 'verify.unknown')).replied
    }),
  )
  for (const one of [...verified, visitor]) one.close()
  return times
}

async function askAt(visitor: Visitor, moments: readonly number[]): Promise<number[]> {
  const began = performance.now()
  const times: number[] = []
  for (const moment of moments) {
    const wait = moment - (performance.now() - began)
    if (wait > 0) await pause(wait)
    const { took, status, body } = await visitor.post('merci')
    if (status !== 200) throw new Error(`a message was answered ${status} ${body}`)
    times.push(took)
  }
  return times
}

/** The cheapest request there is, one after the other without a pause: sees how long the service was busy with something else.
 *  @returns how many were answered in each span, and the longest of each, ms. */
export async function floodTrial(ground: Ground, address: string): Promise<number[]> {
  const { url } = ground.rig.clients.route()
  const visitor = await ground.visit({ locale: 'fr', way: 'polling' })
  const probe = await openConnection(url)
  await probe.get('/health')
  await visitor.post(address)
  const began = performance.now()
  const features: number[] = []
  for (const end of SPANS) {
    let count = 0
    let longest = 0
    while (performance.now() - began < end) {
      longest = Math.max(longest, (await probe.get('/health')).took)
      count++
    }
    features.push(count, longest)
  }
  probe.close()
  visitor.close()
  return features
}
