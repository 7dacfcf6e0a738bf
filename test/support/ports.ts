import { once } from 'node:events'
import { createServer } from 'node:net'

/** Below what Linux gives to outgoing connections: nobody takes the port of a server that is down for a moment,
 *  and no client that tries it again and again ends up connected to itself. */
const FIRST = 10_000
const LAST = 21_999
/** A node of a Redis Cluster also listens at its port plus this. */
export const BUS = 10_000

/** A loopback port that is free now, and stays so while its server is restarted; the one BUS above it is free too. */
export async function stablePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST + 1))
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
