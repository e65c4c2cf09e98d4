/** One change of one item, as the simulator recorded it when it happened: what an oracle compares the output with. */
export interface LedgerWrite {
  readonly table: string
  readonly streamArn: string
  readonly shardId: string
  readonly sequenceNumber: string
  readonly eventId: string
  readonly operation: 'INSERT' | 'MODIFY' | 'REMOVE'
  /** Key attributes in key-schema order, see `keyText`. */
  readonly key: string
  /** 1 for the item's first change, then one more each time, also over deletes. */
  readonly version: number
  /** Clock.now when it was written. */
  readonly writtenAtMs: number
}
