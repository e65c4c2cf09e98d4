import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  arbitraryDecimal,
  arbitraryItem,
  arbitraryName,
  arbitraryValue,
  jsonWritings,
} from '../../test/oracle/arbitrary-items.ts'
import { parseDecimal } from './attribute-number.ts'
import type { AttributeValue, Item } from './attribute-value.ts'
import { canonicalItem } from './canonical-item.ts'

const itemOf = (value: AttributeValue): Item => ({ a: value })
const textOf = (value: AttributeValue): string | undefined => canonicalItem(itemOf(value))

describe('the canonical text of an item', () => {
  it('is the same exactly for the same item', () => {
    const pair = fc.oneof(
      fc.tuple(arbitraryItem, arbitraryItem),
      arbitraryItem.chain((item) => fc.tuple(fc.constant(item), shuffled(item))),
      fc.tuple(arbitraryValue.map(itemOf), arbitraryValue.map(itemOf)),
    )
    fc.assert(
      fc.property(pair, ([one, other]) => {
        expect(canonicalItem(one) === canonicalItem(other)).toBe(areSame({ M: one }, { M: other }))
      }),
      { numRuns: 2_000 },
    )
  })

  it('tells items apart that differ in one value', () => {
    fc.assert(
      fc.property(arbitraryItem, arbitraryName, arbitraryValue, arbitraryValue, (item, name, one, other) => {
        const withValue = (value: AttributeValue): Item =>
          Object.fromEntries([...Object.entries(item).filter(([own]) => own !== name), [name, value]])
        expect(canonicalItem(withValue(one)) === canonicalItem(withValue(other))).toBe(areSame(one, other))
      }),
    )
  })

  it('does not depend on how a number is written', () => {
    fc.assert(
      fc.property(arbitraryDecimal, (decimal) => {
        expect(new Set(jsonWritings(decimal).map((N) => textOf({ L: [{ N }, { NS: [N] }] }))).size).toBe(1)
      }),
    )
  })

  it.each<[string, AttributeValue, AttributeValue]>([
    ['a text and a binary', { S: 'aaaa' }, { B: 'aaaa' }],
    ['a text and a number', { S: '1' }, { N: '1' }],
    ['a set and a list', { SS: ['a', 'b'] }, { L: [{ S: 'a' }, { S: 'b' }] }],
    ['sets of texts and binaries', { SS: ['aaaa'] }, { BS: ['aaaa'] }],
    ['an empty list and an empty map', { L: [] }, { M: {} }],
    ['false and true', { BOOL: false }, { BOOL: true }],
    ['lists of another order', { L: [{ S: 'a' }, { S: 'b' }] }, { L: [{ S: 'b' }, { S: 'a' }] }],
    ['texts that look like parts', { SS: ['a1:b'] }, { SS: ['a', 'b'] }],
    ['two lone surrogates', { S: '\uD800' }, { S: '\uD801' }],
    ['a map and its name moved into it', { M: { a: { M: { b: { S: '' } } } } }, { M: { ab: { M: {} } } }],
  ])('tells %s apart', (_, one, other) => {
    expect(textOf(one)).not.toBe(textOf(other))
  })

  it('takes an empty map without a type for an empty map', () => {
    expect(canonicalItem(JSON.parse('{"a":{}}') as Item)).toBe(textOf({ M: {} }))
  })

  it.each([
    '{"a":{"S":1}}',
    '{"a":{"N":"x"}}',
    '{"a":{"N":1}}',
    '{"a":{"NULL":false}}',
    '{"a":{"BOOL":"true"}}',
    '{"a":{"M":[]}}',
    '{"a":{"L":{}}}',
    '{"a":{"SS":"b"}}',
    '{"a":{"NS":["x"]}}',
    '{"a":{"L":[{"X":"b"}]}}',
    '{"a":{"S":"b","N":"1"}}',
    '{"a":"b"}',
    '{"a":null}',
    `{"a":${'{"L":['.repeat(5_000)}${']}'.repeat(5_000)}}`,
  ])('knows nothing to say of what is no item (%#)', (json) => {
    expect(canonicalItem(JSON.parse(json) as Item)).toBeUndefined()
  })
})

/** The same item, otherwise written: attributes and sets in another order, numbers in another notation. */
function shuffled(item: Item): fc.Arbitrary<Item> {
  return fc.infiniteStream(fc.nat()).map((stream) => {
    const next = (): number => Number(stream.next().value)
    return rewritten(item, next)
  })
}

function rewritten(item: Item, next: () => number): Item {
  return Object.fromEntries(mixed(Object.entries(item), next).map(([name, value]) => [name, valueOf(value, next)]))
}

function valueOf(value: AttributeValue, next: () => number): AttributeValue {
  if ('M' in value) return { M: rewritten(value.M, next) }
  if ('L' in value) return { L: value.L.map((entry) => valueOf(entry, next)) }
  if ('SS' in value) return { SS: mixed(value.SS, next) }
  if ('BS' in value) return { BS: mixed(value.BS, next) }
  if ('NS' in value) return { NS: mixed(value.NS, next).map(otherNotation) }
  return 'N' in value ? { N: otherNotation(value.N) } : value
}

function otherNotation(number: string): string {
  const parts = parseDecimal(number)
  if (parts === undefined) throw new Error('no number')
  return parts.digits === '' ? '-0.00' : `${parts.isNegative ? '-' : ''}0.${parts.digits}0E${parts.exponent}`
}

function mixed<T>(entries: readonly T[], next: () => number): T[] {
  return entries
    .map((entry) => ({ entry, place: next() }))
    .sort((a, b) => a.place - b.place)
    .map(({ entry }) => entry)
}

/** Another way to tell: member by member. */
function areSame(one: unknown, other: unknown): boolean {
  if (typeof one !== 'object' || one === null || typeof other !== 'object' || other === null) return one === other
  const [type, ...more] = Object.keys(one) as [string, ...string[]]
  if (more.length > 0 || !Object.hasOwn(other, type)) return false
  const [a, b] = [memberOf(one, type), memberOf(other, type)]
  switch (type) {
    case 'N':
      return isEqualNumber(a, b)
    case 'NS':
      return isEqualSet(a, b, isEqualNumber)
    case 'SS':
    case 'BS':
      return isEqualSet(a, b, Object.is)
    case 'L':
      return isEqualList(a, b)
    case 'M':
      return isEqualMap(a as object, b as object)
    default:
      return a === b
  }
}

function memberOf(value: object, name: string): unknown {
  return Object.getOwnPropertyDescriptor(value, name)?.value
}

function isEqualNumber(a: unknown, b: unknown): boolean {
  const [one, other] = [parseDecimal(String(a)), parseDecimal(String(b))]
  return one?.digits === other?.digits && one?.exponent === other?.exponent && one?.isNegative === other?.isNegative
}

function isEqualSet(a: unknown, b: unknown, isEqual: (a: unknown, b: unknown) => boolean): boolean {
  const [one, other] = [a as readonly unknown[], b as readonly unknown[]]
  const isWithin = (inner: readonly unknown[], outer: readonly unknown[]): boolean =>
    inner.every((entry) => outer.some((found) => isEqual(entry, found)))
  return isWithin(one, other) && isWithin(other, one)
}

function isEqualList(a: unknown, b: unknown): boolean {
  const [one, other] = [a as readonly unknown[], b as readonly unknown[]]
  return one.length === other.length && one.every((entry, index) => areSame(entry, other[index]))
}

function isEqualMap(a: object, b: object): boolean {
  const names = Object.keys(a)
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && areSame(memberOf(a, name), memberOf(b, name)))
  )
}
