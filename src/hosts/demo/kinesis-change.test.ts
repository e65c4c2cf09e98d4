import { describe, expect, it } from 'vitest'
import { kinesisChange } from './kinesis-change.ts'

const context = { tableName: 'orders', createdAtMicros: 1_719_830_000_123_999, precision: 'MILLISECOND' } as const

const streamRecord = {
  eventID: '7e9c',
  eventName: 'MODIFY',
  eventVersion: '1.1',
  eventSource: 'aws:dynamodb',
  awsRegion: 'eu-west-1',
  dynamodb: {
    ApproximateCreationDateTime: 1_719_830_000,
    Keys: { id: { S: 'o-1' }, at: { N: '7' } },
    NewImage: { id: { S: 'o-1' }, at: { N: '7' }, n: { N: '12345678901234567890123456789012345678' } },
    OldImage: { id: { S: 'o-1' }, at: { N: '7' } },
    SequenceNumber: '100000000003498069978',
    SizeBytes: 59,
    StreamViewType: 'NEW_AND_OLD_IMAGES',
  },
}

const read = (data: Buffer): unknown => JSON.parse(data.toString())

describe('a change in Kinesis', () => {
  it('says what a stream record says, but for number, version and view type, and with the table beside it', () => {
    expect(read(kinesisChange(streamRecord, context).data)).toEqual({
      awsRegion: 'eu-west-1',
      eventID: '7e9c',
      eventName: 'MODIFY',
      userIdentity: null,
      recordFormat: 'application/json',
      tableName: 'orders',
      dynamodb: {
        ApproximateCreationDateTime: 1_719_830_000_123,
        Keys: streamRecord.dynamodb.Keys,
        NewImage: streamRecord.dynamodb.NewImage,
        OldImage: streamRecord.dynamodb.OldImage,
        SizeBytes: 59,
      },
      eventSource: 'aws:dynamodb',
    })
  })

  it('says in what it counts time only if that is microseconds', () => {
    const { data } = kinesisChange(streamRecord, { ...context, precision: 'MICROSECOND' })
    expect(read(data)).toMatchObject({
      dynamodb: {
        ApproximateCreationDateTime: 1_719_830_000_123_999,
        ApproximateCreationDateTimePrecision: 'MICROSECOND',
      },
    })
  })

  it('leaves out the image that there is not, and keeps the identity of a time-to-live delete', () => {
    const { OldImage: oldImage, Keys: keys } = streamRecord.dynamodb
    const userIdentity = { type: 'Service', principalId: 'dynamodb.amazonaws.com' }
    const removed = { ...streamRecord, userIdentity, eventName: 'REMOVE', dynamodb: { Keys: keys, OldImage: oldImage } }
    const { data } = kinesisChange(removed, context)
    expect(read(data)).toMatchObject({ userIdentity, dynamodb: { OldImage: oldImage } })
    expect(data.toString()).not.toContain('NewImage')
  })

  it('has binaries in base64 twice, wherever they are', () => {
    const binary = Buffer.from([0, 255, 7])
    const [once, twice] = [binary.toString('base64'), Buffer.from(binary.toString('base64')).toString('base64')]
    const item = (text: string): object =>
      JSON.parse(
        `{"b":{"B":"${text}"},"bs":{"BS":["${text}"]},"l":{"L":[{"M":{"x":{"B":"${text}"}}}]},"__proto__":{"B":"${text}"}}`,
      ) as object
    const { data } = kinesisChange({ dynamodb: { Keys: item(once), NewImage: item(once) } }, context)
    expect(data.toString()).toContain(`"Keys":${JSON.stringify(item(twice))},"NewImage":${JSON.stringify(item(twice))}`)
  })

  it('has one partition key for all changes of an item, and another one for another item or table', () => {
    const keyOf = (keys: object, tableName = 'orders'): string =>
      kinesisChange({ dynamodb: { Keys: keys } }, { ...context, tableName }).partitionKey
    const key = keyOf({ id: { S: 'o-1' }, at: { N: '7' } })
    expect(key).toMatch(/^[0-9A-F]{32}$/)
    expect(keyOf({ at: { N: '7' }, id: { S: 'o-1' } })).toBe(key)
    const others = [keyOf({ id: { S: 'o-1' }, at: { N: '8' } }), keyOf({ id: { S: 'o-1' }, at: { N: '7' } }, 'other')]
    expect(new Set([key, ...others]).size).toBe(3)
  })
})
