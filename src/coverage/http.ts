/** Coverage directory of a provider's own system, over HTTP: `docs/coverage-api.yaml`. That system holds the codes and sends the
 *  mails; here it is checked that it speaks of whom it was asked, and the case is decided. */
import { createHash } from 'node:crypto'
import type { CoverageTarget } from '../config-coverage.ts'
import { AppError, codeOf } from '../errors.ts'
import { parseEmail } from '../language/email.ts'
import type { Log } from '../log.ts'
import type { Budget } from '../work/limits.ts'
import { caseOf, RECEIPT_OF } from './cases.ts'
import type { Case, CoverageDirectory, Person } from './directory.ts'
import { createClient, TIMING, type Timing } from './http/client.ts'
import { mismatch } from './http/faults.ts'
import type { AnswerOf, WireInvitation } from './http/wire.ts'

export interface HttpCoverageOptions {
  target: CoverageTarget
  /** Asked before each mail that is really sent. */
  budget: Budget
  log: Log
  /** Tests are quicker. */
  timing?: Partial<Timing>
}

/** Asked for what is not an address: nobody's, so that the work is the same. */
const NOBODY = 'nobody@sesame.invalid'

export function createHttpCoverage({ target, budget, log, timing }: HttpCoverageOptions): CoverageDirectory {
  const client = createClient({ target, log, timing: { ...TIMING, ...timing } })

  async function lookUp(person: Person): Promise<WireInvitation | undefined> {
    const asked = toAsked(person)
    return checkFound(asked, await client.call('find', asked))
  }

  return {
    find: (request) =>
      reported(log, 'find', async () => {
        const found = await lookUp(request)
        return found && { case: caseIn(found, request.region), email: found.email, region: found.region }
      }),
    resend: (request) =>
      reported(log, 'resend', async () => {
        const found = await lookUp(request)
        if (!found || request.hold) {
          // As many calls as for a mail that goes out: whoever waits for the worker can't tell them apart.
          await budget.pretend(request.id)
          await client.call('find', toAsked(request))
          return found ? 'limited' : 'unknown'
        }
        const which = caseIn(found, request.region)
        const mail = { invitation: found.id, email: found.email, case: which, locale: request.locale }
        await budget.take(request.id)
        checkSame(mail, await client.call('resend', mail, request.id))
        return RECEIPT_OF[which]
      }),
    link: ({ id, member, email }) =>
      reported(log, 'link', async () => {
        const proven = parseEmail(email)
        if (proven === undefined || member === '') return 'unknown'
        const { result, ...about } = await client.call('link', { member, email: proven }, linkKey(id, proven))
        checkSame({ member, email: proven }, about)
        return result
      }),
    async close() {
      client.close()
    },
  }
}

/** One work item may try several addresses, and each of them is another request. */
function linkKey(id: string, email: string): string {
  return createHash('sha256').update(`link ${id} ${email}`).digest('hex').slice(0, 32)
}

function toAsked({ email, member }: Person): Person {
  return { email: parseEmail(email) ?? NOBODY, ...(member ? { member } : {}) }
}

/** Only what was asked for: the account's own invitation, or that of this very address.
 *  @returns with the address as `parseEmail` gives it. @throws AppError `coverage_mismatch`. */
function checkFound(asked: Person, answer: AnswerOf<'find'>): WireInvitation | undefined {
  if (!answer.found) return undefined
  const { invitation } = answer
  const email = parseEmail(invitation.email)
  if (email === undefined) throw mismatch({ why: 'address' })
  const isOfMember = asked.member !== undefined && invitation.member === asked.member
  if (!isOfMember && email !== asked.email)
    throw mismatch({ why: asked.member === undefined ? 'other_address' : 'other_member' })
  return { ...invitation, email }
}

/** The system did it for whom it was asked to. Address by `parseEmail`, everything else to the letter. */
function checkSame(
  asked: { invitation?: string; member?: string; email: string },
  done: { invitation?: string; member?: string; email: string },
): void {
  if (done.invitation !== asked.invitation) throw mismatch({ why: 'other_invitation' })
  if (done.member !== asked.member) throw mismatch({ why: 'other_member' })
  if (parseEmail(done.email) !== asked.email) throw mismatch({ why: 'other_address' })
}

function caseIn({ status, region, relation }: WireInvitation, named: string | undefined): Case {
  return caseOf({ status, region, isFamily: relation === 'family' }, named)
}

/** What people must look at is told at once; outages are told by the client. */
async function reported<T>(log: Log, operation: string, use: () => Promise<T>): Promise<T> {
  try {
    return await use()
  } catch (error) {
    if (error instanceof AppError && codeOf(error) === 'coverage_mismatch')
      log.error({ ...error.facts, operation }, 'coverage.mismatch')
    throw error
  }
}
