import { describe, expect, test } from 'vitest'
import type { AttributeValue, Item } from '../../change/attribute-value.ts'
import { inferShape } from './infer-shape.ts'
import { observeItems } from './observed.ts'
import type { FieldType, Shape } from '../shape.ts'

test('keys first and required, all others optional and by name', () => {
  const items: readonly Item[] = [
    { sk: { N: '1' }, pk: { S: 'a' }, b: { BOOL: true } },
    { sk: { N: '2' }, pk: { S: 'b' }, a: { B: 'YQ==' }, b: { NULL: true } },
  ]
  expect(inferShape(observeItems(items), { name: 'shop.orders.Value', keys: ['pk', 'sk'] })).toStrictEqual({
    name: 'shop.orders.Value',
    fields: [
      { name: 'pk', type: { kind: 'string' }, isOptional: false },
      { name: 'sk', type: { kind: 'int64' }, isOptional: false },
      { name: 'a', type: { kind: 'bytes' }, isOptional: true },
      { name: 'b', type: { kind: 'boolean' }, isOptional: true },
    ],
    rest: '_rest',
  })
})

test('an attribute may have the name of the rest', () => {
  expect(shapeOf([{ _rest: { S: 'x' } }]).rest).toBe('__rest')
})

describe('numbers', () => {
  const decimal = (scale: number): FieldType => ({ kind: 'decimal', precision: 38, scale })
  test.each<[string, readonly string[], FieldType]>([
    ['whole', ['1', '-20', '3E2'], { kind: 'int64' }],
    ['the greatest of 64 bits', ['9223372036854775807', '-9223372036854775808'], { kind: 'int64' }],
    ['one more', ['9223372036854775808'], decimal(0)],
    ['one less', ['-9223372036854775809'], decimal(0)],
    ['with fractions', ['1', '2.50', '0.125'], decimal(3)],
    ['together too many digits', ['1E30', '0.123456789'], { kind: 'string' }],
    ['too small', ['1E-19'], { kind: 'string' }],
    ['too great', ['1E38'], { kind: 'string' }],
    ['none', ['x'], { kind: 'string' }],
    ['zero alone', ['0', '-0.0'], { kind: 'int64' }],
  ])('%s', (_, numbers, type) => {
    expect(typesOf(numbers.map((N) => ({ N })))).toStrictEqual(type)
  })
})

describe('what holds several', () => {
  const strings: FieldType = { kind: 'array', items: { kind: 'string' } }
  test.each<[string, readonly AttributeValue[], FieldType]>([
    ['two types', [{ S: 'a' }, { N: '1' }], { kind: 'json' }],
    ['null alone', [{ NULL: true }], { kind: 'json' }],
    ['sets', [{ SS: ['a'] }, { NULL: true }], strings],
    ['sets and lists', [{ SS: ['a'] }, { L: [{ S: 'b' }] }], strings],
    ['sets of several types', [{ SS: ['a'] }, { NS: ['1'] }], { kind: 'json' }],
    ['numbers', [{ NS: ['1', '1.5'] }], { kind: 'array', items: { kind: 'decimal', precision: 38, scale: 1 } }],
    ['null in a list', [{ L: [{ S: 'a' }, { NULL: true }] }], { kind: 'json' }],
    ['empty lists', [{ L: [] }], { kind: 'json' }],
    ['lists of lists', [{ L: [{ L: [{ S: 'a' }] }] }], { kind: 'json' }],
    ['empty maps', [{ M: {} }], { kind: 'json' }],
    ['a list and a map', [{ L: [] }, { M: {} }], { kind: 'json' }],
  ])('%s', (_, values, type) => {
    expect(typesOf(values)).toStrictEqual(type)
  })

  test('maps with the same names are structs, named by where they are', () => {
    const point = { lat: { N: '1' }, 'ship-to': { M: { city: { S: 'x' } } } }
    const type = typesOf([{ L: [{ M: point }, { M: { lat: { N: '2' } } }] }])
    const shipTo: Shape = {
      name: 'shop.orders.ValueVShipTo',
      fields: [{ name: 'city', type: { kind: 'string' }, isOptional: true }],
      rest: '_rest',
    }
    expect(type).toStrictEqual({
      kind: 'array',
      items: {
        kind: 'struct',
        shape: {
          name: 'shop.orders.ValueV',
          fields: [
            { name: 'lat', type: { kind: 'int64' }, isOptional: true },
            { name: 'ship-to', type: { kind: 'struct', shape: shipTo }, isOptional: true },
          ],
          rest: '_rest',
        },
      },
    })
  })

  test('maps with ever other names are maps', () => {
    const maps = (count: number, value: AttributeValue): readonly AttributeValue[] =>
      Array.from({ length: count }, (_, index) => ({ M: { [`u${index}`]: value } }))
    expect(typesOf(maps(5, { N: '1' }))).toStrictEqual({ kind: 'map', values: { kind: 'int64' } })
    expect(typesOf(maps(400, { N: '1' }))).toStrictEqual({ kind: 'map', values: { kind: 'int64' } })
    expect(typesOf([...maps(400, { N: '1' }), { M: { x: { S: 'a' } } }])).toStrictEqual({ kind: 'json' })
    expect(typesOf(maps(5, { L: [{ S: 'a' }] }))).toStrictEqual({ kind: 'json' })
    expect(typesOf(maps(5, { NULL: true }))).toStrictEqual({ kind: 'json' })
    expect(typesOf(maps(4, { N: '1' }))).toMatchObject({ kind: 'struct' })
  })

  test('two structs never share a name', () => {
    const shape = shapeOf([
      { 'a-b': { M: { x: { S: '1' } } }, a_b: { M: { y: { S: '1' } } }, 'a.b': { M: { z: { S: '1' } } } },
    ])
    const names = shape.fields.map(({ type }) => (type.kind === 'struct' ? type.shape.name : ''))
    expect(names.toSorted()).toStrictEqual(['shop.orders.ValueAB', 'shop.orders.ValueAB_2', 'shop.orders.ValueAB_3'])
  })

  test('below eight levels all is JSON', () => {
    const nested = (depth: number): AttributeValue => (depth === 0 ? { S: 'x' } : { M: { m: nested(depth - 1) } })
    const levels = (type: FieldType | undefined): number =>
      type?.kind === 'struct' ? 1 + levels(type.shape.fields[0]?.type) : 0
    expect(levels(typesOf([nested(20)]))).toBe(8)
  })
})

test('an item with very many attributes keeps the most frequent ones', () => {
  const wide: Item = Object.fromEntries(Array.from({ length: 600 }, (_, index) => [`a${index}`, { S: 'x' }]))
  const shape = shapeOf([wide, { zz: { S: 'x' }, a599: { S: 'x' } }, { zz: { S: 'x' } }])
  expect(shape.fields).toHaveLength(500)
  expect(shape.fields.map(({ name }) => name)).toEqual(expect.arrayContaining(['a599', 'zz']))
})

function shapeOf(items: readonly Item[]): Shape {
  return inferShape(observeItems(items), { name: 'shop.orders.Value', keys: [] })
}

function typesOf(values: readonly AttributeValue[]): FieldType | undefined {
  return shapeOf(values.map((v) => ({ v }))).fields[0]?.type
}
