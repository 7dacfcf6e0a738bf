/** The whole widget: a launcher in the corner, or the open panel. */
import { useEffect, useLayoutEffect, useReducer, useRef, useState } from 'preact/hooks'
import { LOCALE_TAGS } from '../../../src/wire/activity.ts'
import type { Chat, ChatState } from '../chat.ts'
import { counted, wordsFor } from '../words.ts'
import { Mark } from './icons.tsx'
import { Panel } from './panel.tsx'

function useChat(chat: Chat): ChatState {
  const [, refresh] = useReducer((n: number) => n + 1, 0)
  useLayoutEffect(() => chat.subscribe(() => refresh(undefined)), [chat])
  return chat.state()
}

export function App({ chat }: { chat: Chat }) {
  const state = useChat(chat)
  const launcher = useRef<HTMLButtonElement>(null)
  const wasOpen = useRef(state.open)
  useTitleCount(state.unread)
  useLayoutEffect(() => {
    if (wasOpen.current && !state.open) launcher.current?.focus()
    wasOpen.current = state.open
  }, [state.open])
  return (
    <div class="root" lang={LOCALE_TAGS[state.locale]}>
      <Launcher chat={chat} state={state} button={launcher} />
      {state.open && <Panel chat={chat} state={state} />}
    </div>
  )
}

interface LauncherProps {
  chat: Chat
  state: ChatState
  button: { current: HTMLButtonElement | null }
}

function Launcher({ chat, state, button }: LauncherProps) {
  const words = wordsFor(state.locale)
  const aside = useAside(button)
  const begun = state.lines.length > 0
  return (
    <button
      ref={button}
      type="button"
      class={`launcher${aside ? ' aside' : ''}`}
      hidden={state.open}
      aria-haspopup="dialog"
      onClick={() => chat.open()}
    >
      <Mark size={28} />
      <span class="launcher-label">{begun ? words.launcher.resume : words.launcher.label}</span>
      <span class="sr">
        {' '}
        {words.launcher.open} {state.unread > 0 && counted(words.launcher, 'unread', state.unread, state.locale)}
      </span>
      {state.unread > 0 && (
        <span class="badge" aria-hidden="true">
          {state.unread > 9 ? '9+' : state.unread}
        </span>
      )}
    </button>
  )
}

/** Moves the launcher to the other corner while it would cover what has the page's focus (WCAG 2.4.11). */
function useAside(button: { current: HTMLButtonElement | null }): boolean {
  const [aside, setAside] = useState(false)
  useEffect(() => {
    const look = (event: FocusEvent) => {
      const home = button.current?.getBoundingClientRect()
      const target = event.target
      if (!home || !(target instanceof Element) || target.shadowRoot?.contains(button.current)) return
      const box = target.getBoundingClientRect()
      const right = window.innerWidth - home.width - 40
      const tall = box.height > window.innerHeight / 2 // The page's body, not a control.
      setAside(!tall && box.right > right && box.bottom > home.top && box.top < home.bottom)
    }
    document.addEventListener('focusin', look)
    return () => document.removeEventListener('focusin', look)
  }, [button])
  return aside
}

/** Puts "(2) " before the page's title while messages are unread, and takes it away again. */
function useTitleCount(unread: number): void {
  useEffect(() => {
    if (unread === 0) return
    const prefix = `(${unread}) `
    document.title = prefix + document.title
    return () => {
      if (document.title.startsWith(prefix)) document.title = document.title.slice(prefix.length)
    }
  }, [unread])
}
