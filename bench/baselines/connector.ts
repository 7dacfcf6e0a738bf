/** The channel's side of the echo bot: takes its replies and passes them on to the socket of their conversation. */
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { type WebSocket, WebSocketServer } from 'ws'

const REPLY = /^\/v3\/conversations\/([\w-]+)\/activities\/([\w-]+)$/

const sockets = new Map<string, WebSocket>()
const server = createServer({ keepAliveTimeout: 65_000 }, (req, res) => {
  void take(req).then(
    (id) => {
      const body = JSON.stringify({ id })
      res.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body)
    },
    () => res.writeHead(400).end(),
  )
})

async function take(req: IncomingMessage): Promise<string> {
  const [, conversation = '', replyToId = ''] = REPLY.exec(req.url ?? '') ?? []
  const activity = (await json(req)) as object
  sockets.get(conversation)?.send(JSON.stringify({ activities: [{ ...activity, replyToId }], watermark: '' }))
  return `reply-to-${replyToId}`
}

new WebSocketServer({ server, perMessageDeflate: false }).on('connection', (socket, req) => {
  sockets.set((req.url ?? '/').slice(1), socket)
})

server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`ready: http://127.0.0.1:${(server.address() as AddressInfo).port}/\n`)
})
