/** Loaded before the service: its wall clock is wrong by SKEW_MS, and steps back by SKEW_STEP_MS after SKEW_AFTER_MS. */
const offset = Number(process.env.SKEW_MS ?? 0)
const step = Number(process.env.SKEW_STEP_MS ?? 0)
const after = Number(process.env.SKEW_AFTER_MS ?? 0)
const Real = globalThis.Date

const shift = (): number => offset - (step > 0 && performance.now() > after ? step : 0)

class SkewedDate extends Real {
  constructor(...given: []) {
    if (given.length === 0) super(Real.now() + shift())
    else super(...given)
  }

  static override now(): number {
    return Real.now() + shift()
  }
}

globalThis.Date = SkewedDate as DateConstructor
