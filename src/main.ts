/** The process: environment -> app -> signals. The only reader of the environment, the only one to end the process. */
import { pino } from 'pino'
import { type App, startApp } from './app.ts'
import { readConfig } from './config.ts'
import { placeOf } from './errors.ts'
import { watchContent } from './live.ts'
import { explain, terminalLocale, terminalWords } from './terminal.ts'

const STOP_MS = 10_000
const words = terminalWords(terminalLocale(process.env))

async function main(): Promise<void> {
  // Databases hold codes and conversations: also in a folder that was there before they are the owner's alone.
  process.umask(0o077)
  const config = readConfig(process.env)
  const log = pino({ level: config.logLevel, base: undefined }, pino.destination({ dest: 2, sync: true }))
  const root = `${import.meta.dirname}/..`
  const app = await startApp(config, log, root)
  const unwatch = config.watch ? watchContent(root, () => reload(app)) : () => {}
  const url = config.port === 0 ? new URL(`http://${config.host}:${app.port}/`) : config.publicUrl
  await greet(app, url, config.production)
  let stopping = false
  const stop = (signal: string) => {
    if (stopping) return
    stopping = true
    log.info({ signal }, 'process.stopping')
    setTimeout(() => process.exit(1), STOP_MS).unref()
    unwatch()
    void app.stop().then(() => process.exit(0))
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  process.on('unhandledRejection', (error) => {
    log.fatal({ where: placeOf(error) }, 'process.fault')
    process.exit(1)
  })
}

/** A broken edit is told, and the last good trees and texts stay. */
function reload(app: App): void {
  try {
    app.reload()
    process.stdout.write(`${words('cli:reloaded')}\n`)
  } catch (error) {
    for (const line of explain(error, words)) process.stderr.write(`sesame: ${line}\n`)
    process.stderr.write(`${words('cli:kept')}\n`)
  }
}

/** Where to go. In development the first agent gets a way in. */
async function greet(app: App, url: URL, production: boolean): Promise<void> {
  const say = (key: string, values: Record<string, string> = {}): void => {
    process.stdout.write(`${words(`cli:${key}`, values)}\n`)
  }
  const at = (path: string) => new URL(path, url).href
  say('ready', { url: url.href })
  if (production) return
  say('help_page', { url: at('/') })
  say('mailbox', { url: at('/dev/mailbox') })
  const name = words('cli:first_agent')
  if ((await app.agents.list()).length > 0) return say('desk', { url: at('/desk/') })
  await app.agents.add(name, 'lead')
  const token = await app.agents.link(name)
  say('desk_link', { name, url: at(`/desk/#token=${token}`) })
}

main().catch((error: unknown) => {
  for (const line of explain(error, words)) process.stderr.write(`sesame: ${line}\n`)
  process.exit(1)
})
