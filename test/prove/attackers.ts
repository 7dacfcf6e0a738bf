/** A process of attackers, told by its parent whom and how many: each asks again as soon as it is answered, on several connections.
 *  They come through a trusted proxy, so it is their networks that give them away. Ends with its parent. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { WebSocket } from 'ws'

/** What the parent orders. `url` without a slash at the end; absent: they run against a wall of their own, so that they cost the
 *  machine about what they cost it in an attack, and the service nothing. */
export interface Attack {
  url?: string
  attackers: number
  /** 0: the proxy does not say whose requests it brings, so nothing is limited by network. */
  networks: number
}

/** What it is told every second: answers by status, 0 for none. */
export type Toll = Readonly<Record<number, number>>

interface Asked {
  method: 'GET' | 'POST'
  path: string
  token?: string
  body?: string
}

interface Answered {
  status: number
  body: string
}

type Ask = (asked: Asked) => Promise<Answered>

const LANES = 4
/** The wall answers after half a second to a second and a half: that makes about as many answers as the service's limits do. */
const WALL_MS = 500
const BASE = '/v3/directline/conversations'
const toll: Record<number, number> = {}
const note = (status: number) => {
  toll[status] = (toll[status] ?? 0) + 1
}

process.on('disconnect', () => process.exit(0))
process.on('message', async ({ url: given, attackers, networks }: Attack) => {
  const url = given ?? (await startWall())
  for (let n = 0; n < attackers; n++) {
    const address = networks > 0 ? `198.18.${n % networks}.1` : 'unknown'
    const way = WAYS[n % WAYS.length] ?? garbage
    void way(new URL(url), address)
  }
  setInterval(() => process.send?.(toll), 1_000)
})

async function startWall(): Promise<string> {
  const server = createServer((req, res) => {
    req.resume()
    setTimeout(() => res.writeHead(429, { 'content-length': 0 }).end(), WALL_MS * (1 + 2 * Math.random()))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Writes to its own conversation without a pause. */
async function chatter(url: URL, address: string): Promise<void> {
  const member = await arrive(openAsk(url, address))
  const body = JSON.stringify({ type: 'message', from: { id: 'x' }, text: 'je n’ai rien reçu' })
  repeat(url, address, (ask) =>
    ask({ method: 'POST', path: `${BASE}/${member.id}/activities`, token: member.token, body }),
  )
}

/** Begins one conversation after the other. */
async function beginner(url: URL, address: string): Promise<void> {
  repeat(url, address, arrive)
}

/** Reads all of it, again and again. */
async function reader(url: URL, address: string): Promise<void> {
  const { id, token } = await arrive(openAsk(url, address))
  repeat(url, address, (ask) => ask({ method: 'GET', path: `${BASE}/${id}/activities?watermark=`, token }))
}

/** Opens sockets, and talks into them. */
async function opener(url: URL, address: string): Promise<void> {
  const { id, token } = await arrive(openAsk(url, address))
  repeat(url, address, async (ask) => {
    const { status, body } = await ask({ method: 'GET', path: `${BASE}/${id}`, token })
    if (status !== 200) return
    const socket = new WebSocket(JSON.parse(body).streamUrl, { headers: { 'x-forwarded-for': address } })
    socket.on('error', () => undefined)
    socket.on('open', () => {
      for (let n = 0; n < 200; n++) socket.send('x')
    })
  })
}

/** What is no token, no JSON, no path, and too much. */
async function garbage(url: URL, address: string): Promise<void> {
  const all: Asked[] = [
    { method: 'GET', path: '/nothing' },
    { method: 'POST', path: BASE, token: 'eyJ.garbage.x', body: '{}' },
    { method: 'POST', path: '/widget/token', body: '{' },
    { method: 'POST', path: '/widget/token', body: `{"a":"${'x'.repeat(50_000)}"}` },
    { method: 'POST', path: '/desk/api/session', body: '{"token":"x"}' },
    { method: 'GET', path: '/' },
  ]
  let n = 0
  repeat(url, address, (ask) => ask(all[n++ % all.length] as Asked))
}

const WAYS = [chatter, beginner, reader, opener, garbage]

function repeat(url: URL, address: string, once: (ask: Ask) => Promise<unknown>): void {
  for (let lane = 0; lane < LANES; lane++) {
    const ask = openAsk(url, address)
    const again = (): void => void once(ask).then(() => setImmediate(again))
    again()
  }
}

/** Until it has a conversation: an attacker is not shy. */
async function arrive(ask: Ask): Promise<{ id: string; token: string }> {
  for (;;) {
    const door = await ask({ method: 'POST', path: '/widget/token', body: '{}' })
    if (door.status !== 200) continue
    const { conversationId: id, token } = JSON.parse(door.body)
    const { status } = await ask({ method: 'POST', path: BASE, token, body: '{}' })
    if (status < 300) return { id, token }
  }
}

/** One connection, opened again whenever it ends. */
function openAsk(url: URL, address: string): Ask {
  let socket: Socket | undefined
  return ({ method, path, token, body }) =>
    new Promise((resolve) => {
      const mine = socket && !socket.destroyed ? socket : connect(Number(url.port), url.hostname)
      socket = mine
      let held = ''
      const done = (answer: Answered) => {
        mine.removeAllListeners()
        mine.on('error', () => undefined)
        note(answer.status)
        resolve(answer)
      }
      mine.on('data', (data) => {
        held += data
        const whole = parse(held)
        if (whole) done(whole)
      })
      mine.on('error', () => undefined)
      mine.on('close', () => done({ status: 0, body: '' }))
      const authorization = token === undefined ? '' : `authorization: Bearer ${token}\r\n`
      const type = body === undefined ? '' : 'content-type: application/json\r\n'
      mine.write(
        `${method} ${path} HTTP/1.1\r\nhost: x\r\nx-forwarded-for: ${address}\r\nx-sesame-desk: 1\r\n${authorization}${type}` +
          `content-length: ${Buffer.byteLength(body ?? '')}\r\n\r\n${body ?? ''}`,
      )
    })
}

function parse(held: string): Answered | undefined {
  const end = held.indexOf('\r\n\r\n')
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(held)?.[1] ?? 0)
  if (end < 0 || Buffer.byteLength(held) < end + 4 + length) return undefined
  return { status: Number(held.slice(9, 12)), body: held.slice(end + 4) }
}
