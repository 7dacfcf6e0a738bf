/** Says that the connection is down, once it has been for two seconds, and when the next try is. */
import { useEffect, useState } from 'preact/hooks'
import type { ChatState } from '../chat.ts'
import { fill, type Words } from '../words.ts'

/** Shorter breaks are not worth a word, in milliseconds. */
const PATIENCE_MS = 2_000

/** True once the conversation has been unreachable for a while. */
export function useOffline(state: ChatState): boolean {
  const [late, setLate] = useState(false)
  const up = state.link.is === 'online' || state.link.is === 'off'
  useEffect(() => {
    if (up) return setLate(false)
    const timer = setTimeout(() => setLate(true), PATIENCE_MS)
    return () => clearTimeout(timer)
  }, [up])
  // A slow first connection is not a break; a failed one is.
  const [failed, setFailed] = useState(false)
  useEffect(() => {
    if (up) setFailed(false)
    else if (state.link.is === 'retrying') setFailed(true)
  }, [state.link.is, up])
  return late && failed && !up
}

export function Banner({ state, words, onRetry }: { state: ChatState; words: Words; onRetry(): void }) {
  const retryAt = state.link.is === 'retrying' ? state.link.retryAt : undefined
  const seconds = useCountdown(retryAt)
  const next = seconds > 0 ? fill(words.offline.countdown, { seconds }) : words.offline.trying
  return (
    <div class="banner">
      <p>{words.offline.text}</p>
      <div class="banner-row">
        <span aria-hidden="true">{next}</span>
        <button type="button" class="link" onClick={onRetry}>
          {words.offline.now}
        </button>
      </div>
    </div>
  )
}

function useCountdown(until: number | undefined): number {
  const [now, setNow] = useState(Date.now())
  useEffect(() => {
    if (until === undefined) return
    setNow(Date.now())
    const timer = setInterval(() => setNow(Date.now()), 500)
    return () => clearInterval(timer)
  }, [until])
  return until === undefined ? 0 : Math.max(0, Math.ceil((until - now) / 1000))
}
