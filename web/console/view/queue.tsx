import { useEffect, useRef } from 'preact/hooks'
import type { QueueItem } from '../../../src/wire/desk.ts'
import { type DeskState, type Filter, isCrisis, shownQueue } from '../state.ts'
import { fill, fullTime, term, type Words, waited } from '../words.ts'
import { CrisisBadge } from './crisis.tsx'
import { useTools } from './hooks.ts'
import { LanguageBadge } from './language.tsx'

const FILTERS = ['all', 'unclaimed', 'mine'] as const satisfies readonly Filter[]

export function Queue() {
  const { state, words } = useTools()
  const items = shownQueue(state)
  return (
    <nav class="column queue" id="queue" tabIndex={-1} aria-label={words.queue.title}>
      <div class="column-top">
        <h2>{words.queue.title}</h2>
        <Filters />
      </div>
      {state.queue && items.length === 0 && <p class="empty">{emptyText(state.filter, words)}</p>}
      {!state.queue && <p class="empty">{words.loading}</p>}
      {items.length > 0 && (
        <ol aria-label={words.queue.list}>
          {items.map((item) => (
            <QueueLine key={item.conversationId} item={item} />
          ))}
        </ol>
      )}
    </nav>
  )
}

function emptyText(filter: Filter, { queue }: Words): string {
  return { all: queue.empty, unclaimed: queue.emptyUnclaimed, mine: queue.emptyMine }[filter]
}

function Filters() {
  const { desk, state, words } = useTools()
  return (
    <fieldset class="segments">
      <legend class="unseen">{words.queue.filter}</legend>
      {FILTERS.map((filter) => (
        <button key={filter} type="button" aria-pressed={state.filter === filter} onClick={() => desk.filter(filter)}>
          {words.queue[filter]}
        </button>
      ))}
    </fieldset>
  )
}

function QueueLine({ item }: { item: QueueItem }) {
  const { desk, state, words } = useTools()
  const button = useRef<HTMLButtonElement>(null)
  const current = item.conversationId === state.selected
  const crisis = isCrisis(item) ? ' crisis' : ''
  useEffect(() => {
    if (current) button.current?.scrollIntoView({ block: 'nearest' })
  }, [current])
  return (
    <li>
      <button
        ref={button}
        type="button"
        class={`request ${item.owner}${crisis}`}
        aria-current={current ? 'true' : undefined}
        onClick={() => desk.select(item.conversationId)}
      >
        <span class="request-line">
          {isCrisis(item) && <CrisisBadge />}
          <strong class="ticket">{item.ticket}</strong>
          <LanguageBadge locale={item.locale} />
          <Owner item={item} />
        </span>
        {item.reason && <span class={`reason${crisis}`}>{term(state.locale, 'reasons', item.reason)}</span>}
        {item.lostBy !== undefined && <span class="lost">{fill(words.queue.lostBy, { name: item.lostBy })}</span>}
        <Wait at={item.requestedAt} over={item.owner === 'agent'} />
      </button>
    </li>
  )
}

function Owner({ item }: { item: QueueItem }) {
  const { state, words } = useTools()
  const kind = item.owner === 'waiting' ? ' free' : item.agent?.id === state.session?.agent.id ? ' yours' : ''
  return <span class={`owner${kind}`}>{claimText(item, state, words)}</span>
}

/** Who has claimed it, in words. */
export function claimText({ owner, agent }: QueueItem, { session }: DeskState, { queue }: Words): string {
  if (owner === 'waiting') return queue.free
  return agent?.id === session?.agent.id ? queue.yours : fill(queue.takenBy, { name: agent?.name ?? '' })
}

/** How long ago a person was asked for: colour, and the same in words. @param over claimed: nobody waits any more. */
export function Wait({ at, over = false }: { at: string; over?: boolean }) {
  const { state, words, now } = useTools()
  const { level, time, text } = waited(at, now, state.locale)
  return (
    <time class={`wait ${over ? 'over' : level}`} dateTime={at} title={fullTime(at, state.locale)}>
      <span class="unseen">{words.wait.label} </span>
      {over ? time : text}
    </time>
  )
}
