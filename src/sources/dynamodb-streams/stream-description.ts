import { isJsonObject } from '../../aws/json-object.ts'
import type { JsonObject } from '../../aws/json-object.ts'
import type { Shard } from '../../change/shard.ts'
import type { StreamViewType } from '../../change/table.ts'
import { TailraceError } from '../../errors.ts'
import type { ShardListing } from '../source.ts'
import { isViewType } from './table-description.ts'

/** One page of DescribeStream. */
export interface StreamDescriptionPage {
  readonly shards: readonly Shard[]
  readonly status: ShardListing['status']
  /** Where the next page begins; undefined is the only sign of the last page. */
  readonly nextShardId: string | undefined
}

/** Reads a page. Throws AWS_RESPONSE if it is not one: a listing must never be complete by misunderstanding. */
export function readStreamDescription(body: unknown): StreamDescriptionPage {
  const { Shards: shards, StreamStatus: status, LastEvaluatedShardId: next } = descriptionIn(body)
  if (!isStreamStatus(status)) throw misshapen('StreamStatus')
  if (shards !== undefined && !Array.isArray(shards)) throw misshapen('Shards')
  if (next !== undefined && next !== null && typeof next !== 'string') throw misshapen('LastEvaluatedShardId')
  return {
    shards: (shards ?? []).map(readShard),
    status,
    nextShardId: next === '' || next === null ? undefined : next,
  }
}

/** Which images the stream's records hold, from any page. Throws AWS_RESPONSE if it does not say. */
export function readStreamViewType(body: unknown): StreamViewType {
  const { StreamViewType: viewType } = descriptionIn(body)
  if (!isViewType(viewType)) throw misshapen('StreamViewType')
  return viewType
}

function descriptionIn(body: unknown): JsonObject {
  const description = isJsonObject(body) ? body['StreamDescription'] : undefined
  if (!isJsonObject(description)) throw misshapen('StreamDescription')
  return description
}

function readShard(shard: unknown): Shard {
  if (!isJsonObject(shard) || typeof shard['ShardId'] !== 'string') throw misshapen('ShardId')
  const range = isJsonObject(shard['SequenceNumberRange']) ? shard['SequenceNumberRange'] : {}
  const parent = shard['ParentShardId']
  return {
    shardId: shard['ShardId'],
    parents: typeof parent === 'string' && parent !== '' ? [parent] : [],
    startingSequenceNumber: optionalText(range['StartingSequenceNumber']),
    endingSequenceNumber: optionalText(range['EndingSequenceNumber']),
  }
}

function isStreamStatus(value: unknown): value is ShardListing['status'] {
  return value === 'ENABLING' || value === 'ENABLED' || value === 'DISABLING' || value === 'DISABLED'
}

function optionalText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function misshapen(member: string): TailraceError {
  return new TailraceError('AWS_RESPONSE', `DescribeStream answered without a readable ${member}`)
}
