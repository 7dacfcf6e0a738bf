import { useLayoutEffect, useRef } from 'preact/hooks'
import { unheeded } from '../state.ts'
import { useTools } from './hooks.ts'

/** A warning triangle; the words beside it say the same. */
export function Sign() {
  return (
    <svg class="sign" viewBox="0 0 20 18" aria-hidden="true">
      <path fill="currentcolor" fill-rule="evenodd" d={TRIANGLE} />
    </svg>
  )
}

const TRIANGLE =
  'M8.7.75a1.5 1.5 0 0 1 2.6 0l8.5 14.7A1.5 1.5 0 0 1 18.5 17.7h-17A1.5 1.5 0 0 1 .2 15.45zM9 5.5h2l-.25 6h-1.5zM10 12.9a1.15 1.15 0 1 1 0 2.3 1.15 1.15 0 0 1 0-2.3z'

export function CrisisBadge() {
  const { words } = useTools()
  return (
    <span class="badge crisis">
      <Sign />
      {words.crisis.badge}
    </span>
  )
}

/** What to do when the person may be in danger. Nothing in it changes while it stands: it would be announced again. */
export function CrisisBanner({ id }: { id: string }) {
  const { crisis } = useTools().words
  return (
    <div class="danger" ref={useHeed(id)}>
      <Sign />
      <p class="danger-title">{crisis.title}</p>
      <ul class="danger-steps">
        <li>{crisis.stay}</li>
        <li>{crisis.call}</li>
        <li>{crisis.keep}</li>
      </ul>
    </div>
  )
}

/** The emergency counts as seen once its banner is on screen: not in a hidden tab, not behind another column. */
function useHeed(id: string) {
  const { desk, state } = useTools()
  const banner = useRef<HTMLDivElement>(null)
  const due = unheeded(state).some((item) => item.conversationId === id)
  useLayoutEffect(() => {
    const look = () => {
      const shown = document.visibilityState === 'visible' && banner.current?.checkVisibility() !== false
      if (due && shown) desk.heed(id)
    }
    look()
    document.addEventListener('visibilitychange', look)
    return () => document.removeEventListener('visibilitychange', look)
  }, [id, due, state.pane, desk])
  return banner
}
