import { AwsServiceError } from '../../aws/aws.ts'
import type { AwsApi } from '../../aws/aws.ts'
import { isJsonObject } from '../../aws/json-object.ts'
import { maxPageRecords } from './polling.ts'

/** The oldest change of a shard that can still be read. */
export interface OldestRecord {
  readonly sequenceNumber: string
  /** Milliseconds, rounded down to the second as DynamoDB Streams gives it; undefined if the record does not say. */
  readonly createdAtMs: number | undefined
}

/** A shard may begin with many empty pages; a person who reads about a gap does not wait for all of them. */
const maxPages = 20

/**
 * Looks at the trim horizon of a shard, once: no retries. Undefined if there is no record left, or none within some pages,
 * or if the service refuses the look: the horizon moves on meanwhile, and that must not hide the gap that is told about.
 */
export async function findOldestRecord(
  api: AwsApi,
  shard: { readonly streamArn: string; readonly shardId: string },
  signal: AbortSignal,
): Promise<OldestRecord | undefined> {
  try {
    return await lookAtHorizon(api, shard, signal)
  } catch (error) {
    if (error instanceof AwsServiceError) return undefined
    throw error
  }
}

async function lookAtHorizon(
  api: AwsApi,
  { streamArn, shardId }: { readonly streamArn: string; readonly shardId: string },
  signal: AbortSignal,
): Promise<OldestRecord | undefined> {
  const start = { StreamArn: streamArn, ShardId: shardId, ShardIteratorType: 'TRIM_HORIZON' }
  const answer = await api.call({ service: 'streams', action: 'GetShardIterator', body: start }, signal)
  let iterator = textMember(answer, 'ShardIterator')
  for (let page = 0; page < maxPages && iterator !== undefined; page++) {
    const body = { ShardIterator: iterator, Limit: maxPageRecords }
    const records = await api.call({ service: 'streams', action: 'GetRecords', body }, signal)
    const first: unknown =
      isJsonObject(records) && Array.isArray(records['Records']) ? records['Records'][0] : undefined
    if (first !== undefined) return readOldest(first)
    iterator = textMember(records, 'NextShardIterator')
  }
  return undefined
}

function readOldest(record: unknown): OldestRecord | undefined {
  const change = isJsonObject(record) ? record['dynamodb'] : undefined
  const sequenceNumber = textMember(change, 'SequenceNumber')
  if (sequenceNumber === undefined || !isJsonObject(change)) return undefined
  const seconds = Number(change['ApproximateCreationDateTime'])
  return { sequenceNumber, createdAtMs: Number.isFinite(seconds) ? seconds * 1000 : undefined }
}

function textMember(value: unknown, name: string): string | undefined {
  const member = isJsonObject(value) ? value[name] : undefined
  return typeof member === 'string' && member !== '' ? member : undefined
}
