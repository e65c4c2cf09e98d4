import { compareDecimals, parseDecimal } from '../attribute-number.ts'
import type { AttributeValue } from '../attribute-value.ts'
import { canonicalItem } from '../canonical-item.ts'

/** True if both are the same value: numbers by value, sets in any order, maps and lists to their depths. */
export function isEqual(a: AttributeValue, b: AttributeValue): boolean {
  if ('S' in a && 'S' in b) return a.S === b.S
  if ('N' in a && 'N' in b && a.N === b.N) return true
  const text = canonicalItem({ value: a })
  return text !== undefined && text === canonicalItem({ value: b })
}

/**
 * Negative, zero or positive for two texts (by their UTF-8 bytes), two numbers (exactly) or two binaries (by their bytes);
 * undefined for everything else: what has no order.
 */
export function compareValues(a: AttributeValue, b: AttributeValue): number | undefined {
  if ('S' in a && 'S' in b) return Buffer.compare(Buffer.from(a.S), Buffer.from(b.S))
  if ('B' in a && 'B' in b) return Buffer.compare(Buffer.from(a.B, 'base64'), Buffer.from(b.B, 'base64'))
  if (!('N' in a && 'N' in b)) return undefined
  const [left, right] = [parseDecimal(a.N), parseDecimal(b.N)]
  return left === undefined || right === undefined ? undefined : compareDecimals(left, right)
}

/** True if the text begins with the other one, or the binary with the other one. */
export function beginsWith(value: AttributeValue, prefix: AttributeValue): boolean {
  if ('S' in value && 'S' in prefix) return value.S.startsWith(prefix.S)
  if (!('B' in value && 'B' in prefix)) return false
  const bytes = Buffer.from(prefix.B, 'base64')
  return Buffer.from(value.B, 'base64').subarray(0, bytes.length).equals(bytes)
}

/** A part of a text or of a binary, an element of a set of its type, or an element of a list. */
export function containsValue(value: AttributeValue, part: AttributeValue): boolean {
  if ('S' in value) return 'S' in part && value.S.includes(part.S)
  if ('B' in value) {
    return 'B' in part && Buffer.from(value.B, 'base64').includes(Buffer.from(part.B, 'base64'))
  }
  if ('SS' in value) return 'S' in part && value.SS.includes(part.S)
  if ('NS' in value) return 'N' in part && value.NS.some((N) => isEqual({ N }, part))
  if ('BS' in value) return 'B' in part && value.BS.some((B) => isEqual({ B }, part))
  return 'L' in value && value.L.some((element) => isEqual(element, part))
}

/** Characters of a text (UTF-16), bytes of a binary, elements of a set, a list or a map; undefined for other types. */
export function sizeOfValue(value: AttributeValue): number | undefined {
  if ('S' in value) return value.S.length
  if ('B' in value) return Buffer.from(value.B, 'base64').length
  if ('SS' in value) return value.SS.length
  if ('NS' in value) return value.NS.length
  if ('BS' in value) return value.BS.length
  if ('L' in value) return value.L.length
  return 'M' in value ? Object.keys(value.M).length : undefined
}
