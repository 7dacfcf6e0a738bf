/** The agents: who they are, how they sign in, how long a session lasts. Passwords, links and sessions are only ever stored hashed. */
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { AppError } from '../errors.ts'
import type { AgentRef, Role } from '../wire/desk.ts'
import { createPasswords, type Passwords } from './passwords.ts'
import type { Offer, SecondStep } from './second-step.ts'

/** Life of a one-time link, milliseconds. */
export const LINK_MS = 24 * 60 * 60_000
/** Longest life of a session, however busy, milliseconds. */
export const SESSION_MS = 12 * 60 * 60_000
/** A session that nobody uses for this long ends, milliseconds. */
export const IDLE_MS = 15 * 60_000
/** A session in use is written at most this often, milliseconds. Lower: a disk write on every request. */
export const TOUCH_MS = 60_000
/** Wrong passwords in a row before a name has to pause. */
export const MAX_FAILURES = 5
/** The pause, and after how long earlier failures are forgotten, milliseconds. */
export const PAUSE_MS = 15 * 60_000
/** Shortest password, in characters. */
export const MIN_PASSWORD = 12
const MAX_PASSWORD = 256
const MAX_NAME = 40

export interface AgentRecord extends AgentRef {
  /** The name as it is compared: unique. */
  nameKey: string
  role: Role
  /** Encoded scrypt hash; absent until the agent chose a password. */
  password?: string
  /** Sealed secret of their app; absent: a password alone signs them in. */
  secondStep?: string
  /** Epoch milliseconds. */
  createdAt: number
}

export type SignInBy = 'link' | 'password'

export interface SessionRecord {
  /** SHA-256 of the token, hexadecimal; the token itself is only in the browser. */
  hash: string
  agentId: string
  by: SignInBy
  createdAt: number
  seenAt: number
}

/** Port: where agents are kept. Every method is one atomic step. Hashes are hexadecimal, times epoch milliseconds. */
export interface AgentStore {
  /** @returns false when the name is taken; nothing was written. */
  insert(agent: AgentRecord): Promise<boolean>
  byId(id: string): Promise<AgentRecord | undefined>
  byName(nameKey: string): Promise<AgentRecord | undefined>
  /** By name. */
  list(): Promise<AgentRecord[]>
  /** Removes the agent with their links and sessions. @returns false when there was none. */
  remove(id: string): Promise<boolean>
  setPassword(id: string, password: string): Promise<void>
  /** Without a secret there is none any more. */
  setSecondStep(id: string, sealed: string | undefined): Promise<void>
  /** Uses up a time step and all before it. @returns false when it was used up already, or there is no such agent. */
  useStep(id: string, step: number): Promise<boolean>
  /** @returns false when there is no such agent. */
  setRole(id: string, role: Role): Promise<boolean>
  /** Keeps one link an agent: the new one replaces an older one. */
  putLink(agentId: string, hash: string, expiresAt: number): Promise<void>
  /** Uses a link up. @returns its agent, once; undefined when unknown, used or expired. */
  takeLink(hash: string, now: number): Promise<string | undefined>
  putSession(session: SessionRecord): Promise<void>
  session(hash: string): Promise<SessionRecord | undefined>
  touchSession(hash: string, seenAt: number): Promise<void>
  endSession(hash: string): Promise<void>
  /** Ends every session of an agent but one. */
  endOtherSessions(agentId: string, keep: string): Promise<void>
  /** A console of theirs answered at this time. Nothing for who is no agent (any more). */
  putSign(agentId: string, at: number): Promise<void>
  /** The last sign of each agent; missing for who gave none, and forgotten after a while, or when a store closes that one process has
   *  to itself. */
  signs(): Promise<ReadonlyMap<string, number>>
  /** Drops sessions and links that are over, and failures that are forgotten. */
  sweep(now: number): Promise<void>
  /** Counts an attempt for a name before it is tried, so that guesses sent together are counted too.
   *  @returns false while the name has to pause. */
  beginAttempt(key: string, now: number): Promise<boolean>
  clearAttempts(key: string): Promise<void>
}

export interface ListedAgent extends AgentRef {
  role: Role
  hasPassword: boolean
  hasSecondStep: boolean
  createdAt: number
}

export interface LiveSession {
  agent: AgentRef
  role: Role
  hasPassword: boolean
  hasSecondStep: boolean
  by: SignInBy
}

/** `token` goes into the cookie and nowhere else. */
export interface SignedIn extends LiveSession {
  token: string
}

