import { canonicalNumber } from '../../change/attribute-number.ts'
import type { AttributeValue, Item } from '../../change/attribute-value.ts'
import { unreadableValue } from '../item-json.ts'
import { sortedSet } from '../set-order.ts'

/** The member that a value has, ours included. */
export type ValueType =
  | 'S'
  | 'N'
  | 'B'
  | 'BOOL'
  | 'NULL'
  | 'M'
  | 'L'
  | 'SS'
  | 'NS'
  | 'BS'
  | 'INT'
  | 'DOC'
  | 'ITEM'
  | 'TYPED'

/** DynamoDB allows 32. What is far deeper would end in a stack overflow, which looks like a fault of ours. */
const maxDepth = 100

/** The type of a value. Throws RECORD_UNREADABLE, without a position, if it has none or several. */
export function valueType(value: unknown): ValueType {
  if (typeof value !== 'object' || value === null) throw unreadableValue('an attribute value is not an object')
  let found: string | undefined
  for (const type in value) {
    if (found !== undefined) throw unreadableValue('an attribute value has more than one type')
    found = type
  }
  if (found === undefined) throw unreadableValue('an attribute value has no type')
  if (!knownTypes.has(found)) throw unreadableValue('an attribute value has an unknown type')
  return found as ValueType
}

const knownTypes: ReadonlySet<string> = new Set<ValueType>([
  ...(['S', 'N', 'B', 'BOOL', 'NULL', 'M', 'L', 'SS', 'NS', 'BS'] as const),
  ...(['INT', 'DOC', 'ITEM', 'TYPED'] as const),
])

/**
 * One level of a value of DynamoDB, checked and in its one form: numbers in their one notation, sets in their fixed order.
 * The values inside maps and lists are not looked at: whoever walks into them asks again, with a `depth` that is one more.
 * Throws RECORD_UNREADABLE, without a position.
 */
export function typedContent(value: unknown, depth: number): AttributeValue {
  const type = valueType(value)
  const content: unknown = (value as Readonly<Record<string, unknown>>)[type]
  switch (type) {
    case 'S':
      return { S: textOf(content) }
    case 'N':
      return { N: numberOf(content) }
    case 'B':
      return { B: textOf(content) }
    case 'BOOL':
      if (typeof content !== 'boolean') throw unreadableValue('a BOOL is not a boolean')
      return { BOOL: content }
    case 'NULL':
      if (content !== true) throw unreadableValue('a NULL is not true')
      return { NULL: true }
    case 'M':
      return { M: mapOf(content, depth) }
    case 'L':
      return { L: listOf(content, depth) }
    case 'SS':
      return { SS: setOf('SS', content) }
    case 'NS':
      return { NS: setOf('NS', content) }
    case 'BS':
      return { BS: setOf('BS', content) }
    default:
      throw unreadableValue('an attribute value has an unknown type')
  }
}

/** A text, as `S` and `B` hold it. Throws RECORD_UNREADABLE for anything else, as all of these do. */
export function textOf(content: unknown): string {
  if (typeof content !== 'string') throw unreadableValue('an attribute value is not the text that its type asks for')
  return content
}

/** The one notation of a number's text. */
export function numberOf(content: unknown): string {
  const number = canonicalNumber(textOf(content))
  if (number === undefined) throw unreadableValue('an N is not a decimal number')
  return number
}

/** Attributes by name, none of which is checked. */
export function mapOf(content: unknown, depth: number): Item {
  if (depth > maxDepth) throw unreadableValue(`attribute values are nested more than ${maxDepth} deep`)
  if (typeof content !== 'object' || content === null || Array.isArray(content))
    throw unreadableValue('a map is not an object')
  return content as Item
}

/** Elements, none of which is checked. */
export function listOf(content: unknown, depth: number): readonly AttributeValue[] {
  if (depth > maxDepth) throw unreadableValue(`attribute values are nested more than ${maxDepth} deep`)
  if (!Array.isArray(content)) throw unreadableValue('a list or set is not an array')
  return content as readonly AttributeValue[]
}

/** The elements of a set, in the fixed order, numbers in their one notation. */
export function setOf(type: 'SS' | 'NS' | 'BS', content: unknown): readonly string[] {
  if (!Array.isArray(content)) throw unreadableValue('a list or set is not an array')
  const texts = content.map((element: unknown) => {
    if (typeof element !== 'string') throw unreadableValue('a set holds something other than texts')
    return type === 'NS' ? numberOf(element) : element
  })
  const sorted = sortedSet(type, texts)
  if (sorted === undefined) throw unreadableValue('an NS holds something other than decimal numbers')
  return sorted
}
