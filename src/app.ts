/** Composition root: chooses every adapter and wires the service. Reads no environment, ends no process. */
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setImmediate as breathe, setTimeout as pause } from 'node:timers/promises'
import type { Server } from 'restify'
import { createDirectLine } from './channels/directline/service.ts'
import { createTokens } from './channels/directline/tokens.ts'
import type { Config } from './config.ts'
import { createHub } from './conversation/hub.ts'
import { createReceive } from './conversation/receive.ts'
import type { WorkItem } from './conversation/store.ts'
import { createTurns } from './conversation/turn.ts'
import { type Agents, createAgents } from './desk/agents.ts'
import { createDesk } from './desk/desk.ts'
import { createPresence } from './desk/presence.ts'
import { createSecondStep } from './desk/second-step.ts'
import { openDirectory, settingsOf } from './directory.ts'
import { AppError, codeOf } from './errors.ts'
import { makeFolder } from './folder.ts'
import { createHours } from './hours.ts'
import { CONNECTIONS_OF_NETWORK } from './http/connections.ts'
import { mountDeskRoutes } from './http/desk-routes.ts'
import { createDeskSessions } from './http/desk-session.ts'
import { createLimits } from './http/limits.ts'
import { mountMailbox } from './http/mailbox-routes.ts'
import { mountMemberRoutes } from './http/member-routes.ts'
import { createNetworks } from './http/network.ts'
import { createOrigins } from './http/origins.ts'
import { createHttp } from './http/server.ts'
import { mountSockets } from './http/sockets.ts'
import { mountStatic, readAssets } from './http/static.ts'
import { createIdentities } from './identity/identity.ts'
import { deriveKey, deriveKeys, readKeys } from './keys.ts'
import type { Texts } from './language/texts.ts'
import { createLive } from './live.ts'
import type { Log } from './log.ts'
import { createMailbox } from './mail/mailbox.ts'
import { AUDIT_LOGS, auditKeysOf, createAudit } from './privacy/audit.ts'
import { type OpenStores, openStores } from './stores.ts'
import { startFault, starting } from './terminal.ts'
import { createBudget, createLimitKeys, createMayMail } from './work/limits.ts'
import { createLookup } from './work/lookup.ts'
import { createNumbers } from './work/numbers.ts'
import { createResend } from './work/resend.ts'
import { createTimer } from './work/timer.ts'
import { createWorker } from './work/worker.ts'

/** Input that no turn took for this long was left behind, ms. Shorter than this a turn may still be under way. */
const STRANDED_MS = 2_000
const SWEEP_MS = 1_000
const DAY_MS = 86_400_000
const FORGET_EVERY_MS = 3_600_000
const FORGET_AT_ONCE = 500
/** How long a stop waits for answers, turns and work under way, ms. Less than what main.ts allows for all of it. */
const FINISH_MS = 8_000

export interface App {
  port: number
  texts: Texts
  agents: Agents
  /** Reads trees and texts again. @throws ContentError, and keeps the last good ones. */
  reload(): void
  /** Stops accepting, ends turns and work under way, closes files. */
  stop(): Promise<void>
}

/** What tests choose. */
export interface AppOptions {
  open?: OpenStores
  absentMs?: number
}

/** @param root folder of `dialogs/`, `locales/` and `dist/`.
 *  @throws AppError, ContentError, or the system's error (port, folder). */
