/** The token that opens the coverage system: a fixed one, or one of OAuth 2 client credentials. No token and no secret gets into an
 *  error: what a library or a server says of a refusal is dropped. */
import {
  type AuthorizationServer,
  allowInsecureRequests,
  ClientSecretBasic,
  clientCredentialsGrantRequest,
  customFetch,
  processClientCredentialsResponse,
} from 'oauth4webapi'
import type { CoverageAuth } from '../../config-coverage.ts'
import { type Deadline, type Deadlines, discard, exchange, readBody } from './exchange.ts'
import { faultOf, Outage } from './faults.ts'

export interface Auth {
  /** @throws Outage. */
  token(): Promise<string>
  /** It was refused. @returns whether another one can be had. */
  refused(token: string): boolean
}

type Client = Extract<CoverageAuth, { kind: 'client' }>

interface Issued {
  token: string
  /** By `performance.now()`. */
  until: number
}

/** A token is not used in its last seconds, ms: it would end on its way. */
const SPARE_MS = 30_000
/** How long a token is used that does not say, ms. */
const UNTOLD_MS = 300_000

export function createAuth(auth: CoverageAuth, deadlines: Deadlines, attemptMs: number): Auth {
  if (auth.kind === 'bearer') return { token: async () => auth.token, refused: () => false }
  let issued: Issued | undefined
  let asking: Promise<Issued> | undefined

  /** One request, however many wait for it. */
  function ask(client: Client): Promise<Issued> {
    asking ??= deadlines
      .within(attemptMs, (deadline) => requestToken(client, deadline))
      .finally(() => {
        asking = undefined
      })
    return asking
  }

  return {
    async token() {
      if (!issued || performance.now() > issued.until) issued = await ask(auth)
      return issued.token
    },
    refused(token) {
      if (issued?.token === token) issued = undefined
      return true
    },
  }
}

async function requestToken(client: Client, deadline: Deadline): Promise<Issued> {
  try {
    const { access_token: token, expires_in: seconds } = await grant(client, deadline)
    const lasts = seconds === undefined ? UNTOLD_MS : Math.max(seconds * 1000 - SPARE_MS, 0)
    return { token, until: performance.now() + lasts }
  } catch (error) {
    if (error instanceof Outage) throw new Outage(error.again, { ...error.facts, at: 'token' })
    throw new Outage('no', { why: 'refused', at: 'token' })
  }
}

async function grant({ tokenUrl, clientId, clientSecret, scope }: Client, deadline: Deadline) {
  const server: AuthorizationServer = { issuer: tokenUrl.origin, token_endpoint: tokenUrl.href }
  const client = { client_id: clientId }
  const parameters: Record<string, string> = scope === undefined ? {} : { scope }
  const answer = await clientCredentialsGrantRequest(server, client, ClientSecretBasic(clientSecret), parameters, {
    [customFetch]: (url, init) => readAnswer(new URL(url), init, deadline),
    // `parseSafeUrl` lets plain HTTP through on this machine only.
    [allowInsecureRequests]: tokenUrl.protocol === 'http:',
  })
  return processClientCredentialsResponse(server, client, answer)
}

/** The library reads whatever comes: it gets what was read within our limits, and only of an answer that is one. */
async function readAnswer(url: URL, init: RequestInit, deadline: Deadline): Promise<Response> {
  const answer = await exchange(url, init, deadline)
  if (answer.status === 200) return new Response(await readBody(answer, deadline), { status: 200 })
  await discard(answer)
  throw faultOf(answer)
}
