/** A client's link: a socket that is replaced whenever it breaks or falls silent, and reads on from the watermark. */
import { WebSocket } from 'ws'
import type { ActivitySet } from '../../src/wire/activity.ts'
import type { Answer } from './call.ts'
import type { ClientLog } from './checker.ts'
import type { Random } from './random.ts'
import type { Tally } from './tally.ts'

/** Milliseconds. */
export interface Pace {
  /** Between the client's empty frames. */
  beat: number
  /** Silence after which a socket counts as dead. */
  silence: number
}

const WIDGET_PACE: Pace = { beat: 20_000, silence: 35_000 }
const OPEN_WITHIN_MS = 5_000
const FIRST_RETRY_MS = 100
const LONGEST_RETRY_MS = 2_000

export interface LinkOptions {
  log: ClientLog
  route(): { url: string }
  socketRoute?(): { url: string }
  random: Random
  tally: Tally
  pace?: Pace
  /** Asks for a socket's address, to read on after `watermark`. */
  resume(watermark: string): Promise<Answer>
  /** The token was refused: gets another one. */
  denied(): Promise<boolean>
  /** Hears of each set as it comes. */
  heard?(set: ActivitySet): void
}

export interface Link {
  isOpen(): boolean
  close(): void
}

export function openLink(o: LinkOptions): Link {
  const { beat, silence } = o.pace ?? WIDGET_PACE
  const reader = createReader(o.log)
  let socket: WebSocket | undefined
  let timer: NodeJS.Timeout | undefined
  let closed = false
  let tries = 0

  async function connect(): Promise<void> {
    const { status, body } = await o.resume(reader.watermark())
    if (closed) return
    if (status === 403) await o.denied()
    if (status !== 200) return later()
    listen(rerouted(body.streamUrl, (o.socketRoute ?? o.route)().url))
  }

  /** Each socket by whatever process the balancer picks. */
  function listen(url: string): void {
    const mine = new WebSocket(url, { handshakeTimeout: OPEN_WITHIN_MS, perMessageDeflate: false })
    socket = mine
    o.tally.sockets++
    let heardAt = Date.now()
    const watch = setInterval(() => {
      if (Date.now() - heardAt > silence) {
        o.tally.silentSockets++
        mine.terminate()
      } else if (mine.readyState === mine.OPEN) mine.send('')
    }, beat)
    mine.on('message', (data) => {
      heardAt = Date.now()
      tries = 0
      const text = String(data)
      if (!text) return
      const set = JSON.parse(text) as ActivitySet
      reader.take(set)
      o.heard?.(set)
    })
    mine.on('error', () => undefined)
    mine.on('close', () => {
      clearInterval(watch)
      if (!closed) later()
    })
  }

  function later(): void {
    const backoff = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** tries++)
    timer = setTimeout(() => void connect(), backoff * (0.5 + o.random.next() / 2))
  }

  void connect()
  return {
    isOpen: () => socket?.readyState === WebSocket.OPEN,
    close() {
      closed = true
      clearTimeout(timer)
      socket?.terminate()
    },
  }
}

function rerouted(streamUrl: string, base: string): string {
  const url = new URL(streamUrl)
  url.host = new URL(base).host
  return url.href
}

/** Notes what is seen: the first sight in order, repeats by number, and an id that came with another content. */
function createReader(log: ClientLog) {
  const texts = new Map<string, string>()
  let watermark = ''
  return {
    watermark: () => watermark,
    take(set: ActivitySet): void {
      if (set.watermark) watermark = set.watermark
      for (const activity of set.activities) {
        const content = `${activity.from.id} ${activity.type} ${activity.replyToId} ${activity.text}`
        const known = texts.get(activity.id)
        if (known === undefined) log.seen.push(activity.id)
        else if (known === content) log.repeats++
        else log.changed.push(activity.id)
        texts.set(activity.id, content)
      }
    },
  }
}
