import { useLayoutEffect, useRef } from 'preact/hooks'
import { LOCALE_TAGS, MAX_TEXT } from '../../../src/wire/activity.ts'
import type { ConversationView } from '../../../src/wire/desk.ts'
import { isMine } from '../state.ts'
import { counted, fill } from '../words.ts'
import { useTools } from './hooks.ts'

/** From here on the characters that are left are shown. */
const COUNT_FROM = MAX_TEXT - 200

export function ReplyBox({ view, onClaim }: { view: ConversationView; onClaim: () => void }) {
  const { state } = useTools()
  return isMine(state) ? <ReplyForm view={view} /> : <NoReply view={view} onClaim={onClaim} />
}

/** Says why nothing can be written here. */
function NoReply({ view, onClaim }: { view: ConversationView; onClaim: () => void }) {
  const { state, words } = useTools()
  const { reply, conversation } = words
  const text = { waiting: reply.free, bot: reply.bot, closed: reply.closed, agent: reply.other }[view.owner]
  return (
    <div class="reply none">
      <p>{fill(text, { name: view.agent?.name ?? words.log.agent })}</p>
      {state.drafts[view.conversationId] && <p class="soft">{reply.kept}</p>}
      {view.owner === 'waiting' && (
        <button type="button" class="main narrow-only" aria-disabled={state.busy || !state.online} onClick={onClaim}>
          {conversation.claim}
        </button>
      )}
    </div>
  )
}

function ReplyForm({ view }: { view: ConversationView }) {
  const { replies, state, words } = useTools()
  const id = view.conversationId
  const draft = state.drafts[id] ?? ''
  const ready = draft.trim() !== '' && draft.length <= MAX_TEXT && state.online
  const send = () => {
    if (ready) replies.send(id)
  }
  const submit = (event: Event) => {
    event.preventDefault()
    send()
    document.getElementById('reply')?.focus()
  }
  const onKeyDown = (event: KeyboardEvent & { currentTarget: HTMLElement }) => {
    if (event.key === 'Escape') document.getElementById('conversation')?.focus()
    // While an input method composes, Enter chooses a word.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
    event.preventDefault()
    send()
  }
  return (
    <form class="reply" onSubmit={submit}>
      <Remarks view={view} length={draft.length} />
      <div class="reply-line">
        <ReplyField view={view} draft={draft} onKeyDown={onKeyDown} />
        <button type="submit" class="main" aria-disabled={!ready}>
          {state.online ? words.reply.send : words.reply.paused}
        </button>
      </div>
      <p class="hint" id="reply-hint">
        {words.reply.hint}
      </p>
    </form>
  )
}

interface FieldProps {
  view: ConversationView
  draft: string
  onKeyDown: (event: KeyboardEvent & { currentTarget: HTMLElement }) => void
}

/** Its `lang` is the member's: the browser checks the spelling of that language. */
function ReplyField({ view, draft, onKeyDown }: FieldProps) {
  const { replies, words } = useTools()
  const field = useRef<HTMLTextAreaElement>(null)
  useLayoutEffect(() => {
    if (!field.current) return
    // The rows grow with the text, without a style attribute (the CSP has none).
    field.current.rows = Math.min(8, Math.max(2, draft.split('\n').length + Math.floor(draft.length / 90)))
  }, [draft])
  return (
    <textarea
      id="reply"
      ref={field}
      rows={2}
      lang={LOCALE_TAGS[view.locale]}
      aria-label={words.reply.label}
      aria-describedby="reply-hint"
      placeholder={words.reply.placeholder}
      value={draft}
      onInput={(e) => replies.setDraft(view.conversationId, e.currentTarget.value)}
      onKeyDown={onKeyDown}
    />
  )
}

function Remarks({ view, length }: { view: ConversationView; length: number }) {
  const { state, words } = useTools()
  const left = MAX_TEXT - length
  const key = left < 0 ? 'over' : 'left'
  return (
    <>
      {view.locale !== state.locale && (
        <p class="remark">{view.locale === 'fr' ? words.reply.otherFr : words.reply.otherEn}</p>
      )}
      {length > COUNT_FROM && <p class={`remark ${key}`}>{counted(words.reply, key, Math.abs(left), state.locale)}</p>}
    </>
  )
}
