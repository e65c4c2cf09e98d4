import { describe, expect, it } from 'vitest'
import { claimsToBeChange, kinesisChangeOf } from './kinesis-change.ts'

const keys = { pk: { S: 'a' } }
const dynamodb = { ApproximateCreationDateTime: 1_731_924_555_370, Keys: keys, NewImage: keys, SizeBytes: 60 }
const change = {
  awsRegion: 'eu-west-1',
  eventID: 'd9428029',
  eventName: 'INSERT',
  userIdentity: null,
  recordFormat: 'application/json',
  tableName: 'orders',
  dynamodb,
  eventSource: 'aws:dynamodb',
}

describe('a glance at a record of a Kinesis stream', () => {
  it('tells the change that it is of', () => {
    expect(kinesisChangeOf({ change })).toEqual({
      eventId: 'd9428029',
      tableName: 'orders',
      createdAtMicros: 1_731_924_555_370_000,
      operation: 'INSERT',
      keys,
      oldImage: undefined,
      newImage: keys,
    })
  })

  it.each([
    ['MICROSECOND', 1_731_924_555_370_123, 1_731_924_555_370_123],
    ['MILLISECOND', 1_731_924_555_370, 1_731_924_555_370_000],
    [null, 1_731_924_555_370, 1_731_924_555_370_000],
    ['MICROSECOND', 8_999_999_999_999_999, 8_999_999_999_999_999],
    [undefined, 0, 0],
  ])('takes the unit of the time from the record itself: %s', (unit, time, micros) => {
    const told = { ...dynamodb, ApproximateCreationDateTime: time, ApproximateCreationDateTimePrecision: unit }
    expect(kinesisChangeOf({ change: { ...change, dynamodb: told } })?.createdAtMicros).toBe(micros)
  })

  it('takes absent images, and what is no image, for not captured', () => {
    const odd = { ...dynamodb, OldImage: null, NewImage: ['x'] }
    expect(kinesisChangeOf({ change: { ...change, dynamodb: odd } })).toMatchObject({
      oldImage: undefined,
      newImage: undefined,
    })
  })

  it.each([
    ['an unknown operation', { eventName: 'UPSERT' }],
    ['no id', { eventID: 7 }],
    ['no table', { tableName: undefined }],
    ['an empty name of a table', { tableName: '' }],
    ['no change', { dynamodb: [] }],
    ['no keys', { dynamodb: { ...dynamodb, Keys: 'pk' } }],
    ['no time', { dynamodb: { ...dynamodb, ApproximateCreationDateTime: '1731924555370' } }],
    ['an endless time', { dynamodb: { ...dynamodb, ApproximateCreationDateTime: JSON.parse('1e999') as number } }],
    ['a time before all times', { dynamodb: { ...dynamodb, ApproximateCreationDateTime: -1 } }],
    ['a time beyond all', { dynamodb: { ...dynamodb, ApproximateCreationDateTime: 1_731_924_555_370_123 } }],
    ['an unknown unit', { dynamodb: { ...dynamodb, ApproximateCreationDateTimePrecision: 'NANOSECOND' } }],
  ])('sees that one with %s cannot be read, though it says that it is DynamoDB’s', (_, more) => {
    const record = { change: { ...change, ...more } }
    expect(kinesisChangeOf(record)).toBeUndefined()
    expect(claimsToBeChange(record)).toBe(true)
  })

  it.each([
    ['no JSON', undefined],
    ['of another source', { ...change, eventSource: 'aws:s3' }],
    ['without a source', { dynamodb }],
  ])('knows what is foreign: %s', (_, foreign) => {
    expect(kinesisChangeOf({ change: foreign })).toBeUndefined()
    expect(claimsToBeChange({ change: foreign })).toBe(false)
  })
})
