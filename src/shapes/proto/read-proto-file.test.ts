import { describe, expect, test } from 'vitest'
import { readProtoFile } from './read-proto-file.ts'

test('what people write by hand', () => {
  const text = `
    // Orders of the shop.
    syntax = "proto3";
    package shop;
    option java_package = "com.example.shop";

    /* block comments
       are passed over */
    message Order {
      option deprecated = true;
      reserved 4, 10 to 20, 4000 to max;
      reserved "old";

      // The order.
      string id = 1;
      optional int64 count = 2; /* here too */ // pieces
      optional Address ship_to = 3 [json_name = 'ship-to'];

      // Not of the field below.

      repeated .shop.Address others = 5;
      map<string, shop.Address.Geo> places = 6;
      repeated string tags = 0x7; // tailrace: required
      string more = 8; // tailrace: json
      optional string rest = 2047; // tailrace: rest
    }
    message Address {
      message Geo { double lat = 1; }
      optional Geo geo = 1;
      string message = 2;
    }`
  const geo = {
    name: 'shop.Address.Geo',
    fields: [{ name: 'lat', type: { kind: 'double' }, isOptional: false, number: 1 }],
    rest: undefined,
  }
  const address = {
    kind: 'struct',
    shape: {
      name: 'shop.Address',
      fields: [
        { name: 'geo', type: { kind: 'struct', shape: geo }, isOptional: true, number: 1 },
        { name: 'message', type: { kind: 'string' }, isOptional: false, number: 2 },
      ],
      rest: undefined,
    },
  }
  expect(readProtoFile(text)).toStrictEqual({
    name: 'shop.Order',
    fields: [
      { name: 'id', type: { kind: 'string' }, isOptional: false, number: 1, doc: 'The order.' },
      { name: 'count', type: { kind: 'int64' }, isOptional: true, number: 2 },
      { name: 'ship-to', type: address, isOptional: true, number: 3 },
      { name: 'others', type: { kind: 'array', items: address }, isOptional: true, number: 5 },
      { name: 'places', type: { kind: 'map', values: { kind: 'struct', shape: geo } }, isOptional: true, number: 6 },
      { name: 'tags', type: { kind: 'array', items: { kind: 'string' } }, isOptional: false, number: 7 },
      { name: 'more', type: { kind: 'json' }, isOptional: false, number: 8 },
    ],
    rest: 'rest',
  })
})

describe('what a shape cannot hold is refused with its place', () => {
  test.each([
    ['line 4: enum is not read', 'enum E { A = 0; }'],
    ['A.x: oneof is not read', 'oneof o { string x = 1; }'],
    ['line 4: of the options only json_name is read', 'repeated int32 x = 1 [packed = false];'],
    ['line 4: required is not of proto3', 'required string x = 1;'],
    ['line 4: the keys of a map must be strings', 'map<int32, string> x = 1;'],
    ['line 4: a number is expected, not x', 'string x = x;'],
    ['line 5: ; is expected, not }', 'string x = 1'],
    ['line 4: "$" is not expected', 'string $x = 1;'],
    ['line 4: the escape \\377 is not read', 'string x = 1 [json_name = "\\377"];'],
    ['A.x: there is no message google.protobuf.Timestamp', 'google.protobuf.Timestamp x = 1;'],
    ['A.x: uint64 is none of ours', 'uint64 x = 1;'],
    ['A: the message contains itself', 'optional A x = 1;'],
    ['A: the name "x" is there twice', 'string x = 1; string y = 2 [json_name = "x"];'],
    ['line 3: the number or name of y is there twice', 'string x = 1; string y = 1;'],
    ['line 3: the number or name of x is reserved', 'reserved 3 to 5; string x = 4;'],
    ['line 3: Protobuf does not allow the number of x', 'string x = 19000;'],
    ['A.x: the mark "decimal(2, 1)" is none of this field', 'int32 x = 1; // tailrace: decimal(2, 1)'],
    ['A.x: the mark "colour" is none of this field', 'string x = 1; // tailrace: colour'],
    ['A.x: a decimal needs', 'string x = 1; // tailrace: decimal(2, 3)'],
    [
      'A.x: the field that takes the rest must be: optional string x = 2047;',
      'optional string x = 9; // tailrace: rest',
    ],
    ['A.x: only a list or map is marked as required', 'string x = 1; // tailrace: required'],
    ['A.x: tailrace.AttributeValue differs', 'B x = 1;\nmessage B { // tailrace: name "tailrace.AttributeValue"\n}'],
    ['line 5: the mark "colour" is none of a message', 'B x = 1;\nmessage B { // tailrace: colour\n}'],
  ])('%s', (message, members) => {
    expect(() => readProtoFile(`syntax = "proto3";\n\nmessage A {\n${members}\n}`)).toThrow(message)
  })

  test.each([
    ['line 1: the file must begin with syntax', 'message A {}'],
    ['line 1: the file must begin with syntax', 'syntax = "proto2"; message A {}'],
    ['line 2: import is not read here', 'syntax = "proto3";\nimport "google/protobuf/timestamp.proto";'],
    ['line 1: service is not read here', 'syntax = "proto3"; service S {}'],
    ['the file has no message', 'syntax = "proto3";'],
    ['line 1: a name is expected, not the end', 'syntax = "proto3"; message A {'],
    ['line 1: an option is not ended', 'syntax = "proto3"; option a = {'],
  ])('%s', (message, text) => {
    expect(() => readProtoFile(text)).toThrow(message)
  })
})
