import { useEffect, useRef, useState } from 'preact/hooks'
import type { Desk } from '../desk.ts'
import { type DeskState, isCrisis, unheeded } from '../state.ts'
import { fill, type Words } from '../words.ts'
import { useTools } from './hooks.ts'

/** Long enough to be spoken; afterwards nobody comes upon old news. */
const SPOKEN_MS = 10_000

/** Words for the ear. `within`: the modal dialog that is open, outside of which nothing is announced. */
export interface Alarm {
  text: string
  within: Element | null
}

/** Announces every emergency once, unless its banner is on screen and says it already. */
export function useAlarm(desk: Desk, { phase, queue }: DeskState, words: Words): Alarm | undefined {
  const [alarm, setAlarm] = useState<Alarm>()
  const told = useRef(new Set<string>())
  useEffect(() => {
    const ready = phase === 'ready'
    // Not the state of this drawing: the banner may just have been seen.
    const fresh = unheeded(desk.cell.get()).filter((item) => ready && !told.current.has(item.conversationId))
    told.current = new Set(ready ? queue?.filter(isCrisis).map((item) => item.conversationId) : [])
    if (fresh.length === 0) return
    const text = fresh.map(({ ticket }) => fill(words.crisis.arrived, { ticket })).join(' ')
    setAlarm({ text, within: document.querySelector('dialog[open]') })
  }, [phase, queue])
  useEffect(() => {
    const timer = setTimeout(() => setAlarm(undefined), SPOKEN_MS)
    return () => clearTimeout(timer)
  }, [alarm])
  return alarm
}

/** Where it is announced: stands on the page, and in every modal dialog. */
export function Announcer() {
  const { alarm } = useTools()
  const place = useRef<HTMLDivElement>(null)
  const here = alarm !== undefined && place.current?.closest('dialog') === alarm.within
  return (
    <div role="alert" class="unseen" ref={place}>
      {here && alarm.text}
    </div>
  )
}
