import { useEffect } from 'preact/hooks'
import { LOCALE_TAGS } from '../../../src/wire/activity.ts'
import type { Desk } from '../desk.ts'
import type { Replies } from '../replies.ts'
import { type DeskState, unheeded } from '../state.ts'
import type { Words } from '../words.ts'
import { useAlarm } from './alarm.tsx'
import { ToolsProvider, useDeskState } from './hooks.ts'
import { PasswordScreen } from './password.tsx'
import { SecondStepScreen } from './second-step.tsx'
import { SignIn } from './sign-in.tsx'
import { Workplace } from './workplace.tsx'

export function App({ desk, replies }: { desk: Desk; replies: Replies }) {
  const { state, words, now } = useDeskState(desk)
  const alarm = useAlarm(desk, state, words)
  const { locale } = state
  const title = titleOf(state, words)
  useEffect(() => {
    document.documentElement.lang = LOCALE_TAGS[locale]
    // As of now: an emergency that came into view with this drawing is no news any more.
    document.title = titleOf(desk.cell.get(), words)
  }, [locale, title])
  return (
    <ToolsProvider value={{ desk, replies, state, words, now, alarm }}>
      <Screen phase={state.phase} />
    </ToolsProvider>
  )
}

function Screen({ phase }: { phase: DeskState['phase'] }) {
  switch (phase) {
    case 'opening':
      return <SignIn opening />
    case 'signedOut':
      return <SignIn />
    case 'choosePassword':
      return <PasswordScreen />
    case 'setSecondStep':
      return <SecondStepScreen />
    case 'ready':
      return <Workplace />
  }
}

/** An emergency stands first, then the number that waits, where a narrow tab still shows it. */
function titleOf(state: DeskState, words: Words): string {
  const waiting = state.queue?.filter((item) => item.owner === 'waiting').length ?? 0
  const name = `${words.desk} · ${words.name}`
  if (state.phase === 'signedOut') return `${words.signIn.title} · ${words.name}`
  const counted = waiting === 0 ? name : `(${waiting}) ${name}`
  return unheeded(state).length === 0 ? counted : `⚠ ${words.crisis.badge} · ${counted}`
}
