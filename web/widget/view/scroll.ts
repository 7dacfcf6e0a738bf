/** Keeps the newest message in view while the member is at the end, and leaves them alone while they read above. */
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
    box.scrollTop = restingPlace(box)
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
      settle()
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

/** The end; but when the answer is longer than the view, the place where the answer begins. */
function restingPlace(box: HTMLElement): number {
  const end = box.scrollHeight - box.clientHeight
  const own = [...box.querySelectorAll<HTMLElement>('.message.member')].at(-1)
  const first = own ?? box.querySelector<HTMLElement>('.message')
  return first ? Math.min(end, first.offsetTop - 12) : end
}