export interface Agents {
  /** @returns the new agent's id; undefined when the name is taken. @throws AppError `bad_request` for an unusable name. */
  add(name: string, role?: Role): Promise<string | undefined>
  list(): Promise<ListedAgent[]>
  /** Holds from the agent's next request on. @returns false when nobody has that name. */
  setRole(name: string, role: Role): Promise<boolean>
  /** Ends the agent's sessions too. @returns false when nobody has that name. */
  remove(name: string): Promise<boolean>
  /** @returns the token of a new one-time link, valid for LINK_MS; undefined when nobody has that name. */
  link(name: string): Promise<string | undefined>
  /** @throws AppError `sign_in_failed`. */
  signInByLink(token: string): Promise<SignedIn>
  /** The same error after the same work for an unknown name, a wrong password and a pause, and for a wrong number.
   *  @param number of the agent's app, if they have one. @throws AppError `sign_in_failed`; `second_step_needed` when only the number is
   *  missing; `too_many` when too many people sign in at this moment. */
  signInByPassword(name: string, password: string, number?: string): Promise<SignedIn>
  /** @param touch false when no person acts (a socket's check): the idle time runs on. @returns undefined when there is none. */
  session(token: string, touch?: boolean): Promise<LiveSession | undefined>
  /** Sets the password and ends the agent's other sessions. `current` is needed unless the session came from a link or there is no password yet.
   *  @throws AppError `unauthorized` without a session, `bad_request` for an unusable password, `forbidden` when `current` is wrong. */
  choosePassword(token: string, password: string, current?: string): Promise<LiveSession>
  /** A new secret, which nothing keeps until its first number comes. @throws AppError `unauthorized`. */
  offerSecondStep(token: string): Promise<Offer>
  /** From now on a password needs a number; the agent's other sessions end. Who has a second step already ends that one first, or comes by link.
   *  @throws AppError `unauthorized`, `forbidden` when the number does not fit. */
  setSecondStep(token: string, sealed: string, number: string): Promise<LiveSession>
  /** `number` is needed unless the session came from a link: so a lost telephone is replaced.
   *  @throws AppError `unauthorized`, `forbidden` when the number does not fit. */
  endSecondStep(token: string, number?: string): Promise<LiveSession>
  end(token: string): Promise<void>
}

/** @param now epoch milliseconds; given by tests. */
export function createAgents(options: { store: AgentStore; secondStep: SecondStep; now?: () => number }): Agents {
  const { store, secondStep, now = Date.now } = options
  const passwords = createPasswords()
  const sessions = createSessions(store, now)
  const { open, current } = sessions
  const verify = createVerify(store, passwords, now)
  const steps = createSteps(store, secondStep, now)
  return {
    ...createRoster(store, now),
    ...createSecondSteps(store, secondStep, sessions, steps, now),
    async signInByLink(token) {
      return open((await store.takeLink(hashToken(token), now())) ?? fail('sign_in_failed'), 'link')
    },
    async signInByPassword(name, password, number) {
      const agent = (await verify(name, password)) ?? fail('sign_in_failed')
      if (agent.secondStep !== undefined) {
        if (number === undefined) throw new AppError('second_step_needed')
        if (!(await steps.fits(agent, agent.secondStep, number))) fail('sign_in_failed')
      }
      // Not before: whoever has the password may not guess numbers without end.
      await store.clearAttempts(attemptsOf(agent.name))
      return open(agent.id, 'password')
    },
    async session(token, touch = true) {
      const found = await current(token)
      if (found === undefined) return undefined
      if (touch && now() - found.session.seenAt >= TOUCH_MS) await store.touchSession(found.session.hash, now())
      return live(found.agent, found.session.by)
    },
    async choosePassword(token, password, old) {
      const { agent, session } = (await current(token)) ?? fail('unauthorized')
      checkPassword(password)
      const mustProve = agent.password !== undefined && session.by === 'password'
      if (mustProve && !(await verify(agent.name, old ?? ''))) throw new AppError('forbidden', { field: 'current' })
      if (mustProve) await store.clearAttempts(attemptsOf(agent.name))
      await store.setPassword(agent.id, await passwords.hash(password))
      await store.endOtherSessions(agent.id, session.hash)
      return { ...live(agent, session.by), hasPassword: true }
    },
    end: (token) => store.endSession(hashToken(token)),
  }
}

interface Steps {
  /** Uses the number up. */
  fits(agent: AgentRef, sealed: string, number: string): Promise<boolean>
}

function createSteps(store: AgentStore, secondStep: SecondStep, now: () => number): Steps {
  return {
    async fits({ id }, sealed, number) {
      const step = secondStep.stepOf(sealed, id, number, now())
      return step !== undefined && store.useStep(id, step)
    },
  }
}

