/** Chance that can be had again: the same seed, the same numbers. */

export interface Random {
  /** 0 <= n < 1. */
  next(): number
  /** Whole number, both ends included. */
  between(least: number, most: number): number
  pick<T>(items: readonly T[]): T
  /** A stream of its own, so that one part's use of chance does not shift another's. */
  fork(): Random
}

/** mulberry32. */
export function createRandom(seed: number): Random {
  let a = seed | 0
  function next(): number {
    a = (a + 0x6d2b79f5) | 0
    let t = Math.imul(a ^ (a >>> 15), 1 | a)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  const between = (least: number, most: number) => least + Math.floor(next() * (most - least + 1))
  return {
    next,
    between,
    pick<T>(items: readonly T[]): T {
      if (items.length === 0) throw new Error('nothing to pick from')
      return items[between(0, items.length - 1)] as T
    },
    fork: () => createRandom(between(0, 0x7fffffff)),
  }
}
