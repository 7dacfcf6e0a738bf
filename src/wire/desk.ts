/** The JSON shapes between `/desk/api` and the console. No imports but types of this folder. */
import type { Activity, Locale, Owner } from './activity.ts'

export interface AgentRef {
  id: string
  name: string
}

/** `agent` sees what is theirs, and enough of what waits to take it; `lead` sees all and may take over. */
export const ROLES = ['agent', 'lead'] as const
export type Role = (typeof ROLES)[number]

export function parseRole(value: unknown): Role | undefined {
  return ROLES.find((role) => role === value)
}

/** `GET /desk/api/session`, and the answer to signing in. */
export interface Session {
  agent: AgentRef
  role: Role
  /** False until the agent chose a password (signed in by link). */
  hasPassword: boolean
  /** A password alone does not sign them in: the number of their app has to come with it. */
  hasSecondStep: boolean
  /** Nothing of the desk is shown before there is a second step. */
  mustSetSecondStep?: true
}

/** `POST /desk/api/second-step`: a secret for an app, shown once. `sealed` goes back with the app's first number. */
export interface SecondStepOffer {
  sealed: string
  /** Base32. */
  secret: string
  /** `otpauth:`. */
  uri: string
}

/** One line of the queue, emergencies first, then the oldest request. Times are ISO 8601 UTC. */
export interface QueueItem {
  conversationId: string
  /** Short name for people, e.g. "K7QX"; not a secret, not an address. */
  ticket: string
  owner: Extract<Owner, 'waiting' | 'agent'>
  locale: Locale
  requestedAt: string
  /** Why a person was asked for: a key of `desk:reasons`, e.g. "member_asked"; "crisis": the person may be in danger. May change.
   *  Absent when it is a colleague's affair; danger is everybody's. */
  reason?: string
  /** Who owns it, when claimed. */
  agent?: AgentRef
  /** Name of the agent whose console was gone, until it is claimed again: then it stands before who asked later. */
  lostBy?: string
}

/** One step of the member's way through the trees, in words of the console's language. */
export interface Step {
  at: string
  /** The tree's title. */
  dialog: string
  /** `"<dialog>.<node>"`. */
  node: string
  /** What the member chose there, as the button said; absent for typed answers. */
  choice?: string
}

/** An address the member gave, masked (`c•••@e•••.com`). */
export interface TriedAddress {
  masked: string
  at: string
  /** What became of the resend, a key of `desk:receipts`; absent while under way. */
  receipt?: string
}

/** What the member was asked for the agent's sake (family cases): label and answer, addresses masked. */
export interface Answer {
  label: string
  value: string
}

/** Who the member is known to be at this moment (`docs/identity.md`). */
export interface Known {
  /** The host page vouches for their account. */
  account: boolean
  /** Addresses that are proven to be theirs, masked. */
  addresses: string[]
}

export interface Summary {
  steps: Step[]
  /** Absent: this could be anybody, who must not learn from the desk what the bot keeps to itself. */
  known?: Known
  addresses: TriedAddress[]
  answers: Answer[]
  /** Set once the member rated: 'good' | 'fair' | 'bad'. */
  feedback?: { rating: string; comment?: string }
}

/** `all`; of a request that waits `request`: what it is about, without a word of the member's; of a colleague's `taken`: who has it. */
export type Access = 'all' | 'request' | 'taken'

/** `GET /desk/api/conversations/{id}?locale=fr`. Lists that the agent may not see are empty. */
export interface ConversationView {
  conversationId: string
  access: Access
  ticket: string
  owner: Owner
  locale: Locale
  /** Fencing token of the present claim; every command of the owner carries it back. */
  epoch: number
  agent?: AgentRef
  requestedAt?: string
  reason?: string
  lostBy?: string
  summary: Summary
  /** Messages only (member, bot, agent, system), addresses in texts masked. */
  activities: Activity[]
  watermark: string
}

/** Why an agent needs addresses in full; keys of `desk:reveal.reasons`. Stands in the audit. */
export const REVEAL_REASONS = ['confirm_address', 'find_record', 'fix_record', 'link_family'] as const
export type RevealReason = (typeof REVEAL_REASONS)[number]

/** Every command's answer when it was accepted. */
export interface CommandDone {
  owner: Owner
  epoch: number
}

/** RFC 9457 problem details; `code` is stable, `title` is for people. */
export interface Problem {
  type: string
  title: string
  status: number
  code: string
  /** Set on `claim_lost`: who won. */
  by?: string
  /** Set on `bad_request`: what was wrong, for developers. */
  detail?: string
}

/** Frames of `/desk/api/stream`: hints only. Read the queue or the conversation again when one comes. */
export type DeskHint = { type: 'queue' } | { type: 'conversation'; conversationId: string }

/** One mail or task that could not be done after all retries. */
export interface DeadLetter {
  id: string
  kind: string
  conversationId: string
  failedAt: string
  attempts: number
  /** Error code, e.g. `mail_refused`. */
  code: string
}
