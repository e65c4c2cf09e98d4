import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arbitraryText } from '../../test/oracle/arbitrary-items.ts'
import type { AttributeValue, Item } from './attribute-value.ts'
import { itemKeyIdentity, keyAttributeText } from './item-key.ts'
import type { KeyAttribute } from './table.ts'

const hash: KeyAttribute = { name: 'pk', type: 'S' }
const range: KeyAttribute = { name: 'sk', type: 'S' }

function item(entries: Readonly<Record<string, AttributeValue>>): Item {
  return entries
}

describe('itemKeyIdentity', () => {
  it('tells where one attribute ends and the next begins', () => {
    const pair = fc.tuple(arbitraryText, arbitraryText)
    fc.assert(
      fc.property(pair, pair, ([a, b], [c, d]) => {
        const left = itemKeyIdentity(item({ pk: { S: a }, sk: { S: b } }), [hash, range])
        const right = itemKeyIdentity(item({ sk: { S: d }, pk: { S: c } }), [hash, range])
        expect(left === right).toBe(a === c && b === d)
      }),
    )
    expect(itemKeyIdentity(item({ pk: { S: 'ab' }, sk: { S: 'c' } }), [hash, range])).not.toBe(
      itemKeyIdentity(item({ pk: { S: 'a' }, sk: { S: 'bc' } }), [hash, range]),
    )
  })

  it('tells types apart, and knows one number by any writing', () => {
    const text = itemKeyIdentity(item({ k: { S: '2000' } }), [{ name: 'k', type: 'S' }])
    const number = itemKeyIdentity(item({ k: { N: '2E3' } }), [{ name: 'k', type: 'N' }])
    expect(text).toBe('S4:2000')
    expect(number).toBe('N4:2000')
    expect(itemKeyIdentity(item({ k: { N: '2000.0' } }), [{ name: 'k', type: 'N' }])).toBe(number)
  })

  it('is undefined if an attribute is missing or of another type', () => {
    expect(itemKeyIdentity(item({ pk: { S: 'a' } }), [hash, range])).toBeUndefined()
    expect(itemKeyIdentity(item({ pk: { N: '1' } }), [hash])).toBeUndefined()
    expect(itemKeyIdentity(item({}), [{ name: '__proto__', type: 'S' }])).toBeUndefined()
    expect(itemKeyIdentity(item({}), [{ name: 'constructor', type: 'S' }])).toBeUndefined()
  })
})

describe('keyAttributeText', () => {
  it.each(['AAEC', 'AAE=', 'AA==', '+/+/'])('takes %s for the one text of its bytes', (B) => {
    expect(keyAttributeText(item({ b: { B } }), { name: 'b', type: 'B' })).toBe(B)
  })

  it.each(['AAF=', 'AB==', 'AAE', '-_-_', 'AA E', 'A==='])('refuses %s, a second text of some bytes or none', (B) => {
    expect(keyAttributeText(item({ b: { B } }), { name: 'b', type: 'B' })).toBeUndefined()
  })
})
