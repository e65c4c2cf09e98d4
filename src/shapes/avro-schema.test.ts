import { describe, expect, test } from 'vitest'
import { avroSchema } from './avro-schema.ts'
import type { FieldType, Shape } from './shape.ts'

const none = { fields: 'none', schemas: 'none' } as const
const price: Shape = {
  name: 'shop.orders.Price',
  fields: [{ name: 'amount', type: { kind: 'decimal', precision: 12, scale: 2 }, isOptional: false, doc: 'gross' }],
  rest: undefined,
}

test('a record as readers know it', () => {
  const shape: Shape = {
    name: 'shop.my-orders.Value',
    fields: [
      { name: 'pk#1', type: { kind: 'string' }, isOptional: false },
      { name: 'price', type: { kind: 'struct', shape: price }, isOptional: true },
      { name: 'prices', type: { kind: 'map', values: { kind: 'struct', shape: price } }, isOptional: false },
      { name: 'tags', type: { kind: 'array', items: { kind: 'int64' } }, isOptional: true },
    ],
    rest: '_rest',
  }
  const json = { type: 'string', 'connect.version': 1, 'connect.name': 'io.debezium.data.Json' }
  expect(avroSchema(shape, { fields: 'avro', schemas: 'avro' })).toStrictEqual({
    type: 'record',
    name: 'Value',
    namespace: 'shop.my_orders',
    'tailrace.name': 'shop.my-orders.Value',
    fields: [
      { name: 'pk_1', type: 'string', 'tailrace.name': 'pk#1' },
      {
        name: 'price',
        type: [
          'null',
          {
            type: 'record',
            name: 'Price',
            namespace: 'shop.orders',
            fields: [
              {
                name: 'amount',
                type: { type: 'bytes', logicalType: 'decimal', precision: 12, scale: 2 },
                doc: 'gross',
              },
            ],
          },
        ],
        default: null,
      },
      { name: 'prices', type: { type: 'map', values: 'shop.orders.Price' } },
      { name: 'tags', type: ['null', { type: 'array', items: 'long' }], default: null },
      { name: '_rest', type: ['null', json], default: null, 'tailrace.rest': true },
    ],
  })
})

describe('names', () => {
  test('a name without dots does not fall into the namespace around it', () => {
    const schema = avroSchema(holding({ kind: 'struct', shape: { ...price, name: 'Price' } }), none)
    expect(JSON.stringify(schema)).toContain('"name":"Price","namespace":""')
  })

  test('two structs of one name that differ are refused', () => {
    const other: Shape = { ...price, fields: [{ name: 'amount', type: { kind: 'int64' }, isOptional: false }] }
    const shape = holding({ kind: 'struct', shape: price }, { kind: 'struct', shape: other })
    expect(() => avroSchema(shape, none)).toThrow('two structs are named shop.orders.Price; they differ')
  })

  test('two names that become one are refused', () => {
    const dashed: Shape = { ...price, name: 'shop.my-orders.Price' }
    const dotted: Shape = { ...price, name: 'shop.my_orders.Price' }
    const shape = holding({ kind: 'struct', shape: dashed }, { kind: 'struct', shape: dotted })
    expect(() => avroSchema(shape, { fields: 'avro', schemas: 'avro' })).toThrow(
      'shop.my-orders.Price and shop.my_orders.Price differ, and would both be written as shop.my_orders.Price',
    )
  })

  test('nobody else may be named tailrace.AttributeValue', () => {
    const own: FieldType = { kind: 'struct', shape: { ...price, name: 'tailrace.AttributeValue' } }
    expect(() => avroSchema(holding({ kind: 'typed' }, own), none)).toThrow(
      'two structs are named tailrace.AttributeValue; they differ',
    )
  })
})

function holding(...types: readonly FieldType[]): Shape {
  const fields = types.map((type, index) => ({ name: `f${index}`, type, isOptional: false }))
  return { name: 'shop.orders.Value', fields, rest: undefined }
}
