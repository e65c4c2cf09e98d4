import { createBell } from '../../../src/async/bell.ts'
import type { MappedRecord } from './mapped-stream.ts'
import type { MappingParts } from './mapping-parts.ts'
import type { TumblingWindow } from './tumbling-window.ts'

/** JSON of an event at most; a little is left for what surrounds the records. */
const mostEventBytes = 6 * 1_048_576 - 4_096

/** What is to be delivered next. Without records it is the end of a window. */
export interface NextBatch {
  readonly records: readonly MappedRecord[]
  /** What comes next belongs to a later window, or the shard or the window is over. */
  readonly isLastOfWindow: boolean
}

/** The records of one sub-lane of a shard that wait for their invocation. One may wait for the next batch. */
export interface BatchQueue {
  readonly length: number
  offer(record: MappedRecord): void
  /** In front of all others, in their order. */
  putBack(records: readonly MappedRecord[]): void
  /** No more records will be offered. */
  end(): void
  /** Waits for a batch that is full, or has waited long enough. Undefined once all is delivered and the queue has ended. */
  next(signal: AbortSignal): Promise<NextBatch | undefined>
  /** Records that fit behind others in the same event, and are there already. */
  takeMore(behind: readonly MappedRecord[]): readonly MappedRecord[]
}

const longWaitMs = 60_000

/** Empty, and open. `window` is undefined without tumbling windows. */
export function createBatchQueue(parts: MappingParts, window: TumblingWindow | undefined): BatchQueue {
  const { clock, settings, pace } = parts
  const bell = createBell(clock)
  const waiting: { readonly record: MappedRecord; readonly sinceMs: number }[] = []
  let isEnded = false

  /** How many fit behind so many others, and whether that is all that can be. */
  const fitting = (behind: readonly MappedRecord[]): { readonly count: number; readonly isFull: boolean } => {
    let bytes = behind.reduce((sum, record) => sum + record.bytes + 1, 0)
    for (const [index, { record }] of waiting.entries()) {
      bytes += record.bytes + 1
      const isFirst = index + behind.length === 0
      if (isFirst) window?.open(record)
      const isFull = index + behind.length >= settings.batchSize || (bytes > mostEventBytes && !isFirst)
      if (isFull || window?.admits(record) === false) return { count: index, isFull: true }
    }
    return { count: waiting.length, isFull: waiting.length + behind.length >= settings.batchSize }
  }
  const take = (count: number): readonly MappedRecord[] => waiting.splice(0, count).map(({ record }) => record)
  const isWindowOver = (): boolean => {
    const [first] = waiting
    if (window?.endMs === undefined) return false
    if (first !== undefined) return !window.admits(first.record)
    return isEnded || clock.now() >= window.endMs + pace.windowGraceMs
  }
  const waitMs = (): number => {
    const [first] = waiting
    if (first !== undefined) return Math.max(0, first.sinceMs + settings.maximumBatchingWindowMs - clock.monotonic())
    if (window?.endMs === undefined) return longWaitMs
    return Math.min(longWaitMs, Math.max(0, window.endMs + pace.windowGraceMs - clock.now()))
  }
  return {
    get length() {
      return waiting.length
    },
    offer: (record) => {
      waiting.push({ record, sinceMs: clock.monotonic() })
      bell.ring()
    },
    putBack: (records) =>
      void waiting.unshift(...records.map((record) => ({ record, sinceMs: Number.NEGATIVE_INFINITY }))),
    end: () => {
      isEnded = true
      bell.ring()
    },
    next: async (signal) => {
      for (;;) {
        signal.throwIfAborted()
        if (isWindowOver()) return { records: [], isLastOfWindow: true }
        const { count, isFull } = fitting([])
        if (count > 0 && (isFull || isEnded || waitMs() === 0)) {
          const records = take(count)
          return { records, isLastOfWindow: isWindowOver() }
        }
        if (isEnded && waiting.length === 0) return undefined
        await bell.wait(waitMs(), signal)
      }
    },
    takeMore: (behind) => take(fitting(behind).count),
  }
}
