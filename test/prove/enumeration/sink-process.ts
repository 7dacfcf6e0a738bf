/** A mail server in a process of its own, so that its work does not fall to the client that measures. It accepts everything but
 *  what it is told to refuse, and costs as little as can be. Tells its parent what it accepted. */
import { createServer, type Socket } from 'node:net'
import { setPriority } from 'node:os'

/** What the parent asks: refuse recipients of these addresses (550) from now on; say all mails since the last time. */
export type Order = { refuse: string[] } | { tell: number }

/** `to` of each mail, in the order of their acceptance. */
export type Told = { port: number } | { told: number; mails: string[] }

// Whoever measures and is measured comes first: a real mail server has a processor of its own.
setPriority(19)

const refused = new Set<string>()
let mails: string[] = []
const tell = (message: Told) => process.send?.(message)

process.on('message', (order: Order) => {
  if ('refuse' in order) {
    refused.clear()
    for (const address of order.refuse) refused.add(address)
    return
  }
  tell({ told: order.tell, mails })
  mails = []
})
process.on('disconnect', () => process.exit(0))

const server = createServer({ noDelay: true }, (socket) => {
  let held = ''
  let to = ''
  let isData = false
  socket.setEncoding('latin1')
  socket.write('220 sink\r\n')
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk: string) => {
    held += chunk
    for (;;) {
      const end = held.indexOf(isData ? '\r\n.\r\n' : '\r\n')
      if (end < 0) return
      const line = held.slice(0, end)
      held = held.slice(end + (isData ? 5 : 2))
      if (isData) {
        isData = false
        mails.push(to)
        socket.write('250 ok\r\n')
        continue
      }
      const recipient = /^RCPT TO:<([^>]*)>/i.exec(line)?.[1]
      if (recipient !== undefined) to = recipient
      isData = line.toUpperCase() === 'DATA'
      answer(socket, line.slice(0, 4).toUpperCase(), recipient)
    }
  })
})

function answer(socket: Socket, verb: string, recipient: string | undefined): void {
  if (verb === 'QUIT') return void socket.end('221 bye\r\n')
  if (verb === 'DATA') return void socket.write('354 go on\r\n')
  if (recipient !== undefined && refused.has(recipient)) return void socket.write('550 no\r\n')
  socket.write(verb === 'EHLO' ? '250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n' : '250 ok\r\n')
}

server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  tell({ port: typeof address === 'object' && address ? address.port : 0 })
})
