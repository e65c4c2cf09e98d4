import { TailraceError } from '../errors.ts'

/** RECORD_UNREADABLE for a record of a stream. `reason` must hold no value of an item. */
export function unreadableChange(
  reason: string,
  {
    table,
    shardId,
    sequenceNumber,
  }: {
    /** A name; of the stream where the record's table cannot be told. */
    readonly table: string
    readonly shardId: string
    readonly sequenceNumber: string | undefined
  },
): TailraceError {
  return new TailraceError(
    'RECORD_UNREADABLE',
    `A change of table ${table} cannot be decoded: ${reason} (shard ${shardId}, sequence number ${sequenceNumber ?? 'unknown'})`,
    { details: { table, shard: shardId, sequenceNumber, reason } },
  )
}
