/** A decimal number taken apart: ±0.`digits` × 10^`exponent`. Two texts of one number give equal parts. */
export interface DecimalParts {
  readonly isNegative: boolean
  /** Significant digits without zeros at either end; empty for zero. */
  readonly digits: string
  readonly exponent: number
}

const plainInteger = /^(?:0|-?[1-9]\d{0,37})$/
const plainFraction = /^-?(?:0|[1-9]\d{0,17})\.\d{0,17}[1-9]$/
const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/
// `D` is the exponent letter of Amazon Ion, which table exports use.
const decimalNumber = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eEdD]([+-]?\d{1,6}))?$/
/** Longest text in plain notation: 38 digits, a sign and a point. What is longer is written with an exponent. */
const maxPlainLength = 40

/** Takes a number's text apart; undefined if the text is no decimal number. Exact for any number of digits. */
export function parseDecimal(text: string): DecimalParts | undefined {
  const match = decimalNumber.exec(text)
  if (match === null) return undefined
  const whole = match[2] ?? ''
  const all = whole + (match[3] ?? '')
  if (all.length === 0) return undefined
  const start = countLeadingZeros(all)
  const digits = withoutTrailingZeros(all, start)
  if (digits.length === 0) return { isNegative: false, digits, exponent: 0 }
  return { isNegative: match[1] === '-', digits, exponent: whole.length - start + Number(match[4] ?? 0) }
}

/** Numeric order: negative, zero or positive. */
export function compareDecimals(a: DecimalParts, b: DecimalParts): number {
  const signs = signOf(a) - signOf(b)
  if (signs !== 0) return signs
  return a.isNegative ? compareMagnitudes(b, a) : compareMagnitudes(a, b)
}

/**
 * The one text that stands for a number however it was written (`2E3`, `2000.0` → `2000`; `-0` → `0`), which is also a
 * JSON number. Plain notation up to 40 characters, `d.dddE±n` beyond. Undefined if the text is no decimal number.
 */
export function canonicalNumber(text: string): string | undefined {
  if (plainInteger.test(text) || plainFraction.test(text)) return text
  const parts = parseDecimal(text)
  if (parts === undefined) return undefined
  if (parts.digits === '') return '0'
  const sign = parts.isNegative ? '-' : ''
  const plain = plainLength(parts) + sign.length <= maxPlainLength ? plainNotation(parts) : exponentNotation(parts)
  return sign + plain
}

/** True if the text, as it stands, is a number in JSON's grammar. */
export function isJsonNumber(text: string): boolean {
  const length = text.length
  const first = text.charCodeAt(0)
  // Most numbers are short positive integers, and a loop over those costs a fraction of the expression.
  if (length > 15 || first < 49 || first > 57) return jsonNumber.test(text)
  for (let index = 1; index < length; index++) {
    const code = text.charCodeAt(index)
    if (code < 48 || code > 57) return jsonNumber.test(text)
  }
  return length > 0
}

function signOf(parts: DecimalParts): number {
  if (parts.digits === '') return 0
  return parts.isNegative ? -1 : 1
}

function compareMagnitudes(a: DecimalParts, b: DecimalParts): number {
  return a.exponent === b.exponent ? compareTexts(a.digits, b.digits) : a.exponent - b.exponent
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

function plainLength({ digits, exponent }: DecimalParts): number {
  if (exponent <= 0) return 2 - exponent + digits.length
  return exponent >= digits.length ? exponent : digits.length + 1
}

function plainNotation({ digits, exponent }: DecimalParts): string {
  if (exponent <= 0) return `0.${'0'.repeat(-exponent)}${digits}`
  if (exponent >= digits.length) return digits + '0'.repeat(exponent - digits.length)
  return `${digits.slice(0, exponent)}.${digits.slice(exponent)}`
}

function exponentNotation({ digits, exponent }: DecimalParts): string {
  const fraction = digits.length === 1 ? '' : `.${digits.slice(1)}`
  return `${digits.slice(0, 1)}${fraction}E${exponent - 1}`
}

function countLeadingZeros(digits: string): number {
  let count = 0
  while (digits.charCodeAt(count) === 48) count++
  return count
}

function withoutTrailingZeros(digits: string, start: number): string {
  let end = digits.length
  while (end > start && digits.charCodeAt(end - 1) === 48) end--
  return digits.slice(start, end)
}
