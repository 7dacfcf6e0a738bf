/** What the widget keeps on the device, per server. A browser that refuses storage gets a widget that forgets. */
import type { Locale } from '../../src/wire/activity.ts'
import type { Credentials, Pending } from './kept.ts'

export interface Memory {
  credentials(): Credentials | undefined
  keepCredentials(value: Credentials | undefined): void
  locale(): Locale | undefined
  keepLocale(value: Locale): void
  draft(): string
  keepDraft(value: string): void
  /** Highest seq the member has seen. */
  seen(): number
  keepSeen(seq: number): void
  pending(): Pending[]
  keepPending(value: Pending): void
  dropPending(id: string): void
  /** Whether the panel was open in this tab. */
  open(): boolean
  keepOpen(value: boolean): void
  /** Removes everything of this server from the device. */
  forget(): void
  /** Calls back when another tab forgot the conversation. @returns the way to stop. */
  onForgotten(then: () => void): () => void
}

function guarded<T>(action: () => T): T | undefined {
  try {
    return action()
  } catch {
    return undefined // Storage is blocked or full: the conversation goes on, it is just not remembered.
  }
}

function keysWith(prefix: string): string[] {
  return guarded(() => Object.keys(localStorage).filter((key) => key.startsWith(prefix))) ?? []
}

function readJson<T>(key: string): T | undefined {
  return guarded(() => JSON.parse(localStorage.getItem(key) ?? 'null') ?? undefined)
}

function write(store: 'localStorage' | 'sessionStorage', key: string, value: string | undefined): void {
  guarded(() => (value === undefined ? window[store].removeItem(key) : window[store].setItem(key, value)))
}

/** @param server origin of the service; conversations of different services never mix. */
export function createMemory(server: string): Memory {
  const prefix = `sesame:${server}:`
  const text = (name: string) => guarded(() => localStorage.getItem(prefix + name)) ?? undefined
  const keep = (name: string, value: string | undefined) => write('localStorage', prefix + name, value)
  return {
    credentials: () => readJson<Credentials>(`${prefix}session`),
    keepCredentials: (value) => keep('session', value && JSON.stringify(value)),
    locale: () => text('locale') as Locale | undefined,
    keepLocale: (value) => keep('locale', value),
    draft: () => text('draft') ?? '',
    keepDraft: (value) => keep('draft', value || undefined),
    seen: () => Number(text('seen') ?? 0),
    keepSeen: (seq) => keep('seen', String(seq)),
    pending: () => readPending(prefix),
    // One key each, so that two tabs never overwrite each other's messages.
    keepPending: (value) => keep(`out:${value.id}`, JSON.stringify(value)),
    dropPending: (id) => keep(`out:${id}`, undefined),
    open: () => guarded(() => sessionStorage.getItem(`${prefix}open`)) === '1',
    keepOpen: (value) => write('sessionStorage', `${prefix}open`, value ? '1' : undefined),
    forget: () => {
      for (const key of keysWith(prefix)) write('localStorage', key, undefined)
      write('sessionStorage', `${prefix}open`, undefined)
    },
    onForgotten: (then) => watchRemoval(`${prefix}session`, then),
  }
}

function readPending(prefix: string): Pending[] {
  const found = keysWith(`${prefix}out:`).flatMap((key) => readJson<Pending>(key) ?? [])
  return found.sort((a, b) => a.order - b.order)
}

function watchRemoval(key: string, then: () => void): () => void {
  const listener = (event: StorageEvent) => {
    if (event.key === key && event.newValue === null) then()
  }
  window.addEventListener('storage', listener)
  return () => window.removeEventListener('storage', listener)
}
