/** What goes over the wire, as `docs/coverage-api.yaml` says it; a test keeps the two equal. Fields that are not named here are not
 *  read: whatever else a system answers (names, codes) goes no further than the parser. */
import { z } from 'zod'
import { LOCALES } from '../../wire/activity.ts'
import { CASES, LINKS } from '../directory.ts'
import { REGIONS, STATUSES } from '../records.ts'

const id = z.string().min(1).max(200)
/** What a host page may call an account, see `docs/identity.md`. */
const member = z.string().min(1).max(256)
const email = z.string().min(3).max(254)

const invitation = z.object({
  id,
  email,
  status: z.enum(STATUSES),
  relation: z.enum(['own', 'family']),
  region: z.enum(REGIONS),
  member: member.optional(),
})
export type WireInvitation = z.infer<typeof invitation>

/** By the path under COVERAGE_URL. */
export const OPERATIONS = {
  find: {
    request: z.object({ email, member: member.optional() }),
    answer: z.discriminatedUnion('found', [
      z.object({ found: z.literal(false) }),
      z.object({ found: z.literal(true), invitation }),
    ]),
  },
  resend: {
    request: z.object({ invitation: id, email, case: z.enum(CASES), locale: z.enum(LOCALES) }),
    answer: z.object({ sent: z.literal(true), invitation: id, email }),
  },
  link: {
    request: z.object({ member, email }),
    answer: z.object({ result: z.enum(LINKS), member, email }),
  },
} as const

export type Operation = keyof typeof OPERATIONS
export type RequestOf<O extends Operation> = z.infer<(typeof OPERATIONS)[O]['request']>
export type AnswerOf<O extends Operation> = z.infer<(typeof OPERATIONS)[O]['answer']>
