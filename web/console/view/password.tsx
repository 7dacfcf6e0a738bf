import { useEffect, useRef, useState } from 'preact/hooks'
import { ApiError } from '../api.ts'
import { fill } from '../words.ts'
import { useTools } from './hooks.ts'
import { DoorTop } from './sign-in.tsx'

const MIN_PASSWORD = 12

type Fault = 'short' | 'differ' | 'wrong' | 'unreachable'

/** After the first sign-in by link. */
export function PasswordScreen() {
  const { desk, state, words } = useTools()
  return (
    <main class="door">
      <div class="door-card">
        <DoorTop />
        <h1>{words.password.title}</h1>
        <p class="soft">{fill(words.password.intro, { name: state.session?.agent.name ?? '' })}</p>
        <PasswordForm onDone={() => undefined} cancel={words.password.later} onCancel={desk.skipPassword} />
      </div>
    </main>
  )
}

interface FormProps {
  onDone: () => void
  cancel: string
  onCancel: () => void
}

export function PasswordForm({ onDone, cancel, onCancel }: FormProps) {
  const { desk, state, words } = useTools()
  const [current, setCurrent] = useState('')
  const [password, setPassword] = useState('')
  const [again, setAgain] = useState('')
  const [fault, setFault] = useState<Fault>()
  const first = useRef<HTMLInputElement>(null)
  useEffect(() => first.current?.focus(), [])
  const submit = async (event: Event) => {
    event.preventDefault()
    if ([...password].length < MIN_PASSWORD) return setFault('short')
    if (password !== again) return setFault('differ')
    const failed = await desk.choosePassword(password, current).then(() => undefined, faultOf)
    if (failed) setFault(failed)
    else onDone()
  }
  const text = words.password
  return (
    <form onSubmit={submit} noValidate>
      {fault && (
        <p role="alert" class="note bad">
          {fault === 'unreachable' ? words.signIn.unreachable : text[fault]}
        </p>
      )}
      <input
        class="unseen"
        type="text"
        autocomplete="username"
        value={state.session?.agent.name}
        readOnly
        tabIndex={-1}
        aria-hidden="true"
      />
      {state.session?.hasPassword && (
        <Secret
          label={text.current}
          help={text.currentHelp}
          autocomplete="current-password"
          value={current}
          onValue={setCurrent}
        />
      )}
      <Secret
        inputRef={first}
        label={text.new}
        help={text.rule}
        autocomplete="new-password"
        value={password}
        onValue={setPassword}
      />
      <Secret label={text.again} autocomplete="new-password" value={again} onValue={setAgain} />
      <div class="actions">
        <button type="submit" class="main">
          {text.save}
        </button>
        <button type="button" onClick={onCancel}>
          {cancel}
        </button>
      </div>
    </form>
  )
}

function faultOf(error: unknown): Fault {
  if (error instanceof ApiError && error.code === 'forbidden') return 'wrong'
  return error instanceof ApiError && error.status === 400 ? 'short' : 'unreachable'
}

interface SecretProps {
  label: string
  help?: string
  autocomplete: 'current-password' | 'new-password'
  value: string
  onValue: (value: string) => void
  inputRef?: { current: HTMLInputElement | null }
}

function Secret({ label, help, autocomplete, value, onValue, inputRef }: SecretProps) {
  return (
    <label>
      {label}
      {help && <small>{help}</small>}
      <input
        ref={inputRef ?? null}
        type="password"
        autocomplete={autocomplete}
        maxLength={256}
        value={value}
        onInput={(e) => onValue(e.currentTarget.value)}
      />
    </label>
  )
}
