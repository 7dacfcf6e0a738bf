/** Signing agents in over HTTP: bodies in, sessions and `Set-Cookie` values out. The routes are elsewhere. */
import type { Agents, LiveSession } from '../desk/agents.ts'
import { AppError, codeOf } from '../errors.ts'
import type { Audit } from '../privacy/audit.ts'
import type { Session } from '../wire/desk.ts'

export interface DeskSessions {
  /** Takes `{token}` or `{name, password}`. A session that the request still had ends.
   *  @returns the answer's body and its `Set-Cookie` value. @throws AppError `bad_request`, `sign_in_failed`, `too_many`. */
  signIn(body: unknown, cookieHeader?: string): Promise<{ session: Session; setCookie: string }>
  /** Who sent this `Cookie` header. @param touch false when no person acts, e.g. when a socket checks that its session still lives.
   *  @returns undefined when nobody is signed in. */
  read(cookieHeader: string | undefined, touch?: boolean): Promise<Session | undefined>
  /** Like `read`. @throws AppError `unauthorized`. */
  require(cookieHeader: string | undefined, touch?: boolean): Promise<Session>
  /** Takes `{password}`, with `{current}` when the agent signed in by password.
   *  @throws AppError `unauthorized`, `bad_request` (facts.field `password`), `forbidden` (facts.field `current`), `too_many`. */
  choosePassword(body: unknown, cookieHeader: string | undefined): Promise<Session>
  /** Ends the session, if any. @returns the `Set-Cookie` value that removes the cookie. */
  end(cookieHeader: string | undefined): Promise<string>
}

/** @param secure true behind HTTPS. Without it the cookie also travels over plain HTTP: for development on one's own machine only. */
export function createDeskSessions(options: {
  agents: Agents
  audit: Pick<Audit, 'record' | 'subjectOf'>
  secure: boolean
}): DeskSessions {
  const { agents, audit, secure } = options
  const cookieName = secure ? '__Host-sesame_desk' : 'sesame_desk'
  const cookie = (value: string, extra = '') =>
    `${cookieName}=${value}; Path=/; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}${extra}`

  async function noteFailure(error: unknown, name: string | undefined): Promise<void> {
    if (codeOf(error) !== 'sign_in_failed') return
    await audit.record('audit', { actor: 'nobody', action: 'sign_in_failed', subject: audit.subjectOf(name ?? 'link') })
  }

  async function read(cookieHeader: string | undefined, touch = true): Promise<Session | undefined> {
    const token = readCookie(cookieHeader, cookieName)
    const live = token && (await agents.session(token, touch))
    return live ? toSession(live) : undefined
  }

  return {
    async signIn(body, cookieHeader) {
      const { token, name, password } = fields(body)
      const before = readCookie(cookieHeader, cookieName)
      const done = await signInWith(agents, token, name, password).catch(async (error) => {
        await noteFailure(error, name)
        throw error
      })
      const { id } = done.agent
      await audit.record('audit', { actor: id, action: 'sign_in', subject: id })
      if (before) await agents.end(before)
      return { session: toSession(done), setCookie: cookie(done.token) }
    },
    read,
    async require(cookieHeader, touch) {
      const session = await read(cookieHeader, touch)
      if (session === undefined) throw new AppError('unauthorized')
      return session
    },
    async choosePassword(body, cookieHeader) {
      const token = readCookie(cookieHeader, cookieName)
      if (!token) throw new AppError('unauthorized')
      const { password, current } = fields(body)
      if (password === undefined) throw new AppError('bad_request', { field: 'password' })
      return toSession(await agents.choosePassword(token, password, current))
    },
    async end(cookieHeader) {
      const token = readCookie(cookieHeader, cookieName)
      if (token) await agents.end(token)
      return cookie('', '; Max-Age=0')
    },
  }
}

function signInWith(agents: Agents, token?: string, name?: string, password?: string) {
  if (token !== undefined) return agents.signInByLink(token)
  if (name === undefined || password === undefined) throw new AppError('bad_request', { field: 'token' })
  return agents.signInByPassword(name, password)
}

function toSession({ agent, role, hasPassword }: LiveSession): Session {
  return { agent, role, hasPassword }
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
