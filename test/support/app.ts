import { type App, type AppOptions, startApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import type { Log, LogFacts } from '../../src/log.ts'
import { tempFolder } from './folder.ts'

/** Page that may hold the widget in tests. */
export const WIDGET_ORIGIN = 'https://aide.example.com'
export const SECRET = 'a-direct-line-secret-of-the-tests-only'
const TOKEN_KEY = Buffer.alloc(32, 7)
/** The key that signs the test app's tokens, for making ones that it should refuse. */
export const TOKEN_KEYS = [{ kid: 'test', key: TOKEN_KEY }]

export interface LogLine extends LogFacts {
  event: string
  level: 'info' | 'warn' | 'error'
}

export interface TestApp extends App {
  /** Ends in `/`. */
  url: string
  dataDir: string
  logged: LogLine[]
  /** Stops the service and removes its folder. */
  end(): Promise<void>
}

/** A log that keeps its lines. */
export function keepLog(): { log: Log; lines: LogLine[] } {
  const lines: LogLine[] = []
  const write = (level: LogLine['level']) => (facts: LogFacts, event: string) =>
    void lines.push({ ...facts, event, level })
  return { log: { info: write('info'), warn: write('warn'), error: write('error') }, lines }
}

/** The whole service on a free port, with a folder of its own. */
export async function startTestApp(
  env: Readonly<Record<string, string>> = {},
  options: AppOptions = {},
): Promise<TestApp> {
  const folder = tempFolder()
  const { log, lines } = keepLog()
  const config = readConfig({
    NODE_ENV: 'test',
    PORT: '0',
    PUBLIC_URL: 'http://127.0.0.1:0/',
    DATA_DIR: folder.path,
    DIRECT_LINE_SECRET: SECRET,
    TOKEN_KEYS: `test:${TOKEN_KEY.toString('base64')}`,
    WIDGET_ORIGINS: WIDGET_ORIGIN,
    ...env,
  })
  const app = await startApp(config, log, `${import.meta.dirname}/../..`, options)
  return {
    ...app,
    url: `http://127.0.0.1:${app.port}/`,
    dataDir: folder.path,
    logged: lines,
    async end() {
      await app.stop()
      folder.remove()
    },
  }
}
