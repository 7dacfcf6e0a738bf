/** Signing agents in over HTTP: bodies in, sessions and `Set-Cookie` values out. The routes are elsewhere. */
import type { Agents, LiveSession } from '../desk/agents.ts'
import { AppError, codeOf } from '../errors.ts'
import type { Audit } from '../privacy/audit.ts'
import type { SecondStepOffer, Session } from '../wire/desk.ts'

export interface DeskSessions {
  /** Takes `{token}` or `{name, password}`, with `{number}` for who has a second step. A session that the request still had ends.
   *  @returns the answer's body and its `Set-Cookie` value. @throws AppError `bad_request`, `sign_in_failed`, `second_step_needed`, `too_many`. */
  signIn(body: unknown, cookieHeader?: string): Promise<{ session: Session; setCookie: string }>
  /** Who sent this `Cookie` header, and may see the desk. @param touch false when no person acts, e.g. when a socket checks that its session still lives.
   *  @returns undefined when nobody is signed in. */
  read(cookieHeader: string | undefined, touch?: boolean): Promise<Session | undefined>
  /** Like `read`. @throws AppError `unauthorized`, `forbidden` (facts.where `second_step`) for who has to set one up first. */
  require(cookieHeader: string | undefined, touch?: boolean): Promise<Session>
  /** Who is signed in, whether they may see the desk or not. @throws AppError `unauthorized`. */
  signedIn(cookieHeader: string | undefined, touch?: boolean): Promise<Session>
  /** Takes `{password}`, with `{current}` when the agent signed in by password.
   *  @throws AppError `unauthorized`, `bad_request` (facts.field `password`), `forbidden` (facts.field `current`), `too_many`. */
  choosePassword(body: unknown, cookieHeader: string | undefined): Promise<Session>
  /** @throws AppError `unauthorized`. */
  offerSecondStep(cookieHeader: string | undefined): Promise<SecondStepOffer>
  /** Takes `{sealed, number}`. On record. @throws AppError `unauthorized`, `bad_request`, `forbidden` (facts.field `number`). */
  setSecondStep(body: unknown, cookieHeader: string | undefined): Promise<Session>
  /** Takes `{number}`, or nothing of who came by link. On record. @throws AppError `unauthorized`, `forbidden` (facts.field `number`). */
  endSecondStep(body: unknown, cookieHeader: string | undefined): Promise<Session>
  /** Ends the session, if any. @returns the `Set-Cookie` value that removes the cookie. */
  end(cookieHeader: string | undefined): Promise<string>
}

/** @param secure true behind HTTPS. Without it the cookie also travels over plain HTTP: for development on one's own machine only. */
export function createDeskSessions(options: {
  agents: Agents
  audit: Pick<Audit, 'record' | 'subjectOf'>
  secure: boolean
  secondStep: 'optional' | 'required'
}): DeskSessions {
  const { agents, audit, secure } = options
  const cookieName = secure ? '__Host-sesame_desk' : 'sesame_desk'
  const cookie = (value: string, extra = '') =>
    `${cookieName}=${value}; Path=/; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}${extra}`

  async function noteFailure(error: unknown, name: string | undefined): Promise<void> {
    if (codeOf(error) !== 'sign_in_failed') return
    await audit.record('audit', { actor: 'nobody', action: 'sign_in_failed', subject: audit.subjectOf(name ?? 'link') })
  }

  function tokenOf(cookieHeader: string | undefined): string {
    const token = readCookie(cookieHeader, cookieName)
    if (!token) throw new AppError('unauthorized')
    return token
  }

  async function noted(action: 'second_step_on' | 'second_step_off', done: LiveSession): Promise<Session> {
    await audit.record('audit', { actor: done.agent.id, action, subject: done.agent.id })
    return toSession(done)
  }

  function toSession({ agent, role, hasPassword, hasSecondStep }: LiveSession): Session {
    const must = options.secondStep === 'required' && !hasSecondStep
    return { agent, role, hasPassword, hasSecondStep, ...(must ? { mustSetSecondStep: true } : {}) }
  }

  async function signedIn(cookieHeader: string | undefined, touch = true): Promise<Session> {
    const token = readCookie(cookieHeader, cookieName)
    const live = token && (await agents.session(token, touch))
    if (!live) throw new AppError('unauthorized')
    return toSession(live)
  }

  async function require(cookieHeader: string | undefined, touch?: boolean): Promise<Session> {
    const session = await signedIn(cookieHeader, touch)
    if (session.mustSetSecondStep) throw new AppError('forbidden', { where: 'second_step' })
    return session
  }

  return {
    async signIn(body, cookieHeader) {
      const { token, name, password, number } = fields(body)
      const before = readCookie(cookieHeader, cookieName)
      const done = await signInWith(agents, { token, name, password, number }).catch(async (error) => {
        await noteFailure(error, name)
        throw error
      })
      const { id } = done.agent
      await audit.record('audit', { actor: id, action: 'sign_in', subject: id })
      if (before) await agents.end(before)
      return { session: toSession(done), setCookie: cookie(done.token) }
    },
    signedIn,
    require,
    read: (cookieHeader, touch) =>
      require(cookieHeader, touch).catch((error) => {
        if (error instanceof AppError && error.statusCode < 500) return undefined
        throw error
      }),
    async choosePassword(body, cookieHeader) {
      const token = tokenOf(cookieHeader)
      const { password, current } = fields(body)
      if (password === undefined) throw new AppError('bad_request', { field: 'password' })
      return toSession(await agents.choosePassword(token, password, current))
    },
    offerSecondStep: async (cookieHeader) => agents.offerSecondStep(tokenOf(cookieHeader)),
    async setSecondStep(body, cookieHeader) {
      const { sealed, number } = fields(body)
      if (sealed === undefined || number === undefined) throw new AppError('bad_request', { field: 'number' })
      return noted('second_step_on', await agents.setSecondStep(tokenOf(cookieHeader), sealed, number))
    },
    async endSecondStep(body, cookieHeader) {
      const { number } = fields(body)
      return noted('second_step_off', await agents.endSecondStep(tokenOf(cookieHeader), number))
    },
    async end(cookieHeader) {
      const token = readCookie(cookieHeader, cookieName)
      if (token) await agents.end(token)
      return cookie('', '; Max-Age=0')
    },
  }
}

type Given = Readonly<Record<'token' | 'name' | 'password' | 'number', string | undefined>>

function signInWith(agents: Agents, { token, name, password, number }: Given) {
  if (token !== undefined) return agents.signInByLink(token)
  if (name === undefined || password === undefined) throw new AppError('bad_request', { field: 'token' })
  return agents.signInByPassword(name, password, number)
}

/** The strings of a JSON object; whatever is no string counts as absent. */
function fields(body: unknown): Readonly<Record<string, string | undefined>> {
  if (typeof body !== 'object' || body === null) throw new AppError('bad_request', { field: 'body' })
  return Object.fromEntries(Object.entries(body).filter(([, value]) => typeof value === 'string'))
}

function readCookie(header: string | undefined, name: string): string | undefined {
  const start = `${name}=`
  const found = header?.split(';').find((part) => part.trim().startsWith(start))
  return found?.trim().slice(start.length) || undefined
}
