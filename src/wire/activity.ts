/** The JSON shapes of Direct Line that the service, the widget and the console share. No imports here. */

/** Languages a conversation can be held in. */
export const LOCALES = ['fr', 'en'] as const
export type Locale = (typeof LOCALES)[number]

/** BCP 47 tags as they stand in `activity.locale`. */
export const LOCALE_TAGS = { fr: 'fr-CA', en: 'en-CA' } as const satisfies Record<Locale, string>

/** Reads any BCP 47 tag or browser language. @returns undefined when it is neither French nor English. */
export function parseLocale(tag: unknown): Locale | undefined {
  if (typeof tag !== 'string') return undefined
  const language = tag.slice(0, 3).toLowerCase()
  return LOCALES.find((l) => language === l || language === `${l}-` || language === `${l}_`)
}

/** Who answers the member now. */
export const OWNERS = ['bot', 'waiting', 'agent', 'closed'] as const
export type Owner = (typeof OWNERS)[number]

/** Who wrote a message, as a reader should be told. */
export type Author = 'member' | 'bot' | 'agent' | 'system'

export interface ChannelAccount {
  id: string
  name?: string
  role?: 'user' | 'bot'
}

/** One quick reply. Clicking it sends `value` as an ordinary message (`imBack`). */
export interface QuickReply {
  type: 'imBack'
  title: string
  value: string
  channelData: { option: string }
}

/** What our activities carry beside the Bot Framework fields. */
export interface ChannelData {
  /** Set by the sender; the same id again is the same message (retry), never a second one. */
  clientActivityID?: string
  author?: Author
  /** `"<dialog>.<node>"`, on every activity of the bot. */
  node?: string
  /** What kind of answer is asked for; a client picks its keyboard by it. */
  input?: 'email' | 'number' | 'text'
  /** Who answers after this activity. */
  owner?: Owner
}

/** One activity as a reader sees it. `id` is `"<conversationId>|<seq, 7 digits>"`, `timestamp` ISO 8601 in UTC. */
export interface Activity {
  type: string
  id: string
  timestamp: string
  channelId: 'directline'
  conversation: { id: string }
  from: ChannelAccount
  locale?: string
  text?: string
  textFormat?: 'plain'
  inputHint?: string
  name?: string
  value?: unknown
  replyToId?: string
  suggestedActions?: { actions: QuickReply[] }
  channelData?: ChannelData
}

/** Ids sort and carry the seq, so that a reader can order and resume without anything else. */
export function activityId(conversationId: string, seq: number): string {
  return `${conversationId}|${String(seq).padStart(7, '0')}`
}

/** The seq within an activity's id; 0 when it is not one of ours. */
export function seqOf(id: string): number {
  const digits = id.slice(id.lastIndexOf('|') + 1)
  return /^\d{7,12}$/.test(digits) ? Number(digits) : 0
}

/** `watermark` is the highest seq seen, as a string; send it back as it is. */
export interface ActivitySet {
  activities: Activity[]
  watermark: string
}

/** Event a member's client sends to change the language; `value` is `{ locale: 'fr' | 'en' }`. */
export const LOCALE_EVENT = 'sesame/locale'

/** Answer of `POST /widget/token`. `expires_in` in seconds. */
export interface WidgetToken {
  conversationId: string
  token: string
  expires_in: number
  userId: string
  /** The conversation belongs to the member that the host page vouched for. */
  identified?: true
}

/** Longest message text, in UTF-16 units. The server refuses more. */
export const MAX_TEXT = 2_000
