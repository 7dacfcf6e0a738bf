/** What the run and its load process tell each other (IPC, one order at a time). */

/** In the order of the table. */
export const SYSTEMS = ['restify', 'echo', 'sesame'] as const
export type SystemName = (typeof SYSTEMS)[number]

export type Order =
  /** Opens conversations and closes those before. `url` takes the messages; `connectorUrl` is where the echo bot's replies arrive. */
  | { do: 'open'; system: SystemName; url: string; connectorUrl: string; conversations: number }
  /** Every conversation sends its next message as soon as the last one was answered. */
  | { do: 'closed'; system: SystemName; seconds: number }
  /** Messages leave at a fixed rate (a second), answered or not. */
  | { do: 'paced'; system: SystemName; seconds: number; rate: number }

export interface Measured {
  seconds: number
  /** From POST to reply, ms, ascending; of the turns that ended in time. */
  latencies: Float64Array
  /** All turns, also those that ended after the time. */
  answered: number
  /** Processor time of the load process itself, in seconds: near `seconds` means that the load was the limit. */
  loadCpu: number
}

export type Outcome = { measured: Measured } | { failure: string }
