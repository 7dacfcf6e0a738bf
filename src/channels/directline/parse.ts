/** What a member's client may send -> an inbound entry. Everything else about an activity is set by the server. */
import { z } from 'zod'
import type { StartValue } from '../../conversation/events.ts'
import type { Inbound, NewActivity } from '../../conversation/store.ts'
import { AppError } from '../../errors.ts'
import { maskCodes } from '../../language/mask.ts'
import { clean } from '../../language/normalize.ts'
import { LOCALE_EVENT, LOCALE_TAGS, MAX_TEXT, parseLocale } from '../../wire/activity.ts'
import { type Grant, newUserId } from './tokens.ts'

const id = z.string().min(1).max(128)
const channelData = z.object({ clientActivityID: id.optional() }).optional().catch(undefined)

const activity = z.object({
  type: z.string().min(1).max(64),
  id: id.optional().catch(undefined),
  from: z.object({ id: z.string().max(256) }),
  text: z.string().optional(),
  name: z.string().max(128).optional(),
  value: z.unknown().optional(),
  locale: z.string().max(64).optional().catch(undefined),
  channelData,
})

/** @returns undefined for kinds that are acknowledged but never kept (typing, client bookkeeping).
 *  @throws AppError `bad_request`, `text_too_long`. */
export function parseMemberActivity(
  body: unknown,
  grant: Grant,
  now: Date,
  freshId: () => string,
): Inbound | undefined {
  const parsed = activity.safeParse(body)
  if (!parsed.success) throw new AppError('bad_request', { where: parsed.error.issues[0]?.path.join('.') || 'body' })
  const sent = parsed.data
  const content = sent.type === 'message' ? messageOf(sent) : sent.type === 'event' ? eventOf(sent) : undefined
  if (!content) return undefined
  const clientId = sent.channelData?.clientActivityID
  const locale = parseLocale(sent.locale)
  return {
    conversationId: grant.conversationId,
    origin: 'member',
    audience: sent.type === 'message' ? 'all' : 'desk',
    clientId: clientId ?? freshId(),
    activity: {
      ...newActivity(grant, now),
      ...content,
      ...(locale ? { locale: LOCALE_TAGS[locale] } : {}),
      channelData: { author: 'member', ...(clientId === undefined ? {} : { clientActivityID: clientId }) },
    },
  }
}

type Sent = z.infer<typeof activity>

/** Control and bidi characters go, codes are hidden: what is not stored can't leak. */
function messageOf({ text }: Sent): Partial<NewActivity> & { type: string } {
  if (text === undefined) throw new AppError('bad_request', { where: 'text' })
  if (text.length > MAX_TEXT) throw new AppError('text_too_long', { most: MAX_TEXT })
  const plain = clean(text)
  // Some signs are written out as several.
  if (plain.length > MAX_TEXT) throw new AppError('text_too_long', { most: MAX_TEXT })
  const kept = maskCodes(plain).text
  if (kept.trim() === '') throw new AppError('bad_request', { where: 'text' })
  return { type: 'message', text: kept, textFormat: 'plain' }
}

/** The one event that members' clients may send with effect; others are acknowledged, as the protocol asks. */
function eventOf({ name, value }: Sent): (Partial<NewActivity> & { type: string }) | undefined {
  if (name !== LOCALE_EVENT) return undefined
  const parsed = z.object({ locale: z.string() }).safeParse(value)
  const locale = parsed.success ? parseLocale(parsed.data.locale) : undefined
  if (!locale) throw new AppError('bad_request', { where: 'value.locale' })
  return { type: 'event', name, value: { locale } }
}

/** The entry that starts a conversation; `clientId` makes a second start of the same one a repeat. */
export function startOf(grant: Grant, locale: unknown, now: Date, value: StartValue = {}): Inbound {
  const language = parseLocale(locale)
  return {
    conversationId: grant.conversationId,
    origin: 'system',
    audience: 'desk',
    clientId: 'start',
    create: true,
    activity: {
      ...newActivity(grant, now),
      type: 'conversationUpdate',
      value,
      ...(language ? { locale: LOCALE_TAGS[language] } : {}),
    },
  }
}

function newActivity(grant: Grant, now: Date): Omit<NewActivity, 'type'> {
  return {
    timestamp: now.toISOString(),
    channelId: 'directline',
    conversation: { id: grant.conversationId },
    from: { id: grant.userId, role: 'user' },
  }
}

/** `{ user: { id } }` of a token request. Names are read in any case: Microsoft's own sample posts `User: { Id }`.
 *  @throws AppError `bad_request` for an id that does not begin with `dl_`. */
export function parseUserId(body: unknown): string {
  const user = insensitive(insensitive(body).user)
  if (user.id === undefined) return newUserId()
  if (typeof user.id !== 'string' || !/^dl_[\w.-]{1,124}$/.test(user.id))
    throw new AppError('bad_request', { where: 'user.id' })
  return user.id
}

function insensitive(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return {}
  return Object.fromEntries(Object.entries(value).map(([key, v]) => [key.toLowerCase(), v]))
}
