import { EVENTS } from '../conversation/events.ts'
import type { LogEntry } from '../conversation/store.ts'
import type { Advance } from '../conversation/turn.ts'
import type { Trees } from '../dialog/types.ts'
import type { Hours } from '../hours.ts'
import { type CommandPhrases, createLanguage } from '../language/commands.ts'
import type { Classifier } from '../language/intents/model.ts'
import type { Resources, Texts } from '../language/texts.ts'
import { BOT_ID, TurnAdapter } from './adapter.ts'
import { createHandlers } from './handlers.ts'
import { handoffMiddleware, localeMiddleware } from './middleware.ts'
import { SupportBot, sorry, type Trace } from './support-bot.ts'
import { createUnderstanding } from './understand.ts'

/** What authors write, read and checked. */
export interface Content {
  trees: Trees
  texts: Texts
  resources: Resources
  classifier: Classifier
}

export interface BotOptions {
  /** When people answer; always, without it. */
  hours?: Hours
  trace?: Trace
}

/** The bot as the turn sees it: botbuilder's adapter, middleware and handler, put together. */
export function createBot({ trees, texts, resources, classifier }: Content, options: BotOptions = {}): Advance {
  const name = texts.say('fr', 'common:bot_name')
  const adapter = new TurnAdapter(name, localeMiddleware, handoffMiddleware)
  const handlers = createHandlers(trees, texts)
  const language = createLanguage({
    fr: resources.fr.commands as CommandPhrases,
    en: resources.en.commands as CommandPhrases,
  })
  const canAsk = (intent: string) => handlers.get(intent)?.guess !== undefined
  const understanding = createUnderstanding({ texts, language, classifier, canAsk })
  const bot = new SupportBot({ trees, texts, understanding, handlers, ...options })
  return {
    run: (draft, entry) => adapter.runEntry(draft, entry, (context) => bot.run(context)),
    apologise: (draft, entry) => apologise(texts, name, draft, entry),
  }
}

type Apologise = Parameters<Advance['apologise']>[0]

/** Goes round the handler: whatever broke there must not break this. */
function apologise(texts: Texts, name: string, draft: Apologise, { seq, activity }: LogEntry): void {
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
        replyToId: activity.id,
        channelData: { ...channelData, owner: draft.state.owner },
        suggestedActions: { actions: (suggestedActions?.actions ?? []) as never },
      },
    },
  )
}
