import { useEffect } from 'preact/hooks'
import { LOCALE_TAGS } from '../../../src/wire/activity.ts'
import type { Desk } from '../desk.ts'
import type { Replies } from '../replies.ts'
import type { DeskState } from '../state.ts'
import type { Words } from '../words.ts'
import { ToolsProvider, useDeskState } from './hooks.ts'
import { PasswordScreen } from './password.tsx'
import { SignIn } from './sign-in.tsx'
import { Workplace } from './workplace.tsx'

export function App({ desk, replies }: { desk: Desk; replies: Replies }) {
  const { state, words, now } = useDeskState(desk)
  const { locale } = state
  const title = titleOf(state, words)
  useEffect(() => {
    document.documentElement.lang = LOCALE_TAGS[locale]
    document.title = title
  }, [locale, title])
  return (
    <ToolsProvider value={{ desk, replies, state, words, now }}>
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
    case 'ready':
      return <Workplace />
  }
}

/** The number that waits stands first, where a narrow tab still shows it. */
function titleOf({ phase, queue }: DeskState, words: Words): string {
  const waiting = queue?.filter((item) => item.owner === 'waiting').length ?? 0
  const name = `${words.desk} · ${words.name}`
  if (phase === 'signedOut') return `${words.signIn.title} · ${words.name}`
  return waiting === 0 ? name : `(${waiting}) ${name}`
}
