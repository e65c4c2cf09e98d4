import { describe, expect, it } from 'vitest'
import { seededRng } from '../../async/rng.ts'
import { AwsServiceError } from '../../aws/aws.ts'
import type { AwsApi, AwsRequest } from '../../aws/aws.ts'
import { createManualClock } from '../../testing/manual-clock.ts'
import { createKinesisSource } from './kinesis-source.ts'
import type { KinesisOptions, ShardReaderParts } from './kinesis-source.ts'
import { labelStream } from './stream-label.ts'

const arn = 'arn:aws:kinesis:eu-west-1:123456789012:stream/s'
const label = labelStream(arn, 1_000)
const never = new AbortController().signal

const summary = (changes: object = {}): object => ({
  StreamDescriptionSummary: {
    StreamARN: arn,
    StreamStatus: 'ACTIVE',
    RetentionPeriodHours: 24,
    StreamCreationTimestamp: 1,
    ...changes,
  },
})
const record = { SequenceNumber: '7', PartitionKey: 'k', ApproximateArrivalTimestamp: 1_800_000_000, Data: '' }

/** What the service answers to each action; a list is used up but for its last answer, errors are thrown. */
function setUp(answers: Readonly<Record<string, readonly unknown[]>>, options: Partial<KinesisOptions> = {}) {
  const clock = createManualClock()
  const sent: AwsRequest[] = []
  const exchange: AwsApi['exchange'] = async (request) => {
    sent.push(request)
    const list = answers[request.action] ?? []
    const count = sent.filter(({ action }) => action === request.action).length
    const answer = list[Math.min(count, list.length) - 1]
    if (answer instanceof Error) throw answer
    return { body: answer, bytes: 1 }
  }
  const api: AwsApi = { exchange, call: async (request, signal) => (await exchange(request, signal)).body }
  const given: ShardReaderParts[] = []
  const source = createKinesisSource({
    api,
    clock,
    rng: seededRng(1),
    region: 'eu-west-1',
    stream: 's',
    recordLimit: 500,
    openReader: (_, parts) => {
      given.push(parts)
      return { read: () => Promise.reject(new Error('not read here')) }
    },
    ...options,
  })
  return { clock, sent, source, given }
}

describe('the stream in the place of a table', () => {
  it('is found by its name or its ARN', async () => {
    const expected = {
      isStream: true,
      arn,
      name: 's',
      id: '1970-01-01T00:00:01.000Z',
      region: 'eu-west-1',
      account: '123456789012',
      streamArn: label,
      viewType: 'NEW_AND_OLD_IMAGES',
      retentionMs: 86_400_000,
      keySchema: [],
    }
    const byName = setUp({ DescribeStreamSummary: [summary()] })
    expect(await byName.source.findTables(never)).toEqual([expected])
    expect(byName.sent[0]?.body).toEqual({ StreamName: 's' })
    const byArn = setUp({ DescribeStreamSummary: [summary()] }, { stream: arn })
    expect(await byArn.source.describeTable('s', never)).toEqual(expected)
    expect(byArn.sent[0]?.body).toEqual({ StreamARN: arn })
  })

  it('is waited for while it is being created', async () => {
    const creating = summary({ StreamStatus: 'CREATING' })
    const { clock, source } = setUp({ DescribeStreamSummary: [creating, creating, summary()] })
    const found = source.findTables(never)
    await clock.advance(10_000)
    expect(await found).toHaveLength(1)
  })

  it('is refused at once by who does not wait, and where it cannot be', async () => {
    const creating = { DescribeStreamSummary: [summary({ StreamStatus: 'CREATING' })] }
    await expect(setUp(creating, { giveUpOn: ['STREAM_NOT_ACTIVE'] }).source.findTables(never)).rejects.toMatchObject({
      code: 'STREAM_NOT_ACTIVE',
    })
    const missing = { DescribeStreamSummary: [new AwsServiceError('ResourceNotFoundException', 'no', 400)] }
    await expect(setUp(missing).source.findTables(never)).rejects.toMatchObject({ code: 'TABLE_NOT_FOUND' })
    for (const [stream, code] of [
      [arn.replace('eu-west-1', 'us-east-1'), 'AWS_REGION'],
      ['arn:aws:dynamodb:eu-west-1:1:table/t', 'TABLE_NOT_FOUND'],
    ] as const)
      await expect(setUp({}, { stream }).source.findTables(never)).rejects.toMatchObject({ code })
  })

  it('is another table, under another label, once it was made anew', async () => {
    const { source } = setUp({ DescribeStreamSummary: [summary(), summary({ StreamCreationTimestamp: 2 })] })
    const [before, after] = [await source.describeTable('s', never), await source.describeTable(arn, never)]
    expect([before.arn === after.arn, before.id === after.id, before.streamArn === after.streamArn]).toEqual([
      true,
      false,
      false,
    ])
  })

  it('is the only one, and cannot be scanned', async () => {
    const { source } = setUp({ DescribeStreamSummary: [summary()] })
    await expect(source.describeTable('other', never)).rejects.toMatchObject({ code: 'TABLE_NOT_FOUND' })
    await expect(source.tableSize('s', never)).rejects.toMatchObject({ code: 'SCAN_REFUSED' })
    const table = await source.describeTable('s', never)
    const position = { table, segment: 0, totalSegments: 1, afterKey: undefined }
    await expect(source.scanPage(position, never)).rejects.toMatchObject({ code: 'SCAN_REFUSED' })
  })
})

