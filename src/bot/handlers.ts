/** Which tree answers which intent. */
import type { Option, Target, Trees } from '../dialog/types.ts'
import type { Texts } from '../language/texts.ts'

export interface Handler {
  /** `dialog.node`. */
  at: Target
  /** A digression answers and goes back to the interrupted question; a topic leaves it. */
  returns: boolean
  /** The button of "do you mean ...?"; absent when the intent is nothing to ask for. */
  guess?: Option
}
export type Handlers = ReadonlyMap<string, Handler>

export function createHandlers(trees: Trees, texts: Texts): Handlers {
  const handlers = new Map<string, Handler>()
  for (const { name, topics, digressions } of trees.values()) {
    const add = (intent: string, target: Target, returns: boolean) => {
      const key = guessKey(name, intent)
      const guess = texts.find('fr', key) === undefined ? {} : { guess: { id: intent, key } }
      handlers.set(intent, { at: target.includes('.') ? target : `${name}.${target}`, returns, ...guess })
    }
    for (const [intent, target] of Object.entries(topics)) add(intent, target, false)
    for (const [intent, target] of Object.entries(digressions)) add(intent, target, true)
  }
  return handlers
}

/** Key of the button that names an intent. */
const guessKey = (dialog: string, intent: string): string => `${dialog}:intents.${intent}`
