import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arbitraryItem } from '../../../test/oracle/arbitrary-items.ts'
import { parseJson } from '../../aws/exact-json.ts'
import { canonicalItem } from '../../change/canonical-item.ts'
import type { Item } from '../../change/attribute-value.ts'
import type { DocumentValue } from '../../change/document.ts'
import type { FieldShape, FieldType } from '../../shapes/shape.ts'
import { createFitter } from './fit-document.ts'
import type { FitOptions } from './fit-document.ts'

const strict: FitOptions = { json: 'plain', numbers: 'exact', evolution: 'strict', roundsNumbers: false }

function field(type: FieldType, more: Partial<FieldShape> = {}): FieldShape {
  return { name: 'a', type, isOptional: true, ...more }
}

function fitOne(type: FieldType, value: DocumentValue, options: Partial<FitOptions> = {}): unknown {
  const shape = { name: 'shop.Value', fields: [field(type)], rest: undefined }
  const image = { name: 'shop.Row', fields: [{ name: 'after', type: { kind: 'struct', shape }, isOptional: true }] }
  const fitter = createFitter(
    { ...image, fields: image.fields as FieldShape[], rest: undefined },
    { ...strict, ...options },
  )
  return (fitter.fit({ after: { ITEM: { a: value } as unknown as Item } })[0] as unknown[])[0]
}

function code(type: FieldType, value: DocumentValue, options: Partial<FitOptions> = {}): unknown {
  try {
    return fitOne(type, value, options)
  } catch (error) {
    return (error as { code: string }).code
  }
}

describe('numbers fit', () => {
  it.each([
    ['int64', '9223372036854775807', 9_223_372_036_854_775_807n],
    ['int64', '-9223372036854775808', -9_223_372_036_854_775_808n],
    ['int64', '9007199254740991', 9_007_199_254_740_991],
    ['int64', '1E3', 1000],
    ['int64', '2000.0', 2000],
    ['int64', '-0', 0],
    ['int32', '2147483647', 2_147_483_647],
    ['int32', '-2147483648', -2_147_483_648],
    ['double', '0.1', 0.1],
    ['double', '1E125', 1e125],
    ['float', '0.1', Math.fround(0.1)],
    ['float', '16777217.5', 'SCHEMA_MISMATCH'],
    ['float', '16777216', 16_777_216],
    ['int64', '9223372036854775808', 'SCHEMA_MISMATCH'],
    ['int64', '-9223372036854775809', 'SCHEMA_MISMATCH'],
    ['int64', '1.5', 'SCHEMA_MISMATCH'],
    ['int64', '1E125', 'SCHEMA_MISMATCH'],
    ['int32', '2147483648', 'SCHEMA_MISMATCH'],
    ['double', '0.12345678901234567890', 'SCHEMA_MISMATCH'],
    ['float', '1E39', 'SCHEMA_MISMATCH'],
  ] as const)('%s takes %s as %s', (kind, N, wanted) => {
    expect(code({ kind }, { N })).toEqual(wanted)
  })

  it.each([
    ['12.5', 1250n],
    ['-12.5', -1250n],
    ['12', 1200n],
    ['99999.99', 9_999_999n],
    ['0', 0n],
    ['0.01', 1n],
    ['0.001', 'SCHEMA_MISMATCH'],
    ['100000', 'SCHEMA_MISMATCH'],
    ['1E125', 'SCHEMA_MISMATCH'],
  ])('decimal(7, 2) takes %s as %s', (N, wanted) => {
    expect(code({ kind: 'decimal', precision: 7, scale: 2 }, { N })).toEqual(wanted)
  })

  it('decimal(38, 28) keeps all digits of the longest number', () => {
    const N = '1234567890.1234567890123456789012345678'
    expect(fitOne({ kind: 'decimal', precision: 38, scale: 28 }, { N })).toBe(
      12_345_678_901_234_567_890_123_456_789_012_345_678n,
    )
  })

  it('double is rounded where that is wanted, and never to infinity', () => {
    const rounds = { roundsNumbers: true }
    expect(fitOne({ kind: 'double' }, { N: '0.12345678901234567890' }, rounds)).toBe(0.123_456_789_012_345_68)
    expect(code({ kind: 'float' }, { N: '1E39' }, rounds)).toBe('SCHEMA_MISMATCH')
    expect(code({ kind: 'float' }, { N: '1E-80' }, rounds)).toBe('SCHEMA_MISMATCH')
  })

  it('whole or decimal, the same number comes back, whatever its notation', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.nat(12), (whole, zeros) => {
        const text = `${whole}${'0'.repeat(zeros)}E-${zeros}`
        expect(BigInt(fitOne({ kind: 'int64' }, { N: text }) as number)).toBe(whole)
        expect(fitOne({ kind: 'decimal', precision: 25, scale: 2 }, { N: text })).toBe(whole * 100n)
        expect(fitOne({ kind: 'string' }, { N: text })).toBe(String(whole))
      }),
    )
  })

  it('every double comes back from its own text', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (double) => {
        fc.pre(double !== 0)
        expect(fitOne({ kind: 'double' }, { N: String(double) })).toBe(double)
      }),
    )
  })
})

