import type { BackoffPolicy } from '../../../src/async/backoff.ts'
import type { Clock } from '../../../src/async/clock.ts'
import type { Rng } from '../../../src/async/rng.ts'
import type { AwsApi } from '../../../src/aws/aws.ts'
import type { JsonObject } from '../../../src/aws/json-object.ts'

/** What a mapping is told when it is made, under AWS's names. */
export interface MappingSettings {
  /** Records of one invocation at most. 6 MB of JSON may come first. */
  readonly batchSize: number
  /** How long the first record of a batch waits for others. 0: not at all. */
  readonly maximumBatchingWindowMs: number
  /** Invocations of one shard at once; each item (Kinesis: each partition key) has its own of them. */
  readonly parallelizationFactor: number
  /** Retries after errors of the function until a batch is discarded. -1: for ever. */
  readonly maximumRetryAttempts: number
  /** Records that are older are discarded instead of being delivered. -1: none are. */
  readonly maximumRecordAgeSeconds: number
  readonly bisectBatchOnFunctionError: boolean
  /** Without it, `batchItemFailures` of an answer mean nothing. */
  readonly reportBatchItemFailures: boolean
  /** 0: no windows. Otherwise not together with a parallelization factor, of which nothing is known. */
  readonly tumblingWindowSeconds: number
  /** Where shards begin that are there when the mapping first runs; later ones begin at their beginning. */
  readonly startingPosition: 'TRIM_HORIZON' | 'LATEST'
  /** Given a record as it is in an event; what it refuses is passed over without an invocation. */
  readonly filter?: (record: JsonObject) => boolean
}

/** AWS's own defaults, and the trim horizon. */
export const defaultMappingSettings: MappingSettings = {
  batchSize: 100,
  maximumBatchingWindowMs: 0,
  parallelizationFactor: 1,
  maximumRetryAttempts: -1,
  maximumRecordAgeSeconds: -1,
  bisectBatchOnFunctionError: false,
  reportBatchItemFailures: false,
  tumblingWindowSeconds: 0,
  startingPosition: 'TRIM_HORIZON',
}

/** What a function is invoked with. The members besides `Records` are there with a tumbling window only. */
export interface StreamEvent {
  readonly Records: readonly JsonObject[]
  /** ISO 8601 without fractions of a second. */
  readonly window?: { readonly start: string; readonly end: string }
  readonly state?: JsonObject
  readonly shardId?: string
  readonly eventSourceARN?: string
  readonly isFinalInvokeForWindow?: boolean
  readonly isWindowTerminatedEarly?: boolean
}

/** What the mapping hears of an invocation. */
export type InvokeResult =
  /** The function returned, with the JSON value that it gave; undefined for none. */
  | { readonly kind: 'answer'; readonly body: unknown }
  /** The function threw, or its process ended. */
  | { readonly kind: 'error'; readonly errorType: string; readonly errorMessage: string }
  /** The function ran longer than it may. */
  | { readonly kind: 'timeout' }
  /** Nothing is known: the function may have run to its end, in part, or not at all. Costs no retry and bisects nothing. */
  | { readonly kind: 'lost' }

/**
 * What goes wrong between the mapping and the function, each with its probability at each invocation. Looked at anew each
 * time, so that a test may change them under way. All of them are rare in AWS, and none is excluded: delivery is at least once.
 */
export interface DeliveryFaults {
  /** The function ran, but its answer does not come back. */
  lostAnswer: number
  /** Two invocations with the same event at once; the first answer counts, and the other one may outlast it. */
  twice: number
  /** The mapping stops waiting for an invocation that still runs, and delivers the batch again. */
  abandoned: number
  /** A batch that is to be retried is cut shorter, or gets records behind it. */
  cutAnew: number
  /** Records that were delivered come again, in order, in front of those that were not. Windows begin with no state. */
  failOver: number
  /** The last invocation of a window comes twice. */
  repeatedFinal: number
}

/** What the on-failure destination gets: no records, but where they are. */
export interface DiscardedBatch {
  readonly requestContext: {
    readonly requestId: string
    readonly condition: 'RetryAttemptsExhausted' | 'RecordAgeExceeded'
    readonly approximateInvokeCount: number
  }
  readonly version: '1.0'
  readonly timestamp: string
  readonly DDBStreamBatchInfo?: BatchInfo
  readonly KinesisBatchInfo?: BatchInfo
}

/** Where the records of a discarded batch are, first and last. */
export interface BatchInfo {
  readonly shardId: string
  readonly startSequenceNumber: string
  readonly endSequenceNumber: string
  readonly approximateArrivalOfFirstRecord: string
  readonly approximateArrivalOfLastRecord: string
  readonly batchSize: number
  readonly streamArn: string
}

/** What has happened since the mapping was made. */
export interface MappingCounters {
  invocations: number
  /** Records in events, each time that they were in one. */
  recordsInvoked: number
  /** Records that need no delivery any more, each once: the function succeeded with them, or they were discarded. */
  recordsDone: number
  /** Function errors and time-outs. */
  errors: number
  /** Answers that named the record from which to go on. */
  partialAnswers: number
  /** Answers that are a failure by themselves: a bad `itemIdentifier`, or no `state` in a window. */
  badAnswers: number
  bisections: number
  recordsDiscarded: number
  /** The destination rejected what it was told. */
  destinationFailures: number
  recordsFiltered: number
  /** Times that a shard went on at the trim horizon because what came next was gone. */
  trims: number
  finalInvocations: number
  /** Of the final ones, those without records. */
  emptyFinalInvocations: number
  windowsTerminatedEarly: number
  /** Shards that were delivered to their end. */
  shardsEnded: number
  /** How often each fault struck. */
  readonly faults: Record<keyof DeliveryFaults, number>
}

/** How fast a mapping is. Milliseconds. */
export interface MappingPace {
  /** Between two requests for a shard's records. */
  readonly pollMs: number
  /** Between two listings of the stream's shards; one that has ended is followed by a listing at once. */
  readonly listMs: number
  /** How long a window that is over waits for late records before its final invocation. */
  readonly windowGraceMs: number
  readonly retry: BackoffPolicy
}

/** What a mapping stands between. */
export interface EventSourceMappingOptions {
  readonly kind: 'dynamodb' | 'kinesis'
  readonly streamArn: string
  readonly api: AwsApi
  readonly clock: Clock
  readonly rng: Rng
  readonly settings: MappingSettings
  readonly pace?: Partial<MappingPace>
  readonly faults?: DeliveryFaults
  /**
   * Runs the function, and must not reject. Never more than once at a time for a shard (or for an item with a
   * parallelization factor) unless a fault says so. The signal aborts when the run does.
   */
  readonly invoke: (event: StreamEvent, signal: AbortSignal) => Promise<InvokeResult>
  /** A rejection is counted and otherwise ignored, as AWS does; the records are gone either way. */
  readonly onDiscard?: (batch: DiscardedBatch) => Promise<void> | void
  readonly trace?: (line: string) => void
}

/** An event source mapping: positions that outlast its runs, and what it has done. */
export interface EventSourceMapping {
  /**
   * Delivers until `signal` aborts, or until the stream is disabled and all of it was delivered; resolves then. Runs one
   * after the other go on from the same positions, as a mapping does that is disabled and enabled; records that were under
   * way come again. Rejects only for errors of the service that waiting does not cure.
   */
  run(signal: AbortSignal): Promise<void>
  readonly counters: MappingCounters
  /** Last sequence number of each shard up to which all was delivered; undefined for nothing yet. */
  positions(): ReadonlyMap<string, string | undefined>
}
