import { useEffect, useState } from 'preact/hooks'
import { encodeQR } from 'qr'
import type { SecondStepOffer } from '../../../src/wire/desk.ts'
import { ApiError } from '../api.ts'
import { Modal } from './dialog.tsx'
import { useTools } from './hooks.ts'
import { DoorTop, NumberField } from './sign-in.tsx'

type Fault = 'wrong' | 'unreachable'

/** Puts the second step of signing in to work, or ends it. */
export function SecondStepDialog({ onClose }: { onClose: () => void }) {
  const { state, words } = useTools()
  return (
    <Modal title={words.secondStep.title} onClose={onClose}>
      {state.session?.hasSecondStep ? <End onClose={onClose} /> : <Begin onClose={onClose} />}
    </Modal>
  )
}

/** Where nobody sees the desk without one. */
export function SecondStepScreen() {
  const { desk, words } = useTools()
  return (
    <main class="door">
      <div class="door-card">
        <DoorTop />
        <h1>{words.secondStep.title}</h1>
        <Begin leave={words.top.signOut} onClose={() => void desk.signOut()} />
      </div>
    </main>
  )
}

function Begin({ leave, onClose }: { leave?: string; onClose: () => void }) {
  const { desk, words } = useTools()
  const [offer, setOffer] = useState<SecondStepOffer>()
  const [failed, setFailed] = useState(false)
  useEffect(() => {
    desk.offerSecondStep().then(setOffer, () => setFailed(true))
  }, [desk])
  const text = words.secondStep
  return (
    <div class="second-step">
      <p>{text.intro}</p>
      {failed && (
        <p role="alert" class="note bad">
          {words.signIn.unreachable}
        </p>
      )}
      {offer && (
        <>
          <p>{text.scan}</p>
          <QrCode of={offer.uri} label={text.qr} />
          <p>
            {text.type} <code class="secret">{offer.secret.replace(/(.{4})(?=.)/g, '$1 ')}</code>
          </p>
        </>
      )}
      <NumberForm
        go={text.on}
        onNumber={(number) => desk.setSecondStep(offer?.sealed ?? '', number)}
        ready={offer !== undefined}
        leave={leave}
        onClose={onClose}
      />
    </div>
  )
}

function End({ onClose }: { onClose: () => void }) {
  const { desk, words } = useTools()
  const text = words.secondStep
  return (
    <div class="second-step">
      <p role="status" class="note">
        {text.isOn}
      </p>
      <p>{text.change}</p>
      <NumberForm go={text.off} help={text.offHelp} onNumber={desk.endSecondStep} ready onClose={onClose} />
    </div>
  )
}

interface NumberFormProps {
  go: string
  help?: string
  /** Whether there is anything that a number could be of. */
  ready: boolean
  /** Words of the other button, which closes unless something else is said. */
  leave?: string | undefined
  /** @throws ApiError */
  onNumber: (number: string) => Promise<void>
  onClose: () => void
}

function NumberForm({ go, help, ready, leave, onNumber, onClose }: NumberFormProps) {
  const { words } = useTools()
  const [number, setNumber] = useState('')
  const [fault, setFault] = useState<Fault>()
  const [busy, setBusy] = useState(false)
  const submit = async (event: Event) => {
    event.preventDefault()
    if (busy || !ready) return
    setBusy(true)
    setFault(await onNumber(number).then(() => undefined, faultOf))
    setBusy(false)
    setNumber('')
  }
  return (
    <form onSubmit={submit}>
      {fault && (
        <p role="alert" class="note bad">
          {fault === 'wrong' ? words.secondStep.wrong : words.signIn.unreachable}
        </p>
      )}
      <NumberField label={words.secondStep.number} help={help} value={number} onValue={setNumber} />
      <div class="actions">
        <button type="submit" class="main" aria-disabled={busy || !ready}>
          {go}
        </button>
        <button type="button" onClick={onClose}>
          {leave ?? words.secondStep.close}
        </button>
      </div>
    </form>
  )
}

function faultOf(error: unknown): Fault {
  return error instanceof ApiError && error.status >= 400 && error.status < 500 ? 'wrong' : 'unreachable'
}

/** Dark on light whatever the colours of the page: cameras want that. */
function QrCode({ of, label }: { of: string; label: string }) {
  const rows = encodeQR(of, 'raw', { border: 4, ecc: 'low' })
  const squares = rows.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : [])))
  return (
    <svg class="qr" role="img" aria-label={label} viewBox={`0 0 ${rows.length} ${rows.length}`}>
      <rect width="100%" height="100%" fill="#fff" />
      <path d={squares.join('')} fill="#000" shape-rendering="crispEdges" />
    </svg>
  )
}
