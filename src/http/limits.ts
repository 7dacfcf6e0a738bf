/** How much one conversation and one network may ask of this process. A flood hits a process, so it counts for itself and forgets
 *  when it ends; what must outlive it (mails) is counted in the store. */
import { setTimeout as pause } from 'node:timers/promises'
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { AppError } from '../errors.ts'
import { DIRECT_LINE } from './respond.ts'

export interface Limits {
  /** Counts a request of a network before its body is read, and spreads bursts. Without a network there is nothing to count by.
   *  @param route as it was mounted, with its method: `post /widget/token`; absent before it was found.
   *  @throws AppError `too_many`. */
  request(network: string | undefined, route?: string): Promise<void>
  /** Counts an answer that told a network that it is wrong. @throws AppError `too_many`: no more of them for now. */
  fault(network: string | undefined): Promise<void>
  /** Counts a message of a conversation, after it was authorized: nobody else can use its share up. Beyond a quarter of them it
   *  resolves late, so that the rest is spread over the time. @throws AppError `too_many`. */
  message(conversationId: string): Promise<void>
}

interface Rule {
  most: number
  seconds: number
}

/** Of one conversation. A person who clicks through a tree as fast as it answers sends ten. */
const MESSAGES: Rule = { most: 20, seconds: 10 }

/** Of one network, which may be a clinic or an employer whose people all got their invitation this morning: of 5,000 some 250
 *  ask for help in the first hour. That is 10 new conversations in 2 minutes and 40 people at a time who send a message
 *  every 10 s and, where sockets are blocked or used up, read every 3 s. Each rule leaves more room than that. */
const NETWORK = {
  any: { most: 1_000, seconds: 10 },
  messages: { most: 60, seconds: 10 },
  reads: { most: 200, seconds: 10 },
  // Two signatures each, and a socket after it.
  resumes: { most: 40, seconds: 10 },
  startsNow: { most: 12, seconds: 10 },
  starts: { most: 40, seconds: 120 },
  tokensNow: { most: 30, seconds: 10 },
  tokens: { most: 100, seconds: 120 },
  signIns: { most: 20, seconds: 120 },
  faults: { most: 100, seconds: 10 },
} as const satisfies Record<string, Rule>
type RuleName = keyof typeof NETWORK

const ROUTES = new Map<string, readonly RuleName[]>([
  ['post /widget/token', ['tokensNow', 'tokens']],
  [`post ${DIRECT_LINE}tokens/refresh`, ['tokensNow', 'tokens']],
  [`post ${DIRECT_LINE}conversations`, ['startsNow', 'starts']],
  [`post ${DIRECT_LINE}conversations/:id/activities`, ['messages']],
  [`get ${DIRECT_LINE}conversations/:id/activities`, ['reads']],
  [`get ${DIRECT_LINE}conversations/:id`, ['resumes']],
  ['post /desk/api/session', ['signIns']],
  ['post /desk/api/password', ['signIns']],
])
/** Longer than this nobody is made to wait for their turn, s: their client would give up. */
const EVEN_SECONDS = 10
/** Who was refused or made to wait as often in this time, s, as a rule lets pass in its own, presses on ... */
const PRESSING_SECONDS = 60
/** ... and has a fourth of the rule until they leave off: a flood is not fed what is meant for a busy clinic. */
const PRESSING_COST = 4

/** @param messages of one conversation in 10 s: more only where the service is measured. */
export function createLimits({ messages = MESSAGES.most }: { messages?: number } = {}): Limits {
  const conversation = counter({ ...MESSAGES, most: messages })
  const network = new Map(Object.entries(NETWORK).map(([name, rule]) => [name, counter(rule)]))
  const count = async (rules: readonly RuleName[], from: string | undefined) => {
    if (from !== undefined) for (const rule of rules) await network.get(rule)?.(bucketOf(from))
  }
  return {
    request: (from, route) => count(route === undefined ? ['any'] : (ROUTES.get(route) ?? []), from),
    fault: (from) => count(['faults'], from),
    message: conversation,
  }
}

/** @returns a function that counts, and waits where that spreads a burst. It throws AppError `too_many`. */
function counter(rule: Rule): (key: string) => Promise<void> {
  const limiter = new RateLimiterMemory({ points: rule.most, duration: rule.seconds })
  const pressing = new RateLimiterMemory({ points: rule.most, duration: PRESSING_SECONDS })
  const press = (key: string) => pressing.consume(key).catch(() => undefined)
  return async (key) => {
    const presses = (await pressing.get(key))?.remainingPoints === 0
    const taken = await limiter.consume(key, presses ? PRESSING_COST : 1).catch(async (refusal) => {
      await press(key)
      return refuse(refusal)
    })
    const late = rule.seconds > EVEN_SECONDS ? 0 : lateness(taken, rule)
    if (late <= 0) return
    await press(key)
    await pause(late)
  }
}

function refuse(refusal: unknown): never {
  if (!(refusal instanceof RateLimiterRes)) throw refusal
  throw new AppError('too_many', { retryAfter: Math.max(1, Math.ceil(refusal.msBeforeNext / 1000)) })
}

/** 65,536 names at most, 500 bytes each: whoever owns millions of networks fills no memory, and two honest ones rarely share. */
export function bucketOf(network: string): string {
  return String(Buffer.from(network, 'base64url').readUInt16BE())
}

/** Sent as fast as possible, the first quarter passes at once and the others evenly over what is left of the time. Who sends
 *  evenly by themselves never waits. @returns how long this one waits, ms. */
export function lateness(
  { consumedPoints, msBeforeNext }: Pick<RateLimiterRes, 'consumedPoints' | 'msBeforeNext'>,
  { most, seconds }: Rule,
): number {
  const free = Math.ceil(most / 4)
  const apart = (seconds * 1000) / (most - free + 1)
  const elapsed = seconds * 1000 - msBeforeNext
  return Math.max(0, (consumedPoints - free) * apart - elapsed)
}
