import { useEffect } from 'preact/hooks'
import { Modal } from './dialog.tsx'
import { useTools } from './hooks.ts'

export interface ShortcutActions {
  next: () => void
  previous: () => void
  claim: () => void
  reply: () => void
  handback: () => void
  resolve: () => void
  help: () => void
}

const KEYS = { j: 'next', k: 'previous', c: 'claim', r: 'reply', h: 'handback', e: 'resolve', '?': 'help' } as const

/** Single keys act only outside of text fields and dialogs, without Ctrl, Alt or Meta, and can be turned off (WCAG 2.1.4). */
export function useShortcuts(actions: ShortcutActions, on: boolean): void {
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const action = KEYS[event.key.toLowerCase() as keyof typeof KEYS]
      if (!on || !action || event.ctrlKey || event.altKey || event.metaKey || event.repeat || isBusy(event.target))
        return
      event.preventDefault()
      actions[action]()
    }
    window.addEventListener('keydown', listen)
    return () => window.removeEventListener('keydown', listen)
  })
}

function isBusy(target: EventTarget | null): boolean {
  if (document.querySelector('dialog[open]')) return true
  return target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable]') !== null
}

export function ShortcutHelp({ onClose }: { onClose: () => void }) {
  const { desk, state, words } = useTools()
  const text = words.shortcuts
  return (
    <Modal title={text.title} onClose={onClose}>
      <dl class="keys">
        {Object.entries(KEYS).map(([key, action]) => (
          <div key={key}>
            <dt>
              <kbd>{key.toUpperCase()}</kbd>
            </dt>
            <dd>{text[action]}</dd>
          </div>
        ))}
        <div>
          <dt>
            <kbd>{text.escape}</kbd>
          </dt>
          <dd>{text.leave}</dd>
        </div>
      </dl>
      <label class="check">
        <input type="checkbox" checked={state.shortcuts} onChange={(e) => desk.setShortcuts(e.currentTarget.checked)} />
        {text.on}
      </label>
      <p class="soft">{text.note}</p>
      <div class="actions">
        <button type="button" onClick={onClose}>
          {text.close}
        </button>
      </div>
    </Modal>
  )
}
