/** Puts one of the member's messages into the conversation, getting a new token or conversation where it must. */
import { LOCALE_EVENT, LOCALE_TAGS } from '../../src/wire/activity.ts'
import type { Access } from './access.ts'
import { CallFailure, type DirectLine, type Outgoing } from './directline.ts'
import type { Credentials, Pending } from './kept.ts'

function activityOf(pending: Pending, held: Credentials): Outgoing {
  const from = { id: held.userId, role: 'user' as const }
  const base = { from, locale: LOCALE_TAGS[pending.locale], channelData: { clientActivityID: pending.id } }
  if (pending.kind === 'message') return { ...base, type: 'message', text: pending.text }
  return { ...base, type: 'event', name: LOCALE_EVENT, value: { locale: pending.locale } }
}

/**
 * @param reconnect reads the conversation that is valid now.
 * @returns a function that answers with the activity's id, or throws `CallFailure`; a passing one when the
 * conversation was replaced, so that the message goes to the new one.
 */
export function createDelivery(line: DirectLine, access: Access, reconnect: () => void) {
  async function post(pending: Pending): Promise<string> {
    const held = await access.ensure()
    if (!held.started) {
      reconnect()
      throw new CallFailure(0, 'not_started')
    }
    return (await line.post(held.token, held.conversationId, activityOf(pending, held))).id
  }

  return async (pending: Pending): Promise<string> => {
    try {
      return await post(pending)
    } catch (error) {
      if (!(error instanceof CallFailure)) throw error
      if (error.status === 404) {
        access.lose()
        reconnect()
        throw new CallFailure(0, error.code)
      }
      if (!error.isDenied) throw error
      access.distrust()
      return post(pending)
    }
  }
}
