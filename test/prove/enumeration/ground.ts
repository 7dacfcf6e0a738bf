/** What all scenarios of this folder stand on: the rig, a directory with every class of address, and a mail server that costs the
 *  measuring client nothing. */
import { createSecretKey } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SignJWT } from 'jose'
import { type Rig, startRig } from '../rig.ts'
import type { Context } from '../scenario.ts'
import { type AddressBook, type Class, fillDirectory } from './addresses.ts'
import { type QuietSink, startQuietSink } from './sink.ts'
import { type Visit, type Visitor, visit } from './visitor.ts'

export interface Ground {
  rig: Rig
  book: AddressBook
  sink: QuietSink
  /** Folder of the service's files. */
  folder: string
  /** A new conversation at a process picked at random. */
  visit(o: Pick<Visit, 'locale' | 'way' | 'identity'>): Promise<Visitor>
  end(): Promise<void>
}

/** @param counts addresses that may be used of each class. @param env more of the service's. */
export async function startGround(
  context: Context,
  counts: Partial<Record<Class, number>>,
  env: Readonly<Record<string, string>> = {},
): Promise<Ground> {
  const folder = mkdtempSync(join(tmpdir(), 'sesame-enumeration-'))
  const random = context.random.fork()
  let sink: QuietSink | undefined
  try {
    const book = await fillDirectory(join(folder, 'coverage.db'), counts, random)
    const started = await startQuietSink()
    sink = started
    const rig = await startRig({
      ...context,
      folder,
      // What is asked here is what answers tell, not how many there may be.
      env: () => ({ SMTP_URL: started.url, IDENTITY_KEYS: `page:HS256:${PAGE_KEY.toString('base64')}`, ...env }),
    })
    return {
      rig,
      book,
      sink: started,
      folder,
      visit(o) {
        const { url } = rig.clients.route()
        return visit({ ...o, url, socketUrl: rig.clients.route().url })
      },
      async end() {
        await rig.end()
        await started.end()
        rmSync(folder, { recursive: true, force: true })
      },
    }
  } catch (error) {
    await sink?.end()
    rmSync(folder, { recursive: true, force: true })
    throw error
  }
}

/** The host page's. */
const PAGE_KEY = Buffer.alloc(32, 8)

/** @returns what the host page says of a member of whom nothing is on file. */
export function vouch(): Promise<string> {
  const jwt = new SignJWT({ sub: 'somebody else' }).setProtectedHeader({ alg: 'HS256', kid: 'page' })
  return jwt.setAudience('sesame').setIssuedAt().setExpirationTime('5m').sign(createSecretKey(PAGE_KEY))
}

/** Longest line of mails that a run leaves behind, ms: a process sends some thirty a second. */
const LINE_MS = 600_000

/** Uses addresses up: asks for each once, and waits for the mails. */
export async function useUp(ground: Ground, addresses: readonly string[], lanes = 10): Promise<void> {
  const todo = [...addresses]
  const lane = async () => {
    for (let address = todo.pop(); address !== undefined; address = todo.pop()) {
      const visitor = await ground.visit({ locale: 'fr', way: 'polling' })
      await visitor.say(address)
      visitor.close()
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  // What others asked for before, as fast as they could, is sent before.
  await untilMailed(ground.sink, addresses, LINE_MS)
}

/** @throws Error when not all of them got a mail in time. */
export async function untilMailed(sink: QuietSink, addresses: readonly string[], withinMs = 30_000): Promise<void> {
  const end = Date.now() + withinMs
  for (;;) {
    const mailed = new Set(await sink.mails())
    const missing = addresses.filter((address) => !mailed.has(address))
    if (missing.length === 0) return
    if (Date.now() > end) throw new Error(`${missing.length} of ${addresses.length} mails did not come`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
