/** One WebSocket of activity sets, watched for silence. */
import type { ActivitySet } from '../../src/wire/activity.ts'
import { REPLACED } from '../../src/wire/socket.ts'

/** This side sends an empty frame this often, in milliseconds; the server every 25 s. */
const KEEP_ALIVE_MS = 20_000
/** Silence after which the connection counts as dead (a network that swallows everything), in milliseconds. */
const SILENCE_MS = 35_000
/** How often the silence is looked at, in milliseconds. */
const LOOK_MS = 5_000
const OPEN_WITHIN_MS = 10_000

export interface SocketEvents {
  open(): void
  set(set: ActivitySet): void
  /** Called once. `opened` is false when it never worked; `replaced` is true when others of this conversation took its place. */
  closed(opened: boolean, replaced: boolean): void
}

export interface Socket {
  close(): void
  /** Milliseconds since the server was last heard. */
  silence(): number
}

export function openSocket(url: string, events: SocketEvents): Socket {
  const socket = new WebSocket(url)
  let opened = false
  let done = false
  let heardAt = Date.now()
  const opening = setTimeout(() => finish(), OPEN_WITHIN_MS)
  const beat = setInterval(keepAlive, LOOK_MS)
  let spokeAt = Date.now()

  function finish(code = 0): void {
    if (done) return
    done = true
    clearTimeout(opening)
    clearInterval(beat)
    socket.close()
    events.closed(opened, code === REPLACED)
  }

  function keepAlive(): void {
    if (Date.now() - heardAt > SILENCE_MS) finish()
    else if (socket.readyState === WebSocket.OPEN && Date.now() - spokeAt >= KEEP_ALIVE_MS) {
      spokeAt = Date.now()
      socket.send('')
    }
  }

  socket.onopen = () => {
    opened = true
    clearTimeout(opening)
    if (!done) events.open()
  }
  socket.onmessage = (event: MessageEvent<string>) => {
    heardAt = Date.now()
    if (!done && event.data) events.set(JSON.parse(event.data) as ActivitySet)
  }
  socket.onclose = (event) => finish(event.code)
  socket.onerror = () => finish()
  return {
    close: () => {
      events = { open: () => {}, set: () => {}, closed: () => {} }
      finish()
    },
    silence: () => Date.now() - heardAt,
  }
}
