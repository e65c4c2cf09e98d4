/**
 * Sequence numbers as DynamoDB Streams give them: digits that only grow, with gaps, and whose length grows within a
 * shard. They begin just below 10²¹, so that the step from 21 to 22 digits, where text order and number order part, comes
 * early in every test; then every `growEvery` numbers get one digit more, up to 40.
 */
export interface SequenceNumbers {
  next(): string
  /** Makes the following numbers at least this long. */
  growTo(digits: number): void
}

const longest = 40

/** One counter for a whole stream, so that a child's numbers are greater than its parent's. */
export function createSequenceNumbers(growEvery = 500): SequenceNumbers {
  let current = 10n ** 21n - 600n
  let given = 0

  const growTo = (digits: number): void => {
    const least = 10n ** BigInt(Math.min(digits, longest) - 1)
    if (current < least) current = least
  }

  return {
    growTo,
    next: () => {
      given++
      if (given % growEvery === 0) growTo(current.toString().length + 1)
      current += BigInt(1 + ((given * 7) % 11))
      return current.toString()
    },
  }
}
