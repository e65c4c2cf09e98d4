import { decodeRecordBatches } from '../../../src/kafka/record-batch-decoder.ts'
import type { FetchedRecord } from '../../../src/kafka/kafka.ts'
import { decodeEntry } from '../../../src/lanes/ledger-codec.ts'
import type { ChangePosition, DeliveredRecord, LoggedTransaction, RecordPlace } from '../../../src/oracle/oracle.ts'
import { readable, readVersionedRecord } from '../../oracle/versioned-items.ts'
import type { LogBatch } from '../kafka/partition-log.ts'
import type { Partition, Topic } from '../kafka/cluster-state.ts'

/** Reads the logs themselves, not by way of requests: what a read_committed reader must be given, as far as decided. */
export interface OutputScan {
  /** Reads on to the high watermarks. */
  advance(): void
  /** Committed change records so far, each once per place. */
  readonly delivered: readonly DeliveredRecord[]
  /** Different changes among them, by table, key and version. */
  readonly distinct: ReadonlySet<string>
  /** Tombstones that do not stand right behind the delete of their item, and deletes without one. */
  readonly strayTombstones: number
}

/** One name for a change, however often it is delivered. */
export function changeName(change: {
  readonly table: string
  readonly key: string
  readonly version?: number | undefined
}): string {
  return `${change.table}/${change.key}/${change.version ?? '?'}`
}

/** A scan of all topics but the ledger. `topics` is looked at again each time; `onChange` hears of each change once. */
export function createOutputScan(
  topics: () => readonly Topic[],
  tableOf: (topic: string) => string,
  onChange?: (change: DeliveredRecord, record: FetchedRecord) => void,
): OutputScan {
  const delivered: DeliveredRecord[] = []
  const distinct = new Set<string>()
  const readers = new Map<Partition, (take: (record: FetchedRecord) => void) => void>()
  /** By partition: the delete whose tombstone comes next. */
  const bereft = new Map<string, string>()
  let strayTombstones = 0
  const take = (record: FetchedRecord, topic: string, partition: number): void => {
    const read = readable(record, topic, partition)
    const place = `${topic}-${partition}`
    const change = readVersionedRecord(read, tableOf)
    const isTombstone = change === undefined
    if (bereft.get(place) !== (isTombstone ? (read.key ?? '') : undefined)) strayTombstones++
    bereft.delete(place)
    if (isTombstone) return
    if (change.operation === 'REMOVE' || change.operation === 'VANISHED') bereft.set(place, read.key ?? '')
    delivered.push(change)
    onChange?.(change, record)
    if (change.operation !== 'SNAPSHOT' && change.operation !== 'VANISHED') distinct.add(changeName(change))
  }
  return {
    delivered,
    distinct,
    get strayTombstones() {
      return strayTombstones + bereft.size
    },
    advance: () => {
      for (const { name, partitions } of topics()) {
        for (const [index, partition] of partitions.entries()) {
          const read = readers.get(partition) ?? committedReader(partition)
          readers.set(partition, read)
          read((record) => take(record, name, index))
        }
      }
    },
  }
}

/**
 * Hands out committed records in offset order: up to the last stable offset, aborted ones left out. Goes on where it was:
 * what lies below the high watermark stays as it is.
 */
export function committedReader(partition: Partition): (take: (record: FetchedRecord) => void) => void {
  /** Offsets and outcomes of the markers that were met, by producer. */
  const markers = new Map<number, { readonly offset: number; readonly outcome: 'commit' | 'abort' }[]>()
  let nextMarker = 0
  let next = 0
  const meetMarkers = (history: readonly LogBatch[], end: number): void => {
    for (let at = firstFrom(history, nextMarker); at < history.length; at++) {
      const batch = history[at]
      if (batch === undefined || batch.lastOffset >= end) return
      nextMarker = batch.lastOffset + 1
      if (batch.marker === undefined) continue
      const { producerId } = batch.facts
      const known = markers.get(producerId) ?? []
      markers.set(producerId, known)
      known.push({ offset: batch.baseOffset, outcome: batch.marker })
    }
  }
  const isCommitted = ({ facts, baseOffset }: LogBatch): boolean => {
    if (!facts.isTransactional) return true
    const known = markers.get(facts.producerId) ?? []
    // Batches are taken in their order, so what lies in front of this one has done its duty.
    while (known[0] !== undefined && known[0].offset < baseOffset) known.shift()
    return known[0]?.outcome === 'commit'
  }
  return (take) => {
    const { history, highWatermark, lastStable } = partition.log
    meetMarkers(history, highWatermark)
    for (let at = firstFrom(history, next); at < history.length; at++) {
      const batch = history[at]
      if (batch === undefined || batch.lastOffset >= lastStable) return
      next = batch.lastOffset + 1
      if (batch.marker !== undefined || !isCommitted(batch)) continue
      for (const record of decodeRecordBatches(batch.bytes)[0]?.records ?? []) take(record)
    }
  }
}

