import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { ROOT } from './conversation.ts'

export interface Service {
  url: string
  /** Everything it printed to standard output. */
  output(): string
  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>
}

/** The service as an operator runs it, in its own process. Resolves when it says that it is ready. */
export async function startService(env: Readonly<Record<string, string>>, port: number): Promise<Service> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', 'src/main.ts'], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, LANG: 'en_CA.UTF-8', LOG_LEVEL: 'error', PORT: String(port), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let printed = ''
  let failed = ''
  child.stdout.on('data', (chunk) => {
    printed += chunk
  })
  child.stderr.on('data', (chunk) => {
    failed += chunk
  })
  await ready(child, () => printed).catch((error) => {
    throw new Error(`${(error as Error).message}\n${failed}`)
  })
  return {
    url: `http://localhost:${port}`,
    output: () => printed,
    async kill(signal) {
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = once(child, 'exit')
      child.kill(signal)
      await gone
    },
  }
}

async function ready(child: ChildProcess, printed: () => string): Promise<void> {
  const gone = once(child, 'exit').then(([code]) => Promise.reject(new Error(`the service ended with ${code}`)))
  while (!printed().includes('\n')) await Promise.race([once(child.stdout ?? child, 'data'), gone])
  gone.catch(() => undefined)
}

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
