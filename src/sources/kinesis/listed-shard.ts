import { isJsonObject } from '../../aws/json-object.ts'
import type { JsonObject } from '../../aws/json-object.ts'
import type { Shard } from '../../change/shard.ts'
import { TailraceError } from '../../errors.ts'

/** The MD5 sums of partition keys, as numbers, whose records a shard gets. Both ends belong to it. */
export interface HashKeyRange {
  readonly from: bigint
  readonly to: bigint
}

/** A shard of a Kinesis stream. One that two others were merged into has both for parents. */
export interface ListedShard extends Shard {
  readonly hashRange: HashKeyRange
}

/** One page of ListShards. */
export interface ShardsPage {
  readonly shards: readonly ListedShard[]
  /** Undefined is the only sign of the last page. */
  readonly nextToken: string | undefined
}

/** Reads a page of ListShards. Throws AWS_RESPONSE if it is not one: a listing must never be complete by misunderstanding. */
export function readShardsPage(body: unknown): ShardsPage {
  const action = 'ListShards'
  if (!isJsonObject(body) || !Array.isArray(body['Shards'])) throw misshapen(action, 'Shards')
  const next = body['NextToken'] ?? ''
  if (typeof next !== 'string') throw misshapen(action, 'NextToken')
  return { shards: body['Shards'].map((shard) => readShard(shard, action)), nextToken: next === '' ? undefined : next }
}

/** Reads the `ChildShards` of an answer to `action`; undefined if it has none. Throws AWS_RESPONSE. */
export function readChildShards(children: unknown, action: string): readonly ListedShard[] | undefined {
  if (children === undefined || children === null) return undefined
  if (!Array.isArray(children)) throw misshapen(action, 'ChildShards')
  return children.length === 0 ? undefined : children.map((child) => readChild(child, action))
}

function readShard(shard: unknown, action: string): ListedShard {
  if (!isJsonObject(shard)) throw misshapen(action, 'Shards')
  const range = isJsonObject(shard['SequenceNumberRange']) ? shard['SequenceNumberRange'] : {}
  const parents = [shard['ParentShardId'], shard['AdjacentParentShardId']]
  return {
    shardId: idOf(shard, action),
    parents: parents.filter((parent) => typeof parent === 'string').filter((parent) => parent !== ''),
    startingSequenceNumber: optionalText(range['StartingSequenceNumber']),
    endingSequenceNumber: optionalText(range['EndingSequenceNumber']),
    hashRange: readHashRange(shard, action),
  }
}

function readChild(child: unknown, action: string): ListedShard {
  if (!isJsonObject(child)) throw misshapen(action, 'ChildShards')
  const parents: unknown = child['ParentShards']
  return {
    shardId: idOf(child, action),
    parents: Array.isArray(parents) ? parents.filter((parent) => typeof parent === 'string') : [],
    startingSequenceNumber: undefined,
    endingSequenceNumber: undefined,
    hashRange: readHashRange(child, action),
  }
}

function idOf(shard: JsonObject, action: string): string {
  const id = shard['ShardId']
  if (typeof id !== 'string' || id === '') throw misshapen(action, 'ShardId')
  return id
}

function readHashRange(shard: JsonObject, action: string): HashKeyRange {
  const range = shard['HashKeyRange']
  const from = isJsonObject(range) ? range['StartingHashKey'] : undefined
  const to = isJsonObject(range) ? range['EndingHashKey'] : undefined
  if (!isNumberText(from) || !isNumberText(to)) throw misshapen(action, 'HashKeyRange')
  return { from: BigInt(from), to: BigInt(to) }
}

function isNumberText(value: unknown): value is string {
  return typeof value === 'string' && /^\d{1,39}$/.test(value)
}

function optionalText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function misshapen(action: string, member: string): TailraceError {
  return new TailraceError('AWS_RESPONSE', `${action} answered without a readable ${member}`)
}
