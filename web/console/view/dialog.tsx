import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'
import { inDanger } from '../state.ts'
import { fill } from '../words.ts'
import { Announcer } from './alarm.tsx'
import { useTools } from './hooks.ts'

interface ModalProps {
  title: string
  onClose: () => void
  children: ComponentChildren
}

/** A native modal dialog: the browser keeps the focus inside, and gives it back afterwards. */
export function Modal({ title, onClose, children }: ModalProps) {
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  useEffect(() => {
    const before = document.activeElement
    dialog.current?.showModal()
    return () => {
      // What was focused may be gone with the claim; then the conversation is the place to go on.
      const back =
        before instanceof HTMLElement && before.isConnected ? before : document.getElementById('conversation')
      back?.focus()
    }
  }, [])
  return (
    <dialog ref={dialog} aria-labelledby={id} onClose={onClose}>
      <h2 id={id}>{title}</h2>
      <Announcer />
      {children}
    </dialog>
  )
}

export type Question = 'handback' | 'resolve' | 'takeOver' | 'signOut'

/** Asks before something that cannot be undone. */
export function Confirm({ question, onYes, onClose }: { question: Question; onYes: () => void; onClose: () => void }) {
  const { state, words } = useTools()
  const { confirm } = words
  const values = { name: state.view?.agent?.name ?? '' }
  const leaves = question === 'handback' || question === 'resolve'
  const yes = () => {
    onClose()
    onYes()
  }
  return (
    <Modal title={confirm[`${question}Title`]} onClose={onClose}>
      <p>{fill(confirm[`${question}Text`], values)}</p>
      <div role="alert">{leaves && inDanger(state) && <p class="note bad">{words.crisis.confirm}</p>}</div>
      <div class="actions">
        <button type="button" class="main" onClick={yes}>
          {confirm[`${question}Yes`]}
        </button>
        <button type="button" onClick={onClose}>
          {confirm.cancel}
        </button>
      </div>
    </Modal>
  )
}
