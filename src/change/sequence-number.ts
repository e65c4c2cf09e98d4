/**
 * Numeric order of two sequence numbers: negative, zero or positive. Lengths differ within one shard (21 to 40 digits)
 * and leading zeros do not count, so the order of the texts is not the order of the numbers.
 */
export function compareSequenceNumbers(a: string, b: string): number {
  const left = withoutLeadingZeros(a)
  const right = withoutLeadingZeros(b)
  if (left.length !== right.length) return left.length - right.length
  if (left === right) return 0
  return left < right ? -1 : 1
}

/** True if `text` is a sequence number: 1 to 128 decimal digits (DynamoDB Streams give 21 to 40). */
export function isSequenceNumber(text: string): boolean {
  return /^\d{1,128}$/.test(text)
}

function withoutLeadingZeros(digits: string): string {
  let start = 0
  while (start < digits.length - 1 && digits.charCodeAt(start) === 48) start++
  return start === 0 ? digits : digits.slice(start)
}
