import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  arbitraryBase64,
  arbitraryDecimal,
  arbitraryNumber,
  arbitraryText,
  arbitraryUnits,
  jsonWritings,
  tableOf,
} from '../../test/oracle/arbitrary-items.ts'
import { parseExactly, scaled } from '../../test/oracle/exact-json.ts'
import type { Item } from '../change/attribute-value.ts'
import type { KeyAttribute } from '../change/table.ts'
import type { NumberMode } from './item-json.ts'
import { createJsonKey } from './json-key.ts'
import type { JsonKey } from './json-key.ts'
import { createJsonWriter } from './json-writer.ts'

const text: KeyAttribute = { name: 'pk', type: 'S' }
const number: KeyAttribute = { name: 'n', type: 'N' }
const binary: KeyAttribute = { name: 'b', type: 'B' }

describe('createJsonKey', () => {
  it('gives one number the same bytes in every writing', () => {
    fc.assert(
      fc.property(arbitraryDecimal, (decimal) => {
        const { sign, digits, exponent } = decimal
        const ionWriting = `${sign || '+'}0${digits}d${exponent - digits.length + 1}`
        const [first, ...others] = [...jsonWritings(decimal), ionWriting].map((N) => keyOf([number], { n: { N } }))
        for (const other of others) expect(other).toBe(first)
      }),
    )
  })

  it('gives different numbers different bytes', () => {
    fc.assert(
      fc.property(arbitraryNumber, arbitraryNumber, (a, b) => {
        const isSame = keyOf([number], { n: { N: a } }) === keyOf([number], { n: { N: b } })
        expect(isSame).toBe(scaled(a) === scaled(b))
      }),
    )
  })

  it('holds the key exactly, in key-schema order whatever order it came in', () => {
    fc.assert(
      fc.property(fc.oneof(arbitraryText, arbitraryUnits), arbitraryBase64, (S, B) => {
        const key = keyOf([text, binary], { b: { B }, pk: { S } })
        expect(key).toBe(keyOf([text, binary], { pk: { S }, b: { B } }))
        expect(Object.entries(parseExactly(key) ?? {})).toEqual([
          ['pk', S],
          ['b', B],
        ])
      }),
    )
  })

  it.each<[NumberMode, boolean, string]>([
    ['exact', false, '{"pk":"a\\"b","n":2000}'],
    ['string', false, '{"pk":"a\\"b","n":"2000"}'],
    [
      'exact',
      true,
      '{"schema":{"type":"struct","optional":false,"name":"shop.orders.Key","fields":[' +
        '{"type":"string","optional":false,"field":"pk"},' +
        '{"type":"string","name":"tailrace.Number","optional":false,"field":"n"}]},"payload":{"pk":"a\\"b","n":"2000"}}',
    ],
  ])('numbers %s, schema %s', (numbers, isWrapped, expected) => {
    const schemaName = isWrapped ? 'shop.orders.Key' : undefined
    expect(keyOf([text, number], { pk: { S: 'a"b' }, n: { N: '2E3' } }, { numbers, schemaName })).toBe(expected)
  })

  it('writes attribute names as they are', () => {
    const odd: KeyAttribute[] = [
      { name: '__proto__', type: 'S' },
      { name: '0"', type: 'S' },
    ]
    expect(keyOf(odd, JSON.parse('{"0\\"":{"S":"y"},"__proto__":{"S":"x"}}'))).toBe('{"__proto__":"x","0\\"":"y"}')
  })

  it('is read back to keys that are written as the same bytes, in every form', () => {
    const forms = fc.constantFrom<Form>(
      { numbers: 'exact', schemaName: undefined },
      { numbers: 'string', schemaName: undefined },
      { numbers: 'exact', schemaName: 'shop.orders.Key' },
    )
    const anyText = fc.oneof(arbitraryText, arbitraryUnits)
    fc.assert(
      fc.property(anyText, arbitraryNumber, arbitraryBase64, forms, (S, N, B, form) => {
        const keySchema = [text, number, binary]
        const key = Buffer.from(keyOf(keySchema, { pk: { S }, n: { N }, b: { B } }, form))
        const read = jsonKeyOf(keySchema, form).read(key)
        expect(read?.['pk']).toEqual({ S: key.toString().includes('\uFFFD') ? expect.any(String) : S })
        expect(read?.['b']).toEqual({ B })
        expect(keyOf(keySchema, read ?? {}, form)).toBe(key.toString())
      }),
    )
  })

  it('is not read where it cannot have been written', () => {
    const read = (key: string, form?: Form): Item | undefined => jsonKeyOf([text, number], form).read(Buffer.from(key))
    for (const key of ['', '{}', '{"pk":"a"}', '{"pk":"a","n":}', '{"pk":"a","n":1,"x":2}', '{"n":1,"pk":"a"}', 'null'])
      expect(read(key)).toBeUndefined()
    expect(read('{"pk":"a","n":1}', { numbers: 'exact', schemaName: 'x' })).toBeUndefined()
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (key) => void read(`{"pk":"${key}`)))
  })

  it.each<[string, Item]>([
    ['missing', {}],
    ['of another type', { n: { S: '5' } }],
    ['not a number', { n: { N: 'five' } }],
  ])('refuses a key attribute that is %s', (_what, keys) => {
    expect(() => keyOf([number], keys)).toThrow(/key attribute n is not a valid N/)
  })
})

interface Form {
  readonly numbers: NumberMode
  readonly schemaName: string | undefined
}

function keyOf(
  keySchema: readonly KeyAttribute[],
  keys: Item,
  form: Form = { numbers: 'exact', schemaName: undefined },
): string {
  const writer = createJsonWriter()
  jsonKeyOf(keySchema, form, writer).write(keys)
  return writer.take().toString('utf8')
}

function jsonKeyOf(
  keySchema: readonly KeyAttribute[],
  form: Form = { numbers: 'exact', schemaName: undefined },
  writer = createJsonWriter(),
): JsonKey {
  return createJsonKey(writer, { table: { ...tableOf('NEW_IMAGE'), keySchema }, ...form })
}
