import type { Role } from '../../src/wire/desk.ts'
import type { TestApp } from './app.ts'
import { type Ask, ask, type Reply } from './http.ts'

/** The header without which nothing at the desk changes. */
export const DESK_HEADER = { 'x-sesame-desk': '1' }

/** An agent who is signed in. */
export interface Agent {
  name: string
  cookie: string
  /** A call under `/desk/api`, with the agent's cookie and the desk's header. */
  call(path: string, ask?: Ask): Promise<Reply>
}

/** Makes an agent and signs them in by a one-time link. */
export async function signIn(app: TestApp, name: string, role: Role = 'agent'): Promise<Agent> {
  await app.agents.add(name, role)
  const body = { token: await app.agents.link(name) }
  const { headers } = await ask(`${app.url}desk/api/session`, { body, headers: DESK_HEADER })
  const cookie = headers.getSetCookie()[0]?.split(';')[0] ?? ''
  const call: Agent['call'] = (path, options) =>
    ask(`${app.url}desk/api${path}`, { ...options, headers: { ...DESK_HEADER, cookie, ...options?.headers } })
  return { name, cookie, call }
}
