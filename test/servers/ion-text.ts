import { parseDecimal } from '../../src/change/attribute-number.ts'
import type { AttributeValue, Item } from '../../src/change/attribute-value.ts'

/** Writes attributes as Amazon Ion text, in the notation of DynamoDB's exports. */
export function ionStruct(item: Item): string {
  return `{${Object.entries(item)
    .map(([name, value]) => `${ionSymbol(name)}:${ionValue(value)}`)
    .join(',')}}`
}

/** A decimal without zeros at its end: `103.`, `2d3`, `1.5`. */
export function ionDecimal(text: string): string {
  const parts = parseDecimal(text)
  if (parts === undefined) throw new Error(`${text} is no number`)
  const { isNegative, digits, exponent } = parts
  if (digits === '') return '0.'
  const shift = exponent - digits.length
  const sign = isNegative ? '-' : ''
  if (shift > 0) return `${sign}${digits}d${shift}`
  if (shift === 0) return `${sign}${digits}.`
  return exponent > 0 && exponent < digits.length
    ? `${sign}${digits.slice(0, exponent)}.${digits.slice(exponent)}`
    : `${sign}${digits}d${shift}`
}

function ionValue(value: AttributeValue): string {
  if ('S' in value) return ionString(value.S)
  if ('N' in value) return ionDecimal(value.N)
  if ('B' in value) return ionBlob(value.B)
  if ('BOOL' in value) return String(value.BOOL)
  if ('NULL' in value) return 'null'
  if ('M' in value) return ionStruct(value.M)
  if ('L' in value) return `[${value.L.map(ionValue).join(',')}]`
  if ('SS' in value) return `$dynamodb_SS::[${value.SS.map(ionString).join(',')}]`
  if ('NS' in value) return `$dynamodb_NS::[${value.NS.map(ionDecimal).join(',')}]`
  return `$dynamodb_BS::[${value.BS.map(ionBlob).join(',')}]`
}

const keywords: ReadonlySet<string> = new Set(['null', 'true', 'false', 'nan'])

/** Field names are symbols; those that are no identifiers stand in quotes. */
function ionSymbol(name: string): string {
  const isPlain = /^[A-Za-z_$][A-Za-z0-9_$]*$/.test(name) && !keywords.has(name) && !/^\$\d/.test(name)
  return isPlain ? name : `'${escaped(name, "'")}'`
}

function ionString(text: string): string {
  return `"${escaped(text, '"')}"`
}

function ionBlob(base64: string): string {
  return `{{${base64}}}`
}

function escaped(text: string, quote: string): string {
  let result = ''
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0
    if (character === quote || character === '\\') result += `\\${character}`
    else if (character === '\n') result += String.raw`\n`
    else if (code < 0x20 || (code >= 0x7f && code < 0xa0)) result += `\\x${code.toString(16).padStart(2, '0')}`
    else result += character
  }
  return result
}
