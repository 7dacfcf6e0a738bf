import { EVENTS } from '../conversation/events.ts'
import type { ConversationState } from '../conversation/state.ts'
import type { Advance } from '../conversation/turn.ts'
import { emptyDialog } from '../dialog/step.ts'
import type { Trees } from '../dialog/types.ts'
import type { Texts } from '../language/texts.ts'
import { BOT_ID, TurnAdapter } from './adapter.ts'
import { handoffMiddleware, localeMiddleware } from './middleware.ts'
import { SupportBot, type SupportBotOptions, sorry } from './support-bot.ts'

/** The bot as the turn sees it: botbuilder's adapter, middleware and handler, put together. */
export function createBot(options: SupportBotOptions): Advance {
  const { texts } = options
  const name = texts.say('fr', 'common:bot_name')
  const adapter = new TurnAdapter(name)
  adapter.use(localeMiddleware, handoffMiddleware)
  const bot = new SupportBot(options)
  return {
    run: (draft, entry) => adapter.runEntry(draft, entry, (context) => bot.run(context)),
    apologise(draft, entry) {
      leaveLostPlace(options.trees, draft.state)
      apologise(texts, name, draft, entry.seq)
    },
  }
}

/** Trees change: a place that is no longer in them would fail every turn to come. What was collected stays. */
function leaveLostPlace(trees: Trees, state: ConversationState): void {
  const { stack, back, slots, waits } = state.dialog
  const places = [...stack, ...back.flatMap((earlier) => earlier.stack)]
  const lost = places.some(({ dialog, node }) => !trees.get(dialog)?.nodes.has(node))
  if (lost) state.dialog = { ...emptyDialog(), slots, waits }
}

type Apologise = Parameters<Advance['apologise']>[0]

/** Goes round the handler: whatever broke there must not break this. */
function apologise(texts: Texts, name: string, draft: Apologise, seq: number): void {
  const base = {
    timestamp: draft.now.toISOString(),
    channelId: 'directline' as const,
    conversation: { id: draft.conversationId },
    from: { id: BOT_ID, name, role: 'bot' as const },
  }
  const { text, locale, suggestedActions, channelData } = sorry(texts, draft)
  draft.entries.push(
    { origin: 'bot', audience: 'desk', activity: { ...base, type: 'event', name: EVENTS.dead, value: { seq } } },
    {
      origin: 'bot',
      audience: 'all',
      activity: {
        ...base,
        type: 'message',
        textFormat: 'plain',
        text: text ?? '',
        locale: locale ?? '',
        channelData: { ...channelData, owner: draft.state.owner },
        suggestedActions: { actions: (suggestedActions?.actions ?? []) as never },
      },
    },
  )
}
