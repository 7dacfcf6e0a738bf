/** A few connections that many conversations share, as a proxy in front of the service keeps them. */
import { type Connection, openConnection } from './connection.ts'

/** As many requests at a time as there are connections; the others wait. The one that rested longest is taken first, so
 *  that none rests for as long as a server allows. @param size connections. */
export async function openPool(url: URL, size: number): Promise<Connection> {
  const all = await Promise.all(Array.from({ length: size }, () => openConnection(url)))
  const free = [...all]
  const waiting: ((connection: Connection) => void)[] = []
  const take = async () => free.shift() ?? new Promise<Connection>((resolve) => waiting.push(resolve))
  const give = (connection: Connection) => {
    const next = waiting.shift()
    if (next) next(connection)
    else free.push(connection)
  }
  return {
    async post(path, body, bearer) {
      const connection = await take()
      try {
        return await connection.post(path, body, bearer)
      } finally {
        give(connection)
      }
    },
    close() {
      for (const connection of all) connection.close()
    },
  }
}
