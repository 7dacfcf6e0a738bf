import { useEffect, useRef, useState } from 'preact/hooks'
import markUrl from '../mark.svg'
import { useTools } from './hooks.ts'
import { LanguageSwitch } from './language.tsx'

/** @param opening looking whether someone is signed in already. */
export function SignIn({ opening = false }: { opening?: boolean }) {
  const { state, words } = useTools()
  return (
    <main class="door">
      <div class="door-card">
        <DoorTop />
        {opening ? <output class="door-wait">{words.loading}</output> : <SignInForm key={state.fault ?? ''} />}
      </div>
    </main>
  )
}

export function DoorTop() {
  const { words } = useTools()
  return (
    <header class="door-top">
      <span class="brand">
        <img src={markUrl} alt="" width="28" height="28" />
        {words.name}
      </span>
      <LanguageSwitch />
    </header>
  )
}

function SignInForm() {
  const { desk, state, words } = useTools()
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const [number, setNumber] = useState('')
  const [busy, setBusy] = useState(false)
  const first = useRef<HTMLInputElement>(null)
  useEffect(() => first.current?.focus(), [])
  const submit = async (event: Event) => {
    event.preventDefault()
    if (busy) return
    setBusy(true)
    const isMissing = await desk.signIn({ name, password, ...(number === '' ? {} : { number }) })
    setBusy(false)
    setNumber('')
    if (!isMissing) setPassword('')
  }
  return (
    <form onSubmit={submit}>
      <h1>{words.signIn.title}</h1>
      {state.fault && (
        <p role="alert" class={state.fault === 'ended' ? 'note' : 'note bad'}>
          {words.signIn[state.fault]}
        </p>
      )}
      <label>
        {words.signIn.name}
        <input
          ref={first}
          name="username"
          autocomplete="username"
          required
          maxLength={80}
          value={name}
          onInput={(e) => setName(e.currentTarget.value)}
        />
      </label>
      <label>
        {words.signIn.password}
        <input
          name="password"
          type="password"
          autocomplete="current-password"
          required
          maxLength={256}
          value={password}
          onInput={(e) => setPassword(e.currentTarget.value)}
        />
      </label>
      {state.needsNumber && (
        <NumberField label={words.signIn.number} help={words.signIn.numberHelp} value={number} onValue={setNumber} />
      )}
      <button type="submit" class="main" aria-disabled={busy}>
        {busy ? words.signIn.going : words.signIn.go}
      </button>
      <p class="soft">{words.signIn.help}</p>
    </form>
  )
}

interface NumberFieldProps {
  label: string
  help?: string | undefined
  value: string
  onValue: (value: string) => void
}

/** The six digits of an app; what is to be typed next when it appears. */
export function NumberField({ label, help, value, onValue }: NumberFieldProps) {
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => field.current?.focus(), [])
  return (
    <label>
      {label}
      {help && <small>{help}</small>}
      <input
        ref={field}
        name="number"
        inputMode="numeric"
        autocomplete="one-time-code"
        maxLength={12}
        value={value}
        onInput={(e) => onValue(e.currentTarget.value)}
      />
    </label>
  )
}
