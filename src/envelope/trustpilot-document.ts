import { canonicalNumber } from '../change/attribute-number.ts'
import type { Item } from '../change/attribute-value.ts'

/**
 * An item as the JSON text that Trustpilot's connector keeps in `document`: DynamoDB's types in lower case,
 * `{"total":{"n":"1.50"}}`, numbers and binaries (base64) as they come. Of names at the top characters that Avro does not allow
 * are left out; names inside maps stay as they are. Throws `NoDocument`, which names no value, for what is no item, and for two
 * attributes that would have one name: the connector would lose one of them.
 */
export function trustpilotDocument(item: Item): string {
  const members: string[] = []
  const names = new Set<string>()
  for (const name in item) {
    const plain = trustpilotName(name)
    if (names.has(plain)) throw new NoDocument('two attributes have one name without the characters that Avro forbids')
    names.add(plain)
    members.push(`${JSON.stringify(plain)}:${valueText(item[name], 0)}`)
  }
  return `{${members.join(',')}}`
}

/**
 * A name as the connector writes it at the top of an item, and in keys: nothing but letters, digits and `_` of ASCII, and no
 * digit where the name begins. Throws `NoDocument` where nothing is left of it.
 */
export function trustpilotName(name: string): string {
  const kept = Array.from(name).filter(
    (character, index) => /^[A-Za-z_]$/.test(character) || (index > 0 && isDigit(character)),
  )
  if (kept.length === 0) throw new NoDocument('nothing is left of the name of an attribute without what Avro forbids')
  return kept.join('')
}

/** Why an item has no such text. Becomes RECORD_UNREADABLE where the change is known. */
export class NoDocument extends Error {}

/** As in the other forms: DynamoDB allows 32. */
const maxDepth = 100

function isDigit(character: string): boolean {
  return /^\d$/.test(character)
}

function valueText(value: unknown, depth: number): string {
  if (!isObject(value)) throw new NoDocument('an attribute value is not an object')
  const [type, ...more] = Object.keys(value)
  if (type === undefined || more.length > 0) throw new NoDocument('an attribute value has not exactly one type')
  if (depth > maxDepth) throw new NoDocument(`attribute values are nested more than ${maxDepth} deep`)
  return `{"${type.toLowerCase()}":${contentText(type, value[type], depth)}}`
}

function contentText(type: string, content: unknown, depth: number): string {
  switch (type) {
    case 'S':
    case 'B':
      return textOf(content)
    case 'N':
      return numberText(content)
    case 'BOOL':
      if (typeof content !== 'boolean') throw new NoDocument('a BOOL is not a boolean')
      return String(content)
    case 'NULL':
      if (content !== true) throw new NoDocument('a NULL is not true')
      return 'true'
    case 'M':
      return mapText(content, depth + 1)
    case 'L':
      return listText(content, (element) => valueText(element, depth + 1))
    case 'SS':
    case 'BS':
      return listText(content, textOf)
    case 'NS':
      return listText(content, numberText)
    default:
      throw new NoDocument('an attribute value has an unknown type')
  }
}

function textOf(content: unknown): string {
  if (typeof content !== 'string') throw new NoDocument('an attribute value is not the text that its type asks for')
  return JSON.stringify(content)
}

function numberText(content: unknown): string {
  if (typeof content !== 'string' || canonicalNumber(content) === undefined)
    throw new NoDocument('an N is not a decimal number')
  return JSON.stringify(content)
}

function mapText(content: unknown, depth: number): string {
  if (!isObject(content)) throw new NoDocument('a map is not an object')
  const members: string[] = []
  for (const name in content) members.push(`${JSON.stringify(name)}:${valueText(content[name], depth)}`)
  return `{${members.join(',')}}`
}

function listText(content: unknown, write: (element: unknown) => string): string {
  if (!Array.isArray(content)) throw new NoDocument('a list or set is not an array')
  return `[${content.map(write).join(',')}]`
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
