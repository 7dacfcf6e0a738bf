/** What `do` nodes may have done: work to be committed with the turn, or something kept. Nothing is looked up here. */
import type { ResultValue } from '../conversation/events.ts'
import { prove, remember, verifiedAs } from '../conversation/state.ts'
import type { WorkItem, WorkKind } from '../conversation/store.ts'
import type { Effect } from '../dialog/types.ts'
import { maskAddress } from '../language/mask.ts'
import { entryOf } from './adapter.ts'
import type { Turn } from './turn.ts'

type With = Readonly<Record<string, string>>
type Run = (turn: Turn, given: With) => void

/** Asked for again within this time, the same number is mailed again, ms. It lives for twice as long. */
const SAME_NUMBER_MS = 5 * 60_000

/** Each of these does nothing without what it needs. */
const RUN = {
  /** Has the code sent again to the address that was typed, if it is on an invitation. */
  resend_code(turn, { email, region }) {
    if (!email) return
    const { state, now } = turn.draft
    const id = addWork(turn, 'resend', { what: 'code', email, region })
    remember(state.tried, { at: now.toISOString(), masked: maskAddress(email), workId: id })
  },
  /** The same, to the address on file of the verified member. */
  resend_file(turn, { region }) {
    if (verified(turn)) addWork(turn, 'mail', { what: 'file', region, ...verified(turn) })
  },
  /** Sends a one-time number to the address, if it is on an invitation. */
  send_number(turn, { email }) {
    if (!email) return
    const { state, now } = turn.draft
    const { proof } = state
    // Two mails with two numbers, of which one works, help nobody; and the second may be one too many to be sent.
    const isYoung = proof?.email === email && now.getTime() - Date.parse(proof.at) < SAME_NUMBER_MS
    const at = isYoung ? proof.at : now.toISOString()
    const id = addWork(turn, 'mail', { what: 'number', email, at, ...(isYoung ? { number: proof.id } : {}) })
    state.proof = isYoung ? proof : { email, id, at }
  },
  check_number(turn, { number = '' }) {
    const { proof } = turn.draft.state
    addWork(turn, 'lookup', { what: 'check', typed: number, email: proof?.email, number: proof?.id, at: proof?.at })
    // It is of no use any more, and nobody else is to read it.
    delete turn.draft.state.dialog.slots.number
  },
  look_up(turn, { region }) {
    addWork(turn, 'lookup', { what: 'find', region, ...verified(turn) })
  },
  link_account(turn) {
    addWork(turn, 'lookup', { what: 'link', ...verified(turn) })
  },
  feedback(turn, { rating, comment }) {
    if (rating) turn.draft.state.feedback = comment === undefined ? { rating } : { rating, comment }
  },
} satisfies Record<string, Run>

export const EFFECTS = Object.keys(RUN) as (keyof typeof RUN)[]

export function runEffect(turn: Turn, { effect, with: given }: Extract<Effect, { do: 'run' }>): void {
  const run: Run | undefined = Object.hasOwn(RUN, effect) ? RUN[effect as keyof typeof RUN] : undefined
  run?.(turn, given)
}

/** Work's answer about a typed number: one that is used up is not sent again. */
export function settleProof({ draft: { state, now } }: Turn, { event, value, proven, number }: ResultValue): void {
  if (event !== 'number' || value === 'wrong') return
  if (proven) prove(state, proven, now)
  if (state.proof?.id === number) delete state.proof
}

/** Addresses of the verified member, separated by blanks, and their account. */
function verified({ draft: { state, now } }: Turn): { emails: string; member?: string } | undefined {
  const person = verifiedAs(state, now)
  return person && { ...person, emails: person.emails.join(' ') }
}

/** @returns the work's id: the same run of the same turn makes the same work. */
function addWork(
  { context, draft }: Turn,
  kind: WorkKind,
  given: Readonly<Record<string, string | undefined>>,
): string {
  const { conversationId, now, state, work } = draft
  const base = `${kind}:${entryOf(context).activity.id}`
  const before = work.filter((one) => one.id.startsWith(base)).length
  const id = before === 0 ? base : `${base}:${before}`
  // A result belongs to the wait that was begun for it, and to no later one.
  const ref = kind === 'lookup' ? state.dialog.waiting?.ref : undefined
  const all = { ...given, ref, locale: state.locale, network: state.network }
  const payload = Object.fromEntries(Object.entries(all).filter((pair) => pair[1] !== undefined)) as WorkItem['payload']
  work.push({ id, kind, conversationId, dueAt: now.getTime(), payload })
  return id
}
