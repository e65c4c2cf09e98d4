import type { AttributeValue, Item } from '../../src/change/attribute-value.ts'
import { compareNumbers, scaled } from './exact-json.ts'

/** How a reader of typed values hands binaries on: see `ReadForm`. */
export type ReadBinaries = 'bytes' | 'base64'

/** True if what was read is the item with all its types: `{"total":{"N":"1.50"}}`; members that are null are not there. */
export function isTypedItemRead(read: unknown, item: Item, binaries: ReadBinaries): boolean {
  if (typeof read !== 'object' || read === null || Array.isArray(read)) return false
  const names = Object.keys(item)
  return (
    Object.keys(read).length === names.length &&
    names.every((name) => Object.hasOwn(read, name) && isTypedRead(own(read, name), own(item, name), binaries))
  )
}

function isTypedRead(read: unknown, value: AttributeValue | undefined, binaries: ReadBinaries): boolean {
  if (typeof read !== 'object' || read === null || value === undefined) return false
  const [member, ...more] = Object.entries(read).filter(([, content]) => content !== null)
  if (member === undefined || more.length > 0 || !Object.hasOwn(value, member[0])) return false
  const content: unknown = member[1]
  const binary = (one: unknown): unknown => {
    if (one instanceof Uint8Array) return Buffer.from(one).toString('base64')
    return binaries === 'base64' ? one : memberOf(one, 'bytes')
  }
  if ('S' in value) return content === value.S
  if ('BOOL' in value) return content === value.BOOL
  if ('NULL' in value) return content === true
  if ('N' in value) return isSameNumber(content, value.N)
  if ('B' in value) return binary(content) === value.B
  if ('M' in value) return isTypedItemRead(Array.isArray(content) ? membersOf(content) : content, value.M, binaries)
  if (!Array.isArray(content)) return false
  if ('L' in value)
    return content.length === value.L.length && value.L.every((one, at) => isTypedRead(content[at], one, binaries))
  if ('SS' in value) return isSameSet(content, value.SS)
  if ('BS' in value) return isSameSet(content.map(binary), value.BS)
  if (isSameSet(content, value.NS)) return true
  const numbers = value.NS.toSorted(compareNumbers)
  return content.length === numbers.length && numbers.every((text, at) => isSameNumber(content[at], text))
}

/** Avro knows no map of what is being declared, so maps within a typed value are lists of names and values there. */
function membersOf(attributes: readonly unknown[]): object {
  return Object.fromEntries(attributes.map((one) => [String(memberOf(one, 'name')), memberOf(one, 'value')]))
}

function isSameNumber(read: unknown, text: string): boolean {
  return read === text || (typeof read === 'string' && read !== '' && scaled(read) === scaled(text))
}

function isSameSet(read: readonly unknown[], set: readonly string[]): boolean {
  return read.length === set.length && new Set(read).size === set.length && set.every((text) => read.includes(text))
}

function memberOf(read: unknown, name: string): unknown {
  return typeof read === 'object' && read !== null ? own(read, name) : undefined
}

function own<Value>(object: { readonly [name: string]: Value } | object, name: string): Value | undefined {
  return Object.getOwnPropertyDescriptor(object, name)?.value
}
