/** Which case an invitation is, decided here whatever system holds it. Pure. */
import type { Case, Receipt } from './directory.ts'
import type { Invitation } from './records.ts'

/** What the decision needs to know. */
export interface CaseFacts extends Pick<Invitation, 'status' | 'region'> {
  isFamily: boolean
}

/** The first that fits, in the order of `CASES`. @param region that the member named, if they named one. */
export function caseOf(invitation: CaseFacts, region: string | undefined): Case {
  if (invitation.status === 'expired') return 'expired'
  if (invitation.status === 'claimed') return 'claimed'
  if (region !== undefined && region !== invitation.region) return 'other_region'
  return invitation.isFamily ? 'family' : 'own'
}

/** What agents are told once the mail of a case was sent. */
export const RECEIPT_OF = {
  own: 'code_sent',
  claimed: 'already_registered',
  other_region: 'other_region',
  family: 'family',
  expired: 'expired',
} as const satisfies Record<Case, Receipt>
