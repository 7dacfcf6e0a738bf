/** The processes of a run: started, spoken to, and ended by their id whatever happens. */
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Measured, Order, Outcome } from './protocol.ts'

const ROOT = join(import.meta.dirname, '..')
const QUIET = ['--disable-warning=ExperimentalWarning']
const START_MS = 30_000
const STOP_MS = 10_000
/** A clean environment, so that settings of the person who measures change nothing. */
const KEPT = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'TMP', 'SystemRoot']

export interface StartOptions {
  /** Script and its arguments, from the root of the repository. */
  script: readonly string[]
  /** Pins it to one processor. */
  cpu?: number | undefined
  env?: Readonly<Record<string, string>>
  /** Instead of the usual ones. */
  nodeFlags?: readonly string[]
}

export interface Service {
  url: URL
  pid: number
  /** Ends it and waits for the end. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

export interface Load {
  pid: number
  /** @throws Error with what went wrong in the load process. */
  run(order: Order): Promise<Measured>
  stop(): Promise<void>
}

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))

function start(o: StartOptions, stdio: StdioOptions): ChildProcess {
  const command = [process.execPath, ...(o.nodeFlags ?? QUIET), ...o.script]
  const [file = '', ...args] = o.cpu === undefined ? command : ['taskset', '-c', String(o.cpu), ...command]
  const kept = KEPT.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]))
  const env = { ...Object.fromEntries(kept), ...o.env }
  const child = spawn(file, args, { cwd: ROOT, env, stdio, serialization: 'advanced' })
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

/** Those that `npm start` gives to Node: what is measured is what people run. */
export function startFlags(): string[] {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: { start: string } }
  return /node((?: --\S+)*) src\/main\.ts/.exec(scripts.start)?.[1]?.trim().split(' ') ?? []
}

/** Starts a server and waits until it says where it listens. @throws Error with its last words when it ends first. */
export async function startService(o: StartOptions): Promise<Service> {
  const child = start(o, ['ignore', 'pipe', 'pipe'])
  let words = ''
  const url = await new Promise<URL>((resolve, reject) => {
    const giveUp = setTimeout(() => reject(new Error(`${o.script[0]} is not ready: ${words}`)), START_MS)
    const hear = (chunk: Buffer) => {
      words = (words + chunk).slice(-2_000)
      const found = /https?:\/\/\S+(?=\s)/.exec(words)?.[0]
      if (found === undefined) return
      clearTimeout(giveUp)
      resolve(new URL(found))
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', (chunk: Buffer) => process.stderr.write(chunk))
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`${o.script[0]} ended with ${code}: ${words}`)))
  })
  return { url, pid: child.pid ?? 0, stop: (signal = 'SIGTERM') => stop(child, signal) }
}

/** The process that sends and measures. */
export function startLoad(cpu: number | undefined): Load {
  const child = start({ script: ['bench/load.ts'], cpu }, ['ignore', 'inherit', 'inherit', 'ipc'])
  return {
    pid: child.pid ?? 0,
    async run(order) {
      const ended = new AbortController()
      const gone = once(child, 'exit', { signal: ended.signal }).then(() => ({ failure: 'the load process ended' }))
      gone.catch(() => undefined)
      child.send(order)
      const [outcome] = (await Promise.race([once(child, 'message'), gone.then((o) => [o])])) as [Outcome]
      ended.abort()
      if ('failure' in outcome) throw new Error(outcome.failure)
      return outcome.measured
    },
    stop: () => stop(child, 'SIGTERM'),
  }
}

async function stop(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  const insist = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
  child.kill(signal)
  await ended
  clearTimeout(insist)
}
