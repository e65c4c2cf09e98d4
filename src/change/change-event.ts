import type { Item } from './attribute-value.ts'

/** DynamoDB's own words; `READ` is a row of a snapshot. */
export type Operation = 'INSERT' | 'MODIFY' | 'REMOVE' | 'READ'

/** Debezium's words for a row's place in its snapshot; `incremental` for all rows of one that was asked for on demand. */
export type SnapshotMark = 'first' | 'true' | 'last' | 'incremental'

/** Who made the change, when DynamoDB says so. Time-to-live deletes carry `Service` / `dynamodb.amazonaws.com`. */
export interface UserIdentity {
  readonly type: string
  readonly principalId: string
}

/**
 * One change of one item, decoded but not converted: values keep DynamoDB's exact types.
 * An image that is `undefined` was not captured (or cannot exist); it is neither null nor an empty item.
 */
export interface ChangeEvent {
  readonly operation: Operation
  readonly keys: Item
  readonly oldImage: Item | undefined
  readonly newImage: Item | undefined
  /** Empty for a row of a snapshot, which has no place in a stream; so are shard and sequence number. */
  readonly eventId: string
  readonly shardId: string
  /**
   * Decimal digits; compare with `compareSequenceNumbers`, never as text. A Kinesis stream's are those of Kinesis, which say
   * when a change arrived and not when it was made; of a record out of a package they are followed by `/` and its place there.
   */
  readonly sequenceNumber: string
  /** DynamoDB's approximate creation time in milliseconds; Streams round it down to the second. Never order by it. */
  readonly createdAtMs: number
  /** The same more exactly, in microseconds, where the source tells it: `createdAtMs` is it, cut off. */
  readonly createdAtMicros?: number | undefined
  readonly userIdentity: UserIdentity | undefined
  readonly sizeBytes: number
  /** Set for rows of a snapshot, and only for them. */
  readonly snapshot: SnapshotMark | undefined
  /**
   * Set if the new image was not captured and the item was read anew instead: `found`, and the new image is what it was
   * then, which may be newer than the change; `missing`, it was gone by then, and there are the keys alone.
   */
  readonly reselected?: 'found' | 'missing'
}
