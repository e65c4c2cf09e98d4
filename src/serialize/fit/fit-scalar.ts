import { parseDecimal } from '../../change/attribute-number.ts'
import type { DocumentValue } from '../../change/document.ts'
import { unreadableValue } from '../item-json.ts'
import type { FittedValue } from './fitted-value.ts'
import { schemaMismatch } from './schema-mismatch.ts'
import type { FieldPath } from './schema-mismatch.ts'
import { numberOf, textOf, valueType } from './typed-content.ts'

/** Makes a value fit one type. Throws SCHEMA_MISMATCH, or RECORD_UNREADABLE for what is no value at all. */
export type Fit = (value: DocumentValue, path: FieldPath) => FittedValue

/** Text as it is; a number as its text, in its one notation. */
export const fitString: Fit = (value, path) => {
  switch (valueType(value)) {
    case 'S':
      return wellFormed(textOf((value as { S: unknown }).S), path)
    case 'N':
      return numberOf((value as { N: unknown }).N)
    case 'INT':
      return String((value as { INT: number | bigint }).INT)
    default:
      throw otherType(value, 'string', path)
  }
}

/** A text that UTF-8 can hold. Half of a pair of surrogates would silently become another character. */
export function wellFormed(text: string, path: FieldPath): string {
  if (!text.isWellFormed()) throw schemaMismatch(path, 'the text holds a lone surrogate, which UTF-8 cannot express')
  return text
}

export const fitBoolean: Fit = (value, path) => {
  if (valueType(value) !== 'BOOL') throw otherType(value, 'boolean', path)
  const content = (value as { BOOL: unknown }).BOOL
  if (typeof content !== 'boolean') throw unreadableValue('a BOOL is not a boolean')
  return content
}

export const fitBytes: Fit = (value, path) => {
  if (valueType(value) !== 'B') throw otherType(value, 'bytes', path)
  return bytesOf(textOf((value as { B: unknown }).B))
}

/** What base64 text stands for. Throws RECORD_UNREADABLE for other text. */
export function bytesOf(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.toString('base64') !== text) throw unreadableValue('a B is not base64')
  return bytes
}

/** A whole number of so many bits: neither rounded nor wrapped. */
export function fitWhole(bits: 32 | 64): Fit {
  const limit = 2n ** BigInt(bits - 1)
  return (value, path) => {
    const text = numberText(value, `int${bits}`, path)
    if (text.length < 10 && plainInteger.test(text)) return Number(text)
    const whole = wholeOf(text)
    if (whole === undefined) throw schemaMismatch(path, `the number is not whole, as int${bits} is`)
    if (whole < -limit || whole >= limit) throw schemaMismatch(path, `the number is out of the range of int${bits}`)
    return whole >= -safest && whole <= safest ? Number(whole) : whole
  }
}

const plainInteger = /^-?\d+$/
const safest = BigInt(Number.MAX_SAFE_INTEGER)
/** 2^63 has 19 digits: what has more is out of range, whatever it is exactly. */
const tooLarge = 2n ** 64n

function wholeOf(text: string): bigint | undefined {
  const parts = parseDecimal(text)
  if (parts === undefined) return undefined
  const { digits, exponent, isNegative } = parts
  if (digits.length > exponent && digits !== '') return undefined
  if (exponent > 20) return isNegative ? -tooLarge : tooLarge
  const whole = BigInt(digits.padEnd(exponent, '0') || '0')
  return isNegative ? -whole : whole
}

/** The unscaled number; only if neither a digit behind the point nor one in front of it would be lost. */
export function fitDecimal(precision: number, scale: number): Fit {
  return (value, path) => {
    const parts = parseDecimal(numberText(value, 'decimal', path))
    if (parts === undefined) throw unreadableValue('an N is not a decimal number')
    const { digits, exponent, isNegative } = parts
    if (digits === '') return 0n
    if (digits.length - exponent > scale)
      throw schemaMismatch(path, `the number has more than ${scale} digits behind the point`)
    if (exponent + scale > precision)
      throw schemaMismatch(path, `the number has more than ${precision} digits at scale ${scale}`)
    const unscaled = BigInt(digits.padEnd(exponent + scale, '0'))
    return isNegative ? -unscaled : unscaled
  }
}

/**
 * A floating-point number from which the same decimal number comes back. With `mayRound` the nearest one; one that is out of
 * range is refused even then.
 */
export function fitFloat(kind: 'float' | 'double', mayRound: boolean): Fit {
  const digitsKept = kind === 'float' ? 6 : 15
  return (value, path) => {
    const text = numberText(value, kind, path)
    const double = Number(text)
    const number = kind === 'float' ? Math.fround(double) : double
    const parts = parseDecimal(text)
    if (!Number.isFinite(number) || (number === 0 && parts?.digits !== ''))
      throw schemaMismatch(path, `the number is out of the range of ${kind}`)
    if (mayRound || isKept(number, text, digitsKept)) return number
    throw schemaMismatch(path, `the number would be rounded in a ${kind} (format.number.mode: double allows it)`)
  }
}

/** Few digits always survive the way there and back; of more it shows in the shortest text of the result. */
function isKept(number: number, text: string, digitsKept: number): boolean {
  const wanted = parseDecimal(text)
  const shown = parseDecimal(digitsKept === 6 ? shortestFloat(number) : String(number))
  return (
    wanted !== undefined &&
    shown !== undefined &&
    wanted.digits === shown.digits &&
    wanted.exponent === shown.exponent &&
    wanted.isNegative === shown.isNegative
  )
}

/** The shortest text that is this number among those of 32 bits. */
export function shortestFloat(number: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const text = number.toPrecision(digits)
    if (Math.fround(Number(text)) === number) return text
  }
  return number.toPrecision(9)
}

function numberText(value: DocumentValue, wanted: string, path: FieldPath): string {
  const type = valueType(value)
  if (type === 'N') return numberOf((value as { N: unknown }).N)
  if (type === 'INT') return String((value as { INT: number | bigint }).INT)
  throw otherType(value, wanted, path)
}

/** SCHEMA_MISMATCH for a value of another type. */
export function otherType(value: DocumentValue, wanted: string, path: FieldPath): Error {
  return schemaMismatch(path, `it is ${nameOf(value)}, and the schema wants ${wanted}`)
}

function nameOf(value: DocumentValue): string {
  const type = valueType(value)
  if (type === 'DOC' || type === 'ITEM' || type === 'TYPED') return 'a document'
  return type === 'INT' ? 'a whole number' : type
}