describe('a shard by itself', () => {
  it('is there if it has iterators', async () => {
    const there = setUp({ GetShardIterator: [{ ShardIterator: 'i' }] })
    expect(await there.source.hasShard(label, 'a', never)).toBe(true)
    const gone = setUp({ GetShardIterator: [new AwsServiceError('ResourceNotFoundException', 'no', 400)] })
    expect(await gone.source.hasShard(label, 'a', never)).toBe(false)
  })

  it('counts as absent if it is left out, without a request', async () => {
    const { source, sent } = setUp({}, { shardIds: /^b/ })
    expect(await source.hasShard(label, 'a', never)).toBe(false)
    expect(sent).toEqual([])
  })

  it('gives its reader guarded pages, as many records at once as configured, and the ranges of keys', async () => {
    const listed = { ShardId: 'b', HashKeyRange: { StartingHashKey: '5', EndingHashKey: '9' } }
    const { source, sent, given } = setUp({
      DescribeStreamSummary: [summary()],
      ListShards: [{ Shards: [listed] }],
      GetShardIterator: [{ ShardIterator: 'i' }],
      GetRecords: [{ Records: [record], NextShardIterator: 'n', MillisBehindLatest: 0 }],
    })
    source.openShard({ streamArn: label, shardId: 'a', after: '5' })
    expect(sent).toEqual([])
    const [parts] = given
    const soFar = { after: '5', readUpToMs: 1_799_999_000_000 }
    const pages = parts?.openPages({ kind: 'after', sequenceNumber: '5' }, soFar)
    expect((await pages?.next(never))?.records).toHaveLength(1)
    expect(pages?.soFar.after).toBe('7')
    expect(sent.find(({ action }) => action === 'GetRecords')?.body).toMatchObject({ Limit: 500 })
    expect(await parts?.hashRangeOf('b', never)).toEqual({ from: 5n, to: 9n })
    expect(await source.hashRangeOf(label, 'b', never)).toEqual({ from: 5n, to: 9n })
  })

  it('is read in another way where one is given, under the same guard', async () => {
    const empty = { records: [], bytes: 0, isEnd: false, children: undefined, millisBehindLatest: 0 }
    const { source, given } = setUp(
      { DescribeStreamSummary: [summary({ StreamCreationTimestamp: 2 })] },
      {
        openPages: ({ clock }) => ({
          next: async () => ({ ...empty, requestedAtMs: clock.now(), receivedAtMs: clock.now() }),
          close: async () => {},
        }),
      },
    )
    source.openShard({ streamArn: label, shardId: 'a', after: undefined })
    const pages = given[0]?.openPages({ kind: 'oldest' }, { after: undefined, readUpToMs: undefined })
    await expect(pages?.next(never)).rejects.toMatchObject({ code: 'SHARD_NOT_FOUND' })
  })
})
