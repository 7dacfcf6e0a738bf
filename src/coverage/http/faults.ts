/** What can be wrong with one call. Facts hold a reason, a status and numbers: nothing of what was sent or answered. */
import { AppError } from '../../errors.ts'

export interface Reason {
  status?: number
  why?: string
  /** Not the coverage system, but the one that gives out its tokens. */
  at?: 'token'
}

/** When the same call may help: `soon`, `later` (the other side is down too, but asks for time), or `no`: people have to mend the
 *  address or the credentials first. */
export type Again = 'soon' | 'later' | 'no'

/** There was no answer to go by. */
export class Outage extends AppError {
  readonly again: Again

  constructor(again: Again, reason: Reason) {
    super('coverage_unavailable', { ...reason })
    this.again = again
  }
}

/** There was an answer, and nobody may go by it. */
export function mismatch(reason: Reason): AppError {
  return new AppError('coverage_mismatch', { ...reason })
}

/** Statuses of a system that is down or busy. 409: the same request is still under way. */
const PASSING: readonly number[] = [408, 409, 425, 429]
/** Statuses that say: this request will never be understood. */
const REFUSED: readonly number[] = [400, 413, 415, 422]
/** Longest pause that another side may ask for within one call, seconds. */
const SOON_S = 1

/** What any status but 200 means. Redirects are never followed, they are a wrong address like 404. */
export function faultOf({ status, headers }: Response): AppError {
  if (REFUSED.includes(status)) return mismatch({ status })
  if (status < 500 && !PASSING.includes(status)) return new Outage('no', { status })
  // A date instead of seconds is far enough away.
  const wait = headers.get('retry-after') ?? '0'
  return new Outage(Number(wait) <= SOON_S ? 'soon' : 'later', { status })
}

/** The name that Node gives to a fault of the network, or `network`. Its text may say more than a log should. */
export function networkReason(error: unknown): string {
  const { cause } = error as { cause?: { code?: unknown } }
  const code = String(cause?.code ?? '')
  return /^[A-Z_\d]{3,40}$/.test(code) ? code : 'network'
}
