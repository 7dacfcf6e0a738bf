/** The open conversation: a dialog beside the page; over the whole page on a small screen. */
import type { TargetedKeyboardEvent } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Chat, ChatState } from '../chat.ts'
import { wordsFor } from '../words.ts'
import { Composer } from './composer.tsx'
import { Forget } from './forget.tsx'
import { Header } from './header.tsx'
import { PersonIcon } from './icons.tsx'
import { Log } from './log.tsx'
import { useFullScreen } from './screen.ts'

export function Panel({ chat, state }: { chat: Chat; state: ChatState }) {
  const words = wordsFor(state.locale)
  const panel = useRef<HTMLDivElement>(null)
  const [forgetting, setForgetting] = useState(false)
  const full = useFullScreen(panel)
  useLayoutEffect(() => {
    // On a touch screen the keyboard would jump up over the welcome.
    const touch = matchMedia('(pointer: coarse)').matches
    const field = touch ? null : panel.current?.querySelector<HTMLElement>('.field')
    ;(field ?? panel.current)?.focus({ preventScroll: true })
  }, [])

  const asked = useRef(false)
  useLayoutEffect(() => {
    if (asked.current && !forgetting) panel.current?.querySelector<HTMLElement>('.menu button')?.focus()
    asked.current = forgetting
  }, [forgetting])

  function onKeyDown(event: TargetedKeyboardEvent<HTMLDivElement>) {
    if (event.key === 'Escape' && !event.defaultPrevented) {
      event.stopPropagation()
      chat.close()
    }
    if (event.key === 'Tab' && full && panel.current) keepInside(panel.current, event)
  }

  return (
    <div ref={panel} class="panel" role="dialog" aria-label={words.panel.label} tabIndex={-1} onKeyDown={onKeyDown}>
      <div class="panel-body" inert={forgetting}>
        <Header chat={chat} state={state} onForget={() => setForgetting(true)} />
        <button type="button" class="person" onClick={() => chat.send(words.panel.person)}>
          <PersonIcon />
          {words.panel.person}
        </button>
        <Log chat={chat} state={state} />
        <Composer chat={chat} state={state} />
      </div>
      {forgetting && <Forget words={words} onYes={() => chat.forget()} onNo={() => setForgetting(false)} />}
    </div>
  )
}

/** Over the whole page, Tab must not wander to controls that cannot be seen. */
function keepInside(panel: HTMLElement, event: KeyboardEvent): void {
  const all = [...panel.querySelectorAll<HTMLElement>('button, a[href], input, textarea, [tabindex="0"]')]
  const reachable = all.filter((e) => !e.closest('[inert], [hidden]'))
  const active = (panel.getRootNode() as ShadowRoot).activeElement
  const [first, last] = [reachable[0], reachable.at(-1)]
  const edge = event.shiftKey ? first : last
  if (active !== edge && !(event.shiftKey && active === panel)) return
  event.preventDefault()
  ;(event.shiftKey ? last : first)?.focus()
}
