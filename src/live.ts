/** Content that can be exchanged while the service runs: in development a saved tree or text is there at the next message. */
import { watch } from 'node:fs'
import { join } from 'node:path'
import { type BotOptions, type Content, createBot } from './bot/bot.ts'
import { type ContentOptions, loadContent } from './content.ts'
import type { Advance } from './conversation/turn.ts'
import type { Texts } from './language/texts.ts'
import { LOCALES } from './wire/activity.ts'

/** Editors write a file in several steps; ms. */
const SETTLE_MS = 150

const FOLDERS = ['dialogs', join('dialogs', 'intents'), ...LOCALES.map((locale) => join('locales', locale))]

export interface Live {
  advance: Advance
  texts: Texts
  /** Names of the dialogs there are now. */
  dialogs(): number
  /** Reads everything again. @throws ContentError, and keeps what was there. */
  reload(): void
}

/** @throws ContentError when the first reading finds faults. */
export function createLive(options: ContentOptions, bot: BotOptions): Live {
  let content: Content = loadContent(options)
  let advance = createBot(content, bot)
  return {
    advance: {
      run: (draft, entry) => advance.run(draft, entry),
      apologise: (draft, entry) => advance.apologise(draft, entry),
    },
    texts: {
      say: (locale, key, values) => content.texts.say(locale, key, values),
      find: (locale, key) => content.texts.find(locale, key),
    },
    dialogs: () => content.trees.size,
    reload() {
      const next = loadContent(options)
      advance = createBot(next, bot)
      content = next
    },
  }
}

/** Calls `changed` when something under `dialogs/` or `locales/` was saved, once it is quiet. @returns what ends the watching. */
export function watchContent(root: string, changed: () => void): () => void {
  let timer: NodeJS.Timeout | undefined
  const settle = () => {
    clearTimeout(timer)
    timer = setTimeout(changed, SETTLE_MS)
  }
  // One watcher a folder: `recursive` watches files, and loses those that an editor replaces.
  const watchers = FOLDERS.map((folder) => watch(join(root, folder), settle))
  return () => {
    clearTimeout(timer)
    for (const watcher of watchers) watcher.close()
  }
}
