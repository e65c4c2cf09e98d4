import type { Shard } from '../../change/shard.ts'

/**
 * The records of one Kinesis shard as they come: in shard order, each once, nothing taken apart yet. Polling and enhanced
 * fan-out both read like this. Throttles, expired iterators, ended subscriptions, server and network errors are waited out.
 */
export interface RecordPages {
  /**
   * The page behind the one before. May wait; a page without records is normal. Behind the page that is the end comes the
   * same end again, without records. Rejects with the signal's reason, and then nothing is lost: the next call gives what
   * this one would have given. Not safe for concurrent calls.
   */
  next(signal: AbortSignal): Promise<RecordPage>
  /** Ends what is under way at the service. Harmless when it is called twice. */
  close(): Promise<void>
}

/** One answer of the service. */
export interface RecordPage {
  /** With strictly growing sequence numbers, all of them behind those of earlier pages. */
  readonly records: readonly PlainRecord[]
  /** Bytes of the answer on the wire. */
  readonly bytes: number
  /** True when the shard is closed and these were its last records. */
  readonly isEnd: boolean
  /** At the end: the shards that go on with this one's keys, if the answer names them. No regular expression leaves any out. */
  readonly children: readonly Shard[] | undefined
  /**
   * Not later than the moment at which the service put the page together (Clock.now, milliseconds). For a page that was
   * pushed that is not the time at which it was taken from the connection, where it may have lain for long.
   */
  readonly requestedAtMs: number
  /** When the page was complete here. Milliseconds. */
  readonly receivedAtMs: number
  /** How far this page is from the newest record; 0 behind that one. Milliseconds, infinite if the service does not say. */
  readonly millisBehindLatest: number
}

/** A record as Kinesis gives it; it may be a package of several (KPL). */
export interface PlainRecord {
  readonly sequenceNumber: string
  readonly partitionKey: string
  /** When Kinesis took it in. Milliseconds; may run backwards within a shard. */
  readonly arrivedAtMs: number
  /** Decoded once, from the base64 of the answer. May share its memory with the records beside it. */
  readonly data: Buffer
}

/** Where the first page begins. What was trimmed is passed over without a word: see `retention-guard.ts`. */
export type PageStart =
  | { readonly kind: 'after'; readonly sequenceNumber: string }
  | { readonly kind: 'at'; readonly sequenceNumber: string }
  /** With the first record that arrived at this moment or later. Milliseconds. */
  | { readonly kind: 'time'; readonly atMs: number }
  | { readonly kind: 'oldest' }
