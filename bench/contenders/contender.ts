/** What is compared, and how its process is spoken to. */
import type { Labelled } from '../../src/language/intents/evaluate.ts'
import type { Locale } from '../../src/wire/activity.ts'

export const CONTENDERS = ['ours', 'nlpjs', 'natural'] as const
export type ContenderName = (typeof CONTENDERS)[number]

export interface Message {
  /** The true one. Ours does not look at it. */
  locale: Locale
  text: string
}

/** Intents, the likeliest first; the last ones may be missing. */
export type Rank = (message: Message) => readonly string[] | Promise<readonly string[]>

export interface Contender {
  /** @returns what its model's file holds. */
  train(phrases: readonly Labelled[]): Promise<Buffer | string>
  /** @param path of the model's file. */
  load(path: string): Promise<Rank>
}

export type Order =
  | { do: 'train'; contender: ContenderName; phrases: readonly Labelled[]; path: string }
  /** Without a contender: what an empty process weighs. */
  | { do: 'load'; contender: ContenderName | undefined; path: string }
  /** The first `warm` messages are asked like the others, but their time is not told. */
  | { do: 'ask'; messages: readonly Message[]; warm: number }

export interface Replies {
  train: { seconds: number }
  load: { ms: number; residentMb: number }
  /** One ranking a message; times in ms. */
  ask: { rankings: readonly (readonly string[])[]; times: readonly number[] }
}

export type Outcome = { done: Replies[keyof Replies]; cpuSeconds: number } | { failure: string }

/** Processor time of this process since it began. */
export function ownCpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}
