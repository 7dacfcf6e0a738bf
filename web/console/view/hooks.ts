import { createContext } from 'preact'
import { useContext, useEffect, useState } from 'preact/hooks'
import type { Desk } from '../desk.ts'
import type { Replies } from '../replies.ts'
import type { DeskState } from '../state.ts'
import { type Words, wordsFor } from '../words.ts'
import type { Alarm } from './alarm.tsx'

export interface Tools {
  desk: Desk
  replies: Replies
  state: DeskState
  words: Words
  /** Epoch milliseconds, moving on every few seconds. */
  now: number
  /** What is announced at this moment. */
  alarm: Alarm | undefined
}

const ToolsContext = createContext<Tools | undefined>(undefined)
export const ToolsProvider = ToolsContext.Provider

/** What every view of the console works with. */
export function useTools(): Tools {
  const tools = useContext(ToolsContext)
  if (!tools) throw new Error('outside of the console')
  return tools
}

const TICK_MS = 5_000

export function useDeskState(desk: Desk): { state: DeskState; words: Words; now: number } {
  const [state, setState] = useState(desk.cell.get())
  const [now, setNow] = useState(Date.now())
  useEffect(() => {
    setState(desk.cell.get())
    return desk.cell.subscribe(() => {
      setState(desk.cell.get())
      setNow(Date.now())
    })
  }, [desk])
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), TICK_MS)
    return () => clearInterval(timer)
  }, [])
  return { state, words: wordsFor(state.locale), now }
}
