import { compareSequenceNumbers } from '../../change/sequence-number.ts'
import { TailraceError } from '../../errors.ts'
import type { PageStart, PlainRecord } from './record-pages.ts'

/**
 * The sequence number of a page's last record; undefined for a page without records. Throws SEQUENCE_ORDER unless the
 * records grow and stand where `start` lets them. One that is at the position itself is a record that comes twice.
 */
export function checkOrder(
  records: readonly PlainRecord[],
  start: PageStart,
  shard: { readonly streamArn: string; readonly shardId: string },
): string | undefined {
  let last = start.kind === 'after' ? start.sequenceNumber : undefined
  for (const { sequenceNumber } of records) {
    const isBehind = last === undefined || compareSequenceNumbers(sequenceNumber, last) > 0
    const isInFront = start.kind === 'at' && compareSequenceNumbers(sequenceNumber, start.sequenceNumber) < 0
    if (!isBehind || isInFront) {
      const what = isInFront ? `in front of the position ${start.sequenceNumber}` : `after ${last ?? ''}`
      throw new TailraceError(
        'SEQUENCE_ORDER',
        `Sequence number ${sequenceNumber} came ${what} (shard ${shard.shardId} of ${shard.streamArn})`,
        { details: { streamArn: shard.streamArn, shardId: shard.shardId, after: last, sequenceNumber } },
      )
    }
    last = sequenceNumber
  }
  return records.length === 0 ? undefined : last
}
