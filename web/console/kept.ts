/** What one tab keeps across a reload: drafts, unsent messages, what was open, which emergencies were seen. Gone when the tab closes or the agent signs out.
 *  The language and the shortcut setting hold for the browser. */
import { type Locale, parseLocale } from '../../src/wire/activity.ts'

/** A reply on its way. `sent`: accepted, not yet seen in the transcript. */
export interface Outgoing {
  clientActivityID: string
  text: string
  at: string
  status: 'sending' | 'sent' | 'failed'
}

const PREFIX = 'sesame.desk.'

function read<T>(storage: Storage, key: string, fallback: T): T {
  try {
    const text = storage.getItem(PREFIX + key)
    return text === null ? fallback : (JSON.parse(text) as T)
  } catch {
    return fallback
  }
}

/** A browser that refuses storage loses drafts on reload, nothing else. */
function write(storage: () => Storage, key: string, value: unknown): void {
  try {
    storage().setItem(PREFIX + key, JSON.stringify(value))
  } catch {
    return
  }
}

/** One agent's things: another who signs in at the same tab does not see them. */
export function keptFor(agentId: string) {
  const key = (name: string) => `${agentId}.${name}`
  const tab = () => sessionStorage
  return {
    drafts: () => read<Record<string, string>>(sessionStorage, key('drafts'), {}),
    keepDrafts: (drafts: Record<string, string>) => write(tab, key('drafts'), drafts),
    /** Whether the last tries before a reload arrived is unknown: shown as failed; the same id makes another try safe. */
    outbox(): Record<string, Outgoing[]> {
      const all = read<Record<string, Outgoing[]>>(sessionStorage, key('outbox'), {})
      const failed = (o: Outgoing): Outgoing => ({ ...o, status: 'failed' })
      return Object.fromEntries(Object.entries(all).map(([id, list]) => [id, list.map(failed)]))
    },
    keepOutbox: (outbox: Record<string, Outgoing[]>) => write(tab, key('outbox'), outbox),
    selected: () => read<string | undefined>(sessionStorage, key('selected'), undefined),
    keepSelected: (id: string | undefined) => write(tab, key('selected'), id ?? null),
    heeded: () => read<string[]>(sessionStorage, key('heeded'), []),
    keepHeeded: (heeded: string[]) => write(tab, key('heeded'), heeded),
    forget() {
      for (const name of ['drafts', 'outbox', 'selected', 'heeded']) sessionStorage.removeItem(PREFIX + key(name))
    },
  }
}

export type Kept = ReturnType<typeof keptFor>

/** The agent's choice, else the browser's language, else French. */
export function keptLocale(): Locale {
  return read<unknown>(localStorage, 'locale', parseLocale(navigator.language) ?? 'fr') === 'en' ? 'en' : 'fr'
}

export function keepLocale(locale: Locale): void {
  write(() => localStorage, 'locale', locale)
}

export function keptShortcuts(): boolean {
  return read<unknown>(localStorage, 'shortcuts', true) !== false
}

export function keepShortcuts(on: boolean): void {
  write(() => localStorage, 'shortcuts', on)
}
