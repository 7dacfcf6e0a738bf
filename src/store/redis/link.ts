/** The connection. A call is answered within two seconds or fails; while Redis is away calls fail at once. */
import { Cluster, Redis, type RedisOptions } from 'ioredis'
import type { RedisTarget } from '../../config-redis.ts'
import { AppError } from '../../errors.ts'
import type { Script } from './script.ts'

/** Longest wait for an answer, ms. A connection on which nothing is heard for so long is closed and made anew: that is the
 *  circuit. Until Redis answers again nothing is sent, so nothing piles up. */
const ANSWER_MS = 2_000
/** Pauses between attempts to connect, ms: quick, because people wait. */
const RETRY_MS = [50, 100, 200, 400]

export type Value = string | number

export interface Link {
  readonly client: Redis | Cluster
  /** One server has every partition. */
  readonly isWhole: boolean
  /** Runs a step. All keys must be of one partition. @throws AppError `store_unavailable`; it may have run all the same. */
  step<T>(script: Script, keys: readonly string[], args: readonly Value[]): Promise<T>
  /** One command. @throws AppError `store_unavailable`. */
  command<T>(name: string, ...args: Value[]): Promise<T>
  /** One command for each list of arguments, sent together. */
  each<T>(name: string, calls: readonly (readonly Value[])[]): Promise<T[]>
  /** A connection for hints. It ends when it breaks: make another one. In a Cluster each is to another node, for every node passes on
   *  what is published. */
  subscriber(): Redis
  /** Every server that takes writes. */
  nodes(): Redis[]
  /** Resolves when all of them answer. @throws AppError `store_unavailable`. */
  ping(): Promise<void>
  close(): void
}

/** Resolves when Redis answers. @throws the system's or Redis' error. */
export async function connect(target: RedisTarget, onFault: (why: string) => void): Promise<Link> {
  const client = open(target, onFault)
  await whenReady(client)
  // Connections to the servers of a Cluster are made when they are first needed, and what comes meanwhile is refused.
  if (client instanceof Cluster) await Promise.all(client.nodes('master').map((node) => node.ping()))
  let subscribers = 0
  const isWhole = target.kind !== 'cluster'

  const nodes = () => (client instanceof Cluster ? client.nodes('master') : [client])

  async function step<T>({ source, sha }: Script, keys: readonly string[], args: readonly Value[]): Promise<T> {
    try {
      return (await client.evalsha(sha, keys.length, ...keys, ...args)) as T
    } catch (error) {
      // It forgets scripts when it starts. Not run, so running it now runs it once.
      if (!(error as Error).message?.startsWith('NOSCRIPT')) throw unavailable(error)
      return guarded(client.eval(source, keys.length, ...keys, ...args)) as Promise<T>
    }
  }

  async function each<T>(name: string, calls: readonly (readonly Value[])[]): Promise<T[]> {
    if (!isWhole) return Promise.all(calls.map((args) => command<T>(name, ...args)))
    const results = await guarded((client as Redis).pipeline(calls.map((args) => [name.toLowerCase(), ...args])).exec())
    return (results ?? []).map(([error, result]) => {
      if (error) throw unavailable(error)
      return result as T
    })
  }

  function command<T>(name: string, ...args: Value[]): Promise<T> {
    return guarded(client.call(name, ...args)) as Promise<T>
  }

  return {
    client,
    isWhole,
    step,
    command,
    each,
    subscriber() {
      // Those that there are now: servers may have been replaced since the start.
      const known = nodes().map(({ options: { host, port } }) => ({ host: host ?? '127.0.0.1', port: port ?? 6379 }))
      const places = known.length > 0 ? known : target.nodes
      const node = places[subscribers++ % places.length] ?? target.nodes[0]
      const place: RedisTarget = target.kind === 'cluster' ? { ...target, kind: 'single', nodes: [node] } : target
      const made = openSingle(place, { retryStrategy: () => null, autoResubscribe: false })
      made.on('error', (error: unknown) => onFault(whyOf(error)))
      return made
    },
    nodes,
    ping: () => guarded(Promise.all(nodes().map((node) => node.ping()))).then(() => undefined),
    close: () => client.disconnect(),
  }
}

function open(target: RedisTarget, onFault: (why: string) => void): Redis | Cluster {
  const client = target.kind === 'cluster' ? openCluster(target) : openSingle(target)
  client.on('error', (error: unknown) => onFault(whyOf(error)))
  return client
}

/** A write that was not answered may have run: sending it again by itself could run it twice. Every step has an id, and
 *  whoever asked decides. */
function optionsOf({ tls, username, password }: RedisTarget): RedisOptions {
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls ? { tls: {} } : {}),
    autoResendUnfulfilledCommands: false,
    commandTimeout: ANSWER_MS,
    socketTimeout: ANSWER_MS,
    connectTimeout: ANSWER_MS,
    maxRetriesPerRequest: 0,
    // The answer to "are you ready" of a server that reads its file anew is waited for as long as that takes.
    maxLoadingRetryTime: 500,
    keepAlive: 10_000,
    disableClientInfo: true,
    // Version 3 shapes answers by the way a command is sent; version 2 has one shape.
    protocol: 2,
    // A master that became a replica refuses writes: look for the new one.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  }
}

const retry = (times: number): number => (RETRY_MS[times - 1] ?? 500) + Math.random() * 50

function openSingle(target: RedisTarget, more: RedisOptions = {}): Redis {
  const { kind, nodes, db, master } = target
  const place =
    kind === 'sentinel'
      ? {
          sentinels: nodes.map((node) => ({ ...node })),
          name: master ?? '',
          sentinelRetryStrategy: retry,
          sentinelCommandTimeout: ANSWER_MS,
          ...(target.tls ? { enableTLSForSentinelMode: true, sentinelTLS: {} } : {}),
        }
      : { ...nodes[0] }
  return new Redis({ ...optionsOf(target), ...place, db, retryStrategy: retry, enableOfflineQueue: false, ...more })
}

function openCluster(target: RedisTarget): Cluster {
  return new Cluster(
    target.nodes.map((node) => ({ ...node })),
    {
      redisOptions: optionsOf(target),
      clusterRetryStrategy: retry,
      enableOfflineQueue: false,
      // Asked again on another server, a step that was not answered might run twice.
      retryDelayOnFailover: 0,
      retryDelayOnClusterDown: 200,
      maxRedirections: 8,
      slotsRefreshInterval: 1_000,
      slotsRefreshTimeout: ANSWER_MS,
    },
  )
}

function whenReady(client: Redis | Cluster): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      client.disconnect()
      reject(error)
    }
    client.once('error', fail)
    client.once('ready', () => {
      client.off('error', fail)
      resolve()
    })
  })
}

async function guarded<T>(run: Promise<T>): Promise<T> {
  try {
    return await run
  } catch (error) {
    throw unavailable(error)
  }
}

function unavailable(error: unknown): AppError {
  return error instanceof AppError ? error : new AppError('store_unavailable', { why: whyOf(error) }, { cause: error })
}

/** A word for the log: Redis' own error code, or what the connection did. Messages may hold keys and addresses. */
function whyOf(error: unknown): string {
  const { message = '', code } = error as { message?: string; code?: string }
  return code ?? /^[A-Z]{3,}\b/.exec(message)?.[0] ?? (/timed? ?out/i.test(message) ? 'timeout' : 'closed')
}
