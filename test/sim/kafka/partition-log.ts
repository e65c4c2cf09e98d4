import { decodeRecordBatches } from '../../../src/kafka/record-batch-decoder.ts'
import { atOffset, markerBatch, readBatchFacts, withRecords } from './batch-bytes.ts'
import type { BatchFacts } from './batch-bytes.ts'
import { createProducerStates } from './producer-states.ts'
import type { ProducerStates } from './producer-states.ts'

/** A batch as the log holds it. */
export interface LogBatch {
  readonly baseOffset: number
  readonly lastOffset: number
  readonly facts: BatchFacts
  /** Undefined for data. */
  readonly marker: 'commit' | 'abort' | undefined
  readonly bytes: Buffer
  /** Names the transaction that it belongs to, over all partitions; readers do not see it. */
  readonly tag: string | undefined
}

/** What a fetch sees of a partition. */
export interface LogSlice {
  readonly bytes: Buffer
  readonly aborted: readonly { readonly producerId: number; readonly firstOffset: number }[]
}

/**
 * One partition as its leader has it. What lies at or above the high watermark is not replicated yet: nobody reads it,
 * and it is gone when the leader dies.
 */
export interface PartitionLog {
  readonly batches: readonly LogBatch[]
  /** The same before any compaction: for whoever judges the run. */
  readonly history: readonly LogBatch[]
  readonly logStart: number
  readonly end: number
  readonly highWatermark: number
  readonly lastStable: number
  /** Checks a producer's epoch and sequence as a leader does. Code 0: appended, or recognised as a repetition. */
  append(bytes: Buffer, tag?: string): { readonly errorCode: number; readonly nextOffset: number }
  appendMarker(marker: Parameters<typeof markerBatch>[0]): number
  replicate(to: number): void
  /** A new leader has what was replicated, and nothing else. */
  truncate(): void
  read(offset: number, options: { readonly maxBytes: number; readonly isCommittedOnly: boolean }): LogSlice
  /**
   * Keeps of each key the newest committed record; touches nothing at or above the last stable offset. Tombstones are kept, unless they are as
   * old as `delete.retention.ms`.
   */
  compact(options?: { readonly isWithoutTombstones: boolean }): void
}

/** An empty log. */
export function createPartitionLog(): PartitionLog {
  return new Log()
}

class Log implements PartitionLog {
  #batches: LogBatch[] = []
  #history: LogBatch[] = []
  #states: ProducerStates = createProducerStates()
  #end = 0
  #highWatermark = 0

  get batches(): readonly LogBatch[] {
    return this.#batches
  }

  get history(): readonly LogBatch[] {
    return this.#history
  }

  get logStart(): number {
    return 0
  }

  get end(): number {
    return this.#end
  }

  get highWatermark(): number {
    return this.#highWatermark
  }

  get lastStable(): number {
    return Math.min(this.#highWatermark, this.#states.firstUnstable(this.#highWatermark))
  }

  append(bytes: Buffer, tag?: string): { readonly errorCode: number; readonly nextOffset: number } {
    const facts = readBatchFacts(bytes)
    const verdict = this.#states.check(facts)
    if (verdict.kind === 'refused') return { errorCode: verdict.errorCode, nextOffset: -1 }
    if (verdict.kind === 'repeated') return { errorCode: 0, nextOffset: verdict.nextOffset }
    this.#push(bytes, { facts, marker: undefined, tag })
    return { errorCode: 0, nextOffset: this.#end }
  }

  appendMarker(marker: Parameters<typeof markerBatch>[0]): number {
    const bytes = markerBatch(marker)
    this.#push(bytes, { facts: readBatchFacts(bytes), marker: marker.outcome, tag: undefined })
    return this.#end
  }

  replicate(to: number): void {
    this.#highWatermark = Math.max(this.#highWatermark, Math.min(to, this.#end))
  }

  truncate(): void {
    if (this.#end === this.#highWatermark) return
    this.#batches = this.#batches.filter((batch) => batch.lastOffset < this.#highWatermark)
    this.#history = this.#history.filter((batch) => batch.lastOffset < this.#highWatermark)
    this.#end = this.#highWatermark
    this.#states = createProducerStates()
    for (const batch of this.#history) this.#states.note(batch.facts, batch.baseOffset, batch.marker)
  }

  read(offset: number, options: { readonly maxBytes: number; readonly isCommittedOnly: boolean }): LogSlice {
    const limit = options.isCommittedOnly ? this.lastStable : this.#highWatermark
    const parts: Buffer[] = []
    let bytes = 0
    let next = offset
    for (let at = this.#indexOf(offset); at < this.#batches.length; at++) {
      const batch = this.#batches[at]
      if (batch === undefined || batch.lastOffset >= limit) break
      if (parts.length > 0 && bytes + batch.bytes.length > options.maxBytes) break
      parts.push(batch.bytes)
      bytes += batch.bytes.length
      next = batch.lastOffset + 1
    }
    const aborted = options.isCommittedOnly ? this.#states.abortedBetween(offset, next) : []
    return { bytes: Buffer.concat(parts), aborted }
  }

  compact({ isWithoutTombstones } = { isWithoutTombstones: false }): void {
    const stable = this.lastStable
    const decoded = this.#batches.map((batch) => decodeRecordBatches(batch.bytes)[0]?.records ?? [])
    const isCommitted = (batch: LogBatch): boolean =>
      !batch.facts.isTransactional || !this.#states.isAborted(batch.facts.producerId, batch.baseOffset)
    const newest = new Map<string, bigint>()
    for (const [index, batch] of this.#batches.entries()) {
      if (batch.lastOffset >= stable || batch.marker !== undefined || !isCommitted(batch)) continue
      for (const { key, offset } of decoded[index] ?? []) newest.set(key?.toString('latin1') ?? '', offset)
    }
    this.#batches = this.#batches.flatMap((batch, index): LogBatch[] => {
      if (batch.lastOffset >= stable || batch.marker !== undefined) return [batch]
      const records = decoded[index] ?? []
      const kept = isCommitted(batch)
        ? records
            .filter(({ key, offset }) => newest.get(key?.toString('latin1') ?? '') === offset)
            .filter(({ value }) => value !== null || !isWithoutTombstones)
        : []
      if (kept.length === records.length) return [batch]
      return kept.length === 0 ? [] : [{ ...batch, bytes: withRecords(batch.bytes, kept) }]
    })
  }

  /** The first batch that holds the offset or lies behind it. */
  #indexOf(offset: number): number {
    let low = 0
    let high = this.#batches.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#batches[middle]?.lastOffset ?? 0) < offset) low = middle + 1
      else high = middle
    }
    return low
  }

  #push(bytes: Buffer, batch: Pick<LogBatch, 'facts' | 'marker' | 'tag'>): void {
    const { facts, marker } = batch
    const baseOffset = this.#end
    const lastOffset = baseOffset + facts.lastOffsetDelta
    const appended = { ...batch, baseOffset, lastOffset, bytes: atOffset(bytes, baseOffset) }
    this.#batches.push(appended)
    this.#history.push(appended)
    this.#end = lastOffset + 1
    this.#states.note(facts, baseOffset, marker)
  }
}
