import { canonicalNumber, parseDecimal } from '../../change/attribute-number.ts'
import type { AttributeValue, Item } from '../../change/attribute-value.ts'
import { ExactNumber } from './define-transform.ts'
import type { PlainItem, PlainNumber, PlainValue } from './define-transform.ts'

/** What is wrong with something that a transform returned, and where. Names no value. */
export class ResultProblem extends Error {}

/** Something in an image that is no value of DynamoDB's. */
export class UnreadableImage extends Error {}

/** An item in plain values. Throws UnreadableImage. */
export function plainItem(item: Item): PlainItem {
  if (!isObject(item)) throw new UnreadableImage('a map is not an object')
  const plain = Object.create(null) as PlainItem
  for (const name of Object.keys(item)) plain[name] = plainValue(item[name], 0)
  return plain
}

/** DynamoDB's 32 levels, and room for what a transform adds. */
const maxDepth = 100

function plainValue(value: AttributeValue | undefined, depth: number): PlainValue {
  if (!isObject(value) || depth > maxDepth) throw new UnreadableImage('an attribute value is not an object')
  const [type, ...more] = Object.keys(value)
  const content: unknown = Object.values(value)[0]
  if (more.length > 0) throw new UnreadableImage('an attribute value has more than one type')
  switch (type) {
    case 'S':
      return textOf(content)
    case 'N':
      return plainNumber(textOf(content))
    case 'B':
      return bytesOf(content)
    case 'BOOL':
      if (typeof content !== 'boolean') throw new UnreadableImage('a BOOL is not a boolean')
      return content
    case 'NULL':
      return null
    case 'M':
      return plainMembers(content, depth + 1)
    case 'L':
      return listOf(content).map((element) => plainValue(element as AttributeValue, depth + 1))
    case 'SS':
      return new Set(listOf(content).map(textOf))
    case 'NS':
      return new Set(listOf(content).map((element) => plainNumber(textOf(element))))
    case 'BS':
      return new Set(listOf(content).map(bytesOf))
    default:
      throw new UnreadableImage('an attribute value has an unknown type')
  }
}

function plainMembers(content: unknown, depth: number): PlainItem {
  if (!isObject(content)) throw new UnreadableImage('a map is not an object')
  const plain = Object.create(null) as PlainItem
  for (const [name, value] of Object.entries(content)) plain[name] = plainValue(value as AttributeValue, depth)
  return plain
}

function plainNumber(text: string): PlainNumber {
  const canonical = canonicalNumber(text)
  if (canonical === undefined) throw new UnreadableImage('an N is not a decimal number')
  const number = Number(canonical)
  if (Number.isSafeInteger(number) && String(number) === canonical) return number
  const parts = parseDecimal(canonical)
  if (parts !== undefined && parts.exponent >= parts.digits.length) return wholeNumber(parts)
  return canonicalNumber(String(number)) === canonical ? number : new ExactNumber(canonical)
}

function wholeNumber({ isNegative, digits, exponent }: NonNullable<ReturnType<typeof parseDecimal>>): bigint {
  const value = BigInt(digits + '0'.repeat(exponent - digits.length))
  return isNegative ? -value : value
}

function textOf(content: unknown): string {
  if (typeof content !== 'string')
    throw new UnreadableImage('an attribute value is not the text that its type asks for')
  return content
}

/** In memory of its own: a buffer would share it with others. */
function bytesOf(content: unknown): Uint8Array {
  return new Uint8Array(Buffer.from(textOf(content), 'base64'))
}

function listOf(content: unknown): readonly unknown[] {
  if (!Array.isArray(content)) throw new UnreadableImage('a list or set is not an array')
  return content
}

/** What a transform returned as an item, in DynamoDB's values. Throws ResultProblem with the place, `new.lines[2].price`. */
export function itemOf(plain: unknown, place: string): Item {
  if (!isPlainObject(plain)) throw new ResultProblem(`${place} is ${kindOf(plain)}, and should be an object`)
  return membersOf(plain, place, 0)
}

function membersOf(plain: object, place: string, depth: number): Item {
  return Object.fromEntries(
    Object.entries(plain)
      // A member that was set to undefined is one that is not there.
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, valueOf(value, `${place}.${shownName(name)}`, depth)]),
  )
}

function valueOf(plain: unknown, place: string, depth: number): AttributeValue {
  if (depth > maxDepth) throw new ResultProblem(`${place} is nested more than ${maxDepth} deep`)
  if (typeof plain === 'string') return { S: plain }
  if (typeof plain === 'boolean') return { BOOL: plain }
  if (plain === null) return { NULL: true }
  const number = numberOf(plain, place)
  if (number !== undefined) return { N: number }
  if (plain instanceof Uint8Array) return { B: base64Of(plain) }
  if (Array.isArray(plain)) {
    return { L: Array.from(plain, (element: unknown, index) => valueOf(element, `${place}[${index}]`, depth + 1)) }
  }
  if (plain instanceof Set) return setOf([...(plain as Set<unknown>)], place)
  if (isPlainObject(plain)) return { M: membersOf(plain, place, depth + 1) }
  throw new ResultProblem(`${place} is ${kindOf(plain)}, which no value of DynamoDB is`)
}

function setOf(elements: readonly unknown[], place: string): AttributeValue {
  const [first] = elements
  if (first === undefined) throw new ResultProblem(`${place} is a Set without elements, which DynamoDB does not have`)
  if (elements.every((element) => typeof element === 'string')) return { SS: elements }
  if (elements.every((element) => element instanceof Uint8Array)) return { BS: [...new Set(elements.map(base64Of))] }
  const numbers = elements.flatMap((element) => numberOf(element, place) ?? [])
  if (numbers.length === elements.length) return { NS: [...new Set(numbers)] }
  throw new ResultProblem(`${place} is a Set of other things than texts, numbers or Uint8Arrays alone`)
}

const maxDigits = 38
const maxExponent = 126
const minExponent = -129

/** Undefined for what is no number. */
function numberOf(plain: unknown, place: string): string | undefined {
  const isNumber = typeof plain === 'number' || typeof plain === 'bigint' || plain instanceof ExactNumber
  if (!isNumber) return undefined
  const parts = parseDecimal(String(plain))
  if (parts === undefined) throw new ResultProblem(`${place} is a number that is not finite`)
  const isInRange = parts.exponent <= maxExponent && parts.exponent >= minExponent && parts.digits.length <= maxDigits
  const text = canonicalNumber(String(plain))
  if (text === undefined || (parts.digits !== '' && !isInRange))
    throw new ResultProblem(`${place} is a number with more digits or a greater exponent than DynamoDB has`)
  return text
}

function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isPlainObject(value: unknown): value is object {
  if (!isObject(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value !== 'object') return `of type ${typeof value}`
  const name: unknown = value.constructor?.name
  return typeof name === 'string' && /^\w{1,60}$/.test(name) ? `an object of class ${name}` : 'an object of a class'
}

/** Names of attributes may be data: long ones are cut, and others than words are quoted. */
function shownName(name: string): string {
  const cut = name.length > 60 ? `${name.slice(0, 57)}...` : name
  return /^\w+$/.test(cut) ? cut : JSON.stringify(cut)
}
