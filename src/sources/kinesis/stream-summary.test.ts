import { describe, expect, it } from 'vitest'
import { labelStream, parseStreamArn, parseStreamLabel } from './stream-label.ts'
import { readStreamSummary } from './stream-summary.ts'

const arn = 'arn:aws:kinesis:eu-west-1:123456789012:stream/orders.changes-1'
const summary = (changes: object = {}): unknown => ({
  StreamDescriptionSummary: {
    StreamName: 'orders.changes-1',
    StreamARN: arn,
    StreamStatus: 'ACTIVE',
    RetentionPeriodHours: 24,
    StreamCreationTimestamp: 1_523_484_741.123,
    ...changes,
  },
})

describe('readStreamSummary', () => {
  it('reads what every stream has', () => {
    expect(readStreamSummary(summary())).toEqual({
      arn,
      name: 'orders.changes-1',
      region: 'eu-west-1',
      account: '123456789012',
      label: `${arn}/2018-04-11T22:12:21.123Z`,
      status: 'ACTIVE',
      createdAtMs: 1_523_484_741_123,
      retentionMs: 86_400_000,
      mode: undefined,
      distribution: undefined,
      encryption: undefined,
      consumers: undefined,
    })
  })

  it('reads what only some have', () => {
    const more = {
      StreamModeDetails: { StreamMode: 'ON_DEMAND' },
      RecordDistributionStrategy: 'AUTO',
      EncryptionType: 'KMS',
      ConsumerCount: 3,
    }
    const expected = { mode: 'ON_DEMAND', distribution: 'AUTO', encryption: 'KMS', consumers: 3 }
    expect(readStreamSummary(summary(more))).toMatchObject(expected)
  })

  it.each([
    undefined,
    {},
    summary({ StreamARN: 'orders' }),
    summary({ StreamStatus: 'NEW' }),
    summary({ RetentionPeriodHours: 0 }),
    summary({ RetentionPeriodHours: '24' }),
    summary({ StreamCreationTimestamp: null }),
  ])('does not take %j for a summary', (body) => {
    expect(() => readStreamSummary(body)).toThrow(expect.objectContaining({ code: 'AWS_RESPONSE' }))
  })
})

describe('labels', () => {
  it('are taken apart into what they were made of', () => {
    const label = labelStream(arn, 1_523_484_741_123)
    expect(parseStreamLabel(label)).toEqual({ ...parseStreamArn(arn), createdAtMs: 1_523_484_741_123 })
  })

  it('differ for a stream that was made anew a millisecond later', () => {
    expect(labelStream(arn, 1)).not.toBe(labelStream(arn, 2))
  })

  it.each([arn, `${arn}/yesterday`, 'arn:aws:dynamodb:eu-west-1:1:table/t/stream/2024-01-01T00:00:00.000'])(
    '%s is none',
    (text) => {
      expect(() => parseStreamLabel(text)).toThrow(expect.objectContaining({ code: 'INTERNAL' }))
    },
  )

  it('stand for streams of other partitions, too', () => {
    expect(parseStreamArn('arn:aws-cn:kinesis:cn-north-1:000000000000:stream/a')?.region).toBe('cn-north-1')
    expect(parseStreamArn('arn:aws:kinesis:eu-west-1:1:stream/a/consumer/b:1')).toBeUndefined()
  })
})
