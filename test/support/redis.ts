/** Real Redis servers on loopback, each with its own folder, ended by pid (clusters: redis-cluster.ts). Nothing of Jest: commands use it too. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { findProgram, onPath } from './apt.ts'
import { stablePort } from './ports.ts'

/** Lines of redis.conf: name to value, as it stands there. */
export type Settings = Readonly<Record<string, string>>

export interface RedisServer {
  readonly url: string
  readonly port: number
  readonly folder: string
  isRunning(): boolean
  /** @throws Error when it is not running. */
  pid(): number
  /** Resolves when the process is gone, at once when there is none. A paused one is resumed first. */
  kill(signal?: NodeJS.Signals): Promise<void>
  /** Starts it again with what its folder holds; resolves when all is loaded. @throws Error with its last lines. */
  start(): Promise<void>
  /** Freezes the process: it still accepts connections, but answers nothing. */
  pause(): void
  resume(): void
  /** Ends it, and removes the folder unless it was given. */
  end(): Promise<void>
  /** The last lines it printed. */
  log(): string
}

const LOOPBACK: Settings = { bind: '127.0.0.1', 'protected-mode': 'no', daemonize: 'no' }
const DURABLE: Settings = {
  save: '',
  appendonly: 'yes',
  appendfsync: 'always',
  'no-appendfsync-on-rewrite': 'no',
  'maxmemory-policy': 'noeviction',
}
const START_MS = 60_000
const LOG_KEPT = 8_000
const READY = /eady to accept connections|Sentinel ID is/
/** A Sentinel writes what it learns into its configuration, so it wants one that is a file. */
const SENTINEL = 'sentinel.conf'

interface RedisOptions {
  /** Where it keeps its data; else one is made. */
  folder?: string
  port?: number
  /** Over those of a durable store. */
  settings?: Settings
  /** It watches others instead of keeping data; `settings` are all that it has. */
  sentinel?: boolean
}

/** @throws Error with what it printed, when it can't start. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  try {
    return await startOnce(options)
  } catch (error) {
    // Somebody else was quicker to take the port.
    if (options.port === undefined && /Address already in use/.test(String(error))) return startOnce(options)
    throw error
  }
}

async function startOnce(options: RedisOptions): Promise<RedisServer> {
  const folder = options.folder ?? ownFolder()
  const port = options.port ?? (await stablePort())
  const place = { dir: folder, port: String(port) }
  const run = options.sentinel
    ? runner({ ...LOOPBACK, ...options.settings, ...place }, true)
    : runner({ ...LOOPBACK, ...DURABLE, ...options.settings, ...place })
  const server: RedisServer = {
    ...run,
    url: `redis://127.0.0.1:${port}`,
    port,
    folder,
    async end() {
      await run.kill()
      if (folders.delete(folder)) rmSync(folder, { recursive: true, force: true })
    },
  }
  try {
    await server.start()
  } catch (error) {
    await server.end()
    throw error
  }
  return server
}

type Run = Omit<RedisServer, 'url' | 'port' | 'folder' | 'end'>

/** One server process after another, with the same settings. */
function runner(settings: Settings, isSentinel = false): Run {
  let child: ChildProcess | undefined
  let printed = ''
  const send = (signal: NodeJS.Signals) => void (child && isRunning(child) && child.kill(signal))
  return {
    log: () => printed,
    isRunning: () => child !== undefined && isRunning(child),
    pid() {
      if (child?.pid === undefined || !isRunning(child)) throw new Error('this Redis is not running')
      return child.pid
    },
    async kill(signal = 'SIGKILL') {
      if (!child || !isRunning(child)) return
      const gone = once(child, 'exit')
      send(signal)
      send('SIGCONT')
      await gone
    },
    async start() {
      if (child && isRunning(child)) return
      printed = ''
      child = launch(settings, isSentinel, (text) => {
        printed = (printed + text).slice(-LOG_KEPT)
      })
      const started = child
      await wait('Redis to start', () => READY.test(printed) || !isRunning(started), START_MS)
      if (!isRunning(started)) throw new Error(`Redis ended at its start:\n${printed}`)
    },
    pause: () => send('SIGSTOP'),
    resume: () => send('SIGCONT'),
  }
}

const children = new Set<ChildProcess>()
const folders = new Set<string>()
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL')
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

function ownFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sesame-redis-'))
  folders.add(folder)
  return folder
}

/** Settings go in by standard input: a full disk must not keep it from starting. */
function launch(settings: Settings, isSentinel: boolean, heard: (text: string) => void): ChildProcess {
  const lines = Object.entries(settings).map(([name, value]) => `${name} ${value || '""'}\n`)
  const file = join(settings.dir ?? '', SENTINEL)
  if (isSentinel && !existsSync(file)) writeFileSync(file, lines.join(''))
  const [command = '', ...args] = [...leash(), findRedis(), ...(isSentinel ? [file, '--sentinel'] : ['-'])]
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], cwd: settings.dir })
  children.add(child)
  child.on('exit', () => children.delete(child))
  child.on('error', (error) => heard(`${error.message}\n`))
  child.stdout.on('data', (chunk) => heard(String(chunk)))
  child.stderr.on('data', (chunk) => heard(String(chunk)))
  child.stdin.on('error', () => undefined)
  child.stdin.end(isSentinel ? '' : lines.join(''))
  return child
}

/** Has the kernel end the server with this process, also where `exit` is not heard: in Jest's sandbox, after kill -9. */
function leash(): string[] {
  const path = onPath('setpriv')
  return path && process.platform === 'linux' ? [path, '--pdeathsig', 'KILL', '--'] : []
}

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null
}

/** redis-server on this machine; installed from Debian's packages where that is allowed.
 *  @throws Error that says what to install. */
export function findRedis(): string {
  const missing =
    'The Redis tests need redis-server 7: install it (Debian: apt-get install redis-server), or set REDIS_SERVER to its path.'
  return process.env.REDIS_SERVER ?? findProgram(['redis-server'], missing)
}

/** One command on a connection of its own. @returns its answer as text. @throws Error of Redis, or of the connection. */
export async function ask(server: RedisServer, command: string, ...args: (string | number)[]): Promise<string> {
  const client = new Redis(server.port, '127.0.0.1', {
    lazyConnect: true,
    enableReadyCheck: false,
    retryStrategy: null,
    connectTimeout: 2_000,
    commandTimeout: 5_000,
  })
  client.on('error', () => undefined)
  try {
    await client.connect()
    const answer = await client.call(command, ...args)
    return Array.isArray(answer) ? answer.join('\n') : String(answer)
  } finally {
    client.disconnect()
  }
}

/** @returns the first truthy answer of `condition`. @throws Error naming `what` after `ms`. */
export async function wait<T>(what: string, condition: () => T | false | Promise<T | false>, ms = 30_000): Promise<T> {
  const end = performance.now() + ms
  for (;;) {
    const found = await condition()
    if (found) return found
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`)
    await pause(5)
  }
}
