import { canonicalNumber } from './attribute-number.ts'
import type { Item } from './attribute-value.ts'
import type { KeyAttribute } from './table.ts'

/**
 * The canonical text of one key attribute: `S` as it is, `N` in its one notation, `B` as it is (base64). Undefined if
 * the attribute is absent, of another type than the key schema says, or not what its type says: no two items ever
 * share a text, and one item has one text however its source writes numbers.
 */
export function keyAttributeText(keys: Item, attribute: KeyAttribute): string | undefined {
  const value = keys[attribute.name]
  if (typeof value !== 'object' || value === null) return undefined
  if (attribute.type === 'S') return 'S' in value && typeof value.S === 'string' ? value.S : undefined
  if (attribute.type === 'N') return 'N' in value && typeof value.N === 'string' ? canonicalNumber(value.N) : undefined
  return 'B' in value && typeof value.B === 'string' && isCanonicalBase64(value.B) ? value.B : undefined
}

/**
 * An item's identity within its table as one string, for maps: each attribute as type tag, length and canonical text,
 * hash key before range key. Equal strings, same item. Undefined under the conditions of `keyAttributeText`.
 */
export function itemKeyIdentity(keys: Item, keySchema: readonly KeyAttribute[]): string | undefined {
  let identity = ''
  for (const attribute of keySchema) {
    const text = keyAttributeText(keys, attribute)
    if (text === undefined) return undefined
    identity += `${attribute.type}${text.length}:${text}`
  }
  return identity
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$/

/** Padded, standard alphabet, unused bits zero: then one sequence of bytes has exactly one text. */
function isCanonicalBase64(text: string): boolean {
  return base64.test(text)
}
