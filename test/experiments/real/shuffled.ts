import type { Rng } from '../../../src/async/rng.ts'

/** The same values in an order of chance. */
export function shuffled<T>(values: readonly T[], rng: Rng): readonly T[] {
  return values
    .map((value) => ({ value, rank: rng.next() }))
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ value }) => value)
}