export async function startApp(
  config: Config,
  log: Log,
  root: string,
  { open = openStores, ...options }: AppOptions = {},
): Promise<App> {
  starting('folder', { path: config.dataDir }, () => makeFolder(config.dataDir))
  const keys = starting('keys', { file: join(config.dataDir, 'keys.json') }, () => readKeys(config))
  const { orgName, supportEmail } = config
  const hours = createHours(config.supportHours, config.timeZone)
  const always = { orgName, supportEmail, keepDays: String(config.keep.conversation / DAY_MS) }
  const live = createLive({ root, always }, { hours })
  const { texts, advance } = live
  const { store, agents: agentStore, audit: auditStore, now, hints } = await open(config, log)
  const audit = createAudit({
    store: auditStore,
    keys: auditKeysOf(keys.tokenKeys),
    now,
    // A witness outside of the store: there nobody can take the newest entries away.
    onEntry: (name, n, hash) => log.info({ log: name, n, seal: hash.slice(0, 12) }, 'audit.entry'),
  })
  const budget = createBudget({ store, perMinute: config.mailsPerMinute, log, now })
  const settings = settingsOf(config)
  const { coverage, mailer, close: closeDirectory } = await openDirectory(settings, budget, log)
  const mailbox = config.smtpUrl ? undefined : createMailbox(join(config.dataDir, 'mailbox.db'))
  const hub = createHub(hints)
  const turns = createTurns({ store, advance, hub, log, now, onWork: (work) => wake(work) })
  const limitKeys = createLimitKeys(deriveKey(keys, 'address'))
  const mayMail = createMayMail({ store, keys: limitKeys, perNetwork: config.networkMailsPerHour, log, now })
  const numbers = createNumbers({ store, keys: deriveKeys(keys, 'number'), limits: limitKeys, now })
  const onInbound = (conversationId: string) => void turns.run(conversationId)
  const common = { store, onInbound, log, now }
  const mails = createResend({ coverage, mailer, budget, mayMail, numbers, from: settings.from, now })
  const workers = {
    resend: createWorker({ ...common, kind: 'resend', handler: mails }),
    mail: createWorker({ ...common, kind: 'mail', handler: mails }),
    lookup: createWorker({ ...common, kind: 'lookup', handler: createLookup({ coverage, numbers, now }) }),
    timer: createWorker({ ...common, kind: 'timer', handler: createTimer(now) }),
  }
  const wake = (work: readonly WorkItem[]) => {
    for (const { kind, dueAt } of work) workers[kind].wake(dueAt)
  }
  const receive = createReceive({ store, turns })
  const secondStep = createSecondStep({ keys: deriveKeys(keys, 'second_step'), issuer: config.orgName })
  const agents = createAgents({ store: agentStore, secondStep, now })
  const tokens = createTokens(keys.tokenKeys, now)
  const origins = createOrigins({ ...config, development: !config.production })
  const sessions = createDeskSessions({
    agents,
    audit,
    secure: config.publicUrl.protocol === 'https:',
    secondStep: config.agentSecondStep,
  })

  await turns.recover(0)
  const sweep = setInterval(() => {
    turns.recover(STRANDED_MS).catch((error) => log.warn({ code: codeOf(error) }, 'turn.sweep_failed'))
  }, SWEEP_MS)

  const presence = createPresence({ store, agents: agentStore, receive, log, now, ...options })
  const watch = setInterval(() => {
    presence.look().catch((error) => log.warn({ code: codeOf(error) }, 'desk.look_failed'))
  }, presence.everyMs)

  const forget = async () => {
    while ((await store.forget(now() - config.keep.conversation, FORGET_AT_ONCE)) === FORGET_AT_ONCE) await breathe()
    for (const name of AUDIT_LOGS) await audit.prune(name, now() - config.keep[name])
  }
  const forgetting = () => void forget().catch((error) => log.warn({ code: codeOf(error) }, 'store.forget_failed'))
  const retention = setInterval(forgetting, FORGET_EVERY_MS)
  forgetting()

  const strangers = hourly(() => log.warn({}, 'http.proxy_untrusted'))
  const networks = createNetworks(config.trustedProxies, deriveKey(keys, 'network'), strangers)
  const onFull = hourly(() => log.warn({ most: CONNECTIONS_OF_NETWORK }, 'http.network_full'))
  const limits = createLimits({ messages: config.messagesPer10s })
  const http = createHttp({ texts, log, origins, networks, onFull, limits })
  const socketBase = new URL(config.publicUrl)
  socketBase.protocol = socketBase.protocol === 'https:' ? 'wss:' : 'ws:'
  const identities = createIdentities({ keys: config.identityKeys, hashKeys: deriveKeys(keys, 'member'), now })
  const secret = keys.directLineSecret
  mountMemberRoutes(http, createDirectLine({ store, receive, tokens, secret, socketBase, identities, now }))
  const desk = createDesk({ store, receive, turns, texts, audit, now })
  mountDeskRoutes(http, desk, sessions)
  mountStatic(
    http,
    starting('pages', {}, () => readAssets(join(root, 'dist', 'web'))),
    !config.production,
  )
  if (mailbox) mountMailbox(http, mailbox.list, texts, config.timeZone)
  http.route('get', '/health', () => ({ status: 200, body: { status: 'ok' } }))
  http.route('get', '/ready', async () => {
    if (!http.isOpen()) throw new AppError('store_unavailable', { stopping: 1 })
    await store.ping()
    return { status: 200, body: { status: 'ready', dialogs: live.dialogs() } }
  })
  const port = await listen(http.server, config)
  // A chosen port 0 is known only now; sockets must be told the real one.
  if (config.port === 0 && socketBase.port === '0') socketBase.port = String(port)
  const closeSockets = mountSockets(http.server.server, {
    store,
    hub,
    tokens,
    sessions,
    desk,
    presence,
    origins,
    networks,
    limits: http.limits,
    now,
  })

  return {
    port,
    texts,
    agents,
    reload: live.reload,
    async stop() {
      clearInterval(retention)
      clearInterval(watch)
      const answered = http.stop()
      const worked = Promise.all(Object.values(workers).map((worker) => worker.stop()))
      // What takes longer than this is left to another process: its lease ends, its socket is closed by the system.
      await within(FINISH_MS, Promise.all([closeSockets().then(() => answered), worked, turns.idle()]).then(turns.idle))
      clearInterval(sweep)
      mailbox?.close()
      await closeDirectory()
      await store.close()
    },
  }
}

/** At most once an hour. */
function hourly(tell: () => void): () => void {
  let toldAt = Number.NEGATIVE_INFINITY
  return () => {
    if (performance.now() - toldAt < 3_600_000) return
    toldAt = performance.now()
    tell()
  }
}

async function within(ms: number, done: Promise<unknown>): Promise<void> {
  const late = new AbortController()
  await Promise.race([done, pause(ms, undefined, { signal: late.signal }).catch(() => undefined)])
  late.abort()
}

/** restify passes on what its HTTP server emits, and an error that nobody hears ends the process: listen to both. */
function listen(server: Server, { port, host }: Config): Promise<number> {
  return new Promise((resolve, reject) => {
    server.on('error', (error: NodeJS.ErrnoException) =>
      reject(startFault(error.code === 'EADDRINUSE' ? 'port_used' : 'listen', { host, port }, error)),
    )
    server.listen(port, host, () => resolve((server.server.address() as AddressInfo).port))
  })
}
