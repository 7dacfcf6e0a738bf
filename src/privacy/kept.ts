/** All that is kept of a conversation, and in which conversations an address stands. No index of addresses is kept: all of them are
 *  read, page by page. */
import type { LogEntry, Store, WorkItem, WorkReceipt } from '../conversation/store.ts'
import { emailSpans, findEmail, meantSpans } from '../language/email.ts'

/** What a store can give beside `Store`, for the commands alone. */
export interface WorkReader {
  /** What a conversation has still to be done, in no order. */
  workOf(conversationId: string): Promise<WorkItem[]>
}

export type KeptStore = Store & WorkReader

export interface Kept {
  conversationId: string
  entries: LogEntry[]
  state: unknown
  work: WorkItem[]
  receipts: WorkReceipt[]
}

/** What is kept of an address beside conversations. */
export interface KeptInvitation {
  /** As it stands in the file, without its code. */
  row: Readonly<Record<string, unknown>>
  /** Invitations of others that name this address as the one they were invited through. */
  family: number
}

/** Rows of a file, which is then written anew without them. `scrubbed` false: another process kept it from that. */
export interface Erased {
  count: number
  scrubbed: boolean
}

export interface AddressFiles {
  invitation(): Promise<KeptInvitation | undefined>
  eraseInvitation(): Promise<Erased>
  /** Mails to this address, and mails that name it. */
  eraseMails(): Promise<Erased>
}

/** Conversations named at once, and entries read at once. */
const PAGE = 200

/** @returns undefined when there is no such conversation (any more). */
export async function readKept(store: KeptStore, conversationId: string): Promise<Kept | undefined> {
  const loaded = await store.load(conversationId)
  if (!loaded) return undefined
  const entries: LogEntry[] = []
  for (;;) {
    const page = await store.read(conversationId, entries.at(-1)?.seq ?? 0, PAGE, 'desk')
    entries.push(...page)
    if (page.length < PAGE) break
  }
  const [work, receipts] = await Promise.all([store.workOf(conversationId), store.receipts(conversationId)])
  return { conversationId, entries, state: loaded.state ?? null, work, receipts }
}

/** Every conversation that holds this address. @param email as `parseEmail` gives it. @param onRead told how many were read so far. */
export async function* conversationsWith(
  store: KeptStore,
  email: string,
  onRead: (count: number) => void = () => {},
): AsyncGenerator<Kept> {
  let read = 0
  for (let cursor: string | undefined; ; ) {
    const { ids, next } = await store.list(cursor, PAGE)
    for (const id of ids) {
      const kept = await readKept(store, id)
      onRead(++read)
      if (kept && holdsAddress(kept, email)) yield kept
    }
    if (next === undefined) return
    cursor = next
  }
}

/** Whether an address stands anywhere in a value, in whatever way it may be written. */
export function holdsAddress(value: unknown, email: string): boolean {
  if (typeof value === 'string') return addressesIn(value).includes(email)
  if (typeof value !== 'object' || value === null) return false
  return Object.values(value).some((one) => holdsAddress(one, email))
}

/** Well formed ones, and those that are split or said in words. */
function addressesIn(text: string): string[] {
  const meant = meantSpans(text).flatMap(({ start, end }) => findEmail(text.slice(start, end))?.email ?? [])
  return [...emailSpans(text).map(({ email }) => email), ...meant]
}
