import protobuf from 'protobufjs'
import { describe, expect, test } from 'vitest'
import type { Document } from '../../change/document.ts'
import type { FieldShape, FieldType, Shape } from '../../shapes/shape.ts'
import type { RecordEncoder } from '../record-encoder.ts'
import { createProtobufFormat } from './protobuf-format.ts'

const format = createProtobufFormat({
  names: { fields: 'avro', schemas: 'avro' },
  fit: { evolution: 'strict', roundsNumbers: false, json: 'plain', numbers: 'exact' },
})
const field = (name: string, type: FieldType, isOptional: boolean): FieldShape => ({ name, type, isOptional })
const shapeOf = (...fields: readonly FieldShape[]): Shape => ({ name: 'shop.orders.Value', fields, rest: undefined })
const text: FieldType = { kind: 'string' }

function decoded(encoder: RecordEncoder, document: Document): unknown {
  const type = protobuf.parse(encoder.schema.text, { keepCase: true }).root.lookupType('shop.orders.Value')
  return type.toObject(type.decode(encoder.encode(document)), { longs: String, bytes: String })
}

describe('what another implementation reads', () => {
  test('every kind of value', () => {
    const struct: FieldType = {
      kind: 'struct',
      shape: { ...shapeOf(field('a', text, true)), name: 'shop.orders.Inner' },
    }
    const shape: Shape = {
      ...shapeOf(
        field('pk#1', text, false),
        field('big', { kind: 'int64' }, true),
        field('small', { kind: 'int32' }, true),
        field('half', { kind: 'double' }, true),
        field('price', { kind: 'decimal', precision: 12, scale: 2 }, true),
        field('raw', { kind: 'bytes' }, true),
        field('yes', { kind: 'boolean' }, true),
        field('any', { kind: 'json' }, true),
        field('inner', struct, true),
        field('list', { kind: 'array', items: struct }, true),
        field('numbers', { kind: 'array', items: { kind: 'int64' } }, true),
        field('map', { kind: 'map', values: { kind: 'int32' } }, true),
      ),
      rest: '_rest',
    }
    const document: Document = {
      'pk#1': { S: 'a' },
      big: { N: '-9223372036854775808' },
      small: { N: '-1' },
      half: { N: '0.5' },
      price: { N: '-0.5' },
      raw: { B: 'AP8=' },
      yes: { BOOL: false },
      any: { L: [{ N: '1' }] },
      inner: { M: { a: { S: 'x' } } },
      list: { L: [{ M: {} }, { M: { a: { S: 'y' } } }] },
      numbers: { NS: ['3', '-2'] },
      map: { M: { k: { N: '0' } } },
      other: { S: 'z' },
    }
    expect(decoded(format.encoder(shape, 'value'), document)).toEqual({
      pk_1: 'a',
      big: '-9223372036854775808',
      small: -1,
      half: 0.5,
      price: '-0.50',
      raw: 'AP8=',
      yes: false,
      any: '[1]',
      inner: { a: 'x' },
      list: [{}, { a: 'y' }],
      numbers: ['-2', '3'],
      map: { k: 0 },
      _rest: '{"other":"z"}',
    })
  })

  test('null, zero where it is not null, and zero where null cannot be', () => {
    const encoder = format.encoder(
      shapeOf(field('a', { kind: 'int64' }, true), field('b', { kind: 'int64' }, false)),
      'value',
    )
    expect(encoder.encode({ a: { NULL: true }, b: { N: '0' } })).toHaveLength(0)
    expect(encoder.encode({ a: { N: '0' }, b: { N: '0' } })).toEqual(Buffer.of(8, 0))
    expect(() => encoder.encode({ b: { N: '1.5' } })).toThrow(expect.objectContaining({ code: 'SCHEMA_MISMATCH' }))
  })
})

describe('keys', () => {
  const shape = shapeOf(field('pk', text, false), field('sk', { kind: 'bytes' }, false))
  const encoder = format.encoder(shape, 'key')

  test('are read back', () => {
    expect(encoder.idSuffix).toEqual(Buffer.of(0))
    expect(encoder.schemaName).toBe('shop.orders.Value')
    expect(encoder.decodeKey(encoder.encode({ pk: { S: 'a' }, sk: { B: 'AQ==' } }))).toEqual(['a', Buffer.of(1)])
    expect(encoder.decodeKey(Buffer.of(10, 1, 97))).toEqual(['a', Buffer.of()])
  })

  test.each([
    ['a field of another number', Buffer.of(26, 1, 97)],
    ['half a field', Buffer.of(10, 5, 97)],
    ['another type', Buffer.of(8, 1)],
    ['another order', Buffer.of(18, 1, 1, 10, 1, 97)],
    ['a field twice', Buffer.of(10, 1, 97, 10, 1, 98)],
    ['no Protobuf', Buffer.from('{"pk":"a"}')],
  ])('of others are not: %s', (_, bytes) => {
    expect(encoder.decodeKey(bytes)).toBeUndefined()
  })
})

describe('by the text of the registry', () => {
  const inner: FieldType = { kind: 'struct', shape: { ...shapeOf(field('a', text, true)), name: 'shop.orders.Inner' } }
  const encoder = format.encoder(shapeOf(field('id', text, false), field('inner', inner, true)), 'value')
  const writingBy = (members: string): RecordEncoder =>
    encoder.writingBy({
      type: 'PROTOBUF',
      text: `syntax = "proto3"; package shop.orders; message Value { ${members} } message Inner { optional string a = 3; }`,
    })

  test('other numbers, another place of a message, and fields that are only there', () => {
    const other = writingBy('optional int32 more = 1; optional string id = 7; optional .shop.orders.Inner inner = 4;')
    expect(decoded(other, { id: { S: 'x' }, inner: { M: { a: { S: 'y' } } } })).toEqual({ id: 'x', inner: { a: 'y' } })
  })

  test.each([
    ['there is no such field', 'string id = 1;'],
    ['it is bytes, and not string', 'bytes id = 1; optional Inner inner = 2;'],
    ['it is repeated, and not implicit', 'repeated string id = 1; optional Inner inner = 2;'],
    ['it is implicit, and not optional', 'string id = 1; Inner inner = 2;'],
    ['there is no message Other', 'string id = 1; optional Other inner = 2;'],
    ['is not one that tailrace writes by', 'string id ='],
  ])('that has no place for a field: %s', (reason, members) => {
    expect(() => writingBy(members)).toThrow(
      expect.objectContaining({ code: 'SCHEMA_INCOMPATIBLE', message: expect.stringContaining(reason) }),
    )
  })
})
