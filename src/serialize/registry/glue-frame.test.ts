import { inflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { RegisteredSchema } from '../../schema-registry/schema-registry.ts'
import { schemaFrame } from './schema-frame.ts'
import { subjectName } from './subject-name.ts'

const id = '8f0e5d1c-0000-4abc-9def-0123456789ab'
const schema: Pick<RegisteredSchema, 'id' | 'guid'> = { id, guid: id }
const uuid = Buffer.from('8f0e5d1c00004abc9def0123456789ab', 'hex')
const payload = Buffer.from('payload payload payload payload')
const plain = { idSuffix: Buffer.alloc(0) }

describe('the frame of Glue', () => {
  it('is a three, no compression, and the version’s UUID', () => {
    const { header, frame, unframe } = schemaFrame('glue', schema, { half: 'value', encoder: plain })
    expect(header).toBeUndefined()
    expect(frame(payload)).toEqual(Buffer.concat([Buffer.of(3, 0), uuid, payload]))
    expect(unframe(frame(payload))).toEqual(payload)
    expect(unframe(Buffer.concat([Buffer.of(3, 0), uuid.toReversed(), payload]))).toBeUndefined()
    expect(unframe(Buffer.of(3))).toBeUndefined()
  })

  it('packs values behind a five, and never keys', () => {
    const value = schemaFrame('glue-zlib', schema, { half: 'value', encoder: plain }).frame(payload)
    expect(value.subarray(0, 18)).toEqual(Buffer.concat([Buffer.of(3, 5), uuid]))
    expect(inflateSync(value.subarray(18))).toEqual(payload)
    const { frame, unframe } = schemaFrame('glue-zlib', schema, { half: 'key', encoder: plain })
    expect(frame(payload)).toEqual(Buffer.concat([Buffer.of(3, 0), uuid, payload]))
    expect(unframe(frame(payload))).toEqual(payload)
  })

  it.each([
    [0, [0]],
    [5, [5]],
    [127, [127]],
    [128, [0x80, 1]],
    [300, [0xac, 2]],
  ])('says which message of a Protobuf file it holds: %i', (messageRank, bytes) => {
    // Confluent's indexes do not come along.
    const encoder = { idSuffix: Buffer.of(9), messageRank }
    const mark = Buffer.concat([Buffer.of(3, 0), uuid, Buffer.from(bytes)])
    const { frame, unframe } = schemaFrame('glue', schema, { half: 'value', encoder })
    expect(frame(payload)).toEqual(Buffer.concat([mark, payload]))
    expect(unframe(frame(payload))).toEqual(payload)
    const packed = schemaFrame('glue-zlib', schema, { half: 'value', encoder }).frame(payload)
    expect(inflateSync(packed.subarray(18))).toEqual(Buffer.concat([Buffer.from(bytes), payload]))
  })

  it('names a schema like its topic, and that of keys apart from it', () => {
    const of = { topic: 'shop.orders', schemaName: 'shop.Order' }
    expect(subjectName('glue-topic', { ...of, half: 'value' })).toBe('shop.orders')
    expect(subjectName('glue-topic', { ...of, half: 'key' })).toBe('shop.orders-key')
  })
})
