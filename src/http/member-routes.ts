import type { DirectLine } from '../channels/directline/service.ts'
import { DIRECT_LINE } from './respond.ts'
import type { Call, Http } from './server.ts'

/** `/widget/token` and `/v3/directline/*`. */
export function mountMemberRoutes({ route, limits }: Http, directLine: DirectLine): void {
  const caller = (call: Call) => directLine.authorize(call.headers.authorization)
  const id = (call: Call) => call.params.id ?? ''
  const base = `${DIRECT_LINE}conversations`

  route('post', '/widget/token', async (call) => ({ status: 200, body: await directLine.widgetToken(call.body) }))
  route('post', `${DIRECT_LINE}tokens/generate`, async (call) => directLine.generate(await caller(call), call.body))
  route('post', `${DIRECT_LINE}tokens/refresh`, async (call) => directLine.refresh(await caller(call)))
  route('post', base, async (call) => directLine.start(await caller(call), call.body, call.network))
  route('get', `${base}/:id`, async (call) =>
    directLine.reconnect(await caller(call), id(call), call.query.get('watermark') ?? undefined),
  )
  route('get', `${base}/:id/activities`, async (call) =>
    directLine.activities(await caller(call), id(call), call.query.get('watermark') ?? undefined),
  )
  route('post', `${base}/:id/activities`, async (call) => {
    const who = await caller(call)
    await limits.message(who.kind === 'token' ? who.grant.conversationId : id(call))
    return directLine.post(who, id(call), call.body)
  })
  // Only OAuth cards need it, which we never send; clients swallow an empty one.
  route('get', `${DIRECT_LINE}session/getsessionid`, () => ({ status: 200, body: { sessionId: '' } }))
}
