import { describe, expect, it } from 'vitest'
import { haveSameEncoding } from './same-encoding.ts'
import type { SchemaText, SchemaType } from './schema-registry.ts'

const text = (type: SchemaType, schema: unknown): SchemaText => ({
  type,
  text: typeof schema === 'string' ? schema : JSON.stringify(schema),
})
const avro = (...fields: readonly object[]): object => ({ type: 'record', name: 'shop.Order', fields })
const id = { name: 'id', type: 'string' }
const price = { name: 'price', type: { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 } }

describe('haveSameEncoding', () => {
  it.each<[string, SchemaType, unknown, unknown]>([
    [
      'documentation, aliases, defaults',
      'AVRO',
      avro(id),
      { ...avro({ ...id, doc: 'x', default: '', aliases: ['i'] }), doc: 'y', aliases: ['O'] },
    ],
    ['a namespace of its own', 'AVRO', avro(id), { type: 'record', namespace: 'shop', name: 'Order', fields: [id] }],
    ['the long form of a type', 'AVRO', avro(id), avro({ name: 'id', type: { type: 'string', 'connect.name': 'x' } })],
    [
      'a named type by its short name',
      'AVRO',
      avro({ name: 'a', type: { type: 'enum', name: 'Kind', symbols: ['A'] } }, { name: 'b', type: 'Kind' }),
      avro({ name: 'a', type: { type: 'enum', name: 'shop.Kind', symbols: ['A'] } }, { name: 'b', type: 'shop.Kind' }),
    ],
    [
      'titles and order',
      'JSON',
      { type: 'object', properties: { id: { type: 'string' }, n: { type: 'number' } }, required: ['id', 'n'] },
      {
        title: 'R',
        required: ['n', 'id'],
        properties: { n: { description: 'x', type: 'number' }, id: { type: 'string' } },
        type: 'object',
      },
    ],
    [
      'comments and spaces',
      'PROTOBUF',
      'syntax = "proto3"; message R { string id = 1; }',
      'syntax="proto3";\n// a comment; with "quotes\nmessage R {\n  string id = 1; /* another */\n}\n',
    ],
  ])('does not mind %s', (_, type, left, right) => {
    expect(haveSameEncoding(text(type, left), text(type, right))).toBe(true)
  })

  it.each<[string, SchemaType, unknown, unknown]>([
    ['another order of fields', 'AVRO', avro(id, price), avro(price, id)],
    [
      'a further field, even with a default',
      'AVRO',
      avro(id),
      avro(id, { name: 'n', type: ['null', 'int'], default: null }),
    ],
    ['another type', 'AVRO', avro(id), avro({ ...id, type: 'bytes' })],
    [
      'another order of a union',
      'AVRO',
      avro({ ...id, type: ['null', 'string'] }),
      avro({ ...id, type: ['string', 'null'] }),
    ],
    ['another scale', 'AVRO', avro(price), avro({ ...price, type: { ...price.type, scale: 4 } })],
    ['another name', 'AVRO', avro(id), { ...avro(id), name: 'shop.Basket' }],
    [
      'another namespace of a type within',
      'AVRO',
      avro({ name: 'a', type: { type: 'fixed', name: 'F', size: 4 } }),
      avro({ name: 'a', type: { type: 'fixed', name: 'other.F', size: 4 } }),
    ],
    ['other items', 'AVRO', { type: 'array', items: 'int' }, { type: 'array', items: 'long' }],
    ['other values', 'AVRO', { type: 'map', values: 'int' }, { type: 'map', values: ['null', 'int'] }],
    [
      'a property that is named like an annotation',
      'JSON',
      { properties: { title: { type: 'string' } } },
      { properties: { title: { type: 'number' } } },
    ],
    ['another constant with such a name', 'JSON', { const: { title: 1 } }, { const: { title: 2 } }],
    ['a closed object', 'JSON', { type: 'object' }, { type: 'object', additionalProperties: false }],
    ['names that it cannot read surely', 'JSON', '{"a\\"b":1}', '{ "a\\"b":1}'],
    ['another number of a field', 'PROTOBUF', 'message R { string id = 1; }', 'message R { string id = 2; }'],
    ['what only looks like a comment', 'PROTOBUF', 'option a = "//x";', 'option a = "//y";'],
    ['another kind of schema', 'JSON', '{"type":"string"}', { not: {} }],
    ['what is no schema', 'AVRO', 'nonsense', 'nonsense '],
  ])('minds %s', (_, type, left, right) => {
    expect(haveSameEncoding(text(type, left), text(type, right))).toBe(false)
    expect(haveSameEncoding(text(type, left), text(type, left))).toBe(true)
  })

  it('minds kinds and references', () => {
    const plain = text('JSON', '{}')
    const references = [{ name: 'a', subject: 's', version: 1 }]
    expect(haveSameEncoding(plain, { ...plain, type: 'AVRO' })).toBe(false)
    expect(haveSameEncoding(plain, { ...plain, references })).toBe(false)
    expect(haveSameEncoding({ ...plain, references: [] }, plain)).toBe(true)
    expect(
      haveSameEncoding({ ...plain, references }, { ...plain, references: [{ ...references[0], version: 2 } as never] }),
    ).toBe(false)
  })
})
