/** Whether the panel covers the page, and the room that an on-screen keyboard leaves it. */
import { useLayoutEffect, useState } from 'preact/hooks'

const SMALL = '(max-width: 480px)'

/** Follows the visual viewport (a phone's keyboard shrinks it, not the layout) and holds the page behind still. */
export function useFullScreen(panel: { current: HTMLElement | null }): boolean {
  const [full, setFull] = useState(() => matchMedia(SMALL).matches)
  useLayoutEffect(() => {
    const query = matchMedia(SMALL)
    const follow = () => setFull(query.matches)
    query.addEventListener('change', follow)
    return () => query.removeEventListener('change', follow)
  }, [])
  useLayoutEffect(() => {
    if (!full) return
    const page = document.documentElement
    const overflow = page.style.overflow
    page.style.overflow = 'hidden'
    const stop = followViewport(panel.current)
    return () => {
      page.style.overflow = overflow
      stop()
    }
  }, [full, panel])
  return full
}

function followViewport(panel: HTMLElement | null): () => void {
  const viewport = window.visualViewport
  if (!viewport || !panel) return () => {}
  const resize = () => {
    if (viewport.scale !== 1) return // Zoomed by hand: the member looks around, leave the panel alone.
    panel.style.setProperty('--height', `${viewport.height}px`)
    panel.style.setProperty('--top', `${viewport.offsetTop}px`)
  }
  resize()
  viewport.addEventListener('resize', resize)
  viewport.addEventListener('scroll', resize)
  return () => {
    viewport.removeEventListener('resize', resize)
    viewport.removeEventListener('scroll', resize)
    panel.style.removeProperty('--height')
    panel.style.removeProperty('--top')
  }
}
