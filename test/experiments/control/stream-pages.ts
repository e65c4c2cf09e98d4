import type { AwsApi } from '../../../src/aws/aws.ts'
import { systemClock as clock } from '../../../src/async/system-clock.ts'
import { pause } from '../../faults/pause.ts'

/** A change as a loop reads it, its images as plain objects. */
export interface PlainChange {
  readonly shardId: string
  readonly sequenceNumber: string
  readonly key: string
  /** As Debezium would write it: `before`, `after` and `op`. */
  readonly value: string
}

/**
 * The pages of one shard from its beginning, until the shard ends or the signal aborts.
 *
 * @yields Pages that are not empty.
 */
export async function* streamPages(
  api: AwsApi,
  streamArn: string,
  shardId: string,
  signal: AbortSignal,
): AsyncGenerator<readonly PlainChange[]> {
  const start = { StreamArn: streamArn, ShardId: shardId, ShardIteratorType: 'TRIM_HORIZON' }
  let iterator = member(
    await api.call({ service: 'streams', action: 'GetShardIterator', body: start }, signal),
    'ShardIterator',
  )
  while (iterator !== undefined) {
    const body = { ShardIterator: iterator }
    const page = await api.call({ service: 'streams', action: 'GetRecords', body }, signal)
    const records = member(page, 'Records')
    if (Array.isArray(records) && records.length > 0) yield records.map((record) => plainChange(shardId, record))
    iterator = member(page, 'NextShardIterator')
    if (!(await pause(clock, 100, signal))) return
  }
}

/** The shards of a stream that is not resharded, by their ids. */
export async function shardsOf(api: AwsApi, streamArn: string, signal: AbortSignal): Promise<readonly string[]> {
  const answer = await api.call(
    { service: 'streams', action: 'DescribeStream', body: { StreamArn: streamArn } },
    signal,
  )
  const shards = member(member(answer, 'StreamDescription'), 'Shards')
  return Array.isArray(shards) ? shards.map((shard) => String(member(shard, 'ShardId'))) : []
}

const operations: Readonly<Record<string, string>> = { INSERT: 'c', MODIFY: 'u', REMOVE: 'd' }

function plainChange(shardId: string, record: unknown): PlainChange {
  const change = member(record, 'dynamodb')
  const before = plainImage(member(change, 'OldImage'))
  const after = plainImage(member(change, 'NewImage'))
  return {
    shardId,
    sequenceNumber: String(member(change, 'SequenceNumber')),
    key: JSON.stringify(plainImage(member(change, 'Keys'))),
    value: JSON.stringify({ before, after, op: operations[String(member(record, 'eventName'))] }),
  }
}

/** Texts and numbers are all there is in these items. */
function plainImage(image: unknown): Readonly<Record<string, unknown>> | null {
  if (typeof image !== 'object' || image === null) return null
  const entries = Object.entries(image).map(([name, value]) => {
    const number = member(value, 'N')
    return [name, number === undefined ? member(value, 'S') : Number(number)] as const
  })
  return Object.fromEntries(entries)
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined
}