function createSecondSteps(
  store: AgentStore,
  secondStep: SecondStep,
  { current }: Pick<ReturnType<typeof createSessions>, 'current'>,
  { fits }: Steps,
  now: () => number,
): Pick<Agents, 'offerSecondStep' | 'setSecondStep' | 'endSecondStep'> {
  const refuse = (): never => {
    throw new AppError('forbidden', { field: 'number' })
  }
  return {
    async offerSecondStep(token) {
      const { agent } = (await current(token)) ?? fail('unauthorized')
      return secondStep.offer({ id: agent.id, name: agent.name })
    },
    async setSecondStep(token, sealed, number) {
      const { agent, session } = (await current(token)) ?? fail('unauthorized')
      if (agent.secondStep !== undefined && session.by === 'password') refuse()
      if (!(await fits(agent, sealed, number))) refuse()
      await store.setSecondStep(agent.id, sealed)
      await store.endOtherSessions(agent.id, session.hash)
      return live({ ...agent, secondStep: sealed }, session.by)
    },
    async endSecondStep(token, number) {
      const { agent, session } = (await current(token)) ?? fail('unauthorized')
      const { secondStep: sealed, ...without } = agent
      if (sealed !== undefined && session.by === 'password') {
        // Counted with wrong passwords: a session that got away may not guess without end either.
        const allowed = await store.beginAttempt(attemptsOf(agent.name), now())
        if (!allowed || !(await fits(agent, sealed, number ?? ''))) refuse()
        await store.clearAttempts(attemptsOf(agent.name))
      }
      await store.setSecondStep(agent.id, undefined)
      return live(without, session.by)
    },
  }
}

function createRoster(
  store: AgentStore,
  now: () => number,
): Pick<Agents, 'add' | 'list' | 'setRole' | 'remove' | 'link'> {
  return {
    async add(name, role = 'agent') {
      const clean = cleanName(name)
      const id = randomUUID()
      return (await store.insert({ id, name: clean, nameKey: nameKey(clean), role, createdAt: now() })) ? id : undefined
    },
    async list() {
      const agents = await store.list()
      return agents.map(({ id, name, role, password, secondStep, createdAt }) => ({
        id,
        name,
        role,
        hasPassword: password !== undefined,
        hasSecondStep: secondStep !== undefined,
        createdAt,
      }))
    },
    async setRole(name, role) {
      const agent = await store.byName(nameKey(name))
      return agent !== undefined && store.setRole(agent.id, role)
    },
    async remove(name) {
      const agent = await store.byName(nameKey(name))
      return agent !== undefined && store.remove(agent.id)
    },
    async link(name) {
      const agent = await store.byName(nameKey(name))
      if (agent === undefined) return undefined
      const token = newToken()
      await store.putLink(agent.id, hashToken(token), now() + LINK_MS)
      return token
    },
  }
}

function createSessions(store: AgentStore, now: () => number) {
  return {
    async open(agentId: string, by: SignInBy): Promise<SignedIn> {
      const agent = (await store.byId(agentId)) ?? fail('sign_in_failed')
      await store.sweep(now())
      const token = newToken()
      await store.putSession({ hash: hashToken(token), agentId, by, createdAt: now(), seenAt: now() })
      return { ...live(agent, by), token }
    },
    async current(token: string): Promise<{ agent: AgentRecord; session: SessionRecord } | undefined> {
      const session = await store.session(hashToken(token))
      if (session === undefined || isOver(session, now())) return undefined
      const agent = await store.byId(session.agentId)
      return agent && { agent, session }
    },
  }
}

/** Checks name and password with one key derivation, whatever the answer.
 *  @returns a function giving the agent when both fit and no pause runs. The attempt stays counted. */
function createVerify(store: AgentStore, passwords: Passwords, now: () => number) {
  return async (name: string, password: string): Promise<AgentRecord | undefined> => {
    const key = nameKey(name)
    const allowed = await store.beginAttempt(attemptsOf(name), now())
    const agent = await store.byName(key)
    const fits = await passwords.fits(password.slice(0, MAX_PASSWORD + 1), agent?.password)
    return allowed && fits ? agent : undefined
  }
}

/** Under which attempts for a name are counted. */
const attemptsOf = (name: string): string => hashToken(nameKey(name))

function live(agent: AgentRecord, by: SignInBy): LiveSession {
  const { id, name, role, password, secondStep } = agent
  const has = { hasPassword: password !== undefined, hasSecondStep: secondStep !== undefined }
  return { agent: { id, name }, role, ...has, by }
}

function isOver(session: SessionRecord, now: number): boolean {
  return now >= session.createdAt + SESSION_MS || now >= session.seenAt + IDLE_MS
}

/** 256 random bits. */
function newToken(): string {
  return randomBytes(32).toString('base64url')
}

/** A plain hash is enough: what it hides has 256 random bits (or, for names, is no secret but has to have a bounded length). */
function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

function nameKey(name: string): string {
  return name.normalize('NFKC').trim().replace(/\s+/g, ' ').toLowerCase()
}

function cleanName(name: string): string {
  const clean = name.normalize('NFC').trim().replace(/\s+/g, ' ')
  if (clean === '' || clean.length > MAX_NAME || /\p{C}/u.test(clean))
    throw new AppError('bad_request', { field: 'name' })
  return clean
}

function checkPassword(password: string): void {
  const length = [...password].length
  if (length < MIN_PASSWORD || length > MAX_PASSWORD) throw new AppError('bad_request', { field: 'password' })
}

function fail(code: 'sign_in_failed' | 'unauthorized'): never {
  throw new AppError(code)
}
