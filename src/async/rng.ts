/** Randomness as tailrace sees it: injected, so that a run can be repeated from its seed. */
export interface Rng {
  /** Uniform in [0, 1). */
  next(): number
}

/** A repeatable generator (mulberry32). Not for secrets. */
export function seededRng(seed: number): Rng {
  let state = seed >>> 0
  return {
    next: () => {
      state = (state + 0x6d2b79f5) >>> 0
      let t = Math.imul(state ^ (state >>> 15), state | 1)
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
      return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
    },
  }
}
