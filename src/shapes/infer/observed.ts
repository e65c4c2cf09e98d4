import { parseDecimal } from '../../change/attribute-number.ts'
import type { AttributeValue, Item } from '../../change/attribute-value.ts'

/**
 * What was seen of the values in one place of many items. Joined item by item; the order of the items changes nothing.
 * Holds names, types and counts, no values.
 */
export interface Observed {
  count: number
  readonly types: Set<string>
  readonly numbers: ObservedNumbers
  /** Of lists and sets. Undefined: none had an element, or they lie too deep. */
  elements: Observed | undefined
  /** Of maps. Undefined: there was none, or they lie too deep. */
  members: ObservedMembers | undefined
}

/** Of all numbers in one place. */
export interface ObservedNumbers {
  /** Digits before and behind the point, of the number that has most. */
  wholeDigits: number
  scale: number
  /** All are whole and fit into 64 bits. */
  areInt64: boolean
}

/** Of all maps in one place. */
export interface ObservedMembers {
  maps: number
  /** Members of all of them together. */
  occurrences: number
  /** Undefined: there were too many names to remember. */
  byName: Map<string, Observed> | undefined
  /** All members, whatever their name; only where names are not remembered. */
  readonly all: Observed
}

/** Below this level of maps and lists only types are remembered. */
const maxDepth = 8
/** Maps with more different names between them are taken for collections, and their names forgotten. */
const maxNames = 256
const minInt64 = -(2n ** 63n)
const maxInt64 = 2n ** 63n - 1n

/** What is seen in items; the top of it is a map whose names are all remembered. Anything that is no value is tolerated. */
export function observeItems(items: Iterable<Item>): ObservedMembers {
  const seen = emptyMembers()
  for (const item of items) seeMembers(seen, item, { depth: 0, maxNames: Number.POSITIVE_INFINITY })
  return seen
}

/** All members of maps in one place as if they were one. */
export function joinedMembers({ byName, all }: ObservedMembers): Observed {
  if (byName === undefined) return all
  const joined = emptyObserved()
  for (const member of byName.values()) merge(joined, member)
  return joined
}

/** Remembered members by name, in the order of UTF-16 units, so that no locale changes what is printed. */
export function membersInOrder({ byName }: ObservedMembers): readonly (readonly [string, Observed])[] {
  return [...(byName ?? [])].toSorted(([a], [b]) => (a < b ? -1 : 1))
}

function emptyObserved(): Observed {
  const numbers = { wholeDigits: 0, scale: 0, areInt64: true }
  return { count: 0, types: new Set(), numbers, elements: undefined, members: undefined }
}

function emptyMembers(): ObservedMembers {
  return { maps: 0, occurrences: 0, byName: new Map(), all: emptyObserved() }
}

function see(seen: Observed, value: AttributeValue, depth: number): void {
  const [type = 'none', content] = Object.entries(value ?? {})[0] ?? []
  seen.count++
  seen.types.add(type)
  if (type === 'N') seeNumber(seen.numbers, String(content))
  else if (depth >= maxDepth) return
  else if (type === 'M' && isObject(content)) {
    seen.members ??= emptyMembers()
    seeMembers(seen.members, content, { depth: depth + 1, maxNames })
  } else if (Array.isArray(content)) {
    const elements = type === 'L' ? content : content.map((element: unknown) => ({ [type.slice(0, 1)]: element }))
    for (const element of elements) see((seen.elements ??= emptyObserved()), element, depth + 1)
  }
}

function seeMembers(
  seen: ObservedMembers,
  members: Item,
  { depth, maxNames: most }: { readonly depth: number; readonly maxNames: number },
): void {
  seen.maps++
  for (const [name, value] of Object.entries(members)) {
    seen.occurrences++
    see(placeOf(seen, name, most), value, depth)
  }
}

/** Where a member is to be remembered. */
function placeOf(seen: ObservedMembers, name: string, most: number): Observed {
  if (seen.byName === undefined) return seen.all
  const known = seen.byName.get(name)
  if (known !== undefined) return known
  if (seen.byName.size >= most) {
    forgetNames(seen)
    return seen.all
  }
  const made = emptyObserved()
  seen.byName.set(name, made)
  return made
}

function forgetNames(seen: ObservedMembers): void {
  for (const member of seen.byName?.values() ?? []) merge(seen.all, member)
  seen.byName = undefined
}

function seeNumber(numbers: ObservedNumbers, text: string): void {
  const parts = parseDecimal(text)
  // What is no number at all fits into nothing but text.
  const { digits, exponent, isNegative } = parts ?? { digits: '1', exponent: 1000, isNegative: false }
  const scale = Math.max(digits.length - exponent, 0)
  numbers.wholeDigits = Math.max(numbers.wholeDigits, exponent)
  numbers.scale = Math.max(numbers.scale, scale)
  if (scale > 0 || exponent > 19) numbers.areInt64 = false
  else if (exponent === 19) {
    const magnitude = BigInt(digits.padEnd(19, '0'))
    const value = isNegative ? -magnitude : magnitude
    if (value < minInt64 || value > maxInt64) numbers.areInt64 = false
  }
}

function merge(into: Observed, from: Observed): void {
  into.count += from.count
  for (const type of from.types) into.types.add(type)
  into.numbers.wholeDigits = Math.max(into.numbers.wholeDigits, from.numbers.wholeDigits)
  into.numbers.scale = Math.max(into.numbers.scale, from.numbers.scale)
  into.numbers.areInt64 &&= from.numbers.areInt64
  if (from.elements !== undefined) merge((into.elements ??= emptyObserved()), from.elements)
  if (from.members !== undefined) mergeMembers((into.members ??= emptyMembers()), from.members)
}

function mergeMembers(into: ObservedMembers, from: ObservedMembers): void {
  into.maps += from.maps
  into.occurrences += from.occurrences
  if (from.byName === undefined) {
    forgetNames(into)
    merge(into.all, from.all)
  }
  for (const [name, member] of from.byName ?? []) merge(placeOf(into, name, maxNames), member)
}

function isObject(value: unknown): value is Item {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
