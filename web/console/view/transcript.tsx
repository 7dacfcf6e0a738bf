import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { type Activity, type Author, LOCALE_TAGS, parseLocale } from '../../../src/wire/activity.ts'
import type { ConversationView } from '../../../src/wire/desk.ts'
import type { Outgoing } from '../kept.ts'
import { clockTime, dayKey, dayName, fill, fullTime } from '../words.ts'
import { useTools } from './hooks.ts'

/** Nearer than this to the end, in pixels, the reader follows new messages. */
const NEAR_END = 80

/** Everything said, the bot's part included. Texts are text nodes only: no HTML, no links. */
export function Transcript({ view }: { view: ConversationView }) {
  const { state, words } = useTools()
  const log = useRef<HTMLDivElement>(null)
  const atEnd = useRef(true)
  const [away, setAway] = useState(false)
  const outgoing = state.outbox[view.conversationId] ?? []
  const toEnd = () => log.current?.scrollTo({ top: log.current.scrollHeight })
  useLayoutEffect(() => {
    if (atEnd.current) toEnd()
  }, [view.activities.length, outgoing.map((reply) => reply.status).join()])
  useEffect(() => {
    const watcher = new ResizeObserver(() => atEnd.current && toEnd())
    if (log.current) watcher.observe(log.current)
    return () => watcher.disconnect()
  }, [])
  const onScroll = ({ currentTarget: el }: { currentTarget: HTMLElement }) => {
    atEnd.current = el.scrollHeight - el.scrollTop - el.clientHeight < NEAR_END
    setAway(!atEnd.current)
  }
  return (
    <div class="log-frame">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <div class="log" role="log" aria-label={words.log.label} tabIndex={0} ref={log} onScroll={onScroll}>
        {view.activities.length === 0 && <p class="empty">{words.conversation.empty}</p>}
        {view.activities.map((activity, index) => (
          <Entry key={activity.id} activity={activity} before={view.activities[index - 1]} />
        ))}
        {outgoing.map((reply) => (
          <Pending key={reply.clientActivityID} id={view.conversationId} reply={reply} />
        ))}
      </div>
      {away && (
        <button type="button" class="latest" onClick={toEnd}>
          {words.conversation.latest}
        </button>
      )}
    </div>
  )
}

function Entry({ activity, before }: { activity: Activity; before: Activity | undefined }) {
  const { state, words, now } = useTools()
  const newDay = before === undefined || dayKey(before.timestamp) !== dayKey(activity.timestamp)
  const author = authorOf(activity)
  const locale = parseLocale(activity.locale) ?? state.view?.locale ?? state.locale
  const offered = activity.suggestedActions?.actions.map((a) => a.title) ?? []
  return (
    <>
      {newDay && <p class="day">{dayName(activity.timestamp, state.locale, now)}</p>}
      <article class={`message ${author}`}>
        <header>
          <strong>{useSender(activity, author)}</strong>
          <time dateTime={activity.timestamp} title={fullTime(activity.timestamp, state.locale)}>
            {clockTime(activity.timestamp, state.locale)}
          </time>
        </header>
        <p class="said" lang={LOCALE_TAGS[locale]}>
          {activity.text}
        </p>
        {offered.length > 0 && (
          <p class="offered" lang={LOCALE_TAGS[locale]}>
            {fill(words.log.choices, { list: offered.join(' · ') })}
          </p>
        )}
      </article>
    </>
  )
}

function authorOf({ channelData, from }: Activity): Author {
  return channelData?.author ?? (from.role === 'user' ? 'member' : 'bot')
}

function useSender({ from }: Activity, author: Author): string {
  const { state, words } = useTools()
  if (author !== 'agent') return words.log[author]
  const me = state.session?.agent.id
  // In the log an agent's account is `agent:<id>`.
  return from.id === me || from.id === `agent:${me}` ? words.log.you : (from.name ?? words.log.agent)
}

/** A reply that the transcript does not have yet. */
function Pending({ id, reply }: { id: string; reply: Outgoing }) {
  const { replies, state, words } = useTools()
  return (
    <article class={`message agent pending ${reply.status}`}>
      <header>
        <strong>{words.log.you}</strong>
        <time dateTime={reply.at}>{clockTime(reply.at, state.locale)}</time>
        <span class="state">{words.reply[reply.status]}</span>
      </header>
      <p class="said">{reply.text}</p>
      {reply.status === 'failed' && (
        <p class="actions">
          <button type="button" aria-disabled={!state.online} onClick={() => replies.retry(id, reply)}>
            {words.reply.retry}
          </button>
          <button type="button" class="quiet" onClick={() => replies.drop(id, reply.clientActivityID)}>
            {words.reply.discard}
          </button>
        </p>
      )}
    </article>
  )
}