/** Index of the first batch that begins at an offset or behind it. */
function firstFrom(history: readonly LogBatch[], offset: number): number {
  let low = 0
  let high = history.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((history[middle]?.baseOffset ?? 0) < offset) low = middle + 1
    else high = middle
  }
  return low
}

/** The outcome of each transactional batch: the next marker of its producer in its partition. */
function outcomesOf(batches: readonly LogBatch[]): ReadonlyMap<LogBatch, 'commit' | 'abort' | 'open'> {
  const outcomes = new Map<LogBatch, 'commit' | 'abort' | 'open'>()
  const open = new Map<number, LogBatch[]>()
  for (const batch of batches) {
    const { producerId, isTransactional } = batch.facts
    if (batch.marker !== undefined) {
      for (const before of open.get(producerId) ?? []) outcomes.set(before, batch.marker)
      open.delete(producerId)
    } else if (isTransactional) {
      outcomes.set(batch, 'open')
      open.set(producerId, [...(open.get(producerId) ?? []), batch])
    }
  }
  return outcomes
}

interface Assembled {
  readonly name: string
  readonly outcome: LoggedTransaction['outcome']
  readonly records: { readonly place: RecordPlace; readonly position: ChangePosition }[]
  readonly positions: ChangePosition[]
}

/**
 * Every transaction of the log, put together over partitions by the name that the coordinator gave it. One that was
 * committed on some partitions and aborted on others comes as two.
 */
export function loggedTransactions(topics: readonly Topic[], ledgerTopic: string): readonly LoggedTransaction[] {
  const assembled = new Map<string, Assembled>()
  const take = (batch: LogBatch, outcome: LoggedTransaction['outcome'], place: Omit<RecordPlace, 'offset'>): void => {
    const name = `${batch.tag} ${outcome}`
    const entry = assembled.get(name) ?? { name, outcome, records: [], positions: [] }
    assembled.set(name, entry)
    for (const record of decodeRecordBatches(batch.bytes)[0]?.records ?? []) {
      if (place.topic === ledgerTopic) addPosition(entry, record)
      else addRecord(entry, readable(record, place.topic, place.partition))
    }
  }
  for (const { name: topic, partitions } of topics) {
    for (const [partition, { log }] of partitions.entries()) {
      const outcomes = outcomesOf(log.history)
      const batches = log.history.filter(({ tag }) => tag !== undefined)
      for (const batch of batches) take(batch, outcomes.get(batch) ?? 'open', { topic, partition })
    }
  }
  const serialOf = ({ name }: Assembled): number => Number(/#(\d+)/.exec(name)?.[1])
  return [...assembled.values()].sort((a, b) => serialOf(a) - serialOf(b))
}

function addPosition({ positions }: Assembled, record: FetchedRecord): void {
  const decoded = decodeEntry(record.key, record.value)
  if (decoded.kind !== 'entry' || decoded.entry.kind !== 'at' || decoded.entry.after === undefined) return
  positions.push({ shardId: decoded.entry.shardId, sequenceNumber: decoded.entry.after })
}

function addRecord({ records }: Assembled, record: ReturnType<typeof readable>): void {
  const { topic, partition, offset, shardId, sequenceNumber } = record
  if (shardId === undefined || sequenceNumber === undefined) return
  records.push({ place: { topic, partition, offset }, position: { shardId, sequenceNumber } })
}
