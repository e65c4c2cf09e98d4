import { describe, expect, it } from 'vitest'
import { readAvro } from '../../../test/oracle/read-avro.ts'
import type { Item } from '../../change/attribute-value.ts'
import { TailraceError } from '../../errors.ts'
import type { FieldShape, FieldType, Shape } from '../../shapes/shape.ts'
import type { FitOptions } from '../fit/fit-document.ts'
import type { RecordEncoder } from '../record-encoder.ts'
import { createAvroFormat } from './avro-format.ts'

const fit: FitOptions = { json: 'plain', numbers: 'exact', evolution: 'strict', roundsNumbers: false }
const format = createAvroFormat({ names: { fields: 'avro', schemas: 'avro' }, fit })

function shapeOf(types: Readonly<Record<string, FieldType>>, isOptional = true): Shape {
  const fields = Object.entries(types).map(([name, type]): FieldShape => ({ name, type, isOptional }))
  return { name: 'shop.orders.Value', fields, rest: undefined }
}

function written(encoder: RecordEncoder, item: Item): unknown {
  return readAvro(encoder.schema.text, encoder.encode(item))
}

function codeOf(run: () => unknown): string {
  try {
    run()
    return 'none'
  } catch (error) {
    return error instanceof TailraceError ? error.code : 'another error'
  }
}

describe('by its own schema', () => {
  it('a record is these bytes', () => {
    const encoder = format.encoder(shapeOf({ id: { kind: 'string' }, total: { kind: 'int64' } }, false), 'value')
    expect(encoder.encode({ id: { S: 'é' }, total: { N: '-65' } })).toEqual(Buffer.of(4, 0xc3, 0xa9, 0x81, 0x01))
    expect(encoder.schemaName).toBe('shop.orders.Value')
    expect(encoder.idSuffix).toHaveLength(0)
  })

  it('names that Avro does not know are adjusted, and those that objects inherit are fields like others', () => {
    const encoder = format.encoder(shapeOf({ 'a.b': { kind: 'string' }, '1st': { kind: 'string' } }), 'value')
    expect(written(encoder, { 'a.b': { S: 'x' }, '1st': { S: 'y' } })).toEqual({ a_b: 'x', _1st: 'y' })
    const hostile = Object.fromEntries([['__proto__', { kind: 'string' } as FieldType]])
    const plain = format.encoder(shapeOf({ other: { kind: 'string' } }), 'value')
    const own = Object.fromEntries([['__proto__', { S: 'x' }]]) as Item
    expect(format.encoder(shapeOf(hostile), 'value').encode(own)).toEqual(plain.encode({ other: { S: 'x' } }))
    expect(format.encoder(shapeOf(hostile), 'value').encode({})).toEqual(plain.encode({}))
  })

  it('two encodings do not share memory', () => {
    const encoder = format.encoder(shapeOf({ id: { kind: 'string' } }), 'value')
    const first = encoder.encode({ id: { S: 'first' } })
    const copy = Buffer.from(first)
    expect(() => encoder.encode({ id: { BOOL: true } })).toThrow('does not fit')
    encoder.encode({ id: { S: 'x'.repeat(200_000) } })
    expect(first).toEqual(copy)
  })
})

describe('keys', () => {
  const encoder = format.encoder(shapeOf({ pk: { kind: 'string' }, sk: { kind: 'bytes' } }, false), 'key')

  it('are read back', () => {
    const payload = encoder.encode({ pk: { S: 'ключ' }, sk: { B: 'AAE=' } })
    expect(encoder.decodeKey(payload)).toEqual(['ключ', Buffer.of(0, 1)])
  })

  it('of other records are not', () => {
    const payload = encoder.encode({ pk: { S: 'a' }, sk: { B: 'AAE=' } })
    expect(encoder.decodeKey(Buffer.concat([payload, Buffer.of(0)]))).toBeUndefined()
    for (let length = 0; length < payload.length; length++)
      expect(encoder.decodeKey(payload.subarray(0, length))).toBeUndefined()
    expect(encoder.decodeKey(Buffer.of(1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff))).toBeUndefined()
    const optional = format.encoder(shapeOf({ pk: { kind: 'string' } }), 'key')
    expect(optional.decodeKey(optional.encode({ pk: { S: 'a' } }))).toBeUndefined()
  })
})

