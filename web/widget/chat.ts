/** The member's side of one conversation: everything the view shows, and everything it can ask for. */
import {
  type Activity,
  LOCALE_EVENT,
  LOCALE_TAGS,
  type Locale,
  type Owner,
  type QuickReply,
} from '../../src/wire/activity.ts'
import { createAccess } from './access.ts'
import { CallFailure, createDirectLine, type Outgoing } from './directline.ts'
import { createLink, type LinkState } from './link.ts'
import { createOutbox } from './outbox.ts'
import { createMemory, type Pending } from './storage.ts'
import {
  agentName,
  asksEmail,
  authorOf,
  botLocale,
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

/** Longest that the bot is shown as writing, in milliseconds. */
const TYPING_CAP_MS = 1_000
/** How long an agent's "is writing" stands, in milliseconds. */
const AGENT_TYPING_MS = 6_000

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
  typing: 'bot' | 'agent' | undefined
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

/** The member's choice stands over the bot's words up to `afterSeq`. */
interface Choice {
  locale: Locale
  afterSeq: number
}

/** @param server origin of the service. @param pageLocale language of the page. */
export function createChat(server: string, pageLocale: Locale): Chat {
  const line = createDirectLine(server)
  const memory = createMemory(server)
  const access = createAccess(line, memory, startAfresh)
  const link = createLink(line, access, () => LOCALE_TAGS[current.locale], { state: onLink, set: onSet })
  const outbox = createOutbox({ memory, deliver, isUp, changed: update, delivered })
  const listeners = new Set<() => void>()

  let transcript: Transcript = []
  let sent: Pending[] = []
  let linkState: LinkState = { is: 'off' }
  let open = memory.open()
  let synced = !access.current()?.started
  let renewed = false
  let typing: ChatState['typing']
  let typingTimer: ReturnType<typeof setTimeout> | undefined
  let page = pageLocale
  let choice: Choice | undefined
  const kept = memory.locale()
  if (kept && memory.credentials()) choice = { locale: kept, afterSeq: unsentChoice() }
  let current = picture()

  function unsentChoice(): number {
    return outbox.list().some((p) => p.kind === 'locale') ? Number.POSITIVE_INFINITY : 0
  }

  function picture(): ChatState {
    const pending = outbox.list()
    return {
      open,
      locale: botLocale(transcript, choice?.afterSeq ?? 0) ?? choice?.locale ?? page,
      link: linkState,
      synced,
      renewed,
      begun: !!access.current(),
      lines: linesOf(transcript, pending, sent),
      owner: ownerOf(transcript),
      agent: agentName(transcript),
      replies: quickReplies(transcript, [...sent, ...pending]),
      email: asksEmail(transcript),
      typing,
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
    update()
  }

  function notice(activity: Activity): void {
    const author = authorOf(activity)
    if (activity.type === 'typing' && author === 'agent') showTyping('agent', AGENT_TYPING_MS)
    else if (author !== 'member' && typing) showTyping(undefined, 0)
    else if (activity.channelData?.clientActivityID) outbox.remove(activity.channelData.clientActivityID)
  }

  function showTyping(who: ChatState['typing'], forMs: number): void {
    clearTimeout(typingTimer)
    typing = who
    if (who) typingTimer = setTimeout(() => showTyping(undefined, 0), forMs)
    update()
  }

  async function deliver(pending: Pending): Promise<string> {
    try {
      return await post(pending)
    } catch (error) {
      if (!(error instanceof CallFailure) || !(error.isDenied || error.status === 404)) throw error
      if (error.isDenied) access.distrust()
      else return replaceConversation(error)
      return post(pending)
    }
  }

  async function post(pending: Pending): Promise<string> {
    const held = await access.ensure()
    if (!held.started) throw new CallFailure(0, 'not_started')
    const from = { id: held.userId, role: 'user' as const }
    const base = { from, locale: LOCALE_TAGS[pending.locale], channelData: { clientActivityID: pending.id } }
    const activity: Outgoing =
      pending.kind === 'message'
        ? { ...base, type: 'message', text: pending.text }
        : { ...base, type: 'event', name: LOCALE_EVENT, value: { locale: pending.locale } }
    return (await line.post(held.token, held.conversationId, activity)).id
  }

  /** The message waits until the new conversation is up; then it is sent there. */
  function replaceConversation(error: CallFailure): never {
    access.lose()
    link.close()
    link.open()
    throw new CallFailure(0, error.code)
  }

  function delivered(pending: Pending, activityId: string): void {
    if (pending.kind === 'locale' && choice?.locale === pending.locale)
      choice = { ...choice, afterSeq: seqOf(activityId) }
    if (pending.kind === 'message' && !transcript.some((a) => a.id === activityId)) sent = [...sent, pending]
    update()
  }

  function startAfresh(): void {
    transcript = []
    sent = []
    synced = true
    renewed = true
    memory.keepSeen(0)
    update()
  }

  function clear(): void {
    link.close()
    outbox.clear()
    access.reset()
    startAfresh()
    renewed = false
    choice = undefined
    open = false
    showTyping(undefined, 0)
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
      if (current.owner === 'bot' && isUp()) showTyping('bot', TYPING_CAP_MS)
    },
    retry: (id) => outbox.retry(id),
    discard: (id) => outbox.remove(id),
    reconnect: () => link.retryNow(),
    chooseLocale: (locale) => {
      if (locale === current.locale) return
      choice = { locale, afterSeq: Number.POSITIVE_INFINITY }
      if (access.current()) outbox.add('locale', '', locale)
      update()
    },
    pageLocale: (locale) => {
      page = locale
      update()
    },
    forget: () => {
      memory.forget()
      clear()
    },
    stop: () => {
      for (const stop of stopWatching) stop()
      clearTimeout(typingTimer)
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
