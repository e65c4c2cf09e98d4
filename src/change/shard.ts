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
  /** Of a shard without a position: what arrived before this moment is not wanted. Milliseconds; undefined = all is. */
  readonly notBeforeMs?: number | undefined
  /** What the reader left behind with the position; undefined where it leaves nothing, or nothing was delivered yet. */
  readonly note?: ReaderNote | undefined
  /** What the readers of the shard's parents left at their ends, by the parents' ids; counts only without `note`. */
  readonly inherited?: Readonly<Record<string, string>> | undefined
}

/**
 * What a reader must know besides its position to go on as if it had never stopped. Written in the transaction that moves
 * the position, opaque to all others.
 */
export interface ReaderNote {
  /** Grows with each note of a shard. Of two notes at one position the greater counts. */
  readonly step: number
  readonly text: string
}