describe('values fit', () => {
  it('sets become arrays in their fixed order', () => {
    const texts: FieldType = { kind: 'array', items: { kind: 'string' } }
    expect(fitOne(texts, { SS: ['b', 'a'] })).toEqual(['a', 'b'])
    expect(fitOne({ kind: 'array', items: { kind: 'int64' } }, { NS: ['10', '9', '-1'] })).toEqual([-1, 9, 10])
    expect(fitOne({ kind: 'array', items: { kind: 'bytes' } }, { BS: ['/w==', 'AA=='] })).toEqual([
      Buffer.of(0),
      Buffer.of(255),
    ])
    expect(fitOne(texts, { L: [{ S: 'b' }, { N: '1E1' }] })).toEqual(['b', '10'])
    expect(code(texts, { L: [{ S: 'b' }, { NULL: true }] })).toBe('SCHEMA_MISMATCH')
  })

  it('null and absent are null where the field may be, and a value where only null can be meant', () => {
    expect(fitOne({ kind: 'string' }, { NULL: true })).toBeNull()
    expect(fitOne({ kind: 'json' }, { NULL: true })).toBe('null')
    expect(fitOne({ kind: 'typed' }, { NULL: true })).toEqual({ NULL: true })
  })

  it('text that UTF-8 cannot hold is refused where it is not JSON', () => {
    expect(code({ kind: 'string' }, { S: '\uD800' })).toBe('SCHEMA_MISMATCH')
    expect(fitOne({ kind: 'json' }, { S: '\uD800' })).toBe('"\\ud800"')
  })

  it('what is no value of DynamoDB is unreadable, whatever the schema says', () => {
    for (const value of [
      {},
      { X: 1 },
      { S: 1 },
      { N: 'x' },
      { S: 'a', N: '1' },
      null,
      7,
    ] as unknown as DocumentValue[]) {
      for (const kind of ['string', 'int64', 'json'] as const) {
        if (kind === 'int64' && typeof value === 'object' && value !== null && 'S' in value && !('N' in value)) continue
        expect(code({ kind }, value)).toBe('RECORD_UNREADABLE')
      }
    }
  })
})

describe('attributes that the shape does not expect', () => {
  const nested = { name: 'shop.Address', fields: [field({ kind: 'int64' }, { name: 'zip' })], rest: undefined }
  const row = {
    name: 'shop.Row',
    fields: [
      field({ kind: 'string' }, { name: 'id', isOptional: false }),
      field({ kind: 'int64' }, { name: 'total' }),
      field({ kind: 'struct', shape: nested }, { name: 'address' }),
    ],
    rest: '_rest',
  }
  const image = (rest: string | undefined) => ({
    name: 'shop.Value',
    fields: [field({ kind: 'struct', shape: { ...row, rest } }, { name: 'after' })],
    rest: undefined,
  })
  const item: Item = Object.fromEntries([
    ['id', { S: '1' }],
    ['total', { S: 'twelve' }],
    ['address', { M: { zip: { S: 'A1' } } }],
    ['__proto__', { N: '1.50' }],
  ])
  const fit = (options: Partial<FitOptions>, rest: string | undefined, given = item): unknown =>
    createFitter(image(rest), { ...strict, ...options }).fit({ after: { ITEM: given } })

  it('go to the rest when they are unknown, and misfits too when that is allowed', () => {
    expect(() => fit({}, '_rest')).toThrow('after.total does not fit its schema: it is S, and the schema wants int64')
    expect(fit({ evolution: 'lenient' }, '_rest')).toEqual([
      ['1', null, null, '{"total":"twelve","address":{"zip":"A1"},"__proto__":1.50}'],
    ])
    expect(fit({ evolution: 'lenient', json: 'dynamodb' }, '_rest')).toEqual([
      ['1', null, null, '{"total":{"S":"twelve"},"address":{"M":{"zip":{"S":"A1"}}},"__proto__":{"N":"1.5"}}'],
    ])
    expect(fit({}, '_rest', { id: { S: '1' } })).toEqual([['1', null, null, null]])
  })

  it('are refused by name where there is no rest, and where the field may not be null', () => {
    expect(() => fit({ evolution: 'lenient' }, undefined, { id: { S: '1' }, more: { S: 'x' } })).toThrow('after.more')
    expect(() => fit({ evolution: 'lenient' }, undefined)).toThrow('after.total')
    expect(() => fit({ evolution: 'lenient' }, '_rest', { id: { BOOL: true } })).toThrow('after.id')
    expect(() => fit({}, '_rest', { total: { N: '1' } })).toThrow('after.id does not fit its schema: it is absent')
  })

  it('are never looked for among what all objects inherit', () => {
    const shape = {
      ...row,
      fields: [field({ kind: 'string' }, { name: 'toString' }), field({ kind: 'string' }, { name: '__proto__' })],
    }
    const fitter = createFitter(
      { name: 'x', fields: [field({ kind: 'struct', shape }, { name: 'after' })], rest: undefined },
      strict,
    )
    expect(fitter.fit({ after: { ITEM: {} } })).toEqual([[null, null, null]])
    const own = Object.fromEntries([['__proto__', { S: 'own' }]]) as Item
    expect(fitter.fit({ after: { ITEM: own } })).toEqual([[null, 'own', null]])
  })
})

describe('JSON text', () => {
  it('with types gives back every item, exactly', () => {
    const shape = { name: 'x', fields: [field({ kind: 'json' }, { name: 'after' })], rest: undefined }
    const fitter = createFitter(shape, { ...strict, json: 'dynamodb' })
    fc.assert(
      fc.property(arbitraryItem, (item) => {
        const [text] = fitter.fit({ after: { ITEM: item } })
        expect(canonicalItem(parseJson(Buffer.from(text as string)) as Item)).toBe(canonicalItem(item))
      }),
      { numRuns: 300 },
    )
  })
})
