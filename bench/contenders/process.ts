/** The contenders' processes: started, spoken to, and ended by their id whatever happens. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Order, Outcome, Replies } from './contender.ts'

const SCRIPT = join(import.meta.dirname, 'child.ts')
/** Whoever needs longer is cut. */
const MOST_MINUTES = 10

export interface Process {
  /** @throws Error with what went wrong there, or that it took longer than ten minutes. */
  tell<O extends Order>(order: O): Promise<Replies[O['do']]>
}

/** Processor time of the processes, by id, in seconds, as each last told. */
const spent = new Map<number, number>()
export const childrenCpuSeconds = (): number => [...spent.values()].reduce((sum, seconds) => sum + seconds, 0)

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Starts a process for `use`, and ends it afterwards. */
export async function inNewProcess<T>(use: (started: Process) => Promise<T>): Promise<T> {
  const child = start()
  try {
    return await use({ tell: (order) => tell(child, order) })
  } finally {
    await stop(child)
  }
}

/** All alike, and without Node settings of the person who measures. */
function start(): ChildProcess {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', SCRIPT], {
    env: { ...process.env, NODE_OPTIONS: '' },
    // Libraries remark on single phrases there.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    serialization: 'advanced',
  })
  running.add(child)
  child.once('exit', () => running.delete(child))
  return child
}

async function tell<O extends Order>(child: ChildProcess, order: O): Promise<Replies[O['do']]> {
  let giveUp: NodeJS.Timeout | undefined
  const outcome = await new Promise<Outcome>((resolve) => {
    const failed = (failure: string) => resolve({ failure })
    giveUp = setTimeout(() => failed(`not done in ${MOST_MINUTES} minutes, cut`), MOST_MINUTES * 60_000)
    child.once('message', (answer: Outcome) => resolve(answer))
    child.once('error', (error) => failed(error.message))
    child.once('exit', (code) => failed(`its process ended with ${code}`))
    child.send(order)
  })
  clearTimeout(giveUp)
  if ('failure' in outcome) throw new Error(outcome.failure)
  spent.set(child.pid ?? 0, outcome.cpuSeconds)
  // The process answers each order with its own kind of reply.
  return outcome.done as Replies[O['do']]
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}
