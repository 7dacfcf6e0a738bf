import { type Activity, ActivityTypes, InputHints } from 'botbuilder'
import type { Option, Say } from '../dialog/types.ts'
import type { Texts } from '../language/texts.ts'
import { type ChannelData, LOCALE_TAGS, type Locale, type QuickReply } from '../wire/activity.ts'

export type Reply = Partial<Activity>

/** Text keys -> a message with its quick replies. */
export function sayToReply(texts: Texts, locale: Locale, say: Say): Reply {
  const data: ChannelData = { author: 'bot', node: say.node, ...(say.input ? { input: say.input } : {}) }
  return message(texts, locale, texts.say(locale, say.key, say.values), data, say.options)
}

/** One of the texts that belong to no tree (`common:<key>.say`). */
export function commonReply(
  texts: Texts,
  locale: Locale,
  key: string,
  o: {
    node?: string
    author?: 'bot' | 'system'
    values?: Record<string, string | number>
    options?: readonly Option[]
  } = {},
): Reply {
  const data: ChannelData = { author: o.author ?? 'bot', ...(o.node ? { node: o.node } : {}) }
  return message(texts, locale, texts.say(locale, `common:${key}.say`, o.values), data, o.options ?? [])
}

export function message(
  texts: Texts,
  locale: Locale,
  text: string,
  channelData: ChannelData,
  options: readonly Option[] = [],
): Reply {
  const actions = options.map((option) => quickReply(texts, locale, option))
  return {
    type: ActivityTypes.Message,
    text,
    locale: LOCALE_TAGS[locale],
    inputHint: actions.length > 0 || channelData.input ? InputHints.ExpectingInput : InputHints.AcceptingInput,
    channelData,
    ...(actions.length > 0 ? { suggestedActions: { to: [], actions } } : {}),
  }
}

function quickReply(texts: Texts, locale: Locale, option: Option): QuickReply {
  const title = texts.say(locale, option.key)
  return { type: 'imBack', title, value: title, channelData: { option: option.id } }
}
