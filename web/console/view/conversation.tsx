import type { ConversationView } from '../../../src/wire/desk.ts'
import { type DeskState, inDanger, isCrisis, isMine, mayTakeOver } from '../state.ts'
import { fill, term, type Words } from '../words.ts'
import { CrisisBanner } from './crisis.tsx'
import { useTools } from './hooks.ts'
import { LanguageBadge } from './language.tsx'
import { Wait } from './queue.tsx'
import { ReplyBox } from './reply-box.tsx'
import { Steps } from './steps.tsx'
import { Transcript } from './transcript.tsx'
import type { Overlay } from './workplace.tsx'

interface Props {
  onAsk: (question: Overlay) => void
  onClaim: () => void
}

export function Conversation(props: Props) {
  const { state, words } = useTools()
  const { view, selected, gone } = state
  return (
    <section class="column conversation" id="conversation" aria-label={words.conversation.messages} tabIndex={-1}>
      {/* There before the banner, so that the banner is announced when it appears. */}
      <div role="alert">{view && inDanger(state) && <CrisisBanner id={view.conversationId} />}</div>
      {selected === undefined && <Nothing />}
      {selected !== undefined && !view && <Missing text={gone ? words.conversation.gone : words.loading} />}
      {view && (
        <>
          <Head view={view} {...props} />
          {view.access === 'all' ? <Transcript key={view.conversationId} view={view} /> : <Outline view={view} />}
          <ReplyBox key={`reply ${view.conversationId}`} view={view} onClaim={props.onClaim} />
        </>
      )}
    </section>
  )
}

function Nothing() {
  const { words } = useTools()
  return (
    <div class="nothing">
      <p>{words.conversation.none}</p>
      <p class="soft">{words.conversation.noneHelp}</p>
    </div>
  )
}

function Missing({ text }: { text: string }) {
  const { desk, words } = useTools()
  return (
    <div class="nothing">
      <p>{text}</p>
      <button type="button" class="to-queue" onClick={() => desk.show('queue')}>
        {words.conversation.back}
      </button>
    </div>
  )
}

/** What there is to know of it before it is claimed, or when it is a colleague's. */
function Outline({ view }: { view: ConversationView }) {
  const { state, words } = useTools()
  const text = words.conversation
  if (view.access === 'taken')
    return (
      <div class="nothing">
        <p>{fill(words.queue.takenBy, { name: view.agent?.name ?? '' })}</p>
        <p class="soft">{text.takenHelp}</p>
      </div>
    )
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section class="outline context-body" aria-label={text.outline} tabIndex={0}>
      {view.reason && (
        <p class={isCrisis(view) ? 'reason crisis' : 'reason'}>{term(state.locale, 'reasons', view.reason)}</p>
      )}
      {view.lostBy !== undefined && <p class="lost">{fill(words.queue.lostBy, { name: view.lostBy })}</p>}
      <p class="soft">{text.claimToRead}</p>
      <Steps steps={view.summary.steps} />
    </section>
  )
}

function Head({ view, onAsk, onClaim }: Props & { view: ConversationView }) {
  const { desk, state, words } = useTools()
  const text = words.conversation
  return (
    <header class="column-top head">
      <button type="button" class="quiet to-queue" onClick={() => desk.show('queue')}>
        <span aria-hidden="true">‹ </span>
        {text.back}
      </button>
      <div class="head-title">
        <h2>{fill(text.title, { ticket: view.ticket })}</h2>
        <LanguageBadge locale={view.locale} />
        <span class="soft">{ownerText(state, words)}</span>
        {view.owner === 'waiting' && view.requestedAt && <Wait at={view.requestedAt} />}
      </div>
      <div class="head-actions">
        {view.owner === 'waiting' && (
          <button type="button" class="main" aria-disabled={state.busy || !state.online} onClick={onClaim}>
            {state.busy ? text.claiming : text.claim}{' '}
            <span class="key" aria-hidden="true">
              C
            </span>
          </button>
        )}
        {mayTakeOver(state) && (
          <button type="button" aria-disabled={state.busy} onClick={() => onAsk('takeOver')}>
            {text.takeOver}
          </button>
        )}
        {isMine(state) && (
          <>
            <button type="button" aria-disabled={state.busy} onClick={() => onAsk('handback')}>
              {text.handback}
            </button>
            <button type="button" aria-disabled={state.busy} onClick={() => onAsk('resolve')}>
              {text.resolve}
            </button>
          </>
        )}
        <button type="button" class="quiet to-context" onClick={() => desk.show('context')}>
          {text.details}
          <span aria-hidden="true"> ›</span>
        </button>
      </div>
    </header>
  )
}

/** Who answers the member now, in words. */
export function ownerText(state: DeskState, { owner }: Words): string {
  const { view } = state
  if (!view) return ''
  if (isMine(state)) return owner.you
  return fill(owner[view.owner], { name: view.agent?.name ?? '' })
}
