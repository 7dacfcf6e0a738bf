/** Calls one operation: with its token, within its time, tried again when that may help, and not at all while the system is down. */
import {
  BrokenCircuitError,
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleWhen,
  retry,
  wrap,
} from 'cockatiel'
import secureJson from 'secure-json-parse'
import type { CoverageTarget } from '../../config-coverage.ts'
import { AppError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { createAuth } from './auth.ts'
import { createDeadlines, type Deadline, discard, exchange, readBody } from './exchange.ts'
import { faultOf, mismatch, Outage } from './faults.ts'
import { type AnswerOf, OPERATIONS, type Operation, type RequestOf } from './wire.ts'

/** All in milliseconds. */
export interface Timing {
  /** One attempt, with its token. */
  attemptMs: number
  /** About the first pause before another attempt; the second is longer. */
  pauseMs: number
  /** How long nothing is asked once the system is taken for down. */
  openMs: number
}

export const TIMING: Timing = { attemptMs: 3_000, pauseMs: 200, openMs: 10_000 }

/** Attempts after the first one. */
const MORE_ATTEMPTS = 2
const LONGEST_PAUSE_MS = 1_000
/** Failed attempts in a row, of all calls of an operation together, until it is taken for down. */
const DOWN_AFTER = 6

export interface Client {
  /** @param key of the work item, for what must happen once however often it is called.
   *  @throws AppError `coverage_unavailable`, `coverage_mismatch`. */
  call<O extends Operation>(operation: O, request: RequestOf<O>, key?: string): Promise<AnswerOf<O>>
  close(): void
}

export function createClient(o: { target: CoverageTarget; log: Log; timing: Timing }): Client {
  const { target, log, timing } = o
  const deadlines = createDeadlines()
  const policyFor = (operation: Operation) => createPolicy(operation, timing, log)
  const auth = createAuth(target.auth, deadlines, timing.attemptMs)
  const policies = { find: policyFor('find'), resend: policyFor('resend'), link: policyFor('link') }

  async function post(url: URL, init: RequestInit, deadline: Deadline): Promise<Response> {
    const token = await auth.token()
    const answer = await exchange(url, withToken(init, token), deadline)
    if (answer.status !== 401 || !auth.refused(token)) return answer
    await discard(answer)
    return exchange(url, withToken(init, await auth.token()), deadline)
  }

  async function attempt(url: URL, init: RequestInit, deadline: Deadline): Promise<string> {
    const answer = await post(url, init, deadline)
    if (answer.status === 200) return readBody(answer, deadline)
    await discard(answer)
    throw faultOf(answer)
  }

  return {
    async call(operation, request, key) {
      const url = new URL(`${target.url.href.replace(/\/?$/, '/')}${operation}`)
      const init = toInit(request, key)
      const body = await policies[operation](() =>
        watched(operation, log, () => deadlines.within(timing.attemptMs, (deadline) => attempt(url, init, deadline))),
      )
      return parseAnswer(operation, body)
    },
    close: deadlines.close,
  }
}

function toInit(request: object, key: string | undefined): RequestInit & { headers: Record<string, string> } {
  return {
    method: 'POST',
    body: JSON.stringify(request),
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    },
  }
}

function withToken(init: RequestInit, token: string): RequestInit {
  return { ...init, headers: { ...(init.headers as Record<string, string>), authorization: `Bearer ${token}` } }
}

/** Tried again within the call, through a breaker that all calls of the operation share. With one for all operations, mails that fail would
 *  end the answers to members who are verified: by asking for somebody's mail one of them could see that there is one to send. */
function createPolicy(
  operation: Operation,
  { pauseMs, openMs }: Timing,
  log: Log,
): <T>(use: () => Promise<T>) => Promise<T> {
  const breaker = circuitBreaker(
    handleWhen((error) => error instanceof Outage && error.again !== 'no'),
    { halfOpenAfter: openMs, breaker: new ConsecutiveBreaker(DOWN_AFTER) },
  )
  breaker.onBreak(() => log.error({ operation, openMs }, 'coverage.down'))
  breaker.onReset(() => log.info({ operation }, 'coverage.up'))
  const again = retry(
    handleWhen((error) => error instanceof Outage && error.again === 'soon'),
    {
      maxAttempts: MORE_ATTEMPTS,
      backoff: new ExponentialBackoff({ initialDelay: pauseMs, maxDelay: LONGEST_PAUSE_MS }),
    },
  )
  const policy = wrap(again, breaker)
  return (use) =>
    policy.execute(use).catch((error: unknown) => {
      throw error instanceof BrokenCircuitError ? new Outage('later', { why: 'circuit_open' }) : error
    })
}

async function watched<T>(operation: Operation, log: Log, use: () => Promise<T>): Promise<T> {
  const began = performance.now()
  try {
    return await use()
  } catch (error) {
    const facts = error instanceof AppError ? error.facts : { why: 'internal' }
    log.warn({ ...facts, operation, ms: Math.round(performance.now() - began) }, 'coverage.attempt_failed')
    throw error
  }
}

function parseAnswer<O extends Operation>(operation: O, body: string): AnswerOf<O> {
  const parsed = OPERATIONS[operation].answer.safeParse(parseJson(body))
  if (!parsed.success) throw mismatch({ why: 'shape' })
  return parsed.data as AnswerOf<O>
}

/** @throws AppError also for keys that would reach an object's prototype. */
function parseJson(body: string): unknown {
  try {
    return secureJson.parse(body)
  } catch {
    throw mismatch({ why: 'json' })
  }
}
