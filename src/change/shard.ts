/** One shard as a listing shows it. A DynamoDB shard has at most one parent, a Kinesis shard up to two. */
export interface Shard {
  readonly shardId: string
  readonly parents: readonly string[]
  readonly startingSequenceNumber: string | undefined
  /** Present once the shard is closed. */
  readonly endingSequenceNumber: string | undefined
}

/** Where reading of a shard begins or goes on. `after` undefined means the trim horizon. */
export interface ShardPosition {
  readonly streamArn: string
  readonly shardId: string
  /** The last sequence number that was committed; reading goes on behind it. */
  readonly after: string | undefined
  /**
   * None of the changes that were written after this moment may be passed over; counts only without `after`, which tells
   * by itself what is missing. Milliseconds; undefined = whatever is left is welcome.
   */
  readonly unreadSinceMs?: number | undefined
}
