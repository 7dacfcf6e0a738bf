/** The parent's side of the mail server in a process of its own. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Order, Told } from './sink-process.ts'

export interface QuietSink {
  readonly url: string
  /** Recipients of all mails accepted so far. */
  mails(): Promise<readonly string[]>
  /** Refuses these recipients for good (550), and no others. */
  refuse(addresses: readonly string[]): void
  end(): Promise<void>
}

export async function startQuietSink(): Promise<QuietSink> {
  const child = fork(`${import.meta.dirname}/sink-process.ts`, { execArgv: [], stdio: 'ignore' })
  const [first] = (await once(child, 'message')) as [Told]
  const port = 'port' in first ? first.port : 0
  const all: string[] = []
  let asked = 0
  const ask = (order: Order) => child.send(order)
  return {
    url: `smtp://127.0.0.1:${port}`,
    async mails() {
      const number = ++asked
      ask({ tell: number })
      all.push(...(await answerTo(child, number)))
      return all
    },
    refuse: (addresses) => void ask({ refuse: [...addresses] }),
    async end() {
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    },
  }
}

function answerTo(child: ChildProcess, number: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const hear = (message: Told) => {
      if (!('told' in message) || message.told !== number) return
      child.off('message', hear)
      resolve(message.mails)
    }
    child.on('message', hear)
    if (child.exitCode !== null) reject(new Error('the mail server ended'))
  })
}
