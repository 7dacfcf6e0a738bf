import markUrl from '../mark.svg'
import { counted, fill } from '../words.ts'
import { useTools } from './hooks.ts'
import { LanguageSwitch } from './language.tsx'
import type { Overlay } from './workplace.tsx'

export function TopBar({ onAsk }: { onAsk: (question: Overlay) => void }) {
  const { desk, state, words } = useTools()
  const waiting = state.queue?.filter((item) => item.owner === 'waiting').length ?? 0
  const agent = state.session?.agent.name ?? ''
  const signOut = () => {
    const unsent = [...Object.values(state.drafts), ...Object.values(state.outbox).flat()].some((v) => v !== '')
    if (unsent) onAsk('signOut')
    else void desk.signOut()
  }
  return (
    <header class="top">
      <h1 class="brand">
        <img src={markUrl} alt="" width="26" height="26" />
        <span>
          {words.name} <small>{words.desk}</small>
        </span>
      </h1>
      {state.queue && <p class="waiting">{counted(words.top, 'waiting', waiting, state.locale)}</p>}
      <div class="top-tools">
        <button type="button" class="quiet keys-button" onClick={() => onAsk('help')}>
          {words.top.shortcuts}{' '}
          <span class="key" aria-hidden="true">
            ?
          </span>
        </button>
        <LanguageSwitch />
        <fieldset class="account">
          <legend class="unseen">{fill(words.top.account, { name: agent })}</legend>
          <span class="account-name">{agent}</span>
          <button type="button" class="quiet" onClick={() => onAsk('password')}>
            {words.top.changePassword}
          </button>
          <button type="button" class="quiet" onClick={() => onAsk('secondStep')}>
            {words.top.secondStep}
          </button>
          <button type="button" class="quiet" onClick={signOut}>
            {words.top.signOut}
          </button>
        </fieldset>
      </div>
    </header>
  )
}
