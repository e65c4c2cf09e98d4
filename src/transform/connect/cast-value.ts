import { canonicalNumber, parseDecimal } from '../../change/attribute-number.ts'
import type { DecimalParts } from '../../change/attribute-number.ts'
import type { DocumentValue } from '../../change/document.ts'
import type { FieldType } from '../../shapes/shape.ts'

/** The types that Connect's Cast knows. */
export const castTypes = ['int8', 'int16', 'int32', 'int64', 'float32', 'float64', 'boolean', 'string'] as const
export type CastType = (typeof castTypes)[number]

/** The type of a field behind a cast. */
export function fieldTypeOf(type: CastType): FieldType {
  return { kind: kinds[type] }
}

const kinds = {
  int8: 'int32',
  int16: 'int32',
  int32: 'int32',
  int64: 'int64',
  float32: 'float',
  float64: 'double',
  boolean: 'boolean',
  string: 'string',
} as const

/** A value as another type; undefined if that cannot be done. Null stays. */
export function castValue(value: DocumentValue, type: CastType): DocumentValue | undefined {
  if ('NULL' in value) return value
  switch (type) {
    case 'string':
      return toText(value)
    case 'boolean':
      return toBoolean(value)
    case 'float32':
      return toFloat(value, Math.fround)
    case 'float64':
      return toFloat(value, (number) => number)
    default:
      return toWhole(value, Number(type.slice(3)))
  }
}

function toText(value: DocumentValue): DocumentValue | undefined {
  if ('S' in value) return value
  if ('B' in value) return { S: value.B }
  if ('BOOL' in value) return { S: String(value.BOOL) }
  if ('INT' in value) return { S: String(value.INT) }
  if (!('N' in value)) return undefined
  const text = canonicalNumber(value.N)
  return text === undefined ? undefined : { S: text }
}

/** As Java does: a number is true if its whole part is not zero, a text if it is `true` in any case. */
function toBoolean(value: DocumentValue): DocumentValue | undefined {
  if ('BOOL' in value) return value
  if ('S' in value) return { BOOL: value.S.toLowerCase() === 'true' }
  if ('INT' in value) return { BOOL: BigInt(value.INT) !== 0n }
  if (!('N' in value)) return undefined
  const parts = parseDecimal(value.N)
  return parts === undefined ? undefined : { BOOL: parts.digits !== '' && parts.exponent > 0 }
}

/** Fractions are cut off. What does not fit is refused: other numbers than the item's must not get into a topic. */
function toWhole(value: DocumentValue, bits: number): DocumentValue | undefined {
  const whole = wholeOf(value)
  if (whole === undefined) return undefined
  return BigInt.asIntN(bits, whole) === whole ? { INT: whole } : undefined
}

function wholeOf(value: DocumentValue): bigint | undefined {
  if ('INT' in value) return BigInt(value.INT)
  if ('BOOL' in value) return value.BOOL ? 1n : 0n
  if ('S' in value) return /^[+-]?\d{1,40}$/.test(value.S) ? BigInt(value.S.replace('+', '')) : undefined
  const parts = 'N' in value ? parseDecimal(value.N) : undefined
  return parts === undefined ? undefined : wholePart(parts)
}

/** Undefined for numbers far beyond every type, without writing them out. */
function wholePart({ isNegative, digits, exponent }: DecimalParts): bigint | undefined {
  if (digits === '' || exponent <= 0) return 0n
  if (exponent > 40) return undefined
  const text = digits.length >= exponent ? digits.slice(0, exponent) : digits.padEnd(exponent, '0')
  return isNegative ? -BigInt(text) : BigInt(text)
}

function toFloat(value: DocumentValue, rounded: (number: number) => number): DocumentValue | undefined {
  const number = doubleOf(value)
  if (number === undefined) return undefined
  const result = rounded(number)
  if (!Number.isFinite(result)) return undefined
  const text = canonicalNumber(shortest(result, rounded))
  return text === undefined ? undefined : { N: text }
}

function doubleOf(value: DocumentValue): number | undefined {
  if ('INT' in value) return Number(value.INT)
  if ('BOOL' in value) return value.BOOL ? 1 : 0
  const text = 'N' in value ? value.N : 'S' in value ? value.S.trim() : undefined
  const canonical = text === undefined ? undefined : canonicalNumber(text)
  return canonical === undefined ? undefined : Number(canonical)
}

/** The shortest text that is read back as the same float: Java writes a float so, and JavaScript a double. */
function shortest(number: number, rounded: (number: number) => number): string {
  for (let digits = 1; digits < 17; digits++) {
    const text = number.toPrecision(digits)
    if (rounded(Number(text)) === number) return text
  }
  return String(number)
}
