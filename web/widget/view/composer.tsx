/** Where the member writes. It never locks, and what was begun survives a reload. */
import type { TargetedKeyboardEvent } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Chat, ChatState } from '../chat.ts'
import { MAX_TEXT } from '../transcript.ts'
import { counted, wordsFor } from '../words.ts'
import { SendIcon } from './icons.tsx'

/** The counter shows when fewer characters than this are left. */
const SHOW_LEFT = 200

type Field = HTMLTextAreaElement | HTMLInputElement

export function Composer({ chat, state }: { chat: Chat; state: ChatState }) {
  const words = wordsFor(state.locale)
  const field = useRef<Field>(null)
  const [length, setLength] = useState(chat.draft().length)
  const left = MAX_TEXT - length
  useFieldSwap(field, state.email, chat)

  function onInput() {
    const text = field.current?.value ?? ''
    chat.keepDraft(text)
    setLength(text.trim().length)
    grow(field.current)
  }

  function submit(event: Event) {
    event.preventDefault()
    const input = field.current
    const text = input?.value.trim() ?? ''
    if (!input || !text || text.length > MAX_TEXT) return input?.focus()
    input.value = ''
    onInput()
    input.focus()
    chat.send(text)
  }

  const common = {
    class: 'field',
    id: 'field',
    'aria-describedby': left < SHOW_LEFT ? 'left' : undefined,
    'aria-invalid': left < 0 ? ('true' as const) : undefined,
    defaultValue: chat.draft(),
    onInput,
  }
  return (
    <form class="composer" noValidate onSubmit={submit}>
      <label class="sr" for="field">
        {state.email ? words.send.email : words.send.label}
      </label>
      {state.email ? (
        <input
          key="email"
          ref={field as { current: HTMLInputElement | null }}
          {...common}
          type="email"
          name="email"
          inputMode="email"
          autoComplete="email"
          autoCapitalize="none"
          spellcheck={false}
          placeholder={words.send.emailPlaceholder}
        />
      ) : (
        <textarea
          key="text"
          ref={field as { current: HTMLTextAreaElement | null }}
          {...common}
          rows={1}
          autoComplete="off"
          enterkeyhint="send"
          placeholder={words.send.placeholder}
          onKeyDown={sendOnEnter}
        />
      )}
      <button type="submit" class="send" aria-disabled={length === 0 || left < 0}>
        <SendIcon />
        <span class="sr">{words.send.button}</span>
      </button>
      {left < SHOW_LEFT && (
        <p id="left" class={left < 0 ? 'left over' : 'left'}>
          {left < 0
            ? counted(words.send, 'over', -left, state.locale)
            : counted(words.send, 'left', left, state.locale)}
        </p>
      )}
    </form>
  )
}

function sendOnEnter(event: TargetedKeyboardEvent<HTMLTextAreaElement>): void {
  // Enter also ends a composition (accents on some keyboards); that Enter is not "send".
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
  event.preventDefault()
  event.currentTarget.form?.requestSubmit()
}

/** Only where CSS cannot do it (`field-sizing`). */
function grow(field: Field | null): void {
  if (!(field instanceof HTMLTextAreaElement) || CSS.supports('field-sizing', 'content')) return
  field.style.height = 'auto'
  field.style.height = `${field.scrollHeight}px`
}

/** The field for an address replaces the other one: whoever was writing goes on writing. */
function useFieldSwap(field: { current: Field | null }, email: boolean, chat: Chat): void {
  const focused = useRef(false)
  const shown = useRef(email)
  // Read while rendering: the old field is still there.
  const root = field.current?.getRootNode() as ShadowRoot | undefined
  focused.current = !!field.current && root?.activeElement === field.current
  useLayoutEffect(() => {
    if (shown.current === email) return
    shown.current = email
    const input = field.current
    if (!input) return
    input.value = chat.draft()
    grow(input)
    if (focused.current) input.focus({ preventScroll: true })
  }, [email])
}
