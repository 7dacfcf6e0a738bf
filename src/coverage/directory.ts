/** Port to the provider's coverage system. It never gives an access code to its caller: a code leaves only in a mail
 *  to the address on file, which the directory has sent itself. Contract: `test/contracts/coverage.ts`. */
import type { Locale } from '../wire/activity.ts'
import type { Region } from './records.ts'

/** Whose coverage is asked for. */
export interface Person {
  /** Typed by the member, or proven; lower case, one addr-spec. */
  email: string
  /** The provider's own id of the member's account, when the host page vouches for it; found before the address. */
  member?: string
}

/** What an invitation is for whoever was invited; the first that fits. */
export const CASES = ['expired', 'claimed', 'other_region', 'family', 'own'] as const
export type Case = (typeof CASES)[number]

export interface FindRequest extends Person {
  /** Region that the member says their account is in (`CA-QC`), if they said so. */
  region?: string
}

/** An invitation on file, for a verified member only. */
export interface Found {
  case: Case
  /** Address on file, whole: whoever shows it masks it. */
  email: string
  /** ISO 3166-2, `CA-QC`. */
  region: Region
}

export interface ResendRequest extends FindRequest {
  /** Stable id of the work item; the mail's Message-ID is made of it, so a repeat is the same mail. */
  id: string
  /** Language of the conversation, used when the record names none. */
  locale: Locale
  /** A limit holds: do all the work, and send nothing. */
  hold?: boolean
}

/** What became of a request, for agents only; never a word of it reaches the chat. */
export const RECEIPTS = [
  'code_sent',
  'already_registered',
  'other_region',
  'family',
  'expired',
  'unknown',
  'limited',
] as const
export type Receipt = (typeof RECEIPTS)[number]

/** Joins the account that the host page vouches for to the invitation of an address that its owner has proven. */
export interface LinkRequest {
  /** Stable id of the work item: a repeat changes nothing more. */
  id: string
  member: string
  /** Proven, as in `Person`. */
  email: string
}

/** `taken`: another account uses this invitation. `expired`: it can't be used any more. */
export const LINKS = ['linked', 'taken', 'expired', 'unknown'] as const
export type Linked = (typeof LINKS)[number]

/** Every method @throws AppError `coverage_unavailable` (try again), or `coverage_mismatch`: it answered with something odd or with
 *  somebody else; nothing was sent, and people must look (do not try again). */
export interface CoverageDirectory {
  /** For verified members. @returns undefined when nothing is on file. */
  find(request: FindRequest): Promise<Found | undefined>
  /** Finds the invitation and sends the mail that fits the case, to the address on file; nothing for an unknown address.
   *  Does the same amount of work for unknown addresses, and under `hold` (no timing oracle).
   *  @throws also AppError `mail_unavailable` (try again), `mail_refused` (do not). */
  resend(request: ResendRequest): Promise<Receipt>
  link(request: LinkRequest): Promise<Linked>
  close(): Promise<void>
}
