import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arbitraryItem } from '../../../test/oracle/arbitrary-items.ts'
import type { Item } from '../../change/attribute-value.ts'
import { canonicalItem } from '../../change/canonical-item.ts'
import { ExactNumber } from './define-transform.ts'
import type { PlainValue } from './define-transform.ts'
import { itemOf, plainItem } from './plain-values.ts'

/** DynamoDB has no empty sets, and plain values could not tell of what they were. */
function hasEmptySet(item: Item): boolean {
  return /"(SS|NS|BS)":\[\]/.test(JSON.stringify(item))
}

function plain(text: string): PlainValue | undefined {
  return plainItem(JSON.parse(text) as Item)['v']
}

describe('plain values', () => {
  it('are an item again, exactly, whatever it holds', () => {
    fc.assert(
      fc.property(
        arbitraryItem.filter((item) => !hasEmptySet(item)),
        (item) => {
          const back = itemOf(plainItem(item), 'new')
          expect(canonicalItem(back)).toBe(canonicalItem(item))
          expect(canonicalItem(item)).toBeDefined()
          expect(Object.keys(back)).toEqual(Object.keys(item))
        },
      ),
    )
  })

  it('are numbers where those are exact', () => {
    expect(plain('{"v":{"N":"2E3"}}')).toBe(2000)
    expect(plain('{"v":{"N":"-0.10"}}')).toBe(-0.1)
    expect(plain('{"v":{"N":"9007199254740991"}}')).toBe(9_007_199_254_740_991)
    expect(plain('{"v":{"N":"9007199254740992"}}')).toBe(9_007_199_254_740_992n)
    expect(plain('{"v":{"N":"-1E30"}}')).toBe(-(10n ** 30n))
    expect(plain('{"v":{"N":"0.1234567890123456789"}}')).toEqual(new ExactNumber('0.1234567890123456789'))
    expect(plain('{"v":{"NS":["1","1.5"]}}')).toEqual(new Set([1, 1.5]))
  })

  it('let no exact number be rounded unseen', () => {
    const exact = new ExactNumber('0.1234567890123456789')
    expect(`${String(exact)} ${JSON.stringify({ exact })}`).toBe(
      '0.1234567890123456789 {"exact":"0.1234567890123456789"}',
    )
    expect(() => Number(exact) + 1).toThrow(TypeError)
    expect(() => new ExactNumber('1,5')).toThrow(TypeError)
    expect(exact.toNumber()).toBeCloseTo(0.123)
  })

  it('have members of any name', () => {
    const item = JSON.parse('{"__proto__":{"M":{"__proto__":{"S":"x"},"constructor":{"NULL":true}}}}') as Item
    const value = plainItem(item)
    expect(Object.keys(value)).toEqual(['__proto__'])
    value['toString'] = 'mine'
    expect(JSON.stringify(itemOf(value, 'new'))).toBe(
      '{"__proto__":{"M":{"__proto__":{"S":"x"},"constructor":{"NULL":true}}},"toString":{"S":"mine"}}',
    )
  })

  it('may have members that are undefined, which are not there', () => {
    expect(itemOf({ a: undefined, b: 1 }, 'new')).toEqual({ b: { N: '1' } })
  })

  const cyclic: Record<string, unknown> = {}
  cyclic['self'] = cyclic

  it.each<[unknown, string]>([
    [{ a: [1, { b: Number.NaN }] }, 'new.a[1].b is a number that is not finite'],
    [{ a: 10n ** 126n }, 'new.a is a number with more digits or a greater exponent than DynamoDB has'],
    [
      { a: 123_456_789_012_345_678_901_234_567_890_123_456_789n },
      'new.a is a number with more digits or a greater exponent than DynamoDB has',
    ],
    [{ a: 1e-300 }, 'new.a is a number with more digits or a greater exponent than DynamoDB has'],
    [{ 'a b': new Date(0) }, 'new."a b" is an object of class Date, which no value of DynamoDB is'],
    [{ a: () => 1 }, 'new.a is of type function, which no value of DynamoDB is'],
    [{ a: [undefined] }, 'new.a[0] is of type undefined, which no value of DynamoDB is'],
    // A list with a hole.
    [{ a: Object.assign([], { 1: 1 }) }, 'new.a[0] is of type undefined, which no value of DynamoDB is'],
    [{ a: new Set() }, 'new.a is a Set without elements, which DynamoDB does not have'],
    [{ a: new Set([1, 'x']) }, 'new.a is a Set of other things than texts, numbers or Uint8Arrays alone'],
    [{ a: new Map() }, 'new.a is an object of class Map, which no value of DynamoDB is'],
    [new Map(), 'new is an object of class Map, and should be an object'],
    [null, 'new is null, and should be an object'],
    [['secret'], 'new is an object of class Array, and should be an object'],
  ])('are refused by place where DynamoDB has no such value, case %#', (value, message) => {
    expect(() => itemOf(value, 'new')).toThrow(message)
  })

  it('are refused where they never end', () => {
    expect(() => itemOf(cyclic, 'new')).toThrow(/is nested more than 100 deep/)
  })

  it.each([
    '{"v":5}',
    '{"v":{}}',
    '{"v":{"S":5}}',
    '{"v":{"N":"x"}}',
    '{"v":{"S":"a","N":"1"}}',
    '{"v":{"L":{}}}',
    '{"v":{"M":[]}}',
    '{"v":{"SS":[1]}}',
    '{"v":{"X":1}}',
  ])('are not made of what is no value: %s', (text) => {
    expect(() => plain(text)).toThrow(/attribute value|a map|a list|an N/)
  })
})
