import { randomUUID } from 'node:crypto'
import { type Activity, HandoffEventNames, type Middleware, type TurnContext } from 'botbuilder'
import { move } from '../conversation/state.ts'
import type { Draft } from '../conversation/turn.ts'
import { LOCALE_EVENT, parseLocale } from '../wire/activity.ts'
import { draftOf, entryOf } from './adapter.ts'

/** Takes the language from the switch of the member's client; a client's own language counts only for the first turn,
 *  when the state is made from it. */
export const localeMiddleware: Middleware = {
  async onTurn(context: TurnContext, next: () => Promise<void>): Promise<void> {
    const { state } = draftOf(context)
    const { activity, origin } = entryOf(context)
    const chosen =
      activity.name === LOCALE_EVENT && origin === 'member' ? parseLocale(localeOf(activity.value)) : undefined
    if (chosen) Object.assign(state, { locale: chosen, localeChosen: true })
    await next()
  },
}

function localeOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'locale' in value ? value.locale : undefined
}

/** Where the Bot Framework handoff protocol meets our own queue: an initiation that the bot sends makes the conversation
 *  wait for a person. The events stay in the log for the desk; members' clients are not shown them. */
export const handoffMiddleware: Middleware = {
  async onTurn(context: TurnContext, next: () => Promise<void>): Promise<void> {
    context.onSendActivities(async (ctx, activities, send) => {
      for (const activity of activities) {
        if (activity.name === HandoffEventNames.InitiateHandoff) startWaiting(draftOf(ctx), activity)
      }
      return send()
    })
    await next()
  },
}

function startWaiting(draft: Draft, activity: Partial<Activity>): void {
  const at = draft.now.toISOString()
  const reason = typeof activity.value?.reason === 'string' ? activity.value.reason : 'member_asked'
  const id = randomUUID()
  move(draft.state, 'waiting')
  draft.state.handoff = { id, requestedAt: at, reason, toldAt: at }
  activity.value = { ...activity.value, handoffId: id }
}
