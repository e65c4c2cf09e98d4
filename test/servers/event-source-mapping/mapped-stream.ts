import type { AwsRequest } from '../../../src/aws/aws.ts'
import type { JsonObject } from '../../../src/aws/json-object.ts'

/** A record as it was read, ready for events. */
export interface MappedRecord {
  readonly sequenceNumber: string
  /** What keeps its order: the item's key, or the partition key. */
  readonly key: string
  readonly arrivedAtMs: number
  readonly inEvent: JsonObject
  /** Of its JSON in an event. */
  readonly bytes: number
}

/** A shard as a listing shows it. */
export interface MappedShard {
  readonly shardId: string
  readonly parents: readonly string[]
  readonly isOpen: boolean
}

/** Where a shard is read from. */
export type ReadFrom =
  | { readonly kind: 'oldest' }
  | { readonly kind: 'latest' }
  | { readonly kind: 'after'; readonly sequenceNumber: string }

/** One page of a shard. */
export interface RecordsPage {
  readonly records: readonly MappedRecord[]
  /** Undefined at the end of the shard. */
  readonly nextIterator: string | undefined
}

/** What DynamoDB Streams and Kinesis do differently; makes and reads messages, and sends none. */
export interface MappedStream {
  readonly pollMs: number
  /** `after` is what the page before gave. */
  listRequest(after: string | undefined): AwsRequest
  readListing(answer: unknown): MappedListing
  iteratorRequest(shardId: string, from: ReadFrom): AwsRequest
  recordsRequest(iterator: string): AwsRequest
  /** Records in the order of their numbers. Throws for an answer that is none. */
  readRecords(shardId: string, answer: unknown): RecordsPage
}

/** One page of a listing. */
export interface MappedListing {
  readonly shards: readonly MappedShard[]
  readonly next: string | undefined
  /** Nothing will be written into the stream any more. */
  readonly isDisabled: boolean
}
