/** The member's side of one conversation: everything the view shows, and everything it can ask for. */
import { type Activity, LOCALE_TAGS, type Locale, type Owner, type QuickReply } from '../../src/wire/activity.ts'
import { createAccess } from './access.ts'
import { createDelivery } from './delivery.ts'
import { createDirectLine } from './directline.ts'
import type { AskIdentity } from './identity.ts'
import type { Pending } from './kept.ts'
import { createLanguage } from './language.ts'
import { createLink, type LinkState } from './link.ts'
import { createOutbox } from './outbox.ts'
import { createMemory } from './storage.ts'
import {
  agentName,
  asksEmail,
  authorOf,
  type Line,
  lastSeq,
  linesOf,
  merge,
  ownerOf,
  quickReplies,
  seqOf,
  type Transcript,
  unreadCount,
} from './transcript.ts'
import { createTyping, type Typist } from './typing.ts'

/** One picture of the conversation; a new object whenever something changed. */
export interface ChatState {
  open: boolean
  locale: Locale
  link: LinkState
  /** The log was read up to now, so what comes from here on is news. */
  synced: boolean
  /** An earlier conversation was gone and this is a new one. */
  renewed: boolean
  /** A conversation exists on this device. */
  begun: boolean
  lines: readonly Line[]
  owner: Owner
  agent: string | undefined
  replies: readonly QuickReply[]
  email: boolean
  typing: Typist
  unread: number
}

export interface Chat {
  state(): ChatState
  subscribe(listener: () => void): () => void
  draft(): string
  keepDraft(text: string): void
  open(): void
  close(): void
  send(text: string): void
  retry(id: string): void
  discard(id: string): void
  reconnect(): void
  chooseLocale(locale: Locale): void
  /** Language of the page; followed until a conversation has its own. */
  pageLocale(locale: Locale): void
  /** Removes the conversation from this device. */
  forget(): void
  stop(): void
}

/** @param server origin of the service. @param pageLocale language of the page. @param askIdentity whom the page vouches for. */
export function createChat(server: string, pageLocale: Locale, askIdentity?: AskIdentity): Chat {
  const line = createDirectLine(server)
  const memory = createMemory(server)
  const access = createAccess({ line, memory, askIdentity, onLost: startAfresh })
  const link = createLink(line, access, () => LOCALE_TAGS[current.locale], { state: onLink, set: onSet })
  const deliver = createDelivery(line, access, link.restart)
  const outbox = createOutbox({ memory, deliver, isUp, changed: update, delivered })
  const language = createLanguage(pageLocale, keptLanguage())
  const typing = createTyping(update)
  const listeners = new Set<() => void>()

  let transcript: Transcript = []
  let sent: Pending[] = []
  let linkState: LinkState = { is: 'off' }
  let open = memory.open()
  let synced = !access.current()?.started
  let renewed = false
  let current = picture()

  function keptLanguage(): { locale: Locale; seen: number } | undefined {
    const locale = memory.locale()
    const unsent = outbox.list().some((p) => p.kind === 'locale')
    if (!locale || !memory.credentials()) return undefined
    return { locale, seen: unsent ? Number.POSITIVE_INFINITY : memory.seen() }
  }

  function picture(): ChatState {
    const pending = outbox.list()
    return {
      open,
      locale: language.of(transcript),
      link: linkState,
      synced,
      renewed,
      begun: !!access.current(),
      lines: linesOf(transcript, pending, sent),
      owner: ownerOf(transcript),
      agent: agentName(transcript),
      replies: quickReplies(transcript, [...sent, ...pending]),
      email: asksEmail(transcript),
      typing: typing.who(),
      unread: isLooking() ? 0 : unreadCount(transcript, memory.seen()),
    }
  }

  function update(): void {
    if (isLooking() && lastSeq(transcript) > memory.seen()) memory.keepSeen(lastSeq(transcript))
    current = picture()
    if (current.begun) memory.keepLocale(current.locale)
    for (const listener of listeners) listener()
  }

  function isLooking(): boolean {
    return open && document.visibilityState === 'visible'
  }

  function isUp(): boolean {
    return linkState.is === 'online' && !!access.current()?.started
  }

  function onLink(next: LinkState): void {
    linkState = next
    update()
    if (next.is === 'online') outbox.pump()
  }

  function onSet(set: { activities: Activity[] }): void {
    for (const activity of set.activities) notice(activity)
    transcript = merge(transcript, set.activities)
    const seen = new Set(transcript.map((a) => a.channelData?.clientActivityID))
    sent = sent.filter((p) => !seen.has(p.id))
    synced = true
    language.settle(transcript)
    update()
  }

  function notice(activity: Activity): void {
    const author = authorOf(activity)
    if (author !== 'member') typing.show(activity.type === 'typing' && author === 'agent' ? 'agent' : undefined)
    else if (activity.channelData?.clientActivityID) outbox.remove(activity.channelData.clientActivityID)
  }

  function delivered(pending: Pending, activityId: string): void {
    if (pending.kind === 'locale') {
      language.accepted(pending.locale, seqOf(activityId))
      language.settle(transcript)
    }
    if (pending.kind === 'message' && !transcript.some((a) => a.id === activityId)) sent = [...sent, pending]
    update()
  }

  function empty(): void {
    transcript = []
    sent = []
    synced = true
  }

  /** The earlier conversation is gone; what the member wrote since goes to the next one, unless they are somebody else. */
  function startAfresh(why: 'gone' | 'other'): void {
    empty()
    renewed = why === 'gone'
    if (why === 'other') dropUnsent()
    memory.keepSeen(0)
    update()
  }

  function dropUnsent(): void {
    for (const { id } of outbox.list()) memory.dropPending(id)
    outbox.clear()
    memory.keepDraft('')
  }

  /** As if there never had been a conversation. */
  function clear(): void {
    access.reset()
    empty()
    renewed = false
    language.reset()
    open = false
    outbox.clear()
    link.close()
    typing.show(undefined)
  }

  const stopWatching = [
    memory.onForgotten(clear),
    listen(window, 'online', () => link.wake()),
    listen(window, 'offline', () => link.pause()),
    listen(window, 'pageshow', () => link.wake()),
    listen(document, 'visibilitychange', () => {
      if (document.visibilityState === 'visible') link.wake()
      update()
    }),
  ]
  if (access.current()) link.open()

  return {
    state: () => current,
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    draft: () => memory.draft(),
    keepDraft: (text) => memory.keepDraft(text),
    open: () => {
      open = true
      memory.keepOpen(true)
      link.open()
      update()
    },
    close: () => {
      open = false
      memory.keepOpen(false)
      update()
    },
    send: (text) => {
      outbox.add('message', text, current.locale)
      if (current.owner === 'bot' && isUp()) typing.show('bot')
    },
    retry: (id) => outbox.retry(id),
    discard: (id) => outbox.remove(id),
    reconnect: () => link.retryNow(),
    chooseLocale: (locale) => {
      if (locale === current.locale) return
      language.choose(locale)
      if (access.current()) outbox.add('locale', '', locale)
      update()
    },
    pageLocale: (locale) => {
      language.page(locale)
      update()
    },
    forget: () => {
      clear()
      memory.forget()
    },
    stop: () => {
      for (const stop of stopWatching) stop()
      typing.stop()
      link.close()
      access.stop()
      outbox.stop()
    },
  }
}

function listen(target: EventTarget, type: string, then: () => void): () => void {
  target.addEventListener(type, then)
  return () => target.removeEventListener(type, then)
}
