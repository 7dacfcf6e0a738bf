/** Agents at the desk: sign in by link, then claim, reply and hand back through whatever process comes. */
import { once } from 'node:events'
import { WebSocket } from 'ws'
import type { Answer } from './call.ts'
import type { Rig } from './rig.ts'

export interface DeskAgent {
  name: string
  /** Status and body of the answer; a call that got none is tried again under the same id. */
  claim(conversationId: string): Promise<Answer>
  reply(conversationId: string, epoch: number, text: string): Promise<Answer>
  handback(conversationId: string, epoch: number): Promise<Answer>
  view(conversationId: string): Promise<Answer>
  /** A console that is open and answers. @returns a function that closes it. */
  open(): Promise<() => void>
}

const DESK_HEADER = { 'x-sesame-desk': '1' }

/** New agents, signed in. */
export async function signInAgents(rig: Rig, count: number): Promise<DeskAgent[]> {
  const names = Array.from({ length: count }, (_, n) => `Agent ${n + 1}`)
  const links = await rig.fleet.addAgents(names)
  const agents: DeskAgent[] = []
  for (const [n, token] of links.entries()) {
    const { url } = rig.clients.route()
    const { headers, status } = await rig.clients.call(`${url}/desk/api/session`, {
      body: { token },
      headers: DESK_HEADER,
    })
    const cookie = headers['set-cookie']?.[0]?.split(';')[0]
    if (!cookie) throw new Error(`no session for agent ${n + 1}: ${status}`)
    agents.push(createAgent(rig, names[n] ?? '', cookie))
  }
  return agents
}

function createAgent({ clients }: Rig, name: string, cookie: string): DeskAgent {
  async function ask(id: string, path: string, body?: unknown): Promise<Answer> {
    for (;;) {
      const { url } = clients.route()
      const ask = { headers: { ...DESK_HEADER, cookie }, ...(body === undefined ? {} : { body }) }
      const answer = await clients.call(`${url}/desk/api/conversations/${id}${path}`, ask)
      clients.tally.note(answer)
      // 503 and silence leave open whether it was done; for a claim, asking again is harmless.
      if ((answer.status !== 0 && answer.status !== 503) || clients.isOver?.()) return answer
    }
  }
  return {
    name,
    claim: (id) => ask(id, '/claim', {}),
    reply: (id, epoch, text) => ask(id, '/messages', { epoch, text, clientActivityID: text }),
    handback: (id, epoch) => ask(id, '/handback', { epoch }),
    view: (id) => ask(id, ''),
    async open() {
      const { url } = clients.route()
      const headers = { cookie, origin: url }
      const socket = new WebSocket(`${url.replace('http', 'ws')}/desk/api/stream`, {
        headers,
        perMessageDeflate: false,
      })
      socket.on('error', () => undefined)
      await once(socket, 'open')
      return () => socket.terminate()
    },
  }
}
