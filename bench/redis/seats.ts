/** Which process runs on which processor. */
import { pinnableCpus } from '../machine.ts'

export interface Seats {
  /** Of the first server process of a system, and of the second. */
  servers: readonly [number | undefined, number | undefined]
  /** Also of the idle sockets' other end and of the echo bot's connector. */
  load: number | undefined
  redis: number | undefined
  /** For people to read. */
  text: string
}

/** With four processors each has its own; with fewer, Redis and then the second server process share one. */
export function takeSeats(): Seats {
  const [first, second, third, fourth] = pinnableCpus()
  if (first === undefined || second === undefined)
    return { servers: [undefined, undefined], load: undefined, redis: undefined, text: 'nothing is pinned' }
  if (third === undefined)
    return {
      servers: [first, first],
      load: second,
      redis: second,
      text: `servers on processor ${first} (two processes share it), load and Redis on ${second}`,
    }
  if (fourth === undefined)
    return {
      servers: [first, first],
      load: second,
      redis: third,
      text: `servers on processor ${first} (two processes share it), load on ${second}, Redis on ${third}`,
    }
  return {
    servers: [first, fourth],
    load: second,
    redis: third,
    text: `first server process on processor ${first}, second on ${fourth}, load on ${second}, Redis on ${third}`,
  }
}
