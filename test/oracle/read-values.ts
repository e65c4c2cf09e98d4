import type { AttributeValue, Item } from '../../src/change/attribute-value.ts'
import { compareNumbers, parseExactly, scaled } from './exact-json.ts'

/**
 * How a reader hands values on. `number`: a number with its digits, `{"number":"1.50"}`. `text`: the digits as text; `either`: one or the other.
 * `bytes`: binaries as bytes, `{"bytes":"base64"}`. `json`: maps and lists at the top are JSON text, with numbers of which
 * nothing was lost.
 */
export interface ReadForm {
  readonly numbers: 'number' | 'text' | 'either'
  readonly binaries: 'bytes' | 'base64'
  readonly nested: 'values' | 'json'
}

/** The form of JSON text inside a value, read by `parseExactly`. */
export const insideJson = { numbers: 'literal', binaries: 'base64', nested: 'values' } as const

type AnyForm = ReadForm | typeof insideJson

/** True if what was read is the item: the same names in any order, and the values. Sets have their fixed order. */
export function isItemRead(read: unknown, item: Item, form: AnyForm): boolean {
  if (typeof read !== 'object' || read === null || Array.isArray(read)) return false
  const names = Object.keys(item)
  return (
    Object.keys(read).length === names.length &&
    names.every((name) => Object.hasOwn(read, name) && isValueRead(own(read, name), own(item, name), form))
  )
}

/** True if what was read is the value; an attribute that is missing is read as null or not at all. */
export function isValueRead(read: unknown, value: AttributeValue | undefined, form: AnyForm): boolean {
  if (value === undefined || 'NULL' in value) return read === null || read === undefined
  if ('S' in value) return read === value.S
  if ('BOOL' in value) return read === value.BOOL
  if ('N' in value) return isNumberRead(read, value.N, form)
  if ('B' in value) return isBinaryRead(read, value.B, form)
  if ('SS' in value) return isList(read, value.SS.toSorted(compareTexts), (one, text) => one === text)
  if ('NS' in value)
    return isList(read, value.NS.toSorted(compareNumbers), (one, text) => isNumberRead(one, text, form))
  if ('BS' in value) {
    return isList(read, value.BS.toSorted(compareBinaries), (one, text) => isBinaryRead(one, text, form))
  }
  if (form.nested === 'json') return typeof read === 'string' && isValueRead(parseExactly(read), value, insideJson)
  if ('M' in value) return isItemRead(read, value.M, form)
  return isList(read, value.L, (one, element) => isValueRead(one, element, form))
}

function isNumberRead(read: unknown, text: string, { numbers }: AnyForm): boolean {
  const isText = numbers === 'text' || (numbers === 'either' && typeof read === 'string')
  const digits = isText ? read : memberOf(read, numbers === 'either' ? 'number' : numbers)
  return typeof digits === 'string' && digits !== '' && scaled(digits) === scaled(text)
}

function isBinaryRead(read: unknown, base64: string, { binaries }: AnyForm): boolean {
  return (binaries === 'bytes' ? memberOf(read, 'bytes') : read) === base64
}

function isList<Element>(
  read: unknown,
  expected: readonly Element[],
  isSame: (read: unknown, element: Element) => boolean,
): boolean {
  return (
    Array.isArray(read) &&
    read.length === expected.length &&
    expected.every((element, index) => isSame(read[index], element))
  )
}

function compareTexts(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

function compareBinaries(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, 'base64'), Buffer.from(b, 'base64'))
}

function memberOf(read: unknown, name: string): unknown {
  return typeof read === 'object' && read !== null ? own(read, name) : undefined
}

function own<Value>(object: { readonly [name: string]: Value } | object, name: string): Value | undefined {
  return Object.getOwnPropertyDescriptor(object, name)?.value
}
