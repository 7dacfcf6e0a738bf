/** One HTTP exchange that can't last, grow or lead elsewhere: a deadline for all of it, a limit on what is read, no redirects. */
import { mismatch, networkReason, Outage } from './faults.ts'

/** Longest answer, bytes. Ours have a few hundred. */
const MOST_BYTES = 65_536

export interface Deadline {
  readonly signal: AbortSignal
  /** Why it ended, while it is over. */
  reason(): string
}

export interface Deadlines {
  /** Runs `use` with so many milliseconds. */
  within<T>(ms: number, use: (deadline: Deadline) => Promise<T>): Promise<T>
  /** Ends all that is under way, and all that may still come. */
  close(): void
}

export function createDeadlines(): Deadlines {
  const open = new Set<AbortController>()
  let closed = false
  return {
    async within(ms, use) {
      if (closed) throw new Outage('no', { why: 'closed' })
      const control = new AbortController()
      const timer = setTimeout(() => control.abort(), ms)
      open.add(control)
      try {
        return await use({ signal: control.signal, reason: () => (closed ? 'closed' : 'timeout') })
      } finally {
        clearTimeout(timer)
        open.delete(control)
      }
    },
    close() {
      closed = true
      for (const control of open) control.abort()
    },
  }
}

/** @returns the answer, whatever its status; its body is not read yet. @throws Outage. */
export async function exchange(url: URL, init: RequestInit, deadline: Deadline): Promise<Response> {
  return guarded(deadline, () => fetch(url, { ...init, redirect: 'manual', signal: deadline.signal }))
}

/** @returns the whole body. @throws Outage when it breaks off, AppError `coverage_mismatch` when it has more than 64 KiB or is not
 *  UTF-8. */
export async function readBody(answer: Response, deadline: Deadline): Promise<string> {
  const chunks = await guarded(deadline, () => readChunks(answer))
  if (!chunks) throw mismatch({ why: 'too_large' })
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
  } catch {
    throw mismatch({ why: 'not_text' })
  }
}

/** Lets go of a body that nobody reads. */
export async function discard(answer: Response): Promise<void> {
  await answer.body?.cancel().catch(() => undefined)
}

/** @returns undefined when there is more than may be; the rest is not read. */
async function readChunks(answer: Response): Promise<Uint8Array[] | undefined> {
  const chunks: Uint8Array[] = []
  let size = 0
  // Leaving the loop cancels the body, and with it the connection.
  for await (const chunk of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length
    if (size > MOST_BYTES) return undefined
    chunks.push(chunk)
  }
  return chunks
}

async function guarded<T>(deadline: Deadline, use: () => Promise<T>): Promise<T> {
  try {
    return await use()
  } catch (error) {
    if (!deadline.signal.aborted) throw new Outage('soon', { why: networkReason(error) })
    const why = deadline.reason()
    throw new Outage(why === 'closed' ? 'no' : 'soon', { why })
  }
}
