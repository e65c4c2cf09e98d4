import { expect, it } from 'vitest'
import { parseProto } from '../../shapes/proto/proto-parser.ts'
import { messageRank } from './message-rank.ts'

it.each([
  ['alone', 'message Order { string id = 1; }', 0],
  [
    'with others inside',
    'message Order { message Address { string a = 1; } Address b = 1; map<string, Address> c = 2; }',
    0,
  ],
  ['in front of another', 'message A { string id = 1; } message B { string id = 1; }', 0],
  ['behind another', 'message B { string id = 1; } message A { string id = 1; }', 1],
  [
    'behind another with one inside',
    'message B { string id = 1; } message A { message Z { string id = 1; } Z z = 1; }',
    2,
  ],
  ['behind the entries of a map', 'message B { string id = 1; } message A { map<string, string> line_items = 1; }', 2],
  ['behind a name that begins alike', 'message AB { string id = 1; } message A { string id = 1; }', 1],
  ['capitals come first', 'message a { string id = 1; } message B { string id = 1; }', 1],
])('the first message of a file %s', (_, messages, rank) => {
  expect(messageRank(parseProto(`syntax = "proto3"; package shop; ${messages}`))).toBe(rank)
})
