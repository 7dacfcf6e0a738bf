/** Port to the provider's coverage system. It never gives an access code to its caller: a code leaves only in a mail
 *  to the address on file, which the directory has sent itself. */
import type { Locale } from '../wire/activity.ts'

export interface ResendRequest {
  /** Stable id of the work item; the mail's Message-ID is made of it, so a repeat is the same mail. */
  id: string
  /** What the member typed, parsed: lower case, one addr-spec. */
  email: string
  /** Region the member says their account is in (`CA-QC`), if they said so. */
  region?: string
  /** Language of the conversation, used when the record names none. */
  locale: Locale
}

/** What became of a request, for agents only; never a word of it reaches the chat. */
export const RECEIPTS = [
  'code_sent',
  'already_registered',
  'other_region',
  'family',
  'expired',
  'unknown',
  'repeated',
] as const
export type Receipt = (typeof RECEIPTS)[number]

export interface CoverageDirectory {
  /** Finds the invitation for the address and sends the mail that fits the case; nothing for an unknown address.
   *  Does the same amount of work for unknown addresses (no timing oracle).
   *  @throws AppError `coverage_unavailable` or `mail_unavailable` (try again), `mail_refused` (do not). */
  resend(request: ResendRequest): Promise<Receipt>
}
