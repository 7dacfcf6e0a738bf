import type { AddressInfo } from 'node:net'
import type { Server } from 'restify'

/** Listens on a free port and says where, as the service does. */
export function announce(server: Server): void {
  // Connections rest while another system is measured.
  server.server.keepAliveTimeout = 65_000
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.server.address() as AddressInfo
    process.stdout.write(`ready: http://127.0.0.1:${port}/\n`)
  })
}
