import type { Item } from '../change/attribute-value.ts'

/** DynamoDB nests 32 levels; what is deeper is none of its items. */
const maxDepth = 40

/**
 * An item out of a Kinesis record with its binaries as DynamoDB Streams write them: there they are base64 of base64, at any
 * depth. Never to be applied twice. What holds no binary is given back as it is, and so is what is no value of DynamoDB's.
 * Undefined if a binary is not base64 of base64, or the item is nested too deeply.
 */
export function binariesOnce(item: Item): Item | undefined {
  if (!mayHoldBinary(item, 0)) return item
  const decoded = mapOnce(item, 0)
  return decoded === invalid ? undefined : (decoded as Item)
}

const invalid: unique symbol = Symbol('not base64 of base64')

/** Few items hold one, and looking costs a fraction of copying. True also where an item is nested too deeply. */
function mayHoldBinary(map: object, depth: number): boolean {
  // Lists of names or values would cost more than all else here.
  for (const name in map) if (mayBeBinary((map as Readonly<Record<string, unknown>>)[name], depth + 1)) return true
  return false
}

function mayBeBinary(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (depth > maxDepth) return true
  for (const type in value) {
    if (type === 'B' || type === 'BS') return true
    if (type !== 'M' && type !== 'L') continue
    const content: unknown = (value as Readonly<Record<string, unknown>>)[type]
    if (Array.isArray(content)) {
      if (content.some((entry) => mayBeBinary(entry, depth + 1))) return true
    } else if (typeof content === 'object' && content !== null && mayHoldBinary(content, depth)) return true
  }
  return false
}

/** The same object, a copy, or `invalid`. */
function mapOnce(map: object, depth: number): unknown {
  return membersOnce(map, (value) => valueOnce(value, depth + 1))
}

function valueOnce(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth > maxDepth) return invalid
  return membersOnce(value, (content, type) => {
    if (type === 'B') return textOnce(content)
    if (type === 'BS') return listOnce(content, textOnce)
    if (type === 'L') return listOnce(content, (entry) => valueOnce(entry, depth + 1))
    if (type === 'M' && typeof content === 'object' && content !== null) return mapOnce(content, depth)
    return content
  })
}

function membersOnce(object: object, once: (content: unknown, name: string) => unknown): unknown {
  if (Array.isArray(object)) return object
  let isChanged = false
  const entries: [string, unknown][] = []
  for (const [name, content] of Object.entries(object) as [string, unknown][]) {
    const decoded = once(content, name)
    if (decoded === invalid) return invalid
    isChanged ||= decoded !== content
    entries.push([name, decoded])
  }
  return isChanged ? Object.fromEntries(entries) : object
}

function listOnce(list: unknown, once: (entry: unknown) => unknown): unknown {
  if (!Array.isArray(list)) return list
  let isChanged = false
  const entries: unknown[] = []
  for (const entry of list as readonly unknown[]) {
    const decoded = once(entry)
    if (decoded === invalid) return invalid
    isChanged ||= decoded !== entry
    entries.push(decoded)
  }
  return isChanged ? entries : list
}

function textOnce(text: unknown): unknown {
  if (typeof text !== 'string') return text
  const once = bytesOf(text)?.toString('latin1')
  return once === undefined || bytesOf(once) === undefined ? invalid : once
}

/** Undefined unless the text is the one that these bytes have: padded, standard alphabet, unused bits zero. */
function bytesOf(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : undefined
}
