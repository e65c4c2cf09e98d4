import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arbitraryChange, arbitraryItem, tableOf } from '../../test/oracle/arbitrary-items.ts'
import { encodedTwice, kinesisRecordOf, kinesisWire } from '../../test/oracle/kinesis-wire.ts'
import type { Item } from '../change/attribute-value.ts'
import { decodeKinesisRecord, kinesisSequence } from './decode-kinesis-record.ts'
import { binariesOnce } from './kinesis-binaries.ts'

const table = tableOf('NEW_AND_OLD_IMAGES')
const shardId = 'shardId-000000000002'
const keys = { pk: { S: 'a' }, sk: { N: '1' } }
const dynamodb = { ApproximateCreationDateTime: 1_731_924_555_370, Keys: keys, NewImage: keys, SizeBytes: 60 }
const change = {
  eventID: 'd9428029',
  eventName: 'INSERT',
  userIdentity: null,
  tableName: 'orders',
  dynamodb,
  eventSource: 'aws:dynamodb',
}
const base64 = (text: string): string => Buffer.from(text).toString('base64')

describe('a change out of a Kinesis stream', () => {
  it('is the change that DynamoDB has put there, under the numbers of Kinesis', () => {
    const changes = arbitraryChange.filter(({ event }) => event.operation !== 'READ')
    fc.assert(
      fc.property(changes, ({ event }) => {
        const record = kinesisRecordOf(kinesisWire(event, 'orders'))
        expect(decodeKinesisRecord(record, table, shardId)).toEqual({
          ...event,
          shardId,
          sequenceNumber: record.sequenceNumber,
        })
      }),
    )
  })

  it('keeps microseconds, and the milliseconds that follow from them', () => {
    const micro = {
      ...dynamodb,
      ApproximateCreationDateTime: 1_731_924_555_370_999,
      ApproximateCreationDateTimePrecision: 'MICROSECOND',
    }
    const decode = (more: object): unknown =>
      decodeKinesisRecord(kinesisRecordOf({ ...change, dynamodb: more }), table, shardId)
    expect(decode(micro)).toMatchObject({ createdAtMs: 1_731_924_555_370, createdAtMicros: 1_731_924_555_370_999 })
    // The unit may be switched in the middle of a stream.
    expect(decode(dynamodb)).toMatchObject({ createdAtMs: 1_731_924_555_370 })
    expect(decode(dynamodb)).not.toHaveProperty('createdAtMicros')
  })

  it('tells a delete by time to live, in both spellings', () => {
    for (const userIdentity of [
      { type: 'Service', principalId: 'dynamodb.amazonaws.com' },
      { Type: 'Service', PrincipalId: 'dynamodb.amazonaws.com' },
    ]) {
      expect(decodeKinesisRecord(kinesisRecordOf({ ...change, userIdentity }), table, shardId).userIdentity).toEqual({
        type: 'Service',
        principalId: 'dynamodb.amazonaws.com',
      })
    }
  })

  it('has its place in a package behind the number of the package', () => {
    expect(kinesisSequence({ sequenceNumber: '4957', subSequence: 0 })).toBe('4957/0')
    expect(decodeKinesisRecord(kinesisRecordOf(change, { subSequence: 12 }), table, shardId).sequenceNumber).toMatch(
      /^\d{56}\/12$/,
    )
  })

  it.each<[string, object]>([
    ['no operation that is known', { eventName: 'UPSERT' }],
    ['an old image that is no object', { dynamodb: { ...dynamodb, OldImage: [] } }],
    ['a new image that is no object', { dynamodb: { ...dynamodb, NewImage: 'secret' } }],
    ['a size that is no number', { dynamodb: { ...dynamodb, SizeBytes: 'secret' } }],
    ['a user identity that is none', { userIdentity: 'secret' }],
    ['a key encoded once', { dynamodb: { ...dynamodb, Keys: { pk: { B: base64('secret?') } } } }],
    ['a binary that is not encoded', { dynamodb: { ...dynamodb, OldImage: { x: { L: [{ B: 'secret' }] } } } }],
  ])('cannot be read with %s, and its position says which one it is', (_, more) => {
    const read = (): unknown => decodeKinesisRecord(kinesisRecordOf({ ...change, ...more }), table, shardId)
    expect(read).toThrow(expect.objectContaining({ code: 'RECORD_UNREADABLE' }))
    expect(read).toThrow(/shard shardId-000000000002, sequence number 4965/)
    expect(read).not.toThrow(/secret/)
  })
})

describe('binaries that are encoded twice', () => {
  it('are encoded once afterwards, wherever they stand, and everything else is as it was', () => {
    let binaries = 0
    fc.assert(
      fc.property(arbitraryItem, (item) => {
        const wire = JSON.parse(JSON.stringify(encodedTwice(item))) as Item
        const text = JSON.stringify(wire)
        if (text.includes('{"B":') || text.includes('{"BS":')) binaries++
        expect(binariesOnce(wire)).toEqual(JSON.parse(JSON.stringify(item)))
        expect(JSON.stringify(wire)).toBe(text)
      }),
      { numRuns: 500 },
    )
    expect(binaries).toBeGreaterThan(50)
  })

  it('may be large, and may be empty', () => {
    const large = Buffer.alloc(400_000, 7).toString('base64')
    expect(binariesOnce({ large: { B: base64(large) }, empty: { B: '' }, none: { BS: [] } })).toEqual({
      large: { B: large },
      empty: { B: '' },
      none: { BS: [] },
    })
  })

  it('are told by their type alone: names of attributes and unknown types mean nothing', () => {
    const item = JSON.parse('{"B":{"S":"B"},"__proto__":{"M":{"B":{"N":"1"}}},"x":{"NOVEL":"abc"},"y":{"B":5}}') as Item
    expect(binariesOnce(item)).toBe(item)
  })

  it.each([base64('not base64'), base64('YQ'), base64('YR=='), base64('YQ==').slice(0, -1), 'YQ==', '?'])(
    'cannot be read if they are something else: %s',
    (B) => {
      expect(binariesOnce({ x: { M: { y: { L: [{ B }] } } } })).toBeUndefined()
      expect(binariesOnce({ x: { BS: [base64('YQ=='), B] } })).toBeUndefined()
    },
  )

  it('cannot be read below what items can be nested', () => {
    const nested = (depth: number): Item => JSON.parse(`{"x":${'{"L":['.repeat(depth)}${']}'.repeat(depth)}}`) as Item
    expect(binariesOnce(nested(32))).toEqual(nested(32))
    expect(binariesOnce(nested(5_000))).toBeUndefined()
  })
})
