/** The conversation, newest below: the widget's one live region. */
import { Fragment } from 'preact'
import type { Chat, ChatState } from '../chat.ts'
import type { Line } from '../transcript.ts'
import { dayKey, dayName, fill, type Words, wordsFor } from '../words.ts'
import { Banner, useOffline } from './banner.tsx'
import { DownIcon } from './icons.tsx'
import { Message } from './message.tsx'
import { useScroll } from './scroll.ts'

/** Messages of one sender this close together share one heading, in milliseconds. */
const GROUP_MS = 3 * 60_000

function leads(line: Line, before: Line | undefined): boolean {
  if (!before || before.author !== line.author || before.name !== line.name) return true
  return Date.parse(line.at) - Date.parse(before.at) > GROUP_MS || dayKey(line.at) !== dayKey(before.at)
}

export function Log({ chat, state }: { chat: Chat; state: ChatState }) {
  const words = wordsFor(state.locale)
  const offline = useOffline(state)
  const scroll = useScroll(state.lines)
  const ownNewest = state.lines.findLast((line) => line.author === 'member')?.key
  return (
    <div class="log-frame">
      {/* Replayed history is not news: it is not announced. */}
      <div
        ref={scroll.log}
        class="log"
        role="log"
        aria-label={words.log.label}
        aria-live={state.synced ? 'polite' : 'off'}
        aria-relevant="additions"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard.
        tabIndex={0}
        onScroll={scroll.onScroll}
      >
        {offline && <Banner state={state} words={words} onRetry={() => chat.reconnect()} />}
        {state.renewed && <p class="note">{words.log.renewed}</p>}
        {state.lines.length === 0 && !offline && <p class="note">{words.log.connecting}</p>}
        {state.lines.map((line, index) => (
          <Fragment key={line.key}>
            {dayKey(line.at) !== dayKey(state.lines[index - 1]?.at ?? '') && (
              <p class="day">
                <span>{dayName(line.at, state.locale)}</span>
              </p>
            )}
            <Message
              line={line}
              locale={state.locale}
              leads={leads(line, state.lines[index - 1])}
              newest={line.key === ownNewest}
              offline={offline}
              onRetry={() => chat.retry(line.key)}
              onDiscard={() => chat.discard(line.key)}
            />
          </Fragment>
        ))}
        <Replies chat={chat} state={state} words={words} after={scroll.toField} />
        <Typing state={state} words={words} />
      </div>
      {scroll.away && (
        <button type="button" class="latest" onClick={scroll.toLatest}>
          <DownIcon />
          {words.log.latest}
        </button>
      )}
    </div>
  )
}

interface RepliesProps {
  chat: Chat
  state: ChatState
  words: Words
  /** Where the focus goes, since the button that had it disappears. */
  after(byKeyboard: boolean): void
}

function Replies({ chat, state, words, after }: RepliesProps) {
  if (state.replies.length === 0) return null
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out as a wrapping row everywhere.
    <div class="replies" role="group" aria-label={words.log.replies}>
      {state.replies.map((reply) => (
        <button
          key={reply.channelData.option}
          type="button"
          class="reply"
          onClick={(event) => {
            after(event.detail === 0)
            chat.send(reply.value)
          }}
        >
          {reply.title}
        </button>
      ))}
    </div>
  )
}

/** Never announced: it stands for a second at most, and the reply speaks for itself. */
function Typing({ state, words }: { state: ChatState; words: Words }) {
  if (!state.typing) return null
  const name = state.agent ?? words.log.agent
  const text = state.typing === 'bot' ? words.log.typing : fill(words.log.agentTyping, { name })
  return (
    <div class="typing" aria-hidden="true">
      <i class="dot" />
      <i class="dot" />
      <i class="dot" />
      <span>{text}</span>
    </div>
  )
}
