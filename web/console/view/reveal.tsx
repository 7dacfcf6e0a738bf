import { useState } from 'preact/hooks'
import { REVEAL_REASONS, type RevealReason } from '../../../src/wire/desk.ts'
import { Modal } from './dialog.tsx'
import { useTools } from './hooks.ts'

/** Asks why addresses are needed in full, before they are shown: the reason is recorded with the name. */
export function RevealDialog({ onYes, onClose }: { onYes: (reason: RevealReason) => void; onClose: () => void }) {
  const { words } = useTools()
  const [reason, setReason] = useState<RevealReason>()
  const { reveal, confirm } = words
  const submit = (event: Event) => {
    event.preventDefault()
    if (!reason) return
    onClose()
    onYes(reason)
  }
  return (
    <Modal title={reveal.title} onClose={onClose}>
      <form onSubmit={submit}>
        <p>{reveal.text}</p>
        <fieldset class="reasons">
          <legend>{reveal.why}</legend>
          {REVEAL_REASONS.map((each) => (
            <label key={each} class="check">
              <input type="radio" name="reason" required checked={reason === each} onChange={() => setReason(each)} />
              {reveal.reasons[each]}
            </label>
          ))}
        </fieldset>
        <div class="actions">
          <button type="submit" class="main">
            {reveal.yes}
          </button>
          <button type="button" onClick={onClose}>
            {confirm.cancel}
          </button>
        </div>
      </form>
    </Modal>
  )
}
