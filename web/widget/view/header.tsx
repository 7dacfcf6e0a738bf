/** Who answers, the language switch, the menu and the way out. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { LOCALE_TAGS, type Locale } from '../../../src/wire/activity.ts'
import type { Chat, ChatState } from '../chat.ts'
import { fill, type Words, wordsFor } from '../words.ts'
import { CloseIcon, Mark, MoreIcon } from './icons.tsx'

/** Each language by its own name, for whoever reads only that one. */
const NAMES: Record<Locale, string> = { fr: 'Français', en: 'English' }

function statusText(state: ChatState, words: Words): string {
  if (state.owner !== 'agent') return words.status[state.owner]
  return state.agent ? fill(words.status.agent, { name: state.agent }) : words.status.someone
}

interface HeaderProps {
  chat: Chat
  state: ChatState
  onForget(): void
}

export function Header({ chat, state, onForget }: HeaderProps) {
  const words = wordsFor(state.locale)
  const other = state.locale === 'fr' ? 'en' : 'fr'
  return (
    <div class="header">
      <Mark size={34} />
      <div class="who">
        <span class="name">{words.name}</span>
        <span class={`status ${state.owner}`}>{statusText(state, words)}</span>
      </div>
      <button type="button" class="plain language" lang={LOCALE_TAGS[other]} onClick={() => chat.chooseLocale(other)}>
        {NAMES[other]}
      </button>
      <Menu chat={chat} words={words} onForget={onForget} />
      <button type="button" class="plain icon" onClick={() => chat.close()}>
        <CloseIcon />
        <span class="sr">{words.panel.close}</span>
      </button>
    </div>
  )
}

function Menu({ chat, words, onForget }: { chat: Chat; words: Words; onForget(): void }) {
  const [open, setOpen] = useState(false)
  const button = useRef<HTMLButtonElement>(null)
  const box = useRef<HTMLDivElement>(null)
  useCloseOutside(box, open, () => setOpen(false))

  function pick(action: () => void) {
    setOpen(false)
    button.current?.focus()
    action()
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.key !== 'Escape' || !open) return
    event.preventDefault()
    setOpen(false)
    button.current?.focus()
  }

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape closes the list from any of its buttons.
    <div class="menu" ref={box} onKeyDown={onKeyDown}>
      <button ref={button} type="button" class="plain icon" aria-expanded={open} onClick={() => setOpen(!open)}>
        <MoreIcon />
        <span class="sr">{words.menu.label}</span>
      </button>
      {open && (
        <ul class="menu-list">
          <li>
            <button type="button" onClick={() => pick(() => chat.send(words.menu.back))}>
              {words.menu.back}
            </button>
          </li>
          <li>
            <button type="button" onClick={() => pick(() => chat.send(words.menu.restart))}>
              {words.menu.restart}
            </button>
          </li>
          <li class="apart">
            <button type="button" onClick={() => pick(onForget)}>
              {words.menu.forget}
            </button>
          </li>
        </ul>
      )}
    </div>
  )
}

function useCloseOutside(box: { current: HTMLElement | null }, open: boolean, close: () => void): void {
  useEffect(() => {
    if (!open) return
    const root = box.current?.getRootNode()
    const look = (event: Event) => {
      const target = event.composedPath()[0]
      if (!(target instanceof Node) || !box.current?.contains(target)) close()
    }
    document.addEventListener('pointerdown', look)
    root?.addEventListener('focusin', look)
    return () => {
      document.removeEventListener('pointerdown', look)
      root?.removeEventListener('focusin', look)
    }
  }, [open])
}
