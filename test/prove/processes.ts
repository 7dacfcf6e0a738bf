/** Processes of the service under a supervisor: one that ends is started again, as an operator's would be. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { stablePort } from '../support/ports.ts'
import type { Question, Told } from './service.ts'

const ENTRY = `${import.meta.dirname}/service.ts`
/** Compiled code is kept here: a start takes a third less, and most of a short run is starts. */
const COMPILED = `${import.meta.dirname}/../../node_modules/.cache/sesame`
const READY_MS = 20_000
/** Pause before a process that ended is started again, ms. */
const RESTART_MS = 50
const PAGE_BYTES = 4096
const SAID = 4_000

export interface FleetOptions {
  count: number
  /** Environment of process number `index`. */
  env(index: number): Readonly<Record<string, string>>
  /** More arguments for node, e.g. a module to load first. */
  nodeArgs?(index: number): readonly string[]
  /** Hears all that process `index` prints. */
  heard?(index: number, text: string): void
}

export interface Fleet {
  /** `http://127.0.0.1:<port>` of every process, whether it runs now or not: a balancer that knows nothing. */
  readonly urls: readonly string[]
  /** Processes that were ended by SIGKILL, whoever sent it. */
  kills(): number
  /** When process `index` was last ended by SIGKILL, epoch ms; all of them in order. */
  killTimes(): readonly { index: number; at: number }[]
  /** Exits that nobody asked for and no signal made: faults of the service. */
  crashes(): readonly string[]
  /** Ends it; resolves when it is gone. The supervisor starts it again. */
  signal(index: number, signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null>
  /** Stops or continues it without a word. */
  freeze(index: number, frozen: boolean): void
  ready(index: number): Promise<void>
  /** All processes are up. */
  isWhole(): boolean
  allReady(): Promise<void>
  /** Resident memory of all processes, MB. */
  memory(): number
  /** New agents' sign-in links, from the first process. */
  addAgents(names: readonly string[]): Promise<string[]>
  end(): Promise<void>
}

interface Slot {
  index: number
  port: number
  child: ChildProcess
  ready: Promise<void>
  isUp: boolean
  said: string
}

export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const kills: { index: number; at: number }[] = []
  const crashes: string[] = []
  let ending = false
  const slots: Slot[] = []
  for (let index = 0; index < options.count; index++) {
    const port = await stablePort()
    slots.push(launch(index, port))
  }
  const slotAt = (index: number): Slot => slots[index] as Slot

  function launch(index: number, port: number): Slot {
    const child = spawnService(options, index, port)
    const slot: Slot = { index, port, child, ready: readiness(child), isUp: false, said: '' }
    slot.ready.then(
      () => {
        slot.isUp = true
      },
      // Somebody may wait for it later, or nobody.
      () => undefined,
    )
    child.stdout?.on('data', (chunk) => options.heard?.(index, String(chunk)))
    child.stderr?.on('data', (chunk) => {
      slot.said = (slot.said + chunk).slice(-SAID)
      options.heard?.(index, String(chunk))
    })
    child.once('exit', (code, signal) => {
      if (ending) return
      if (signal === 'SIGKILL') kills.push({ index, at: Date.now() })
      else if (code !== 0) crashes.push(`process ${index} ended with ${code ?? signal}: ${slot.said.slice(-300)}`)
      setTimeout(() => {
        if (!ending) slots[index] = launch(index, port)
      }, RESTART_MS)
    })
    return slot
  }

  async function ready(index: number): Promise<void> {
    const end = Date.now() + READY_MS
    for (;;) {
      const slot = slotAt(index)
      const isUp = await slot.ready.then(
        () => true,
        () => false,
      )
      if (isUp && slotAt(index) === slot && isAlive(slot.child)) return
      if (Date.now() > end) throw new Error(`process ${index} does not start: ${slot.said}`)
      await pause(RESTART_MS)
    }
  }

  const allReady = async () => void (await Promise.all(slots.map(({ index }) => ready(index))))
  await allReady()

  return {
    urls: slots.map(({ port }) => `http://127.0.0.1:${port}`),
    kills: () => kills.length,
    killTimes: () => kills,
    crashes: () => crashes,
    async signal(index, signal) {
      const { child } = slotAt(index)
      if (!isAlive(child)) return child.exitCode
      const gone = once(child, 'exit')
      child.kill(signal)
      const [code] = await gone
      return code as number | null
    },
    freeze: (index, frozen) => void slotAt(index).child.kill(frozen ? 'SIGSTOP' : 'SIGCONT'),
    ready,
    isWhole: () => slots.every(({ child, isUp }) => isUp && isAlive(child)),
    allReady,
    memory: () => slots.reduce((sum, { child }) => sum + residentMb(child.pid), 0),
    addAgents: (names) => askLinks(slotAt(0).child, names),
    async end() {
      ending = true
      await Promise.all(slots.map(({ child }) => endNow(child)))
    },
  }
}

/** Those that `npm start` gives to Node: what is proven is what people run. */
const START_FLAGS = startFlags()

function startFlags(): string[] {
  const { scripts } = JSON.parse(readFileSync(`${import.meta.dirname}/../../package.json`, 'utf8')) as {
    scripts: { start: string }
  }
  return /node((?: --\S+)*) src\/main\.ts/.exec(scripts.start)?.[1]?.trim().split(' ') ?? []
}

function spawnService({ env, nodeArgs }: FleetOptions, index: number, port: number): ChildProcess {
  const args = [...START_FLAGS, ...(nodeArgs?.(index) ?? []), ENTRY]
  return spawn(process.execPath, args, {
    env: {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: COMPILED,
      NODE_ENV: 'test',
      PORT: String(port),
      PUBLIC_URL: `http://127.0.0.1:${port}/`,
      LOG_LEVEL: 'fatal',
      ...env(index),
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
}

const isAlive = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null

function readiness(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.on('message', (told: Told) => 'ready' in told && resolve())
    child.once('exit', () => reject(new Error('ended before it was ready')))
  })
}

async function askLinks(child: ChildProcess, agents: readonly string[]): Promise<string[]> {
  const answer = new Promise<string[]>((resolve, reject) => {
    child.on('message', (told: Told) => 'links' in told && resolve(told.links))
    child.once('exit', () => reject(new Error('ended while it was asked for links')))
  })
  child.send({ agents: [...agents] } satisfies Question)
  return answer
}

async function endNow(child: ChildProcess): Promise<void> {
  if (!isAlive(child)) return
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

function residentMb(pid: number | undefined): number {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1])
    return (pages * PAGE_BYTES) / 1_048_576
  } catch {
    return 0
  }
}
