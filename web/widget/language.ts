/** Which language the widget speaks: the page's, then the member's choice, then whatever the bot speaks. */
import type { Locale } from '../../src/wire/activity.ts'
import { botLocale, firstInLocale, type Transcript } from './transcript.ts'

/** The member's choice stands over the bot's words up to `afterSeq`. */
interface Choice {
  locale: Locale
  /** Infinite until the bot has answered in that language: replies that were under way do not count. */
  afterSeq: number
  /** Where the server put the choice into the log. */
  acceptedAt?: number
}

export interface Language {
  of(transcript: Transcript): Locale
  page(locale: Locale): void
  /** The member asked for it just now. */
  choose(locale: Locale): void
  /** The server has the choice, at `seq`. */
  accepted(locale: Locale, seq: number): void
  /** Lets go of the choice once the bot has answered in it. */
  settle(transcript: Transcript): void
  reset(): void
}

/** @param page the page's language. @param kept the conversation's, up to `seen`; infinite while the choice is unsent. */
export function createLanguage(page: Locale, kept: { locale: Locale; seen: number } | undefined): Language {
  let choice: Choice | undefined = kept && { locale: kept.locale, afterSeq: kept.seen }
  return {
    of: (transcript) => botLocale(transcript, choice?.afterSeq ?? 0) ?? choice?.locale ?? page,
    page: (locale) => {
      page = locale
    },
    choose: (locale) => {
      choice = { locale, afterSeq: Number.POSITIVE_INFINITY }
    },
    accepted: (locale, seq) => {
      if (choice?.locale === locale) choice = { ...choice, acceptedAt: seq }
    },
    settle: (transcript) => {
      if (choice?.acceptedAt === undefined) return
      const answer = firstInLocale(transcript, choice.locale, choice.acceptedAt)
      if (answer) choice = { locale: choice.locale, afterSeq: answer - 1 }
    },
    reset: () => {
      choice = undefined
    },
  }
}
