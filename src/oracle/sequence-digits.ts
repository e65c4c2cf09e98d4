/*
 * The oracle's own arithmetic of sequence numbers. It does not use the product's, so that a fault there (comparing them
 * as texts, say) cannot make the judge blind for its consequences.
 */

/** The same number without leading zeros: equal numbers have equal digits. */
export function digitsOf(sequenceNumber: string): string {
  if (sequenceNumber.charCodeAt(0) !== 48) return sequenceNumber
  let start = 0
  while (start < sequenceNumber.length - 1 && sequenceNumber.charCodeAt(start) === 48) start++
  return sequenceNumber.slice(start)
}

/** Negative, zero or positive: the order of two numbers that `digitsOf` gave. */
export function compareDigits(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length
  if (a === b) return 0
  return a < b ? -1 : 1
}
