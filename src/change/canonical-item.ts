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
  const types = Object.keys(value)
  if (types.length > 1) return undefined
  const [type] = types
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
      return Array.isArray(content) ? listText(content, depth) : undefined
    case 'SS':
    case 'BS':
      return setText(type, content, stringText)
    case 'NS':
      return setText(type, content, numberText)
    default:
      return undefined
  }
}

function mapText(map: Readonly<Record<string, unknown>>, depth: number): string | undefined {
  const names = Object.keys(map)
  let whole = `M${names.length};`
  for (const name of sorted(names)) {
    const text = valueText(map[name], depth + 1)
    if (text === undefined) return undefined
    whole += lengthened(name) + text
  }
  return whole
}

/** Images of a table mostly have the same names in the same order: the last sorting of so many names is kept. */
const lastSorted = new Map<number, { readonly from: readonly string[]; readonly to: readonly string[] }>()
const mostNamesKept = 64

function sorted(names: readonly string[]): readonly string[] {
  const last = lastSorted.get(names.length)
  if (last !== undefined && last.from.every((name, at) => name === names[at])) return last.to
  const to = names.toSorted()
  if (names.length <= mostNamesKept) lastSorted.set(names.length, { from: names, to })
  return to
}

function listText(list: readonly unknown[], depth: number): string | undefined {
  let whole = `L${list.length};`
  for (const entry of list) {
    const text = valueText(entry, depth + 1)
    if (text === undefined) return undefined
    whole += text
  }
  return whole
}

function setText(type: string, content: unknown, textOf: (entry: unknown) => string | undefined): string | undefined {
  if (!Array.isArray(content)) return undefined
  const texts: string[] = []
  for (const entry of content) {
    const text = textOf(entry)
    if (text === undefined) return undefined
    texts.push(text)
  }
  const parts = texts.sort().filter((text, at) => at === 0 || text !== texts[at - 1])
  return `${type}${parts.length};${parts.join('')}`
}

function stringText(entry: unknown): string | undefined {
  return typeof entry === 'string' ? lengthened(entry) : undefined
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
