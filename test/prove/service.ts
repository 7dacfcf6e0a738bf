/** The service as the harness runs it: the same composition, with a store that may be sabotaged. Speaks with its parent
 *  over IPC and ends with it. */
import { flushCompileCache } from 'node:module'
import { setTimeout as pause } from 'node:timers/promises'
import { pino } from 'pino'
import { WebSocket } from 'ws'
import { type App, startApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import type { Store } from '../../src/conversation/store.ts'
import { codeOf } from '../../src/errors.ts'
import { type OpenStores, openStores } from '../../src/stores.ts'
import { citingStore } from './canary/faults.ts'
import { KILL_POINTS, killingStore, oldStore, poisonedStore, SABOTAGES, sabotageStore } from './sabotage.ts'

const STOP_MS = 10_000
const STORE_TRIES = 20
const STORE_PAUSE_MS = 250
const { env } = process

/** What the parent may ask: sign-in links for new agents. */
export interface Question {
  agents: string[]
}

/** What it is told: that the service listens, and the links in the order of the names. */
export type Told = { ready: number } | { links: string[] }

const tell = (message: Told) => process.send?.(message)

function wrap(store: Store): Store {
  const sabotage = SABOTAGES.find((name) => name === env.SABOTAGE)
  const point = KILL_POINTS.find((name) => name === env.KILL_AT)
  const written = env.OLD_STATE ? oldStore(store) : store
  const poisoned = env.POISON ? poisonedStore(written) : env.CITING ? citingStore(written) : written
  return killingStore(sabotageStore(poisoned, sabotage), point, Number(env.KILL_CHANCE ?? 0))
}

/** The server's sockets say nothing by themselves and never find a peer dead. */
function muteSockets(): void {
  const send = WebSocket.prototype.send
  Object.assign(WebSocket.prototype, {
    ping() {},
    terminate() {},
    send(this: WebSocket, ...given: Parameters<typeof send>) {
      if (given[0] !== '') send.apply(this, given)
    },
  })
}

/** Makes the sockets' keep-alives so many times quicker, for tests that can't wait for minutes. */
function hurrySockets(times: number): void {
  for (const name of ['setInterval', 'setTimeout'] as const) {
    const real = globalThis[name]
    const quick = (handler: () => void, ms = 0, ...rest: []) =>
      real(handler, ms >= 10_000 && ms <= 30_000 ? ms / times : ms, ...rest)
    Object.assign(globalThis, { [name]: quick })
  }
}

async function main(): Promise<void> {
  if (env.SABOTAGE === 'one_way_ping') muteSockets()
  if (env.HURRY) hurrySockets(Number(env.HURRY))
  const log = pino({ level: env.LOG_LEVEL ?? 'error', base: undefined }, pino.destination({ dest: 2, sync: true }))
  const open: OpenStores = async (...given) => {
    const { hints, ...stores } = await openStores(...given)
    // Then no process hears of what another one wrote.
    const heard = hints && env.SABOTAGE !== 'no_hints' ? { hints } : {}
    return { ...stores, ...heard, store: wrap(stores.store) }
  }
  const root = `${import.meta.dirname}/../..`
  const quick = env.ABSENT_MS ? { absentMs: Number(env.ABSENT_MS) } : {}
  const app = await startApp(readConfig(env), log, root, { open, ...quick })
  process.on('SIGTERM', () => {
    setTimeout(() => process.exit(1), STOP_MS).unref()
    void app.stop().then(() => process.exit(0))
  })
  process.on('message', ({ agents }: Question) => void addAgents(app, agents).then((links) => tell({ links })))
  process.on('disconnect', () => process.exit(1))
  // Most of these processes are killed, and would keep nothing for those that come after them. Before anybody asks: it takes a while.
  flushCompileCache()
  tell({ ready: app.port })
}

async function addAgents({ agents }: App, names: readonly string[]): Promise<string[]> {
  const links: string[] = []
  for (const name of names) {
    await insist(() => agents.add(name))
    links.push((await insist(() => agents.link(name))) ?? '')
  }
  return links
}

/** A store that is busy while many processes start is asked again. */
async function insist<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask()
    } catch (error) {
      if (codeOf(error) !== 'store_unavailable' || tries === STORE_TRIES) throw error
      await pause(STORE_PAUSE_MS)
    }
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`)
  process.exit(1)
})
