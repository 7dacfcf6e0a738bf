/** A provider's coverage system: `docs/coverage-api.yaml` over records in memory, on loopback. It counts what it was asked and what it
 *  did, and can do to its callers what systems do. Nothing of Jest: commands use it too. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

export interface StubInvitation {
  id: string
  email: string
  status: string
  relation: string
  region: string
  member?: string
}

export const STUB_TOKEN = 'the-stub-knows-this-token-and-nobody-else'
export const STUB_CLIENT = { id: 'sesame client', secret: 'a:secret %with signs' }

/** What happens instead of an answer.
 *  `hang`: none for 30 s. `cut`: the connection ends before it; `late`: it ends after the work was done. `big`: 100 MB; `slow`: a byte at
 *  a time. The others change what is answered. */
export type Fault =
  | { is: 'hang' | 'cut' | 'late' | 'truncated' | 'big' | 'slow' | 'redirect' | 'swapped' }
  | { is: 'status'; status: number; retryAfter?: string }
  | { is: 'body'; body: string | Uint8Array }

export interface StubCall {
  operation: string
  request: Record<string, unknown>
  key?: string
  authorization?: string
  /** What was answered with 200 and without a fault. */
  answer?: Record<string, unknown>
}

/** A mail that went out, once for each key. */
export interface StubMail {
  key: string
  to: string
  case: string
  locale: string
}

export interface CoverageStub {
  /** Base of the API. */
  readonly url: URL
  readonly tokenUrl: URL
  readonly port: number
  readonly calls: readonly StubCall[]
  readonly mails: readonly StubMail[]
  /** Tokens given out. */
  tokens(): number
  /** Those that were given out are good no more. */
  revokeTokens(): void
  /** Bytes of the last `big` answer that the caller took before it left. */
  bigBytes(): number
  record(email: string): StubInvitation | undefined
  /** Asked for every call, numbered from 1, and for every request of a token (`token`), which has no number of its own. */
  play(script: (call: StubCall, nth: number) => Fault | undefined): void
  end(): Promise<void>
}

const HANG_MS = 30_000
/** More than the kernel's own buffers take off our hands. */
const BIG_BYTES = 100_000_000
const fair = () => undefined

