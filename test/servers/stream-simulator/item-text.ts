import type { AttributeValue, Item } from '../../../src/change/attribute-value.ts'

/** Text that is equal for equal items: names sorted, sets sorted. For comparison only. */
export function canonicalItem(item: Item): string {
  const names = Object.keys(item).sort()
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonicalValue(item[name])}`).join(',')}}`
}

/** The key attributes of an item, in key-schema order, as one text: what an oracle calls the key. */
export function keyText(item: Item, keyNames: readonly string[]): string {
  return keyNames.map((name) => canonicalValue(item[name])).join('|')
}

/** Only the named attributes. */
export function pick(item: Item, names: readonly string[]): Item {
  return Object.fromEntries(names.flatMap((name) => (item[name] === undefined ? [] : [[name, item[name]]])))
}

/** Roughly what DynamoDB counts: names and values in UTF-8 bytes. */
export function itemSize(item: Item): number {
  let size = 0
  for (const name of Object.keys(item)) size += Buffer.byteLength(name) + valueSize(item[name])
  return size
}

/** Where a partition key falls in [0, 2³²): FNV-1a, finished by a multiplication so that near keys spread. */
export function keyHash(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return (hash ^ (hash >>> 13)) >>> 0
}

function canonicalValue(value: AttributeValue | undefined): string {
  if (value === undefined) return ''
  if ('M' in value) return `{"M":${canonicalItem(value.M)}}`
  if ('L' in value) return `{"L":[${value.L.map(canonicalValue).join(',')}]}`
  if ('SS' in value) return JSON.stringify({ SS: value.SS.toSorted() })
  if ('NS' in value) return JSON.stringify({ NS: value.NS.toSorted() })
  if ('BS' in value) return JSON.stringify({ BS: value.BS.toSorted() })
  return JSON.stringify(value)
}

function valueSize(value: AttributeValue | undefined): number {
  if (value === undefined) return 0
  if ('S' in value) return Buffer.byteLength(value.S)
  if ('N' in value) return Math.ceil(value.N.length / 2) + 1
  if ('B' in value) return Buffer.byteLength(value.B, 'base64')
  if ('M' in value) return 3 + itemSize(value.M)
  if ('L' in value) return 3 + value.L.reduce((sum, element) => sum + 1 + valueSize(element), 0)
  return Buffer.byteLength(JSON.stringify(value))
}
