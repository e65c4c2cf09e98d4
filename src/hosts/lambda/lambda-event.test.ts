import { describe, expect, it } from 'vitest'
import { readLambdaEvent } from './lambda-event.ts'

const streamArn = 'arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-11-01T08:00:00.000'
const kinesisArn = 'arn:aws:kinesis:eu-west-1:123456789012:stream/changes'

const change = (SequenceNumber: unknown, more: object = {}): object => ({
  eventSource: 'aws:dynamodb',
  eventSourceARN: streamArn,
  dynamodb: { SequenceNumber },
  ...more,
})

const record = (sequenceNumber: string, more: object = {}): object => ({
  eventSource: 'aws:kinesis',
  eventSourceARN: kinesisArn,
  eventID: `shardId-000000000006:${sequenceNumber}`,
  kinesis: { sequenceNumber, partitionKey: 'p', data: 'aGk=', approximateArrivalTimestamp: 1_795_426_137.125 },
  ...more,
})

describe('a batch of a DynamoDB stream', () => {
  it('has its shard and its state only with a tumbling window', () => {
    expect(readLambdaEvent({ Records: [change('1')] })).toEqual({
      kind: 'dynamodb',
      sourceArn: streamArn,
      shardId: undefined,
      window: undefined,
      records: [{ sequenceNumber: '1', record: change('1') }],
    })
    const window = { shardId: 'shardId-1', eventSourceARN: streamArn, state: { n: 1 }, window: { start: '', end: '' } }
    expect(readLambdaEvent({ Records: [change('1')], ...window })).toMatchObject({
      shardId: 'shardId-1',
      window: { state: { n: 1 } },
    })
    // The first invocation of a window has no state.
    expect(readLambdaEvent({ Records: [change('1')], window: {} })).toMatchObject({ window: { state: {} } })
  })

  it('may be empty: a window ends so', () => {
    const last = { Records: [], shardId: 's', eventSourceARN: streamArn, state: {}, isFinalInvokeForWindow: true }
    expect(readLambdaEvent(last)).toMatchObject({ kind: 'dynamodb', records: [], window: { state: {} } })
    expect(readLambdaEvent({ Records: [] })).toMatchObject({ records: [], sourceArn: undefined })
  })
})

describe('a batch of a Kinesis stream', () => {
  it('says its shard in each record', () => {
    expect(readLambdaEvent({ Records: [record('1'), record('2')] })).toMatchObject({
      kind: 'kinesis',
      sourceArn: kinesisArn,
      shardId: 'shardId-000000000006',
      records: [
        { sequenceNumber: '1', record: { partitionKey: 'p', data: Buffer.from('hi'), arrivedAtMs: 1_795_426_137_125 } },
        { sequenceNumber: '2' },
      ],
    })
  })
})

describe('what is no batch', () => {
  it.each([
    ['nothing', undefined],
    ['a text', 'Records'],
    ['a list', [change('1')]],
    ['an object without records', {}],
    ['records that are no list', { Records: {} }],
    ['another service', { Records: [{ eventSource: 'aws:sqs' }] }],
    ['no service', { Records: [{}] }],
    ['an empty batch of another service', { Records: [], eventSourceARN: 'arn:aws:sqs:eu-west-1:1:q' }],
    ['a change without a number', { Records: [change(undefined)] }],
    ['a change with a number that is none', { Records: [change('1e3')] }],
    ['a change that does not say its stream', { Records: [change('1', { eventSourceARN: undefined })] }],
    ['a record without data', { Records: [record('1', { kinesis: { sequenceNumber: '1', partitionKey: 'p' } })] }],
    [
      'a record without a time',
      { Records: [record('1', { kinesis: { sequenceNumber: '1', partitionKey: 'p', data: '' } })] },
    ],
  ])('is refused by name: %s', (_, event) => {
    expect(() => readLambdaEvent(event)).toThrow(expect.objectContaining({ code: 'LAMBDA_EVENT_UNKNOWN' }))
  })

  it.each([
    ['two tables', [change('1'), change('2', { eventSourceARN: 'arn:aws:dynamodb:eu-west-1:1:table/other/stream/x' })]],
    ['two shards', [record('1'), record('2', { eventID: 'shardId-000000000007:2' })]],
  ])('is refused where records do not belong together: %s', (_, records) => {
    expect(() => readLambdaEvent({ Records: records })).toThrow(expect.objectContaining({ code: 'LAMBDA_EVENT_MIXED' }))
  })

  it('is refused where the batch says another stream than its records', () => {
    const event = { Records: [change('1')], eventSourceARN: kinesisArn.replace('kinesis', 'dynamodb') }
    expect(() => readLambdaEvent(event)).toThrow(expect.objectContaining({ code: 'LAMBDA_EVENT_MIXED' }))
  })
})
