import {
  ActivityTypes,
  type Activity as BotActivity,
  BotAdapter,
  type ConversationReference,
  type Middleware,
  MiddlewareSet,
  type ResourceResponse,
  TurnContext,
} from 'botbuilder'
import type { LogEntry, NewActivity } from '../conversation/store.ts'
import type { Draft } from '../conversation/turn.ts'
import { AppError } from '../errors.ts'
import type { ChannelData, QuickReply } from '../wire/activity.ts'

/** Where a turn's draft and the entry it answers stand in `context.turnState`. */
export const DRAFT = Symbol('draft')
export const ENTRY = Symbol('entry')

export const BOT_ID = 'sesame'

export const draftOf = (context: TurnContext): Draft => context.turnState.get(DRAFT)
export const entryOf = (context: TurnContext): LogEntry => context.turnState.get(ENTRY)

/** Runs one entry of the log through botbuilder. What the bot sends is kept in the draft; nothing leaves the process. */
export class TurnAdapter extends BotAdapter {
  readonly #botName: string
  readonly #middleware: MiddlewareSet

  constructor(botName: string, ...middleware: Middleware[]) {
    super()
    this.#botName = botName
    this.#middleware = new MiddlewareSet(...middleware)
  }

  async runEntry(draft: Draft, entry: LogEntry, logic: (context: TurnContext) => Promise<void>): Promise<void> {
    const context = new TurnContext(this, toBotActivity(entry, this.#botName))
    context.turnState.set(DRAFT, draft)
    context.turnState.set(ENTRY, entry)
    // Not `runMiddleware`: its proxy around the context took a fifth of a turn, to guard against use after it.
    await this.#middleware.run(context, () => logic(context))
  }

  override async sendActivities(context: TurnContext, activities: Partial<BotActivity>[]): Promise<ResourceResponse[]> {
    const draft = draftOf(context)
    for (const activity of activities) {
      const audience = activity.type === ActivityTypes.Message ? 'all' : 'desk'
      const origin = activity.channelData?.author === 'agent' ? 'agent' : 'bot'
      draft.entries.push({ origin, audience, activity: this.#toLog(draft, entryOf(context), activity) })
    }
    return activities.map(() => ({ id: '' }))
  }

  override updateActivity(): Promise<undefined> {
    throw new AppError('internal', { unsupported: 'updateActivity' })
  }

  override deleteActivity(): Promise<void> {
    throw new AppError('internal', { unsupported: 'deleteActivity' })
  }

  override continueConversation(_reference: Partial<ConversationReference>): Promise<void> {
    throw new AppError('internal', { unsupported: 'continueConversation' })
  }

  /** The fields of the wire only; the author decides whose name stands on it. */
  #toLog(draft: Draft, entry: LogEntry, activity: Partial<BotActivity>): NewActivity {
    const data: ChannelData = activity.channelData ?? {}
    const agent = data.author === 'agent' ? draft.state.handoff?.agent : undefined
    // Replies of one turn keep their order for clients that sort by time.
    const timestamp = new Date(draft.now.getTime() + draft.entries.length).toISOString()
    return {
      type: activity.type ?? ActivityTypes.Message,
      timestamp,
      channelId: 'directline',
      conversation: { id: draft.conversationId },
      from: agent
        ? { id: `agent:${agent.id}`, name: agent.name, role: 'bot' }
        : { id: BOT_ID, name: this.#botName, role: 'bot' },
      ...kept(activity),
      // Clients hold a reply back until they have seen what it answers: name only what they are shown.
      ...(entry.audience === 'all' || activity.type !== ActivityTypes.Message ? { replyToId: entry.activity.id } : {}),
      channelData: { author: 'bot', ...data, owner: draft.state.owner },
    }
  }
}

function kept(activity: Partial<BotActivity> | NewActivity): Partial<NewActivity> {
  const { text, locale, name, value, suggestedActions, inputHint } = activity
  return {
    ...(text === undefined ? {} : { text, textFormat: 'plain' as const }),
    ...(locale === undefined ? {} : { locale }),
    ...(name === undefined ? {} : { name }),
    ...(value === undefined ? {} : { value }),
    ...(inputHint === undefined ? {} : { inputHint }),
    ...(suggestedActions ? { suggestedActions: { actions: suggestedActions.actions as QuickReply[] } } : {}),
  }
}

/** The SDK asks for fields that our log does not keep; `said` is what the handlers read. */
function toBotActivity({ activity }: LogEntry, botName: string): Partial<BotActivity> {
  const bot = { id: BOT_ID, name: botName }
  const from = { name: '', ...activity.from }
  return {
    ...kept(activity),
    type: activity.type,
    id: activity.id,
    channelId: activity.channelId,
    conversation: { id: activity.conversation.id, isGroup: false, conversationType: '', name: '' },
    from,
    recipient: bot,
    serviceUrl: 'urn:sesame:log',
  } as Partial<BotActivity>
}
