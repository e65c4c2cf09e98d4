import type { Item } from './attribute-value.ts'
import type { KeyAttribute } from './table.ts'

/**
 * The attributes of an item's key, sorted by name: which of two is the hash key does not show in it. Undefined unless they
 * are one or two, each of a type that keys can have.
 */
export function keyAttributesOf(keys: Item): readonly KeyAttribute[] | undefined {
  const names = Object.keys(keys).sort()
  if (names.length === 0 || names.length > 2) return undefined
  const attributes = names.map((name) => ({ name, type: keyTypeOf(keys[name]) }))
  return attributes.every(isKeyAttribute) ? attributes : undefined
}

function keyTypeOf(value: unknown): KeyAttribute['type'] | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const [type, ...more] = Object.keys(value)
  return more.length === 0 && (type === 'S' || type === 'N' || type === 'B') ? type : undefined
}

function isKeyAttribute(attribute: {
  readonly name: string
  readonly type: KeyAttribute['type'] | undefined
}): attribute is KeyAttribute {
  return attribute.type !== undefined
}
