import { isJsonObject } from '../../../src/aws/json-object.ts'
import type { JsonObject } from '../../../src/aws/json-object.ts'
import type { MappedRecord } from './mapped-stream.ts'
import type { StreamEvent } from './mapping.ts'

/** More state than this ends a window before its time. */
const mostStateBytes = 1_048_576

/** What an answer does to a window. */
export type WindowAnswer = 'kept' | 'no-state' | 'too-large'

/**
 * The tumbling window of one shard: which records belong together by their time, and what the function carries from one
 * invocation to the next. A record that comes late belongs to the window that is open.
 */
export interface TumblingWindow {
  /** Milliseconds, exclusive; undefined while no window is open. */
  readonly endMs: number | undefined
  /** False for a record behind the end of the window that is open. */
  admits(record: MappedRecord): boolean
  /** Opens the window of a record unless one is open. */
  open(record: MappedRecord): void
  /** What events have besides their records, of the window that is open. */
  members(flags: { readonly isFinal: boolean; readonly isEarly: boolean }): Omit<StreamEvent, 'Records'>
  /** Takes the state out of what the function returned. It is not kept if it is none or too large. */
  take(body: unknown): WindowAnswer
  /** The next record begins a window, with no state. */
  close(): void
  /** The window stays, with no state. */
  clear(): void
}

/** With no window open. */
export function createTumblingWindow(shardId: string, streamArn: string, seconds: number): TumblingWindow {
  const sizeMs = seconds * 1_000
  let startMs: number | undefined
  let state: JsonObject = {}
  return {
    get endMs() {
      return startMs === undefined ? undefined : startMs + sizeMs
    },
    admits: ({ arrivedAtMs }) => startMs === undefined || arrivedAtMs < startMs + sizeMs,
    open: ({ arrivedAtMs }) => void (startMs ??= Math.floor(arrivedAtMs / sizeMs) * sizeMs),
    members: ({ isFinal, isEarly }) => ({
      shardId,
      eventSourceARN: streamArn,
      window: { start: isoSeconds(startMs ?? 0), end: isoSeconds((startMs ?? 0) + sizeMs) },
      state,
      isFinalInvokeForWindow: isFinal,
      isWindowTerminatedEarly: isEarly,
    }),
    take: (body) => {
      const next = isJsonObject(body) ? body['state'] : undefined
      if (!isJsonObject(next)) return 'no-state'
      if (Buffer.byteLength(JSON.stringify(next)) > mostStateBytes) return 'too-large'
      state = next
      return 'kept'
    },
    close: () => {
      startMs = undefined
      state = {}
    },
    clear: () => void (state = {}),
  }
}

/** As windows and notices of discarded batches have it. */
export function isoSeconds(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z')
}
