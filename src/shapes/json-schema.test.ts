import { expect, test } from 'vitest'
import { jsonSchema } from './json-schema.ts'

test('a schema as Connect and other readers know it', () => {
  const schema = jsonSchema({
    name: 'shop.orders.Value',
    fields: [
      { name: 'pk', type: { kind: 'string' }, isOptional: false, doc: 'The order' },
      { name: 'total', type: { kind: 'decimal', precision: 12, scale: 2 }, isOptional: true },
      { name: 'any', type: { kind: 'typed' }, isOptional: false },
      { name: 'names', type: { kind: 'map', values: { kind: 'bytes' } }, isOptional: false },
    ],
    rest: '_rest',
  })
  expect(schema).toMatchObject({
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'shop.orders.Value',
    type: 'object',
    required: ['pk', 'any', 'names'],
    additionalProperties: false,
  })
  expect(schema['properties']).toStrictEqual({
    pk: { type: 'string', 'connect.index': 0, description: 'The order' },
    total: {
      'connect.index': 1,
      oneOf: [
        { type: 'null' },
        {
          type: 'number',
          title: 'org.apache.kafka.connect.data.Decimal',
          'connect.type': 'bytes',
          'connect.version': 1,
          'connect.parameters': { scale: '2', 'connect.decimal.precision': '12' },
        },
      ],
    },
    any: { 'connect.index': 2, allOf: [{ $ref: '#/definitions/tailrace.AttributeValue' }] },
    names: {
      type: 'object',
      additionalProperties: { type: 'string', contentEncoding: 'base64', 'connect.type': 'bytes' },
      'connect.type': 'map',
      'connect.index': 3,
    },
    _rest: {
      'connect.index': 4,
      'tailrace.rest': true,
      oneOf: [{ type: 'null' }, { type: 'string', title: 'io.debezium.data.Json', 'connect.version': 1 }],
    },
  })
})
