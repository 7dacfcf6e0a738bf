/** A member's wish to see or erase what is kept: of an address, wherever it stands, or of one conversation. */
import type { LimitKeys } from '../work/limits.ts'
import type { Audit } from './audit.ts'
import { type AddressFiles, conversationsWith, type Kept, type KeptStore, readKept } from './kept.ts'

/** `email` as `parseEmail` gives it. */
export type Subject = { email: string } | { conversationId: string }

export interface Requests {
  store: KeptStore
  audit: Audit
  limits: LimitKeys
  files(email: string): AddressFiles
  now(): number
  /** Told how many conversations were read so far. */
  onRead?(count: number): void
}

/** What a file of the service may still hold, because something kept it from being written anew. */
export type Unscrubbed = 'store' | 'mailbox' | 'coverage'

export interface ErasedAll {
  conversations: number
  mails: number
  invitations: number
  /** Invitations of others that name the address as the one they were invited through: they stay. */
  family: number
  unscrubbed: Unscrubbed[]
}

/** Writes it as JSON, piece by piece, after the export was recorded. @returns how many conversations. */
export async function exportKept(o: Requests, subject: Subject, write: (json: string) => void): Promise<number> {
  await record(o, 'export', subject)
  let count = 0
  write(`{"exportedAt":${JSON.stringify(new Date(o.now()).toISOString())},"of":${JSON.stringify(nameOf(subject))}`)
  write(',"conversations":[')
  for await (const kept of conversationsOf(o, subject))
    write(`${count++ > 0 ? ',' : ''}\n${JSON.stringify(shown(kept))}`)
  write('\n]')
  const invitation = 'email' in subject ? await o.files(subject.email).invitation() : undefined
  if (invitation) write(`,"invitation":${JSON.stringify(invitation.row)}`)
  write('}\n')
  return count
}

/** Numbers and senders are in the activities; the log's own marks say who was shown what. */
function shown({ conversationId, entries, state, work, receipts }: Kept) {
  const activities = entries.map(({ audience, activity }) => ({ audience, ...activity }))
  return { conversationId, activities, state, work, receipts }
}

/** Records it, erases, and makes what was erased unreadable. Doing it again, after it was broken off, does the rest. */
export async function eraseKept(o: Requests, subject: Subject, withInvitation: boolean): Promise<ErasedAll> {
  await record(o, 'erase', subject)
  let conversations = 0
  for await (const { conversationId } of conversationsOf(o, subject)) {
    if (await o.store.erase(conversationId)) conversations++
    await o.store.clear(o.limits.ofConversation(conversationId))
  }
  const beside = 'email' in subject ? await eraseBeside(o, subject.email, withInvitation) : NOTHING
  const unscrubbed: Unscrubbed[] = (await o.store.scrub()) ? beside.unscrubbed : ['store', ...beside.unscrubbed]
  return { ...beside, conversations, unscrubbed }
}

const NOTHING = { mails: 0, invitations: 0, family: 0, unscrubbed: [] as Unscrubbed[] }

async function eraseBeside(o: Requests, email: string, withInvitation: boolean): Promise<typeof NOTHING> {
  for (const key of o.limits.allOf(email)) await o.store.clear(key)
  const files = o.files(email)
  const mails = await files.eraseMails()
  const family = (await files.invitation())?.family ?? 0
  const invitations = withInvitation ? await files.eraseInvitation() : { count: 0, scrubbed: true }
  const unscrubbed: Unscrubbed[] = []
  if (!mails.scrubbed) unscrubbed.push('mailbox')
  if (!invitations.scrubbed) unscrubbed.push('coverage')
  return { mails: mails.count, invitations: invitations.count, family, unscrubbed }
}

async function* conversationsOf({ store, onRead }: Requests, subject: Subject): AsyncGenerator<Kept> {
  if ('email' in subject) return yield* conversationsWith(store, subject.email, onRead)
  const kept = await readKept(store, subject.conversationId)
  if (kept) yield kept
}

const nameOf = (subject: Subject): string => ('email' in subject ? subject.email : subject.conversationId)

function record({ audit }: Requests, action: 'export' | 'erase', subject: Subject): Promise<void> {
  const named = 'email' in subject ? audit.subjectOf(subject.email) : subject.conversationId
  return audit.record('audit', { actor: 'command', action, subject: named })
}
