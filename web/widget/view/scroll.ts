/** Keeps what is new in view while the member is at the end, and leaves them alone while they read above. */
import type { Ref } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Line } from '../transcript.ts'

/** Nearer to the end than this counts as "at the end", in pixels. */
const NEAR = 60
/** Messages this close together are one answer, in milliseconds. */
const ONE_ANSWER_MS = 2_000
/** Of a replayed history, so many messages are brought into view. */
const LAST_FEW = 4

export interface Scroll {
  log: Ref<HTMLDivElement>
  /** The member reads above: offer the way down. */
  away: boolean
  onScroll(): void
  toLatest(): void
  /** Puts the focus where a member who just used a quick reply goes on. */
  toField(byKeyboard: boolean): void
}

/** @param synced false while the history is still being read. */
export function useScroll(lines: readonly Line[], synced: boolean): Scroll {
  const log = useRef<HTMLDivElement>(null)
  const follows = useRef(true)
  const placed = useRef(0)
  const [away, setAway] = useState(false)
  const anchor = useAnswerStart(lines, synced)

  function settle() {
    const box = log.current
    if (!box || !follows.current) return
    // Never upwards: who went to the end of a long answer stays there.
    box.scrollTop = Math.max(box.scrollTop, restingPlace(box, anchor.current))
    placed.current = box.scrollTop
  }

  function onScroll() {
    const box = log.current
    if (!box || Math.abs(box.scrollTop - placed.current) < 2) return
    follows.current = box.scrollHeight - box.clientHeight - box.scrollTop < NEAR
    setAway(!follows.current)
  }

  const last = lines.at(-1)
  useLayoutEffect(() => {
    if (last?.author === 'member' && last.state !== 'sent') follows.current = true
    if (follows.current) setAway(false)
  }, [last?.key])
  // Every time: a banner or a "not sent" line moves the end too.
  useLayoutEffect(settle)
  useLayoutEffect(() => {
    const watch = new ResizeObserver(settle)
    if (log.current) watch.observe(log.current)
    return () => watch.disconnect()
  }, [])

  return {
    log,
    away,
    onScroll,
    toLatest: () => {
      follows.current = true
      setAway(false)
      log.current?.scrollTo({ top: log.current.scrollHeight })
      log.current?.focus({ preventScroll: true })
    },
    toField: (byKeyboard) => {
      const touch = matchMedia('(pointer: coarse)').matches
      const field = log.current?.closest('.panel')?.querySelector<HTMLElement>('.field')
      const target = byKeyboard || touch ? log.current : field
      target?.focus({ preventScroll: true })
    },
  }
}

/** Index of the message where the newest answer begins: the member's own question, or the first of a batch. */
function useAnswerStart(lines: readonly Line[], synced: boolean): { readonly current: number } {
  const start = useRef(0)
  const count = useRef(0)
  const at = useRef(0)
  const replayed = useRef(synced)
  useLayoutEffect(() => {
    if (lines.length === count.current) return
    if (Date.now() - at.current > ONE_ANSWER_MS) start.current = count.current
    at.current = Date.now()
    count.current = lines.length
    const own = lines.findLastIndex((line) => line.author === 'member')
    const few = replayed.current ? 0 : lines.length - LAST_FEW
    start.current = Math.max(start.current, own, few)
    if (lines.length < start.current) start.current = 0
    replayed.current = synced
  }, [lines.length, synced])
  return start
}

/** The end; but when the answer is longer than the view, the place where the answer begins. */
function restingPlace(box: HTMLElement, index: number): number {
  const end = box.scrollHeight - box.clientHeight
  const first = index > 0 ? box.querySelectorAll<HTMLElement>('.message')[index] : box
  return first ? Math.min(end, first === box ? 0 : first.offsetTop - 12) : end
}
