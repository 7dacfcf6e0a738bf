/** What the run and its load process tell each other (IPC, one order at a time). */

/** In the order of the table. */
export const SYSTEMS = ['restify', 'echo', 'sesame'] as const
export type SystemName = (typeof SYSTEMS)[number]

/** Those of `npm run bench -- redis`. `pair` is Sésame as two processes. */
export const REDIS_SYSTEMS = ['a4b', 'echo', 'sesame', 'pair'] as const
export type RedisSystemName = (typeof REDIS_SYSTEMS)[number]

export type AnySystem = SystemName | RedisSystemName

/** Where a system is. */
export interface Place {
  /** Its processes. A conversation's messages go to one of them, its socket to the next. */
  urls: readonly string[]
  /** Where the echo bot's replies arrive. */
  connectorUrl?: string
}

interface At {
  system: AnySystem
}

export type Order = At &
  (
    | /** Opens conversations and closes those before. */
    ({ do: 'open'; conversations: number } & Place)
    /** Adds conversations until there are so many, each after so many turns, or closes the last ones. They share a few connections, as behind a
     *  proxy; `hangUp` closes these at the end, and only the sockets stay. */
    | ({ do: 'gather'; conversations: number; turns: number; hangUp: boolean } & Place)
    /** Every conversation sends its next message as soon as the last one was answered. */
    | { do: 'closed'; seconds: number }
    /** Messages leave at a fixed rate (a second), answered or not. `count` the lost ones, or fail at the first. */
    | { do: 'paced'; seconds: number; rate: number; lost?: 'count' }
  )

export interface Measured {
  /** How long it took; for `closed`, how long was measured. */
  seconds: number
  /** From POST to reply, ms, ascending; of the turns that ended in time. */
  latencies: Float64Array
  /** From POST to its answer, as `latencies`. */
  acks: Float64Array
  /** All messages. */
  sent: number
  /** All turns, also those that ended after the time. */
  answered: number
  /** Why the first turn failed, where such are counted. */
  firstFailure: string | undefined
  /** Sockets of this system that are open at the end. */
  open: number
  /** Processor time of the load process itself, in seconds: near `seconds` means that the load was the limit. */
  loadCpu: number
}

export type Outcome = { measured: Measured } | { failure: string }
