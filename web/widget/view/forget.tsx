/** Asks before the conversation is taken off the device. */
import { useLayoutEffect, useRef } from 'preact/hooks'
import type { Words } from '../words.ts'

export function Forget({ words, onYes, onNo }: { words: Words; onYes(): void; onNo(): void }) {
  const keep = useRef<HTMLButtonElement>(null)
  useLayoutEffect(() => keep.current?.focus(), [])

  function onKeyDown(event: KeyboardEvent) {
    if (event.key !== 'Escape') return
    event.preventDefault()
    onNo()
  }

  return (
    <div
      class="veil"
      role="alertdialog"
      aria-labelledby="forget-title"
      aria-describedby="forget-text"
      onKeyDown={onKeyDown}
    >
      <div class="card">
        <h2 id="forget-title">{words.forget.title}</h2>
        <p id="forget-text">{words.forget.text}</p>
        <div class="choices">
          <button ref={keep} type="button" class="reply" onClick={onNo}>
            {words.forget.no}
          </button>
          <button type="button" class="reply danger" onClick={onYes}>
            {words.forget.yes}
          </button>
        </div>
      </div>
    </div>
  )
}
