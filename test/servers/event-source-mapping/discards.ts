import type { MappedRecord } from './mapped-stream.ts'
import type { BatchInfo, DiscardedBatch } from './mapping.ts'
import type { MappingParts } from './mapping-parts.ts'
import { isoSeconds } from './tumbling-window.ts'

/** Why records are discarded. */
export interface DiscardReason {
  readonly condition: DiscardedBatch['requestContext']['condition']
  readonly invokeCount: number
}

/**
 * Tells the on-failure destination of records that will not be delivered again, and counts them. The names of the
 * conditions but the first are ours: AWS documents none for age.
 */
export async function discard(
  parts: MappingParts,
  shardId: string,
  records: readonly MappedRecord[],
  { condition, invokeCount }: DiscardReason,
): Promise<void> {
  const { counters, clock, kind, streamArn, onDiscard, trace } = parts
  const [first] = records
  const last = records.at(-1)
  if (first === undefined || last === undefined) return
  counters.recordsDiscarded += records.length
  trace(`${shardId} discards ${records.length} ${first.sequenceNumber}..${last.sequenceNumber} ${condition}`)
  const info: BatchInfo = {
    shardId,
    startSequenceNumber: first.sequenceNumber,
    endSequenceNumber: last.sequenceNumber,
    approximateArrivalOfFirstRecord: isoSeconds(first.arrivedAtMs),
    approximateArrivalOfLastRecord: isoSeconds(last.arrivedAtMs),
    batchSize: records.length,
    streamArn,
  }
  const requestId = `${shardId}/${first.sequenceNumber}`
  try {
    await onDiscard?.({
      requestContext: { requestId, condition, approximateInvokeCount: invokeCount },
      version: '1.0',
      timestamp: new Date(clock.now()).toISOString(),
      ...(kind === 'dynamodb' ? { DDBStreamBatchInfo: info } : { KinesisBatchInfo: info }),
    })
  } catch {
    counters.destinationFailures++
  }
}
