/** What is kept on the device for one conversation. */
import type { Locale } from '../../src/wire/activity.ts'

/** The way back to a conversation. `expiresAt` in milliseconds of the device's clock. */
export interface Credentials {
  conversationId: string
  userId: string
  token: string
  expiresAt: number
  /** The bot was told of the conversation; it may be resumed instead of started. */
  started: boolean
  /** It is the conversation of the member whom the page vouched for, and opens for nobody else. */
  identified?: boolean
}

/** A message of the member that the server has not confirmed yet. */
export interface Pending {
  /** `clientActivityID`: the same on every try, so that the server takes it once. */
  id: string
  kind: 'message' | 'locale'
  text: string
  locale: Locale
  /** ISO time at which it was written. */
  at: string
  /** Place in the order of writing. */
  order: number
  state: 'sending' | 'queued' | 'failed'
}
