/** Drafts and replies under way. The same `clientActivityID` on every try makes a reply arrive once. */
import type { CommandDone } from '../../src/wire/desk.ts'
import { ApiError, conversationPath, post } from './api.ts'
import type { Desk } from './desk.ts'
import type { Outgoing } from './kept.ts'
import type { Notice } from './state.ts'

export type Replies = ReturnType<typeof createReplies>

export function createReplies({ cell, reading, keepReplies, onFault }: Desk) {
  function setDraft(id: string, text: string): void {
    cell.set({ drafts: { ...cell.get().drafts, [id]: text } })
    keepReplies()
  }

  function change(id: string, edit: (list: Outgoing[]) => Outgoing[]): void {
    const { outbox } = cell.get()
    cell.set({ outbox: { ...outbox, [id]: edit(outbox[id] ?? []) } })
    keepReplies()
  }

  const mark = (id: string, key: string, status: Outgoing['status']) =>
    change(id, (list) => list.map((o) => (o.clientActivityID === key ? { ...o, status } : o)))
  const drop = (id: string, key: string) => change(id, (list) => list.filter((o) => o.clientActivityID !== key))

  async function deliver(id: string, { clientActivityID, text }: Outgoing): Promise<void> {
    const epoch = cell.get().view?.conversationId === id ? (cell.get().view?.epoch ?? 0) : 0
    mark(id, clientActivityID, 'sending')
    try {
      await post<CommandDone>(conversationPath(id, '/messages'), { clientActivityID, text, epoch })
      mark(id, clientActivityID, 'sent')
    } catch (error) {
      refused(id, { clientActivityID, text }, error)
    }
    await reading.conversation()
  }

  /** A reply that lost its claim, or that has a code in it, goes back into the draft: sent again as it is, it would be refused
   *  again, and the words are the agent's. */
  function refused(id: string, { clientActivityID, text }: { clientActivityID: string; text: string }, error: unknown) {
    onFault(error)
    const notice = whyRefused(error)
    if (!notice) return mark(id, clientActivityID, 'failed')
    drop(id, clientActivityID)
    setDraft(id, [text, cell.get().drafts[id]].filter(Boolean).join('\n'))
    cell.set({ notice })
    if (notice.key !== 'codeInText') void reading.queue()
  }

  return {
    setDraft,
    drop,
    /** Sends the draft of the open conversation. */
    send(id: string): void {
      const text = (cell.get().drafts[id] ?? '').trim()
      if (text === '' || !cell.get().online) return
      const outgoing: Outgoing = {
        clientActivityID: freshId(),
        text,
        at: new Date().toISOString(),
        status: 'sending',
      }
      change(id, (list) => [...list, outgoing])
      setDraft(id, '')
      void deliver(id, outgoing)
    },
    retry(id: string, outgoing: Outgoing): void {
      void deliver(id, outgoing)
    },
  }
}

/** @returns undefined for a fault that trying again may mend. */
function whyRefused(error: unknown): Notice | undefined {
  if (!(error instanceof ApiError)) return undefined
  if (error.code === 'code_in_text') return { kind: 'bad', key: 'codeInText', values: {} }
  if (error.status !== 409) return undefined
  const { by } = error
  return by === undefined
    ? { kind: 'bad', key: 'claimStale', values: {} }
    : { kind: 'bad', key: 'claimStaleBy', values: { name: by } }
}

/** 128 random bits. Not `randomUUID`: pages served without HTTPS do not have it. */
function freshId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('')
}
