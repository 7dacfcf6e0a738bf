/** How the work grows with the input: the processor time of a large input over that of one a quarter as large. What else the machine
 *  does only adds to it, so the least of several counts, and nothing is compared with a figure of seconds. */

/** Linear work grows as its input does. What grows with the square grows 16 times. */
const TIMES = 4
const MOST_GROWTH = 9
/** What is done sooner than this, ms, is not worth comparing: at a quarter of it the clock and the collector are what is measured. */
const LEAST_MS = 4
/** A ratio over the limit is measured again so often. */
const AGAIN = 12

export interface Growth {
  what: string
  /** Units (characters, lines) of the larger input. */
  size: number
  ratio: number
}

/** @param run does the work on an input of a size. @returns undefined when the cost grows about as the size does. */
export function tooSteep(what: string, size: number, run: (size: number) => unknown): Growth | undefined {
  let large = timeOf(() => run(size))
  if (large < LEAST_MS) return undefined
  let small = Infinity
  for (let n = 0; n < AGAIN && large > LEAST_MS && (n === 0 || large > MOST_GROWTH * small); n++) {
    small = Math.min(
      small,
      timeOf(() => run(Math.floor(size / TIMES))),
    )
    if (large > MOST_GROWTH * small)
      large = Math.min(
        large,
        timeOf(() => run(size)),
      )
  }
  return large > LEAST_MS && large > MOST_GROWTH * small ? { what, size, ratio: Math.round(large / small) } : undefined
}

/** Processor time of this process, ms. Finer than that of a thread, which counts in ticks. */
function timeOf(run: () => unknown): number {
  const before = process.cpuUsage()
  run()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}
