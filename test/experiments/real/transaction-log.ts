import type { FetchedBatch, FetchedRecord } from '../../../src/kafka/kafka.ts'
import { decodeEntry } from '../../../src/lanes/ledger-codec.ts'
import type { ChangePosition, LoggedTransaction, RecordPlace } from '../../../src/oracle/oracle.ts'

/**
 * Puts transactions together from the raw batches of all partitions. Under transactions V2 a producer id and an epoch
 * are one transaction; its markers carry the epoch that follows, so they are matched by their place: within a partition
 * a marker ends what its producer has open there.
 */
export interface TransactionLog {
  /** The next batch of a partition, in offset order. Batches outside of transactions count as committed. */
  add(partition: Pick<RecordPlace, 'topic' | 'partition'>, batch: FetchedBatch): void
  /**
   * All of them, each producer's in its order. One that has several outcomes is several transactions, which will not be
   * whole.
   */
  transactions(): readonly LoggedTransaction[]
}

/** What one transaction left in one partition. */
interface Part {
  readonly producerId: bigint
  readonly epoch: number
  outcome: LoggedTransaction['outcome']
  readonly records: { readonly place: RecordPlace; readonly position: ChangePosition }[]
  readonly positions: ChangePosition[]
}

/** No batch yet. */
export function createTransactionLog(ledgerTopic: string): TransactionLog {
  const parts: Part[] = []
  /** By partition and producer: what waits for its marker. */
  const open = new Map<string, Part[]>()
  return {
    add: (partition, batch) => {
      const slot = `${partition.topic}-${partition.partition} ${batch.producerId}`
      if (batch.marker !== undefined) {
        for (const part of open.get(slot) ?? []) part.outcome = batch.marker
        open.delete(slot)
        return
      }
      const waiting = batch.isTransactional ? (open.get(slot) ?? []) : []
      const known = waiting.find(({ epoch }) => epoch === batch.producerEpoch)
      const part = known ?? emptyPart(batch)
      if (known === undefined) {
        parts.push(part)
        waiting.push(part)
      }
      if (batch.isTransactional) open.set(slot, waiting)
      for (const record of batch.records) {
        if (partition.topic === ledgerTopic) addPosition(part, record)
        else addRecord(part, partition, record)
      }
    },
    transactions: () => assemble(parts),
  }
}

function emptyPart({ producerId, producerEpoch, isTransactional }: FetchedBatch): Part {
  return { producerId, epoch: producerEpoch, outcome: isTransactional ? 'open' : 'commit', records: [], positions: [] }
}

function assemble(parts: readonly Part[]): readonly LoggedTransaction[] {
  const whole = new Map<string, Part>()
  for (const part of parts) {
    const name = nameOf(part)
    const known = whole.get(name)
    if (known === undefined) {
      whole.set(name, { ...part, records: [...part.records], positions: [...part.positions] })
      continue
    }
    for (const record of part.records) known.records.push(record)
    for (const position of part.positions) known.positions.push(position)
  }
  return [...whole.values()]
    .toSorted((a, b) => (a.producerId === b.producerId ? a.epoch - b.epoch : a.producerId < b.producerId ? -1 : 1))
    .map((part) => ({
      name: nameOf(part),
      outcome: part.outcome,
      records: part.records,
      positions: part.positions,
    }))
}

function nameOf({ producerId, epoch, outcome }: Part): string {
  return `${producerId}/${epoch} ${outcome}`
}

/** Of a ledger's entries only positions count here; one that no version can read is not for this judge. */
function addPosition({ positions }: Part, { key, value }: FetchedRecord): void {
  const decoded = decodeEntry(key, value)
  if (decoded.kind !== 'entry' || decoded.entry.kind !== 'at' || decoded.entry.after === undefined) return
  positions.push({ shardId: decoded.entry.shardId, sequenceNumber: decoded.entry.after })
}

function addRecord(
  { records }: Part,
  { topic, partition }: Pick<RecordPlace, 'topic' | 'partition'>,
  { offset, headers }: FetchedRecord,
): void {
  const text = (name: string): string | undefined => headers.find(([found]) => found === name)?.[1]?.toString()
  const shardId = text('tailrace.shard')
  const sequenceNumber = text('tailrace.seq')
  if (shardId === undefined || sequenceNumber === undefined) return
  records.push({ place: { topic, partition, offset: Number(offset) }, position: { shardId, sequenceNumber } })
}