describe("by the registry's schema", () => {
  const shape = shapeOf({
    id: { kind: 'string' },
    total: { kind: 'int32' },
    price: { kind: 'decimal', precision: 6, scale: 2 },
  })
  const encoder = format.encoder(shape, 'value')
  const by = (fields: readonly unknown[]): RecordEncoder =>
    encoder.writingBy({ type: 'AVRO', text: JSON.stringify({ type: 'record', name: 'Other', namespace: 'n', fields }) })
  const id = { name: 'id', type: ['null', 'string'] }
  const total = { name: 'total', type: ['null', 'int'] }
  const fixed = (size: number, precision = 6, scale = 2): unknown => ({
    name: 'price',
    type: ['null', { type: 'fixed', name: 'F', size, logicalType: 'decimal', precision, scale }],
  })
  const item: Item = { id: { S: 'a' }, total: { N: '7' }, price: { N: '-12.5' } }

  it('fields are found by name, in whatever order and union they stand, and others have their defaults', () => {
    const other = by([
      { name: 'more', type: ['string', 'null'], default: 'x' },
      { name: 'flags', type: { type: 'array', items: 'int' }, default: [] },
      { name: 'count', type: 'long', default: -3 },
      { name: 'total', type: ['long', 'null'] },
      fixed(4),
      id,
    ])
    expect(written(other, item)).toEqual({
      more: 'x',
      flags: [],
      count: -3n,
      total: 7n,
      price: Buffer.of(0xff, 0xff, 0xfb, 0x1e),
      id: 'a',
    })
    expect(written(other, { id: { S: 'a' } })).toMatchObject({ total: null, price: null })
    expect(other.schemaName).toBe('n.Other')
  })

  it('is refused where it has no place for a field, or not for all of its values', () => {
    expect(codeOf(() => by([id, total]))).toBe('SCHEMA_INCOMPATIBLE')
    expect(codeOf(() => by([id, total, fixed(2)]))).toBe('SCHEMA_INCOMPATIBLE')
    expect(codeOf(() => by([id, total, fixed(4, 5)]))).toBe('SCHEMA_INCOMPATIBLE')
    expect(codeOf(() => by([id, total, fixed(4, 6, 3)]))).toBe('SCHEMA_INCOMPATIBLE')
    expect(codeOf(() => by([id, { name: 'total', type: ['null', 'string'] }, fixed(4)]))).toBe('SCHEMA_INCOMPATIBLE')
    expect(codeOf(() => by([id, total, fixed(4), { name: 'more', type: 'string' }]))).toBe('SCHEMA_INCOMPATIBLE')
    for (const text of ['"string"', '{"type":"record","name":"X"}', '{"type":"x"}', '{', '7'])
      expect(codeOf(() => encoder.writingBy({ type: 'AVRO', text }))).toBe('SCHEMA_INCOMPATIBLE')
  })

  it('a null that it does not allow is refused record by record', () => {
    const other = by([{ name: 'id', type: 'string' }, total, fixed(4)])
    expect(written(other, item)).toMatchObject({ id: 'a' })
    expect(codeOf(() => other.encode({ total: { N: '7' } }))).toBe('SCHEMA_MISMATCH')
    const union = by([{ name: 'id', type: ['string', 'int'] }, total, fixed(4)])
    expect(codeOf(() => union.encode({ total: { N: '7' } }))).toBe('SCHEMA_MISMATCH')
  })

  it('typed values need the record that has a member for each', () => {
    const typed = format.encoder(shapeOf({ after: { kind: 'typed' } }), 'value')
    const text = typed.schema.text.replace('"name":"BS"', '"name":"XS"')
    expect(codeOf(() => typed.writingBy({ type: 'AVRO', text: typed.schema.text }))).toBe('none')
    expect(codeOf(() => typed.writingBy({ type: 'AVRO', text }))).toBe('SCHEMA_INCOMPATIBLE')
  })
})
