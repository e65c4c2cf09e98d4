/**
 * Kafka as tailrace uses it: decoded requests, so that a simulated cluster can stand behind the same port.
 *
 * Every method is one attempt on the right broker (leader or coordinator, found and cached below this port). A failure is
 * a `TailraceError` with the policy of its kind, or a {@link KafkaError} where the broker's code means something to the
 * caller. Nothing is retried here except where a method says so: inside a transaction a second attempt is a hazard.
 */
export interface KafkaApi extends AsyncDisposable {
  /** Cluster id, brokers' features. `transactionVersion` is the finalized `transaction.version` (0 when absent). */
  cluster(signal: AbortSignal): Promise<ClusterInfo>
  /** Topics that exist, by name; absent ones are left out. Always asks the cluster. */
  topics(names: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, TopicInfo>>
  createTopic(topic: NewTopic, signal: AbortSignal): Promise<void>
  deleteTopic(name: string, signal: AbortSignal): Promise<void>
  /** Configuration values of a topic by property name. */
  topicConfig(name: string, signal: AbortSignal): Promise<ReadonlyMap<string, string>>
  /** First offset, high watermark and last stable offset of a partition. */
  offsets(topic: string, partition: number, signal: AbortSignal): Promise<PartitionOffsets>
  /** Raw batches from `offset` on, control batches included, whatever their transaction's state. */
  fetch(request: FetchRequest, signal: AbortSignal): Promise<FetchedPartition>
  /** Fences every older holder of the id and settles its transaction. Waits while the coordinator is loading or busy. */
  initProducerId(request: InitProducerId, signal: AbortSignal): Promise<ProducerIdentity>
  /** Transactions V1 only. */
  addPartitions(request: AddPartitions, signal: AbortSignal): Promise<void>
  /** One produce request per leader, in parallel. Resolves when all in-sync replicas have every batch. */
  produce(request: ProduceRequest, signal: AbortSignal): Promise<void>
  /** Ends the transaction. Under V2 the answer carries the identity of the next one. */
  endTransaction(request: EndTransaction, signal: AbortSignal): Promise<ProducerIdentity>
  /** State of transactional ids that the cluster knows; unknown ones are left out. */
  describeTransactions(ids: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, TransactionState>>
  /** How many members a group has; 0 for one that does not exist. */
  groupMembers(group: string, signal: AbortSignal): Promise<number>
  deleteGroup(group: string, signal: AbortSignal): Promise<void>
}

export interface ClusterInfo {
  readonly clusterId: string
  readonly transactionVersion: number
}

export interface TopicInfo {
  readonly name: string
  /** UUID text; a recreated topic has another one. */
  readonly id: string
  readonly partitions: number
}

export interface NewTopic {
  readonly name: string
  readonly partitions: number
  /** -1 = the broker's default. */
  readonly replicationFactor: number
  readonly config: Readonly<Record<string, string>>
}

export interface PartitionOffsets {
  readonly logStart: bigint
  readonly highWatermark: bigint
  readonly lastStable: bigint
}

export interface FetchRequest {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly maxBytes: number
  /** The broker answers an empty page after this long. Milliseconds. */
  readonly maxWaitMs: number
  /** `read_committed` makes the broker stop at the last stable offset and name aborted transactions. */
  readonly isolation: 'read_uncommitted' | 'read_committed'
}

export interface FetchedPartition {
  readonly batches: readonly FetchedBatch[]
  readonly highWatermark: bigint
  readonly lastStable: bigint
  readonly logStart: bigint
  readonly abortedTransactions: readonly { readonly producerId: bigint; readonly firstOffset: bigint }[]
}

/** One record batch. A control batch holds one marker and no data records. */
export interface FetchedBatch {
  readonly baseOffset: bigint
  /** Offset behind the batch's last record; compaction can leave gaps. */
  readonly nextOffset: bigint
  readonly producerId: bigint
  /** Under transactions V2 each transaction has its own. */
  readonly producerEpoch: number
  readonly isTransactional: boolean
  readonly marker: 'commit' | 'abort' | undefined
  readonly records: readonly FetchedRecord[]
}

export interface FetchedRecord {
  readonly offset: bigint
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly (readonly [string, Buffer | null])[]
}

/** One record to write. The partition is decided by the caller. */
export interface ProducerRecord {
  readonly topic: string
  readonly partition: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly (readonly [Buffer, Buffer])[]
  /** Milliseconds since the epoch. */
  readonly timestamp: number
}

export interface ProducerIdentity {
  readonly producerId: bigint
  readonly producerEpoch: number
}

export interface InitProducerId {
  /** Null makes an idempotent producer without transactions. */
  readonly transactionalId: string | null
  readonly timeoutMs: number
}

export interface AddPartitions extends ProducerIdentity {
  readonly transactionalId: string
  readonly partitions: readonly { readonly topic: string; readonly partition: number }[]
}

export interface ProduceRequest extends ProducerIdentity {
  readonly transactionalId: string | null
  /** 1 = client-side AddPartitions; 2 = the broker adds partitions by itself (KIP-890). Ignored without an id. */
  readonly transactionVersion: 1 | 2
  /** One batch per partition. */
  readonly batches: readonly ProduceBatch[]
}

export interface ProduceBatch {
  readonly topic: string
  readonly partition: number
  readonly baseSequence: number
  readonly records: readonly ProducerRecord[]
}

export interface EndTransaction extends ProducerIdentity {
  readonly transactionalId: string
  readonly transactionVersion: 1 | 2
  readonly outcome: 'commit' | 'abort'
}

export interface TransactionState {
  readonly state: 'Empty' | 'Ongoing' | 'PrepareCommit' | 'PrepareAbort' | 'CompleteCommit' | 'CompleteAbort' | 'Other'
  readonly producerId: bigint
  readonly producerEpoch: number
}

/** A broker's error code that the caller decides about. Named as in Kafka's protocol (`INVALID_PRODUCER_EPOCH`). */
export class KafkaError extends Error {
  readonly errorCode: number
  readonly errorName: string

  constructor(errorCode: number, errorName: string, message: string) {
    super(message)
    this.name = 'KafkaError'
    this.errorCode = errorCode
    this.errorName = errorName
  }
}
