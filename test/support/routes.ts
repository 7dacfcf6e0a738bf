import { join } from 'node:path'
import type { Server } from 'restify'
import { mountDeskRoutes } from '../../src/http/desk-routes.ts'
import { mountMailbox } from '../../src/http/mailbox-routes.ts'
import { mountMemberRoutes } from '../../src/http/member-routes.ts'
import { createHttp } from '../../src/http/server.ts'
import { mountStatic, readAssets } from '../../src/http/static.ts'
import { keepLog } from './app.ts'
import { CONTENT, ROOT } from './conversation.ts'
import { NO_ORIGINS } from './http.ts'

export interface Route {
  method: string
  /** With `:id` as it was mounted. */
  path: string
}

/** Every route that the service mounts, read off its router: a new one is in every table that walks these. */
export function allRoutes(): Route[] {
  const http = createHttp({ texts: CONTENT.texts, log: keepLog().log, origins: NO_ORIGINS })
  // Mounting calls nothing of them.
  mountMemberRoutes(http, {} as never)
  mountDeskRoutes(http, {} as never, {} as never)
  mountStatic(http, readAssets(join(ROOT, 'dist', 'web')), true)
  mountMailbox(http, () => [], CONTENT.texts, 'UTC')
  for (const path of ['/health', '/ready']) http.route('get', path, () => ({ status: 200 }))
  const { router } = http.server as Server & { router: { getRoutes(): Record<string, Route> } }
  return Object.values(router.getRoutes()).map(({ method, path }) => ({ method, path: String(path) }))
}
