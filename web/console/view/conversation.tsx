import type { ConversationView } from '../../../src/wire/desk.ts'
import { type DeskState, inDanger, isMine } from '../state.ts'
import { fill, type Words } from '../words.ts'
import { CrisisBanner } from './crisis.tsx'
import { useTools } from './hooks.ts'
import { LanguageBadge } from './language.tsx'
import { Wait } from './queue.tsx'
import { ReplyBox } from './reply-box.tsx'
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
          <Transcript key={view.conversationId} view={view} />
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
