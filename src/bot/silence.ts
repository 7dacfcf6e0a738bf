/** A member who says nothing more. One timer watches a conversation, however much is said: it is set again only when it is over. */
import { idleOf } from '../dialog/expect.ts'
import type { Trees } from '../dialog/types.ts'
import { entryOf } from './adapter.ts'
import type { Turn } from './turn.ts'

/** Sets the timer when a question stands that wants one, and none is set. */
export function watchSilence({ context, draft }: Turn, trees: Trees): void {
  const { state, conversationId } = draft
  const seconds = idleOf(trees, state.dialog)
  // Who only opened the chat is not asked whether they are still there.
  if (state.owner !== 'bot' || state.idleDue !== undefined || state.heardAt === '' || seconds === 0) return
  const dueAt = Date.parse(state.heardAt) + seconds * 1000
  state.idleDue = new Date(dueAt).toISOString()
  const id = `timer:${entryOf(context).activity.id}:idle`
  draft.work.push({ id, kind: 'timer', conversationId, dueAt, payload: { ref: 'idle' } })
}

/** The timer is over. @returns true when the member has said nothing for as long as the question allows. */
export function endSilence({ draft }: Turn, trees: Trees): boolean {
  const { state, now } = draft
  delete state.idleDue
  const seconds = idleOf(trees, state.dialog)
  return state.owner === 'bot' && seconds > 0 && now.getTime() >= Date.parse(state.heardAt) + seconds * 1000
}
