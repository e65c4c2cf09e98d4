import { describe, expect, test } from 'vitest'
import { readJsonSchema } from './read-json-schema.ts'

test('what people write by hand', () => {
  const schema = {
    $id: 'https://example.com/order.json',
    title: 'Order',
    type: 'object',
    properties: {
      id: { type: 'string', format: 'uuid', description: 'The order' },
      total: { type: 'number' },
      count: { type: ['integer', 'null'] },
      note: { anyOf: [{ type: 'string' }, { type: 'null' }] },
      'ship-to': { $ref: '#/$defs/Address' },
      geo: { type: 'object', properties: { lat: { type: 'number', 'connect.type': 'float32' } } },
    },
    required: ['id', 'total', 'count'],
    $defs: { Address: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } },
  }
  const address = {
    kind: 'struct',
    shape: {
      name: 'Address',
      fields: [{ name: 'city', type: { kind: 'string' }, isOptional: false }],
      rest: undefined,
    },
  }
  const geo = {
    name: 'OrderGeo',
    fields: [{ name: 'lat', type: { kind: 'float' }, isOptional: true }],
    rest: undefined,
  }
  expect(readJsonSchema(schema)).toStrictEqual({
    name: 'Order',
    fields: [
      { name: 'id', type: { kind: 'string' }, isOptional: false, doc: 'The order' },
      { name: 'total', type: { kind: 'double' }, isOptional: false },
      { name: 'count', type: { kind: 'int64' }, isOptional: true },
      { name: 'note', type: { kind: 'string' }, isOptional: true },
      { name: 'ship-to', type: address, isOptional: true },
      { name: 'geo', type: { kind: 'struct', shape: geo }, isOptional: true },
    ],
    rest: undefined,
  })
})

test('connect.index decides the order, which numbers as names would change', () => {
  const properties = { 2: { type: 'string', 'connect.index': 1 }, b: { type: 'string', 'connect.index': 0 } }
  expect(readJsonSchema({ title: 'T', type: 'object', properties }).fields.map(({ name }) => name)).toStrictEqual([
    'b',
    '2',
  ])
})

describe('what a shape cannot hold is refused with its place', () => {
  test.each([
    ['/f: tailrace has no use for "enum"', { enum: ['a'] }],
    ['/f: tailrace has no use for "minimum"', { type: 'integer', minimum: 0 }],
    ['/f: tailrace has no use for "default"', { oneOf: [{ type: 'null' }, { type: 'string' }], default: null }],
    ['/f: tailrace has no use for "oneOf"', { oneOf: [{ type: 'string' }, { type: 'integer' }] }],
    ['/f[]: the type undefined', { type: 'array', items: {} }],
    ['/f: the type ["string","integer"]', { type: ['string', 'integer'] }],
    ['/f[]: the type ["string","null"]', { type: 'array', items: { type: ['string', 'null'] } }],
    ['/f: an object needs properties', { type: 'object' }],
    [
      '/f: properties and a schema of additional',
      { type: 'object', properties: {}, additionalProperties: { type: 'string' } },
    ],
    ['/f/g: a schema must be an object', { type: 'object', properties: { g: true } }],
    ['/f: the reference "#/definitions/x" leads nowhere', { $ref: '#/definitions/x' }],
    ['/f: the reference "other.json" leads nowhere', { $ref: 'other.json' }],
    ['/f/g: Loop contains itself', { $ref: '#/definitions/Loop' }],
    ['/f: the connect.type "int8"', { type: 'integer', 'connect.type': 'int8' }],
    ['/f: a decimal needs', { type: 'number', title: 'org.apache.kafka.connect.data.Decimal' }],
    ['/f: the field that takes the rest', { type: 'integer', 'tailrace.rest': true }],
    ['/f: required names "h", which is no property', { type: 'object', properties: {}, required: ['h'] }],
    ['connect.index must be', { type: 'string', 'connect.index': 0 }],
  ])('%s', (message, field) => {
    const definitions = { Loop: { type: 'object', properties: { g: { $ref: '#/definitions/Loop' } } } }
    const properties = { f: field, g: { type: 'string' } }
    expect(() => readJsonSchema({ title: 'T', type: 'object', properties, definitions })).toThrow(message)
  })

  test('a record without a name', () => {
    expect(() => readJsonSchema({ type: 'object', properties: {} })).toThrow('give the record a name, as its title')
  })

  test.each([['x'], [[]], [{ type: 'string' }]])('the schema of a table must be an object: %j', (schema) => {
    expect(() => readJsonSchema(schema)).toThrow('the schema of a table must be')
  })
})
