import { canonicalNumber, compareDecimals, parseDecimal } from '../../change/attribute-number.ts'
import type { DocumentValue } from '../../change/document.ts'

/** A value as a header says it: texts as they are, numbers exact, binaries base64, the rest JSON. Undefined: null. */
export function valueText(value: DocumentValue): string | undefined {
  if ('NULL' in value) return undefined
  if ('S' in value) return value.S
  if ('B' in value) return value.B
  return jsonText(value)
}

function jsonText(value: DocumentValue): string {
  if ('INT' in value) return String(value.INT)
  if ('BOOL' in value) return String(value.BOOL)
  if ('N' in value) return canonicalNumber(value.N) ?? JSON.stringify(value.N)
  if ('S' in value) return JSON.stringify(value.S)
  if ('B' in value) return JSON.stringify(value.B)
  if ('L' in value) return `[${value.L.map(jsonText).join(',')}]`
  if ('NS' in value) return `[${value.NS.toSorted(byNumber).map(numberText).join(',')}]`
  if ('SS' in value) return JSON.stringify(value.SS.toSorted())
  if ('BS' in value) return JSON.stringify(value.BS.toSorted())
  if ('NULL' in value) return 'null'
  const members: Readonly<Record<string, DocumentValue>> =
    'M' in value ? value.M : 'DOC' in value ? value.DOC : 'ITEM' in value ? value.ITEM : value.TYPED
  return `{${Object.entries(members)
    .map(([name, member]) => `${JSON.stringify(name)}:${jsonText(member)}`)
    .join(',')}}`
}

function numberText(text: string): string {
  return canonicalNumber(text) ?? JSON.stringify(text)
}

/** Sets come in any order; equal ones must give one text. */
function byNumber(a: string, b: string): number {
  const [left, right] = [parseDecimal(a), parseDecimal(b)]
  return left === undefined || right === undefined ? 0 : compareDecimals(left, right)
}
