import { canonicalNumber } from './attribute-number.ts'
import type { Item } from './attribute-value.ts'

/** DynamoDB nests 32 levels; what is deeper is none of its items. */
const maxDepth = 40

/**
 * One text for each item: two items have the same one exactly if they are the same item, however their source writes them.
 * Attributes and sets have no order, numbers have one notation. Undefined if something in it is no value of DynamoDB's;
 * of such an item nothing can be said. It holds the item's values, so it is for comparing and hashing only.
 */
export function canonicalItem(item: Item): string | undefined {
  return mapText(item, 0)
}

/** Every part begins with its kind and its length, so that no two sequences of parts run together into the same text. */
function valueText(value: unknown, depth: number): string | undefined {
  if (depth > maxDepth || !isObject(value)) return undefined
  const [type, ...more] = Object.keys(value)
  if (more.length > 0) return undefined
  // DynamoDB Local's streams show an empty map without its type.
  if (type === undefined) return mapText({}, depth)
  const content: unknown = value[type]
  switch (type) {
    case 'S':
    case 'B':
      return typeof content === 'string' ? type + lengthened(content) : undefined
    case 'N':
      return numberText(content)
    case 'BOOL':
      return typeof content === 'boolean' ? `BOOL${content ? 1 : 0}` : undefined
    case 'NULL':
      return content === true ? 'NULL' : undefined
    case 'M':
      return isObject(content) ? mapText(content, depth) : undefined
    case 'L':
      return Array.isArray(content) ? partsText('L', content, (entry) => valueText(entry, depth + 1)) : undefined
    case 'SS':
    case 'BS':
      return setText(type, content, (entry) => (typeof entry === 'string' ? lengthened(entry) : undefined))
    case 'NS':
      return setText(type, content, numberText)
    default:
      return undefined
  }
}

function mapText(map: Readonly<Record<string, unknown>>, depth: number): string | undefined {
  return partsText('M', Object.keys(map).sort(), (name) => {
    const text = valueText(map[name], depth + 1)
    return text === undefined ? undefined : lengthened(name) + text
  })
}

function setText(type: string, content: unknown, textOf: (entry: unknown) => string | undefined): string | undefined {
  if (!Array.isArray(content)) return undefined
  const texts = new Set<string>()
  for (const entry of content) {
    const text = textOf(entry)
    if (text === undefined) return undefined
    texts.add(text)
  }
  return partsText(type, [...texts].sort(), (text) => text)
}

function partsText<T>(kind: string, parts: readonly T[], textOf: (part: T) => string | undefined): string | undefined {
  let whole = `${kind}${parts.length};`
  for (const part of parts) {
    const text = textOf(part)
    if (text === undefined) return undefined
    whole += text
  }
  return whole
}

function numberText(content: unknown): string | undefined {
  const number = typeof content === 'string' ? canonicalNumber(content) : undefined
  return number === undefined ? undefined : `N${lengthened(number)}`
}

function lengthened(text: string): string {
  return `${text.length}:${text}`
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
