import { useEffect, useState } from 'preact/hooks'
import type { DeadLetter } from '../../../src/wire/desk.ts'
import { unheeded } from '../state.ts'
import { clockTime, counted, fill, type Words } from '../words.ts'
import { Sign } from './crisis.tsx'
import { useTools } from './hooks.ts'
import { claimText } from './queue.tsx'

/** A short cut is nobody's business: the banner comes after this long. */
const OFFLINE_AFTER_MS = 1_500
/** Good news goes by itself; what failed stays until read. */
const GOOD_NEWS_MS = 6_000

/** Emergencies that the agent has yet to open: the filter or a narrow screen may hide their lines of the queue. */
export function CrisisBar() {
  const { desk, state, words } = useTools()
  const items = unheeded(state)
  if (items.length === 0) return null
  const open = (id: string) => {
    desk.select(id)
    // The button goes with the emergency; on narrow screens the conversation has yet to be drawn.
    requestAnimationFrame(() => document.getElementById('conversation')?.focus())
  }
  return (
    <section class="banner crisis" aria-label={words.crisis.bar}>
      <ul>
        {items.map((item) => (
          <li key={item.conversationId}>
            <Sign />
            <p>
              <strong>{fill(words.crisis.arrived, { ticket: item.ticket })}</strong> {claimText(item, state, words)}
            </p>
            <button type="button" onClick={() => open(item.conversationId)}>
              {fill(words.crisis.open, { ticket: item.ticket })}
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}

export function OfflineBanner() {
  const { desk, state, words } = useTools()
  const [late, setLate] = useState(false)
  useEffect(() => {
    setLate(false)
    if (state.online) return
    const timer = setTimeout(() => setLate(true), OFFLINE_AFTER_MS)
    return () => clearTimeout(timer)
  }, [state.online])
  return (
    <div role="status">
      {!state.online && late && (
        <p class="banner warn">
          <span>
            <strong>{words.offline.title}</strong> {words.offline.text}
          </span>
          <button type="button" onClick={desk.retryNow}>
            {words.offline.retry}
          </button>
        </p>
      )}
    </div>
  )
}

export function NoticeBar() {
  const { desk, state, words } = useTools()
  const { notice } = state
  useEffect(() => {
    if (notice?.kind !== 'good') return
    const timer = setTimeout(desk.closeNotice, GOOD_NEWS_MS)
    return () => clearTimeout(timer)
  }, [notice, desk])
  return (
    <div role="alert">
      {notice && (
        <p class={`banner ${notice.kind}`}>
          <span>{fill(words.notice[notice.key], notice.values)}</span>
          <button type="button" onClick={desk.closeNotice}>
            {words.notice.close}
          </button>
        </p>
      )}
    </div>
  )
}

/** Work that was given up after all retries: a person has to know. */
export function DeadBanner() {
  const { state, words } = useTools()
  const [open, setOpen] = useState(false)
  const { dead, locale } = state
  if (dead.length === 0) return null
  return (
    <section class="banner bad dead" aria-label={counted(words.dead, 'title', dead.length, locale)}>
      <p>
        <span>{counted(words.dead, 'title', dead.length, locale)}</span>
        <button type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? words.dead.hide : words.dead.show}
        </button>
      </p>
      {open && (
        <ul>
          {dead.map((letter) => (
            <DeadLine key={letter.id} letter={letter} />
          ))}
        </ul>
      )}
    </section>
  )
}

function DeadLine({ letter }: { letter: DeadLetter }) {
  const { desk, state, words } = useTools()
  const more = { what: kindOf(letter.kind, words), when: clockTime(letter.failedAt, state.locale) }
  return (
    <li>
      <span>
        {counted(words.dead, 'line', letter.attempts, state.locale, more)} <code>{letter.code}</code>
      </span>
      <button type="button" onClick={() => desk.select(letter.conversationId)}>
        {words.dead.open}
      </button>
    </li>
  )
}

function kindOf(kind: string, { dead }: Words): string {
  return Object.hasOwn(dead.kinds, kind) ? dead.kinds[kind as keyof typeof dead.kinds] : kind
}
