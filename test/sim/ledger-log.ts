import type { Rng } from '../../src/async/rng.ts'
import { decodeEntry, encodeEntry } from '../../src/lanes/ledger-codec.ts'
import type { AddressedEntry } from '../../src/lanes/ledger-entry.ts'
import type { LaneFold } from '../../src/lanes/lane-state.ts'

/** A transaction of the simulated log; its records become readable by its outcome. */
export interface Transaction {
  state: 'open' | 'commit' | 'abort'
}

interface LogRecord {
  readonly offset: number
  readonly key: Buffer
  readonly value: Buffer | null
  readonly transaction: Transaction
}

/** The ledger's partitions with open transactions, last stable offsets and random compaction. */
export interface LedgerLog {
  append(entries: readonly AddressedEntry[], transaction: Transaction): void
  highWatermark(lane: number): number
  lastStable(lane: number): number
  records(lane: number): readonly LogRecord[]
  compact(lane: number): void
}

export function createLedgerLog(lanes: number): LedgerLog {
  const partitions: LogRecord[][] = Array.from({ length: lanes }, () => [])
  const ends: number[] = Array.from({ length: lanes }, () => 0)
  const of = (lane: number): LogRecord[] => partitions[lane] ?? []
  const highWatermark = (lane: number): number => ends[lane] ?? 0
  const lastStable = (lane: number): number =>
    of(lane).find((record) => record.transaction.state === 'open')?.offset ?? highWatermark(lane)
  return {
    append: (entries, transaction) => {
      for (const { lane, entry, isTombstone } of entries) {
        const { key, value } = encodeEntry(entry)
        of(lane).push({ offset: highWatermark(lane), key, value: isTombstone ? null : value, transaction })
        ends[lane] = highWatermark(lane) + 1
      }
    },
    highWatermark,
    lastStable,
    records: of,
    compact: (lane) => {
      const stable = lastStable(lane)
      const newest = new Map<string, number>()
      for (const record of of(lane)) {
        if (record.offset < stable && record.transaction.state === 'commit')
          newest.set(record.key.toString(), record.offset)
      }
      partitions[lane] = of(lane).filter((r) => r.offset >= stable || newest.get(r.key.toString()) === r.offset)
    },
  }
}

/** How a lane reads its partition: by markers (the protocol), or only up to the last stable offset (planted bug). */
export type ReadingMode = 'markers' | 'last-stable'

/** One lane's reading position in its partition, with the records that wait for their marker. */
export interface LogReader {
  /** Reads all there is now. */
  load(): void
  /** Folds markers that have come, then a random part of what is new. */
  tail(rng: Rng): void
}

export function createLogReader(log: LedgerLog, lane: number, fold: LaneFold, mode: ReadingMode): LogReader {
  let position = 0
  let pending: LogRecord[] = []
  const apply = (record: LogRecord): void => {
    if (record.transaction.state === 'commit') fold.apply(decodeEntry(record.key, record.value))
  }
  const settle = (): void => {
    const settled = pending.filter((record) => record.transaction.state !== 'open')
    pending = pending.filter((record) => record.transaction.state === 'open')
    for (const record of settled) apply(record)
  }
  const readTo = (end: number): void => {
    for (const record of log.records(lane)) {
      if (record.offset < position || record.offset >= end) continue
      if (record.transaction.state === 'open') pending.push(record)
      else apply(record)
    }
    position = Math.max(position, end)
  }
  return {
    load: () => {
      settle()
      readTo(mode === 'markers' ? log.highWatermark(lane) : log.lastStable(lane))
    },
    tail: (rng) => {
      settle()
      const end = mode === 'markers' ? log.highWatermark(lane) : log.lastStable(lane)
      if (end > position) readTo(position + 1 + Math.floor(rng.next() * (end - position)))
    },
  }
}
