/** Where canaries must not be, and looking for them there. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import type { RedisServer } from '../../support/redis.ts'
import type { Answer, Call } from '../call.ts'
import { type Canary, codeFinder, marksIn, namesIn } from './words.ts'

/** What was found, by place: the first ones, and how many. */
export interface Finds {
  add(place: string, found: readonly string[]): void
  list(): string[]
}

export function createFinds(): Finds {
  const places = new Map<string, { count: number; first: string }>()
  return {
    add(place, found) {
      const [first] = found
      if (first === undefined) return
      const before = places.get(place)
      places.set(place, { count: (before?.count ?? 0) + found.length, first: before?.first ?? first })
    },
    list: () => [...places].map(([place, { count, first }]) => `${count} in ${place}, the first: ${first}`),
  }
}

export interface Search {
  finds: Finds
  /** Addresses, words, names, ids and secrets of people, and access codes. */
  nothing(place: string, text: string): void
  /** Codes and names on file: what was said may stand here, what is on file may not. */
  nothingOnFile(place: string, text: string): void
  /** Secrets that the service gave out: tokens, tickets, cookies. */
  secrets: Set<string>
}

export function createSearch(canaries: readonly Canary[]): Search {
  const finds = createFinds()
  const codesIn = codeFinder(canaries)
  const secrets = new Set<string>()
  const onFile = (text: string) => [...codesIn(text), ...namesIn(text)]
  return {
    finds,
    secrets,
    nothing(place, text) {
      const given = [...secrets].filter((secret) => text.includes(secret))
      finds.add(place, [...marksIn(text), ...codesIn(text), ...given])
    },
    nothingOnFile: (place, text) => finds.add(place, onFile(text)),
  }
}

/** Notes secrets, and looks at what comes back: nobody is ever told what is on file, and what is refused is not repeated. */
export function watchedCall(call: Call, { secrets, finds, ...search }: Search): Call {
  const note = ({ body, headers }: Answer) => {
    if (typeof body?.token === 'string') secrets.add(body.token)
    if (typeof body?.streamUrl === 'string')
      secrets.add(new URL(body.streamUrl).searchParams.get('t') ?? body.streamUrl)
    const cookie = headers['set-cookie']?.[0]?.match(/=([^;]{20,})/)?.[1]
    if (cookie !== undefined) secrets.add(cookie)
  }
  return async (url, ask) => {
    const answer = await call(url, ask)
    note(answer)
    const text = JSON.stringify(answer.body ?? '')
    search.nothingOnFile('answers', text)
    if (answer.status >= 400) finds.add('answers of faults', marksIn(text))
    if (answer.body?.streamUrl) finds.add('socket URLs', marksIn(answer.body.streamUrl))
    finds.add('headers of answers', marksIn(JSON.stringify(answer.headers)))
    return answer
  }
}

export interface RedisWatch {
  /** Distinct keys and channels seen. */
  keys(): number
  channels(): number
  /** Looks a last time, also at everything that was ever written. */
  end(): Promise<void>
}

/** How often keys are listed, ms: some live for a minute only. */
const LOOK_MS = 400

/** Follows the names in use: keys, channels, and what is said on these. */
export async function watchRedis(server: RedisServer, search: Search): Promise<RedisWatch> {
  const keys = new Set<string>()
  const channels = new Set<string>()
  const connect = () => new Redis(server.port, '127.0.0.1')
  const [reader, listener] = [connect(), connect()]
  listener.on('pmessage', (_pattern, channel: string, message: string) => {
    if (!channels.has(channel)) search.nothing('Redis channels', channel)
    channels.add(channel)
    search.nothing('Redis messages', message)
  })
  await listener.psubscribe('*')
  let looking: Promise<void> = Promise.resolve()

  async function look(): Promise<void> {
    for await (const page of reader.scanStream({ count: 1_000 })) {
      for (const key of page as string[]) {
        if (!keys.has(key)) search.nothing('Redis keys', key)
        keys.add(key)
      }
    }
  }

  const timer = setInterval(() => {
    looking = looking.then(look)
  }, LOOK_MS)
  return {
    keys: () => keys.size,
    channels: () => channels.size,
    async end() {
      clearInterval(timer)
      await looking.then(look)
      reader.disconnect()
      listener.disconnect()
      for (const file of filesUnder(server.folder)) search.nothingOnFile('Redis, as written', readText(file))
    },
  }
}

/** The service's own files, but for those that are there to hold codes. */
export function searchFolder(folder: string, search: Search): void {
  for (const file of filesUnder(folder)) {
    if (!/coverage\.db/.test(file)) search.nothingOnFile('sesame.db', readText(file))
  }
}

/** As bytes, so that what was deleted and still lies in a free page is found too. */
const readText = (file: string): string => readFileSync(file, 'latin1')

function filesUnder(folder: string): string[] {
  const all = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name))
  return all.filter((file) => statSync(file).isFile())
}
