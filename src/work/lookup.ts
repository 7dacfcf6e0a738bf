/** Questions whose answer a dialog waits for: it comes back as an event in the log. Only for members who are verified, or who type the
 *  number that verifies them. */
import { EVENTS, type ResultValue } from '../conversation/events.ts'
import type { Inbound, LeasedWork } from '../conversation/store.ts'
import type { CoverageDirectory, Found, Linked } from '../coverage/directory.ts'
import { codeOf } from '../errors.ts'
import { maskAddress } from '../language/mask.ts'
import { regionName } from './number-mail.ts'
import type { Numbers } from './numbers.ts'
import { localeOf, personOf } from './resend.ts'
import { systemEvent } from './timer.ts'
import type { Handler } from './worker.ts'

export interface LookupOptions {
  coverage: CoverageDirectory
  numbers: Numbers
  now: () => number
}

/** The directory did not answer; the dialog goes on without. */
const FAILED = 'failed'

export function createLookup({ coverage, numbers, now }: LookupOptions): Handler {
  async function find(work: LeasedWork): Promise<ResultValue> {
    const found = await firstFound(work)
    if (!found) return { event: 'coverage', value: 'unknown' }
    const slots = { invited_at: maskAddress(found.email), invited_region: regionName(localeOf(work), found.region) }
    return { event: 'coverage', value: found.case, slots }
  }

  async function firstFound(work: LeasedWork): Promise<Found | undefined> {
    const { member, emails } = personOf(work)
    const { region } = work.payload
    const more = { ...(member ? { member } : {}), ...(region ? { region } : {}) }
    // Whoever is vouched for without an address is found by their account alone.
    for (const email of emails.length > 0 || !member ? emails : ['']) {
      const found = await coverage.find({ email, ...more })
      if (found) return found
    }
    return undefined
  }

  async function link(work: LeasedWork): Promise<ResultValue> {
    const { member, emails } = personOf(work)
    let best: Linked = 'unknown'
    for (const email of member ? emails : []) {
      const value = await coverage.link({ id: work.id, member: member ?? '', email })
      if (value === 'linked') return { event: 'linked', value }
      if (best === 'unknown') best = value
    }
    return { event: 'linked', value: best }
  }

  async function check({ id: holder, conversationId, payload }: LeasedWork): Promise<ResultValue> {
    const { email = '', number = '', typed = '', at = '' } = payload
    const value = await numbers.check({ conversationId, email, id: number }, typed, Date.parse(at), holder)
    return { event: 'number', value, number, ...(value === 'right' ? { proven: email } : {}) }
  }

  async function answer(work: LeasedWork): Promise<ResultValue> {
    const { what } = work.payload
    if (what === 'check') return check(work)
    try {
      return await (what === 'link' ? link(work) : find(work))
    } catch (error) {
      // Somebody waits: what does not answer now is of no use in half a minute.
      if (codeOf(error) !== 'coverage_unavailable') throw error
      return { event: what === 'link' ? 'linked' : 'coverage', value: FAILED }
    }
  }

  return {
    keep: ({ payload }) => ({ what: payload.what ?? '' }),
    async run(work) {
      const { ref } = work.payload
      const value = { ...(await answer(work)), ...(ref === undefined ? {} : { ref }) }
      const inbound: Inbound = systemEvent(work, EVENTS.result, value, now())
      return { inbound }
    },
  }
}
