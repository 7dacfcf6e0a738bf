/** Keeps what is new in view while the member is at the end, and leaves them alone while they read above. */
import type { Ref } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Line } from '../transcript.ts'

/** Nearer to the end than this counts as "at the end", in pixels. */
const NEAR = 60

export interface Scroll {
  log: Ref<HTMLDivElement>
  /** The member reads above: offer the way down. */
  away: boolean
  onScroll(): void
  toLatest(): void
  /** Puts the focus where a member who just used a quick reply goes on. */
  toField(byKeyboard: boolean): void
}

export function useScroll(lines: readonly Line[]): Scroll {
  const log = useRef<HTMLDivElement>(null)
  const follows = useRef(true)
  const placed = useRef(0)
  const [away, setAway] = useState(false)

  function settle() {
    const box = log.current
    if (!box || !follows.current) return
    // The end, always: what can be answered stands there, and a button out of sight is a button that is not there.
    box.scrollTop = box.scrollHeight - box.clientHeight
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
