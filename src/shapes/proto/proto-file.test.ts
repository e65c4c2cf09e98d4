import { describe, expect, test } from 'vitest'
import { protoFile } from './proto-file.ts'
import type { FieldShape, FieldType, Shape } from '../shape.ts'

const avro = { fields: 'avro', schemas: 'avro' } as const
const address: Shape = {
  name: 'shop.my-orders.Address',
  fields: [{ name: 'city', type: { kind: 'string' }, isOptional: true }],
  rest: undefined,
}

test('a file as readers know it', () => {
  const shape: Shape = {
    name: 'shop.my-orders.Envelope',
    fields: [
      { name: 'pk#1', type: { kind: 'string' }, isOptional: false, doc: 'The customer\nand the order' },
      { name: 'total', type: { kind: 'decimal', precision: 12, scale: 2 }, isOptional: true },
      { name: 'lines', type: { kind: 'array', items: { kind: 'struct', shape: address } }, isOptional: false },
      { name: 'names', type: { kind: 'map', values: { kind: 'typed' } }, isOptional: true },
      { name: 'ship_to', type: { kind: 'struct', shape: address }, isOptional: true },
    ],
    rest: '_rest',
  }
  expect(protoFile(shape, avro)).toBe(`syntax = "proto3";

package shop.my_orders;

message Envelope { // tailrace: name "shop.my-orders.Envelope"
  message Address { // tailrace: name "shop.my-orders.Address"
    optional string city = 1;
  }

  message AttributeValue { // tailrace: name "tailrace.AttributeValue"
    message Map {
      map<string, AttributeValue> entries = 1;
    }

    message List {
      repeated AttributeValue values = 1;
    }

    message Strings {
      repeated string values = 1;
    }

    message Binaries {
      repeated bytes values = 1;
    }

    oneof value {
      string S = 1;
      string N = 2;
      bytes B = 3;
      bool BOOL = 4;
      bool NULL = 5;
      Map M = 6;
      List L = 7;
      Strings SS = 8;
      Strings NS = 9;
      Binaries BS = 10;
    }
  }

  // The customer
  // and the order
  string pk_1 = 1 [json_name = "pk#1"];
  optional string total = 2; // tailrace: decimal(12, 2)
  repeated Address lines = 3; // tailrace: required
  map<string, AttributeValue> names = 4;
  optional Address ship_to = 5;
  optional string _rest = 2047; // tailrace: rest
}
`)
})

describe('names', () => {
  test('fields that compilers take for one', () => {
    const text = protoFile(holding(field('user_id'), field('userId'), field('PK'), field('pk')), avro)
    expect(text).toContain('optional string user_id = 1 [json_name = "user_id"];')
    expect(text).toContain('optional string userId_2 = 2 [json_name = "userId"];')
    expect(text).toContain('optional string pk_4 = 4 [json_name = "pk"];')
  })

  test('a message steps aside for a field, and for another message', () => {
    const other: Shape = { ...address, name: 'shop.other.Address', fields: [] }
    const struct = (shape: Shape): FieldType => ({ kind: 'struct', shape })
    const text = protoFile(
      holding(
        field('Address', struct(address)),
        field('a', struct(other)),
        field('b', struct({ ...other, name: 'x.Own' })),
      ),
      avro,
    )
    expect(text).toContain('message shop_my_orders_Address { // tailrace: name "shop.my-orders.Address"')
    expect(text).toContain('optional shop_other_Address a = 2;')
    expect(text).toContain('message Own { // tailrace: name "x.Own"')
  })

  test.each(['[a]', 'a\0'])('a name that may not even be a name in JSON: %j', (name) => {
    expect(() => protoFile(holding(field(name)), avro)).toThrow('Protobuf does not allow the name')
  })

  test('what would end a literal or a comment is escaped', () => {
    const shape = { ...holding(field('"\\\n')), name: 'a.b\n}' }
    expect(protoFile(shape, avro)).toContain(
      'message b__ { // tailrace: name "a.b\\n}"\n  optional string ___ = 1 [json_name = "\\"\\\\\\012"];',
    )
  })
})

test('what is added to declared fields has numbers that stay when more are declared', () => {
  const fields = [{ ...field('a'), number: 4 }, field('__op'), field('__table')]
  const text = protoFile({ ...holding(...fields), rest: '_rest' }, avro)
  for (const line of ['string a = 4;', 'string __op = 2046;', 'string __table = 2045;', '_rest = 2047;'])
    expect(text).toContain(line)
  const more = [{ ...field('a'), number: 4 }, { ...field('b'), number: 5 }, field('__op')]
  expect(protoFile(holding(...more), avro)).toContain('string __op = 2046;')
})

describe('what Protobuf lacks is refused', () => {
  test('lists in lists', () => {
    const type: FieldType = { kind: 'array', items: { kind: 'array', items: { kind: 'string' } } }
    expect(() => protoFile(holding(field('a', type)), avro)).toThrow(
      'shop.orders.Value.a: Protobuf has no lists or maps',
    )
  })

  test.each([
    ['the number 3 is there twice', [3, 3]],
    ['the number 0 is there twice, or Protobuf does not allow it', [0, 1]],
    ['the number 19500', [19_500, 1]],
    ['the number 2047', [2047, 1]],
  ])('%s', (message, numbers) => {
    const fields = numbers.map((number, index) => ({ ...field(`f${index}`), number }))
    expect(() => protoFile({ ...holding(...fields), rest: '_rest' }, avro)).toThrow(message)
  })
})

function field(name: string, type: FieldType = { kind: 'string' }): FieldShape {
  return { name, type, isOptional: true }
}

function holding(...fields: readonly FieldShape[]): Shape {
  return { name: 'shop.orders.Value', fields, rest: undefined }
}
