import { describe, expect, test } from 'vitest'
import { readAvroSchema } from './read-avro-schema.ts'

test('what people write by hand', () => {
  const schema = {
    type: 'record',
    name: 'Order',
    namespace: 'shop',
    fields: [
      { name: 'id', type: { type: 'string', 'avro.java.string': 'String' } },
      { name: 'total', type: { type: 'bytes', logicalType: 'decimal', precision: 12, scale: 2 } },
      {
        name: 'address',
        type: ['null', { type: 'record', name: 'Address', fields: [{ name: 'city', type: 'string' }] }],
      },
      { name: 'billing', type: ['null', 'Address'], default: null, doc: 'If it is another' },
      { name: 'lines', type: { type: 'array', items: 'shop.Address' } },
      { name: 'more', type: ['null', 'string'], default: null, 'tailrace.rest': true },
    ],
  }
  const address = {
    kind: 'struct',
    shape: {
      name: 'shop.Address',
      fields: [{ name: 'city', type: { kind: 'string' }, isOptional: false }],
      rest: undefined,
    },
  }
  expect(readAvroSchema(schema)).toStrictEqual({
    name: 'shop.Order',
    fields: [
      { name: 'id', type: { kind: 'string' }, isOptional: false },
      { name: 'total', type: { kind: 'decimal', precision: 12, scale: 2 }, isOptional: false },
      { name: 'address', type: address, isOptional: true },
      { name: 'billing', type: address, isOptional: true, doc: 'If it is another' },
      { name: 'lines', type: { kind: 'array', items: address }, isOptional: false },
    ],
    rest: 'more',
  })
})

describe('what a shape cannot hold is refused with its place', () => {
  test.each([
    ['/f: a union must be ["null", and one other type]', ['string', 'null']],
    ['/f: a union must be ["null", and one other type]', ['null', 'string', 'int']],
    ['/f: a union is allowed only for an optional field', ['null', ['null', 'string']]],
    ['/f[]: a union is allowed only for an optional field', { type: 'array', items: ['null', 'string'] }],
    ['/f: the type "enum"', { type: 'enum', name: 'E', symbols: ['A'] }],
    ['/f{}: the type "fixed"', { type: 'map', values: { type: 'fixed', name: 'F', size: 2 } }],
    ['/f: there is no type "Address"', 'Address'],
    ['/f: Order contains itself', ['null', 'Order']],
    ['/f: the logical type "timestamp-millis" of "long"', { type: 'long', logicalType: 'timestamp-millis' }],
    ['/f: a decimal needs', { type: 'bytes', logicalType: 'decimal', precision: 2, scale: 3 }],
    ['/f: Order is defined twice', { type: 'record', name: 'Order', fields: [] }],
    ['/f: tailrace has no use for "aliases"', { type: 'record', name: 'A', aliases: ['B'], fields: [] }],
    ['/f/0: a field must be an object', { type: 'record', name: 'A', fields: ['x'] }],
    ['/f: a type must be a name or an object', 7],
    ['/f: tailrace.AttributeValue differs', { type: 'record', name: 'tailrace.AttributeValue', fields: [] }],
  ])('%s', (message, type) => {
    expect(() => readAvroSchema(holding({ name: 'f', type }))).toThrow(message)
  })

  test.each([
    ['/f: tailrace writes no default', [{ name: 'f', type: 'string', default: 'x' }]],
    ['/f: tailrace has no use for "order"', [{ name: 'f', type: 'string', order: 'ignore' }]],
    [
      '/f: the name is there twice',
      [
        { name: 'f', type: 'string' },
        { name: 'f', type: 'int' },
      ],
    ],
    ['/f: the field that takes the rest must be', [{ name: 'f', type: 'string', 'tailrace.rest': true }]],
    ['/0: name must be a string', [{ type: 'string' }]],
  ])('%s', (message, fields) => {
    expect(() => readAvroSchema(holding(...fields))).toThrow(message)
  })

  test.each([['string'], [{ type: 'array', items: 'string' }]])(
    'the schema of a table must be a record: %j',
    (schema) => {
      expect(() => readAvroSchema(schema)).toThrow('the schema of a table must be a record')
    },
  )
})

function holding(...fields: readonly unknown[]): unknown {
  return { type: 'record', name: 'Order', fields }
}