export async function startCoverageStub(invitations: readonly StubInvitation[]): Promise<CoverageStub> {
  const records = new Map(invitations.map((one) => [one.email, { ...one }]))
  const answers = new Map<string, Record<string, unknown>>()
  const calls: StubCall[] = []
  const mails: StubMail[] = []
  const closing = new AbortController()
  let script: Parameters<CoverageStub['play']>[0] = fair
  let good = 0
  let given = 0
  let bigBytes = 0

  const server = createServer((req, res) => {
    req.on('error', () => undefined)
    res.on('error', () => undefined)
    void serve(req, res).catch(() => res.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  async function serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const text = await readAll(req)
    if (req.url === '/token')
      return giveToken(req, res, text, script({ operation: 'token', request: {} }, calls.length))
    const call: StubCall = { operation: (req.url ?? '').replace('/v1/', ''), request: JSON.parse(text) }
    const { 'idempotency-key': key, authorization } = req.headers
    if (typeof key === 'string') call.key = key
    if (authorization !== undefined) call.authorization = authorization
    calls.push(call)
    const fault = script(call, calls.length)
    if (fault && fault.is !== 'late' && fault.is !== 'swapped' && fault.is !== 'truncated') return spoil(fault, res)
    if (!isGood(authorization)) return send(res, 401, {})
    const answer = act(call, fault?.is === 'swapped')
    if (!answer) return send(res, 404, {})
    if (fault?.is === 'late') return void res.destroy()
    if (fault?.is === 'truncated') return sendText(res, JSON.stringify(answer).slice(0, -9))
    if (!fault) call.answer = answer
    send(res, 200, answer)
  }

  const isGood = (authorization: string | undefined): boolean =>
    authorization === `Bearer ${STUB_TOKEN}` || (good > 0 && authorization === `Bearer given-${good}`)

  function giveToken(req: IncomingMessage, res: ServerResponse, text: string, fault?: Fault): Promise<void> | void {
    if (fault) return spoil(fault, res)
    const fields = new URLSearchParams(text)
    const expected = [STUB_CLIENT.id, STUB_CLIENT.secret].map((part) =>
      new URLSearchParams({ part }).toString().slice(5),
    )
    const basic = Buffer.from(expected.join(':')).toString('base64')
    if (req.headers.authorization !== `Basic ${basic}` || fields.get('grant_type') !== 'client_credentials')
      return send(res, 401, { error: 'invalid_client', error_description: STUB_CLIENT.secret })
    good = ++given
    send(res, 200, {
      access_token: `given-${good}`,
      token_type: 'Bearer',
      expires_in: 3600,
      scope: fields.get('scope') ?? '',
    })
  }

  /** Does what is asked, once for each key. */
  function act({ operation, request, key }: StubCall, isSwapped: boolean): Record<string, unknown> | undefined {
    const known = key === undefined ? undefined : answers.get(`${operation} ${key}`)
    const answer = known ?? doOnce(operation, request, key ?? '')
    if (answer && key !== undefined && !isSwapped) answers.set(`${operation} ${key}`, answer)
    return answer && isSwapped ? swap(answer, [...records.values()]) : answer
  }

  function doOnce(
    operation: string,
    request: Record<string, unknown>,
    key: string,
  ): Record<string, unknown> | undefined {
    const { email, member, case: which, locale } = request as Record<string, string>
    const record = records.get(String(email))
    if (operation === 'find') return find(records, String(email), member)
    if (operation === 'resend' && record && record.id === request.invitation) {
      mails.push({ key, to: record.email, case: String(which), locale: String(locale) })
      return { sent: true, invitation: record.id, email: record.email }
    }
    return operation === 'link' ? { result: link(record, String(member)), member, email } : undefined
  }

  async function spoil(fault: Fault, res: ServerResponse): Promise<void> {
    switch (fault.is) {
      case 'status':
        if (fault.retryAfter !== undefined) res.setHeader('retry-after', fault.retryAfter)
        return send(res, fault.status, { error: 'scripted' })
      case 'body':
        return sendText(res, fault.body)
      case 'redirect':
        res.setHeader('location', `http://127.0.0.1:${port}/v1/elsewhere`)
        return send(res, 302, {})
      case 'cut':
        return void res.destroy()
      case 'big':
        bigBytes = await sendBig(res)
        return
      case 'slow':
        return sendSlowly(res, closing.signal)
      default:
        await pause(HANG_MS, undefined, { signal: closing.signal })
    }
  }

  return {
    url: new URL(`http://127.0.0.1:${port}/v1`),
    tokenUrl: new URL(`http://127.0.0.1:${port}/token`),
    port,
    calls,
    mails,
    tokens: () => given,
    revokeTokens() {
      good = 0
    },
    bigBytes: () => bigBytes,
    record: (email) => records.get(email),
    play(next) {
      script = next
    },
    async end() {
      closing.abort()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function find(records: ReadonlyMap<string, StubInvitation>, email: string, member: string | undefined) {
  const own = member === undefined ? [] : [...records.values()].filter((one) => one.member === member)
  const found = own.find((one) => one.email === email) ?? own[0] ?? records.get(email)
  return found ? { found: true, invitation: { ...found } } : { found: false }
}

function link(record: StubInvitation | undefined, member: string): string {
  if (!record) return 'unknown'
  if (record.status === 'expired') return 'expired'
  if (record.status === 'pending') Object.assign(record, { status: 'claimed', member })
  return record.member === member ? 'linked' : 'taken'
}

/** The answer that somebody else should have had. */
function swap(answer: Record<string, unknown>, records: readonly StubInvitation[]): Record<string, unknown> {
  const about = (answer.invitation as StubInvitation | undefined)?.email ?? answer.email
  const other = records.find(({ email }) => email !== about)
  if ('found' in answer) return { found: true, invitation: { ...other } }
  return {
    ...answer,
    email: other?.email,
    ...('invitation' in answer ? { invitation: other?.id } : { member: 'somebody-else' }),
  }
}

async function readAll(req: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of req) text += chunk
  return text
}

function send(res: ServerResponse, status: number, body: object): void {
  res.statusCode = status
  res.setHeader('content-type', 'application/json')
  res.end(JSON.stringify(body))
}

function sendText(res: ServerResponse, body: string | Uint8Array): void {
  res.setHeader('content-type', 'application/json')
  res.end(body)
}

/** As fast as the caller reads. @returns how many bytes it took. */
async function sendBig(res: ServerResponse): Promise<number> {
  let wake = () => {}
  for (const event of ['drain', 'close']) res.on(event, () => wake())
  const chunk = Buffer.alloc(65_536, ' ')
  let sent = 0
  while (sent < BIG_BYTES && !res.destroyed) {
    sent += chunk.length
    if (!res.write(chunk)) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  res.end()
  return sent
}

async function sendSlowly(res: ServerResponse, signal: AbortSignal): Promise<void> {
  for (let n = 0; n < 1_000 && !res.destroyed; n++) {
    res.write(n === 0 ? '{' : ' ')
    await pause(20, undefined, { signal })
  }
  res.end()
}
