import { canonicalNumber, isJsonNumber } from '../change/attribute-number.ts'
import type { AttributeValue, Item } from '../change/attribute-value.ts'
import { TailraceError } from '../errors.ts'
import type { JsonWriter } from './json-writer.ts'
import { sortedSet } from './set-order.ts'

/**
 * How numbers are written. `exact`: JSON number literals with all their digits. `string`: the same digits as JSON
 * strings, for readers that would put a literal into a double. `double`: the nearest double, which loses digits.
 */
export type NumberMode = 'exact' | 'string' | 'double'

/** How binaries are written. */
export type BinaryMode = 'base64' | 'base64-url' | 'hex'

/**
 * Writes items as plain JSON. Names and list elements keep the order in which they come; sets become arrays in a fixed
 * order (text by code point, numbers by value, binaries by byte), since DynamoDB gives them in any; binaries stay
 * base64 unless told otherwise. Values are exact: no number passes through a double.
 *
 * Throws RECORD_UNREADABLE, without a position (the caller knows it), for anything that is no DynamoDB value.
 */
export interface ItemJson {
  item(item: Item): void
  value(value: AttributeValue | undefined): void
}

export function createItemJson(writer: JsonWriter, numbers: NumberMode, binaries: BinaryMode = 'base64'): ItemJson {
  return new ItemJsonWriter(writer, numbers, binaries)
}

/** RECORD_UNREADABLE for something inside an item; whoever knows the position adds it. */
export function unreadableValue(reason: string): TailraceError {
  return new TailraceError('RECORD_UNREADABLE', reason, { details: { reason } })
}

/** DynamoDB allows 32. Far deeper nesting would end in a stack overflow, which looks like a fault of ours. */
const maxDepth = 100
/** Attribute names come back in every record. The bounds are for tables that use data as names. */
const maxNames = 2000
const maxNameLength = 64
const comma = 44
const leftBracket = 91
const rightBracket = 93
const leftBrace = 123
const rightBrace = 125
const quote = 34

class ItemJsonWriter implements ItemJson {
  readonly #writer: JsonWriter
  readonly #isQuoted: boolean
  readonly #isRounded: boolean
  readonly #binaries: BinaryMode
  /** `"name":` by name. */
  readonly #names = new Map<string, Uint8Array>()

  constructor(writer: JsonWriter, numbers: NumberMode, binaries: BinaryMode) {
    this.#writer = writer
    this.#isQuoted = numbers === 'string'
    this.#isRounded = numbers === 'double'
    this.#binaries = binaries
  }

  item(item: Item): void {
    this.#map(item, 0)
  }

  value(value: AttributeValue | undefined): void {
    this.#value(value, 0)
  }

  #map(item: unknown, depth: number): void {
    if (!isMap(item)) throw unreadableValue('a map is not an object')
    const writer = this.#writer
    let separator = leftBrace
    for (const name in item) {
      writer.byte(separator)
      separator = comma
      this.#name(name)
      this.#value(item[name], depth)
    }
    if (separator === leftBrace) writer.byte(leftBrace)
    writer.byte(rightBrace)
  }

  #name(name: string): void {
    const known = this.#names.get(name)
    if (known !== undefined) this.#writer.bytes(known)
    else this.#newName(name)
  }

  #newName(name: string): void {
    const text = `${JSON.stringify(name)}:`
    if (name.length <= maxNameLength && this.#names.size < maxNames) this.#names.set(name, Buffer.from(text, 'utf8'))
    this.#writer.text(text)
  }

  /** A value has exactly one member; which one says its type. */
  #value(value: unknown, depth: number): void {
    if (!isObject(value)) throw unreadableValue('an attribute value is not an object')
    let isWritten = false
    for (const type in value) {
      if (isWritten) throw unreadableValue('an attribute value has more than one type')
      isWritten = true
      this.#typed(type, value, depth)
    }
    if (!isWritten) throw unreadableValue('an attribute value has no type')
  }

  // The members are read by constant names: V8 finds each in a few instructions, and a computed name in a hash table.
  #typed(type: string, value: WireValue, depth: number): void {
    switch (type) {
      case 'S':
        this.#writer.string(textOf(value.S))
        break
      case 'N':
        this.#number(textOf(value.N))
        break
      case 'B':
        this.#binary(textOf(value.B))
        break
      case 'BOOL':
        this.#boolean(value.BOOL)
        break
      case 'NULL':
        if (value.NULL !== true) throw unreadableValue('a NULL is not true')
        this.#writer.text('null')
        break
      case 'M':
        this.#map(value.M, deeper(depth))
        break
      case 'L':
        this.#list(value.L, deeper(depth))
        break
      case 'SS':
        this.#set('SS', value.SS)
        break
      case 'NS':
        this.#set('NS', value.NS)
        break
      case 'BS':
        this.#set('BS', value.BS)
        break
      default:
        throw unreadableValue('an attribute value has an unknown type')
    }
  }

  #number(text: string): void {
    const literal = isJsonNumber(text) ? text : canonicalNumber(text)
    if (literal === undefined) throw unreadableValue('an N is not a decimal number')
    if (this.#isQuoted) this.#writer.byte(quote)
    this.#writer.text(this.#isRounded ? String(Number(literal)) : literal)
    if (this.#isQuoted) this.#writer.byte(quote)
  }

  #binary(text: string): void {
    this.#writer.string(this.#binaries === 'base64' ? text : recoded(text, this.#binaries))
  }

  #boolean(content: unknown): void {
    if (typeof content !== 'boolean') throw unreadableValue('a BOOL is not a boolean')
    this.#writer.text(content ? 'true' : 'false')
  }

  #list(content: unknown, depth: number): void {
    const writer = this.#writer
    let separator = leftBracket
    for (const value of arrayOf(content)) {
      writer.byte(separator)
      separator = comma
      this.#value(value, depth)
    }
    if (separator === leftBracket) writer.byte(leftBracket)
    writer.byte(rightBracket)
  }

  #set(type: 'SS' | 'NS' | 'BS', content: unknown): void {
    const elements = sortedSet(type, textsOf(content))
    if (elements === undefined) throw unreadableValue('an NS holds something other than decimal numbers')
    const writer = this.#writer
    let separator = leftBracket
    for (const element of elements) {
      writer.byte(separator)
      separator = comma
      if (type === 'NS') this.#number(element)
      else if (type === 'BS') this.#binary(element)
      else writer.string(element)
    }
    if (separator === leftBracket) writer.byte(leftBracket)
    writer.byte(rightBracket)
  }
}

function recoded(base64: string, mode: Exclude<BinaryMode, 'base64'>): string {
  return Buffer.from(base64, 'base64').toString(mode === 'hex' ? 'hex' : 'base64url')
}

/** A value before it is checked. */
type WireValue = { readonly [Type in 'S' | 'N' | 'B' | 'BOOL' | 'NULL' | 'M' | 'L' | 'SS' | 'NS' | 'BS']?: unknown }

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return isObject(value) && !Array.isArray(value)
}

function textOf(content: unknown): string {
  if (typeof content !== 'string') throw unreadableValue('an attribute value is not the text that its type asks for')
  return content
}

function arrayOf(content: unknown): readonly unknown[] {
  if (!Array.isArray(content)) throw unreadableValue('a list or set is not an array')
  return content
}

function textsOf(content: unknown): readonly string[] {
  const elements = arrayOf(content)
  if (!elements.every(isText)) throw unreadableValue('a set holds something other than texts')
  return elements
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function deeper(depth: number): number {
  if (depth === maxDepth) throw unreadableValue(`attribute values are nested more than ${maxDepth} deep`)
  return depth + 1
}
