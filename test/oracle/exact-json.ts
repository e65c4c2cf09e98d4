import type { AttributeValue, Item } from '../../src/change/attribute-value.ts'

/** A JSON number as its source text: no double ever stands for it. */
export interface NumberText {
  readonly literal: string
}

/**
 * Reads JSON with numbers as their text; throws on anything that is not JSON, duplicate names included. Written by
 * hand, because V8's `JSON.parse` (13.6 to 14.6, nodejs/node#63785) can give a property another name: once it has seen
 * the name `\`, it may read `"\u0000"` in the same place as `\` too.
 */
export function parseExactly(text: string): unknown {
  const parser = new Parser(text)
  const value = parser.value()
  parser.end()
  return value
}

const token =
  /[ \t\n\r]*(?:([{}[\],:])|(true|false|null)|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)|("(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\.)*"))/uy

class Parser {
  readonly #text: string
  #next = 0
  #token = ''

  constructor(text: string) {
    this.#text = text
    this.#advance()
  }

  value(): unknown {
    const found = this.#advance()
    if (found === '{') return this.#object()
    if (found === '[') return this.#array()
    if (found.startsWith('"')) return stringOf(found)
    if (found === 'true' || found === 'false') return found === 'true'
    if (found === 'null') return null
    if (found === '' || !/^[-\d]/.test(found)) throw new Error(`no value before position ${this.#next}`)
    return { literal: found }
  }

  end(): void {
    if (this.#token !== '' || this.#text.slice(this.#next).trim() !== '') throw new Error('text behind the value')
  }

  #object(): unknown {
    const entries = new Map<string, unknown>()
    while (this.#token !== '}') {
      if (entries.size > 0) this.#expect(',')
      const name = stringOf(this.#advance())
      this.#expect(':')
      if (entries.has(name)) throw new Error(`the name ${JSON.stringify(name)} comes twice`)
      entries.set(name, this.value())
    }
    this.#expect('}')
    return Object.fromEntries(entries)
  }

  #array(): unknown {
    const values: unknown[] = []
    while (this.#token !== ']') {
      if (values.length > 0) this.#expect(',')
      values.push(this.value())
    }
    this.#expect(']')
    return values
  }

  #expect(punctuation: string): void {
    if (this.#advance() !== punctuation) throw new Error(`no ${punctuation} before position ${this.#next}`)
  }

  /** Gives the current token and reads the next one; empty at the end, or where no token is. */
  #advance(): string {
    const current = this.#token
    token.lastIndex = this.#next
    const match = token.exec(this.#text)
    this.#token = match?.slice(1).find((group) => group !== undefined) ?? ''
    if (match !== null) this.#next = token.lastIndex
    return current
  }
}

/** A lone string has no property names, so `JSON.parse` reads it rightly. */
function stringOf(found: string): string {
  if (!found.startsWith('"')) throw new Error('no string where one must be')
  return String(JSON.parse(found))
}

/**
 * Where the plain JSON form of an item differs from the item (a path and what is wrong); undefined if they are equal.
 * Written against DynamoDB's types, not against the code that makes the form.
 */
export function differenceOfItem(actual: unknown, item: Item, path = '$'): string | undefined {
  if (!isPlain(actual)) return `${path}: not an object`
  const names = Object.keys(item)
  if (JSON.stringify(Object.keys(actual)) !== JSON.stringify(names)) return `${path}: other names, or in another order`
  for (const name of names) {
    const difference = differenceOfValue(own(actual, name), own(item, name), `${path}.${name}`)
    if (difference !== undefined) return difference
  }
  return undefined
}

function differenceOfValue(actual: unknown, value: AttributeValue | undefined, path: string): string | undefined {
  if (value === undefined) return `${path}: not expected`
  if ('M' in value) return differenceOfItem(actual, value.M, path)
  if ('L' in value) return differenceOfList(actual, value.L, path)
  return JSON.stringify(actual) === JSON.stringify(flat(value)) ? undefined : `${path}: another value`
}

function differenceOfList(actual: unknown, list: readonly AttributeValue[], path: string): string | undefined {
  if (!Array.isArray(actual) || actual.length !== list.length) return `${path}: not an array of ${list.length}`
  for (const [index, value] of list.entries()) {
    const difference = differenceOfValue(actual[index], value, `${path}[${index}]`)
    if (difference !== undefined) return difference
  }
  return undefined
}

function flat(
  value: Exclude<AttributeValue, { readonly M: Item } | { readonly L: readonly AttributeValue[] }>,
): unknown {
  if ('S' in value) return value.S
  if ('B' in value) return value.B
  if ('N' in value) return { literal: value.N }
  if ('BOOL' in value) return value.BOOL
  if ('SS' in value) return value.SS.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  if ('BS' in value)
    return value.BS.toSorted((a, b) => Buffer.compare(Buffer.from(a, 'base64'), Buffer.from(b, 'base64')))
  if ('NS' in value) return value.NS.toSorted(compareNumbers).map((literal) => ({ literal }))
  return null
}

/** By value, however they are written. */
export function compareNumbers(a: string, b: string): number {
  const difference = scaled(a) - scaled(b)
  if (difference === 0n) return 0
  return difference < 0n ? -1 : 1
}

/** The number × 10^500 as an integer: exact for all numbers that DynamoDB has, in any writing of the tests. */
export function scaled(text: string): bigint {
  const [mantissa = '', exponent = '0'] = text.toLowerCase().replace('d', 'e').split('e')
  const [whole = '', fraction = ''] = mantissa.replace(/^[+-]/, '').split('.')
  const magnitude = BigInt(whole + fraction) * 10n ** BigInt(500 + Number(exponent) - fraction.length)
  return mantissa.startsWith('-') ? -magnitude : magnitude
}

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function own<Value>(object: { readonly [name: string]: Value } | object, name: string): Value | undefined {
  return Object.getOwnPropertyDescriptor(object, name)?.value
}
