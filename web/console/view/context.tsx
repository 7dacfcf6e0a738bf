import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { ConversationView, Summary } from '../../../src/wire/desk.ts'
import { isCrisis, isMine } from '../state.ts'
import { clockTime, counted, fill, term } from '../words.ts'
import { ownerText } from './conversation.tsx'
import { useTools } from './hooks.ts'
import { LanguageBadge } from './language.tsx'
import { Wait } from './queue.tsx'
import { Steps } from './steps.tsx'
import type { Overlay } from './workplace.tsx'

const REVEAL_SECONDS = 60

interface Props {
  onAsk: (question: Overlay) => void
  /** Addresses in full, while they may be seen. */
  revealed: string[] | undefined
  onHide: () => void
}

/** What an agent needs to know before answering. Never a code, addresses masked. */
export function ContextPanel(props: Props) {
  const { desk, state, words } = useTools()
  const { view } = state
  return (
    <aside class="column context" id="context" tabIndex={-1} aria-label={words.context.title}>
      <div class="column-top">
        <button type="button" class="quiet to-conversation" onClick={() => desk.show('conversation')}>
          <span aria-hidden="true">‹ </span>
          {words.context.back}
        </button>
        <h2>{words.context.title}</h2>
      </div>
      {view && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
        <section class="context-body" aria-label={words.context.title} tabIndex={0}>
          <Facts view={view} />
          {view.access === 'all' && (
            <>
              {!isMine(state) && <p class="soft">{words.context.readingNoted}</p>}
              <Identity summary={view.summary} />
              <Addresses view={view} {...props} />
              <Answers summary={view.summary} />
              <Feedback summary={view.summary} />
              <Steps steps={view.summary.steps} />
            </>
          )}
        </section>
      )}
    </aside>
  )
}

function Facts({ view }: { view: ConversationView }) {
  const { state, words } = useTools()
  const text = words.context
  return (
    <dl class="facts">
      <Fact label={text.ticket}>{view.ticket}</Fact>
      <Fact label={text.language}>
        <LanguageBadge locale={view.locale} />
        {view.locale === 'fr' ? words.languages.inFr : words.languages.inEn}
      </Fact>
      <Fact label={text.status}>{ownerText(state, words)}</Fact>
      {view.reason && (
        <Fact label={text.reason}>
          <span class={isCrisis(view) ? 'reason crisis' : 'reason'}>{term(state.locale, 'reasons', view.reason)}</span>
        </Fact>
      )}
      {view.requestedAt && (
        <Fact label={words.wait.label}>
          {view.owner === 'waiting' && <Wait at={view.requestedAt} />}
          <span class="soft">{fill(text.since, { time: clockTime(view.requestedAt, state.locale) })}</span>
        </Fact>
      )}
    </dl>
  )
}

function Fact({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  )
}

/** What the bot keeps from a stranger, an agent who means well would tell. */
function Identity({ summary: { known } }: { summary: Summary }) {
  const text = useTools().words.context.identity
  return (
    <section>
      <h3>{text.title}</h3>
      {known?.account && <p>{text.account}</p>}
      {known?.addresses.map((address) => (
        <p key={address}>{fill(text.address, { address })}</p>
      ))}
      <p class="caution">{known ? text.onlyTheirs : text.unknown}</p>
    </section>
  )
}

function Addresses({ view, onAsk, revealed, onHide }: Props & { view: ConversationView }) {
  const { state, words } = useTools()
  const text = words.context
  const { addresses } = view.summary
  return (
    <section>
      <h3>{text.addresses}</h3>
      {addresses.length === 0 && <p class="soft">{text.noAddresses}</p>}
      <ul class="addresses">
        {addresses.map(({ masked, at, receipt }) => (
          <li key={`${masked} ${at}`}>
            <span class="address">{masked}</span> <time dateTime={at}>{clockTime(at, state.locale)}</time>
            <span class={receipt ? `receipt ${receiptTone(receipt)}` : 'receipt'}>
              {receipt ? term(state.locale, 'receipts', receipt) : text.pending}
            </span>
          </li>
        ))}
      </ul>
      {addresses.length > 0 && !isMine(state) && <p class="soft">{text.revealNeedsClaim}</p>}
      {addresses.length > 0 && isMine(state) && !revealed && (
        <button type="button" aria-disabled={!state.online} onClick={() => onAsk('reveal')}>
          {text.reveal}
        </button>
      )}
      {revealed && <Revealed addresses={revealed} onHide={onHide} />}
    </section>
  )
}

function receiptTone(receipt: string): string {
  if (receipt === 'code_sent') return 'good'
  return receipt === 'failed' ? 'bad' : ''
}

function Revealed({ addresses, onHide }: { addresses: string[]; onHide: () => void }) {
  const { state, words } = useTools()
  const [left, setLeft] = useState(REVEAL_SECONDS)
  useEffect(() => {
    const until = Date.now() + REVEAL_SECONDS * 1000
    const timer = setInterval(() => setLeft(Math.max(0, Math.ceil((until - Date.now()) / 1000))), 500)
    return () => clearInterval(timer)
  }, [])
  useEffect(() => {
    if (left === 0) onHide()
  }, [left, onHide])
  const text = words.context
  return (
    <div class="revealed">
      <h4>{text.revealed}</h4>
      {addresses.length === 0 && <p>{text.revealedNone}</p>}
      <ul>
        {addresses.map((address) => (
          <li key={address}>{address}</li>
        ))}
      </ul>
      <p>
        <span class="soft">{counted(text, 'hides', left, state.locale)}</span>{' '}
        <button type="button" class="quiet" onClick={onHide}>
          {text.hideNow}
        </button>
      </p>
    </div>
  )
}

function Answers({ summary }: { summary: Summary }) {
  const { words } = useTools()
  if (summary.answers.length === 0) return null
  return (
    <section>
      <h3>{words.context.answers}</h3>
      <dl class="facts">
        {summary.answers.map(({ label, value }) => (
          <Fact key={label} label={label}>
            {value}
          </Fact>
        ))}
      </dl>
    </section>
  )
}

function Feedback({ summary }: { summary: Summary }) {
  const { state, words } = useTools()
  if (!summary.feedback) return null
  return (
    <section>
      <h3>{words.context.feedback}</h3>
      <p>{term(state.locale, 'ratings', summary.feedback.rating)}</p>
      {summary.feedback.comment && <blockquote>{summary.feedback.comment}</blockquote>}
    </section>
  )
}
