import { z } from 'zod'
import { parseWatermark } from '../channels/directline/service.ts'
import type { CommandName, Desk } from '../desk/desk.ts'
import type { Reader } from '../desk/view.ts'
import { AppError } from '../errors.ts'
import { maskCodes } from '../language/mask.ts'
import { clean } from '../language/normalize.ts'
import { MAX_TEXT, parseLocale } from '../wire/activity.ts'
import { REVEAL_REASONS, type Session } from '../wire/desk.ts'
import type { DeskSessions } from './desk-session.ts'
import type { Answer } from './respond.ts'
import type { Call, Http } from './server.ts'

const API = '/desk/api'
const epoch = z.object({ epoch: z.int().min(0) })
/** Nothing, or what a lead asks for: to take over from the claim that they saw. */
const claim = z.union([z.object({ take_over: z.literal(true), epoch: z.int().min(0) }), z.object({}).strict()])
const reveal = epoch.extend({ reason: z.enum(REVEAL_REASONS) })
const reply = z.object({
  epoch: z.int().min(0),
  clientActivityID: z.string().min(1).max(128),
  text: z.string().min(1),
})

/** `/desk/api/*`. Everything but signing in needs a session; whatever changes something needs our own header, which no
 *  foreign page can set without being refused first. Reading is no use of a session: consoles read by themselves. */
export function mountDeskRoutes({ route }: Http, desk: Desk, sessions: DeskSessions): void {
  const get = (path: string, handle: (call: Call, reader: Reader) => Promise<unknown>) =>
    route('get', `${API}${path}`, async (call) =>
      ok(await handle(call, readerOf(await sessions.require(call.headers.cookie, false)))),
    )
  const post = (path: string, handle: (call: Call, reader: Reader) => Promise<unknown>) =>
    route('post', `${API}${path}`, async (call) => {
      guard(call)
      return ok(await handle(call, readerOf(await sessions.require(call.headers.cookie))))
    })
  const run = (call: Call, { id, name: by }: Reader, name: CommandName, clientId: string, value: object = {}) =>
    desk.command({ conversationId: call.params.id ?? '', agent: { id, name: by }, name, clientId, value: { ...value } })

  mountSession(route, sessions)
  get('/queue', async (_, reader) => ({ items: await desk.queue(reader) }))
  get('/dead', async (_, reader) => ({ items: await desk.dead(reader) }))
  get('/conversations/:id', (call, reader) =>
    desk.view(reader, call.params.id ?? '', parseLocale(call.query.get('locale')) ?? 'fr'),
  )
  get('/conversations/:id/activities', (call, reader) =>
    desk.activities(reader, call.params.id ?? '', parseWatermark(call.query.get('watermark') ?? undefined)),
  )
  post('/conversations/:id/claim', (call, reader) => {
    const value = parse(claim, call.body ?? {})
    if ('take_over' in value && reader.role !== 'lead') throw new AppError('forbidden', { where: 'take_over' })
    return run(call, reader, 'claim', freshId(), value)
  })
  post('/conversations/:id/messages', (call, reader) => {
    const { clientActivityID, text, epoch } = parse(reply, call.body)
    if (text.length > MAX_TEXT) throw new AppError('text_too_long', { most: MAX_TEXT })
    const kept = clean(text)
    if (kept.length > MAX_TEXT) throw new AppError('text_too_long', { most: MAX_TEXT })
    // An agent has no code to give: what looks like one was pasted by mistake, and hidden silently nobody would notice.
    if (maskCodes(kept).masked) throw new AppError('code_in_text')
    if (kept === '') throw new AppError('bad_request', { where: 'text' })
    return run(call, reader, 'reply', clientActivityID, { clientActivityID, text: kept, epoch })
  })
  for (const name of ['handback', 'resolve'] as const) {
    post(`/conversations/:id/${name}`, (call, reader) => {
      const value = parse(epoch, call.body)
      return run(call, reader, name, `${name}:${value.epoch}`, value)
    })
  }
  post('/conversations/:id/reveal', async (call, { id, name }) => {
    const request = { conversationId: call.params.id ?? '', agent: { id, name }, clientId: freshId() }
    return { addresses: await desk.reveal({ ...request, value: parse(reveal, call.body) }) }
  })
}

function mountSession(route: Http['route'], sessions: DeskSessions): void {
  route('post', `${API}/session`, async (call) => {
    guard(call)
    const { session, setCookie } = await sessions.signIn(call.body, call.headers.cookie)
    return { ...ok(session), headers: { 'set-cookie': setCookie } }
  })
  route('get', `${API}/session`, async (call) => ok(await sessions.signedIn(call.headers.cookie, false)))
  // Keys and mouse of somebody who only reads and writes.
  route('post', `${API}/session/use`, async (call) => {
    guard(call)
    return ok(await sessions.signedIn(call.headers.cookie))
  })
  route('del', `${API}/session`, async (call) => {
    guard(call)
    return { status: 204, headers: { 'set-cookie': await sessions.end(call.headers.cookie) } }
  })
  route('post', `${API}/password`, async (call) => {
    guard(call)
    return ok(await sessions.choosePassword(call.body, call.headers.cookie))
  })
  route('post', `${API}/second-step`, async (call) => {
    guard(call)
    return ok(await sessions.offerSecondStep(call.headers.cookie))
  })
  route('post', `${API}/second-step/on`, async (call) => {
    guard(call)
    return ok(await sessions.setSecondStep(call.body, call.headers.cookie))
  })
  route('post', `${API}/second-step/off`, async (call) => {
    guard(call)
    return ok(await sessions.endSecondStep(call.body, call.headers.cookie))
  })
}

const ok = (body: unknown): Answer => ({ status: 200, body })

/** Who a session is. */
export const readerOf = ({ agent, role }: Session): Reader => ({ ...agent, role })

const freshId = (): string => crypto.randomUUID()

function guard(call: Call): void {
  if (call.headers['x-sesame-desk'] !== '1') throw new AppError('forbidden', { where: 'x-sesame-desk' })
  const site = call.headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin') throw new AppError('origin_refused')
}

function parse<T>(shape: z.ZodType<T>, body: unknown): T {
  const parsed = shape.safeParse(body)
  if (parsed.success) return parsed.data
  throw new AppError('bad_request', { where: parsed.error.issues[0]?.path.join('.') || 'body' })
}
