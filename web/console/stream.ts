/** The socket of hints, and its way back after a cut. Hints carry nothing: whoever hears one reads again. */
import type { DeskHint } from '../../src/wire/desk.ts'

const KEEP_ALIVE_MS = 20_000
/** Silence of a server that sends keep-alives, after which the line counts as dead. */
const SILENCE_MS = 35_000
const FIRST_RETRY_MS = 500
const MAX_RETRY_MS = 15_000

export interface Stream {
  /** Be told of this conversation from now on. */
  watch(conversationId: string | undefined): void
  retryNow(): void
  stop(): void
}

export interface StreamEvents {
  onOpen(): void
  /** The line is cut; it tries again by itself. */
  onCut(): void
  onHint(hint: DeskHint): void
}

export function openStream({ onOpen, onCut, onHint }: StreamEvents): Stream {
  let socket: WebSocket | undefined
  let watched: string | undefined
  let failures = 0
  let stopped = false
  let timer: number | undefined
  let lastEmptyAt: number | undefined

  function connect(): void {
    window.clearTimeout(timer)
    const mine = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/desk/api/stream`)
    socket = mine
    lastEmptyAt = undefined
    mine.onopen = () => {
      failures = 0
      tellWatched()
      onOpen()
    }
    mine.onmessage = ({ data }) => {
      if (data === '') lastEmptyAt = Date.now()
      const hint = parseHint(data)
      if (hint) onHint(hint)
    }
    mine.onclose = () => mine === socket && retryLater()
  }

  function retryLater(): void {
    socket = undefined
    if (stopped) return
    onCut()
    const wait = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** failures)
    failures += 1
    // Spread out, so that a room of consoles does not come back at the same moment.
    timer = window.setTimeout(connect, wait * (0.5 + Math.random() / 2))
  }

  function drop(): void {
    const old = socket
    socket = undefined
    old?.close()
  }

  function tellWatched(): void {
    if (watched !== undefined && socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ watch: watched }))
  }

  function beat(): void {
    if (socket?.readyState !== WebSocket.OPEN) return
    if (lastEmptyAt !== undefined && Date.now() - lastEmptyAt > SILENCE_MS) {
      drop()
      return retryLater()
    }
    socket.send('')
  }

  function retryNow(): void {
    if (stopped || socket?.readyState === WebSocket.OPEN) return
    drop()
    connect()
  }

  function lost(): void {
    if (socket === undefined) return
    drop()
    retryLater()
  }

  const heart = window.setInterval(beat, KEEP_ALIVE_MS)
  window.addEventListener('online', retryNow)
  window.addEventListener('offline', lost)
  connect()
  return {
    watch(conversationId) {
      watched = conversationId
      tellWatched()
    },
    retryNow,
    stop() {
      stopped = true
      window.clearInterval(heart)
      window.clearTimeout(timer)
      window.removeEventListener('online', retryNow)
      window.removeEventListener('offline', lost)
      drop()
    },
  }
}

function parseHint(data: unknown): DeskHint | undefined {
  if (typeof data !== 'string' || data === '') return undefined
  try {
    const hint: unknown = JSON.parse(data)
    if (typeof hint !== 'object' || hint === null || !('type' in hint)) return undefined
    if (hint.type === 'queue') return { type: 'queue' }
    const id = 'conversationId' in hint ? hint.conversationId : undefined
    return hint.type === 'conversation' && typeof id === 'string'
      ? { type: 'conversation', conversationId: id }
      : undefined
  } catch {
    return undefined
  }
}
