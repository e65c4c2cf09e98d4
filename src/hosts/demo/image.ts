import { hash } from 'node:crypto'
import { canonicalNumber } from '../../change/attribute-number.ts'
import type { AttributeValue, Item } from '../../change/attribute-value.ts'

const exact: unique symbol = Symbol('exact number')

/** A number with all its digits, as it was written. */
export interface ExactNumber {
  readonly [exact]: string
}

/** A value of an item in plain form; numbers keep their text. */
export type ImageValue = string | boolean | null | ExactNumber | readonly ImageValue[] | Image

/** An item in plain form, as the demo's topic holds it. */
export interface Image {
  readonly [name: string]: ImageValue
}

/** The digits of an exact number; undefined for every other value. */
export function digitsOf(value: unknown): string | undefined {
  return typeof value === 'object' && value !== null && exact in value ? String(value[exact]) : undefined
}

/** `JSON.parse` in which numbers keep their text: no double ever stands for one. Throws a SyntaxError. */
export function parseExactly(text: string): unknown {
  const keepText = (_name: string, value: unknown, context: { readonly source?: string }): unknown =>
    typeof value === 'number' ? { [exact]: context.source ?? '' } : value
  return Reflect.apply(JSON.parse, JSON, [text, keepText])
}

/** True if the parsed value can be an item. */
export function isImage(value: unknown): value is Image {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && digitsOf(value) === undefined
}

/** The plain form of an item as it was written to DynamoDB. Made without the serializer that it is compared with. */
export function imageOfItem(item: Item): Image {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, plainValue(value)]))
}

/** Equal digests, equal items: names in any order, numbers by value, everything else exactly. */
export function digestOfImage(image: Image): string {
  return hash('sha256', canonicalText(image), 'base64url').slice(0, 22)
}

function plainValue(value: AttributeValue): ImageValue {
  if ('S' in value) return value.S
  if ('N' in value) return { [exact]: value.N }
  if ('B' in value) return value.B
  if ('BOOL' in value) return value.BOOL
  if ('NULL' in value) return null
  if ('M' in value) return imageOfItem(value.M)
  if ('L' in value) return value.L.map(plainValue)
  if ('SS' in value) return sorted(value.SS)
  if ('BS' in value) return sorted(value.BS)
  // The demo's shop has no such set; their order in records is by value.
  return value.NS.toSorted((a, b) => Number(a) - Number(b)).map((digits) => ({ [exact]: digits }))
}

function sorted(texts: readonly string[]): readonly string[] {
  return texts.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}

function canonicalText(value: ImageValue): string {
  const digits = digitsOf(value)
  // A number's text begins with a character that no other value's text begins with.
  if (digits !== undefined) return `#${canonicalNumber(digits) ?? digits}`
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`
  if (!isImage(value)) return JSON.stringify(value)
  const members = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonicalText(member)}`).join(',')}}`
}
