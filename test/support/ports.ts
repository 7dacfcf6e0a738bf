import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below what Linux gives to outgoing connections: nobody takes the port of a server that is down for a moment,
 *  and no client that tries it again and again ends up connected to itself. */
const FIRST = 10_000
const LAST = 21_999
/** A node of a Redis Cluster also listens at its port plus this. */
export const BUS = 10_000

/** Ports of one process, one after the other: two that look for one at the same moment never take the same. */
const EACH = 200
const begin = FIRST + (process.pid % Math.floor((LAST - FIRST + 1) / EACH)) * EACH
/** Every test file begins elsewhere: what still looks for the server of one must not find that of the next. */
let last = Math.floor(Math.random() * EACH)

/** A loopback port that is free now, and stays so while its server starts or is restarted; the one BUS above it is free too. */
export async function stablePort(): Promise<number> {
  for (;;) {
    const port = begin + (last++ % EACH)
    if ((await isFree(port)) && (await isFree(port + BUS))) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}
