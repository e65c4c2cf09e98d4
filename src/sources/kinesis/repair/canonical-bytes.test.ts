import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  arbitraryDecimal,
  arbitraryItem,
  arbitraryName,
  arbitraryValue,
  jsonWritings,
} from '../../../../test/oracle/arbitrary-items.ts'
import type { AttributeValue, Item } from '../../../change/attribute-value.ts'
import { canonicalItem } from '../../../change/canonical-item.ts'
import { CanonicalBytes } from './canonical-bytes.ts'

const bytes = new CanonicalBytes()

function textOf(item: Item): string | undefined {
  bytes.begin()
  return bytes.addItem(item) ? bytes.writtenText : undefined
}

/** Reversed at every depth: the same item. */
function reversed(value: AttributeValue): AttributeValue {
  if ('M' in value) return { M: reversedItem(value.M) }
  if ('L' in value) return { L: value.L.map(reversed) }
  if ('SS' in value) return { SS: value.SS.toReversed() }
  if ('NS' in value) return { NS: value.NS.toReversed() }
  return 'BS' in value ? { BS: value.BS.toReversed() } : value
}

function reversedItem(item: Item): Item {
  return Object.fromEntries(
    Object.entries(item)
      .toReversed()
      .map(([name, value]) => [name, reversed(value)]),
  )
}

describe('the bytes of an item', () => {
  it('are the same exactly where its canonical text is', () => {
    const changed = fc
      .tuple(arbitraryItem, arbitraryName, arbitraryValue)
      .map(([item, name, value]) => [item, Object.fromEntries([...Object.entries(item), [name, value]])] as const)
    const pairs = fc.oneof(
      fc.tuple(arbitraryItem, arbitraryItem),
      fc.tuple(arbitraryValue, arbitraryValue).map(([a, b]) => [{ a }, { a: b }] as const),
      arbitraryItem.map((item) => [item, reversedItem(item)] as const),
      changed,
    )
    fc.assert(
      fc.property(pairs, ([one, other]) => {
        expect(textOf(one) === textOf(other)).toBe(canonicalItem(one) === canonicalItem(other))
      }),
      { numRuns: 3_000 },
    )
  })

  it('do not depend on how a number is written', () => {
    fc.assert(
      fc.property(arbitraryDecimal, (decimal) => {
        expect(new Set(jsonWritings(decimal).map((N) => textOf({ a: { L: [{ N }, { NS: [N] }] } }))).size).toBe(1)
      }),
    )
  })

  it.each<[string, AttributeValue, AttributeValue]>([
    ['two lone surrogates', { S: '\uD800' }, { S: '\uD801' }],
    ['a wide text and the narrow one of its bytes', { S: '\u0101' }, { S: '\u0001\u0001' }],
    ['false and what is no truth value', { BOOL: false }, JSON.parse('{"BOOL":0}') as AttributeValue],
    ['texts that look like parts', { SS: ['a\u0002b'] }, { SS: ['a', 'b'] }],
    ['a set with a text twice and another', { SS: ['a', 'a', 'b'] }, { SS: ['a', 'b', 'c'] }],
    ['lists that end elsewhere', { L: [{ L: [{ NULL: true }] }] }, { L: [{ L: [] }, { NULL: true }] }],
  ])('tell %s apart', (_, one, other) => {
    expect(textOf({ a: one })).not.toBe(textOf({ a: other }))
  })

  it('hold items that are larger than the buffer, and of many small parts', () => {
    const large = (last: string): Item => ({ a: { S: `${'ü'.repeat(300_000)}${last}` }, b: { S: 'ń'.repeat(300_000) } })
    expect(textOf(large('1'))).not.toBe(textOf(large('2')))
    expect(textOf(large('1'))).toBe(textOf(large('1')))
    const list = (last: boolean): Item => ({
      a: { L: Array.from({ length: 400_000 }, (_, at) => ({ BOOL: at < 399_999 || last })) },
    })
    expect(textOf(list(true))).not.toBe(textOf(list(false)))
  })

  it('do not run together with a text in front', () => {
    const withText = (text: string, item: Item): string => {
      bytes.begin()
      bytes.addText(text)
      bytes.addItem(item)
      return bytes.writtenText
    }
    expect(withText('ab', { c: { S: 'x' } })).not.toBe(withText('a', { bc: { S: 'x' } }))
  })

  it.each([
    '{"a":{"S":1}}',
    '{"a":{"N":"x"}}',
    '{"a":{"NULL":false}}',
    '{"a":{"M":[]}}',
    '{"a":{"SS":[1]}}',
    '{"a":{"S":"b","N":"1"}}',
    '{"a":null}',
    `{"a":${'{"L":['.repeat(50)}${']}'.repeat(50)}}`,
  ])('are none of what is no item (%#)', (json) => {
    expect(textOf(JSON.parse(json) as Item)).toBeUndefined()
  })
})
