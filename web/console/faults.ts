/** What a call that failed means to the agent. */
import { ApiError, isTransient } from './api.ts'
import type { Notice, SignInFault } from './state.ts'

export function signInFault(error: unknown, byLink: boolean): SignInFault {
  if (!(error instanceof ApiError) || error.status === 0 || error.status >= 500) return 'unreachable'
  if (error.status === 429) return 'busy'
  return byLink ? 'linkFailed' : 'failed'
}

/** The notice about a command that was not done. */
export function refusal(error: unknown): Notice {
  const is = (code: string) => error instanceof ApiError && error.code === code
  const bad = (key: Notice['key'], values = {}): Notice => ({ kind: 'bad', key, values })
  if (is('claim_lost') && error instanceof ApiError) {
    return error.by === undefined ? bad('claimLostUnknown') : bad('claimLost', { name: error.by })
  }
  if (is('claim_stale')) return bad('commandStale')
  if (is('not_waiting')) return bad('notWaiting')
  return bad(isTransient(error) ? 'unreachable' : 'failed')
}
