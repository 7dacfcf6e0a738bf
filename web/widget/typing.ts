/** Who is shown as writing, for a limited time. */
export type Typist = 'bot' | 'agent' | undefined

/** The bot answers at once; a longer show would only make the member wait. In milliseconds. */
const CAP_MS = { bot: 1_000, agent: 6_000 }

export interface Typing {
  who(): Typist
  show(who: Typist): void
  stop(): void
}

export function createTyping(changed: () => void): Typing {
  let typist: Typist
  let timer: ReturnType<typeof setTimeout> | undefined

  function show(who: Typist): void {
    clearTimeout(timer)
    if (who) timer = setTimeout(() => show(undefined), CAP_MS[who])
    if (who === typist) return
    typist = who
    changed()
  }

  return { who: () => typist, show, stop: () => clearTimeout(timer) }
}
