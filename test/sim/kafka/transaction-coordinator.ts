import { replicateSoon } from './cluster-state.ts'
import type { ClusterState, Partition } from './cluster-state.ts'
import { codes } from './error-codes.ts'

/** Names of states as DescribeTransactions gives them. */
export type TransactionPhase =
  | 'Empty'
  | 'Ongoing'
  | 'PrepareCommit'
  | 'PrepareAbort'
  | 'CompleteCommit'
  | 'CompleteAbort'

/** Who a producer is, and what the coordinator thinks of its request. */
export interface ProducerAnswer {
  readonly errorCode: number
  readonly producerId: number
  readonly producerEpoch: number
}

/** A producer's claim. */
export interface ProducerClaim {
  readonly id: string
  readonly producerId: number
  readonly producerEpoch: number
}

/**
 * The transaction coordinator: one state machine per transactional id, both protocols. What it decides is durable at
 * once; markers follow later, so records stay undecided for a while after EndTxn was answered, as with a real broker.
 */
export interface TransactionCoordinator {
  initProducerId(id: string | null, timeoutMs: number): ProducerAnswer
  /** `verify`: a V1 leader asks whether the client has added the partition. */
  addPartitions(claim: ProducerClaim, partitions: readonly Partition[], mode: 'add' | 'verify'): number
  endTransaction(claim: ProducerClaim, outcome: 'commit' | 'abort', version: 1 | 2): ProducerAnswer
  describe(
    id: string,
  ): { readonly phase: TransactionPhase; readonly producerId: number; readonly epoch: number } | undefined
  /** A name of the id's transaction that is open now; undefined without one. */
  nameOf(id: string): string | undefined
  /** Ids with an open transaction. */
  readonly ongoing: readonly string[]
  /** Forgets an id, as a broker does after seven idle days. */
  expire(id: string): void
  /** Sets an id's epoch, for tests of its exhaustion. */
  setEpoch(id: string, epoch: number): void
}

interface Transaction {
  readonly id: string
  producerId: number
  epoch: number
  phase: TransactionPhase
  timeoutMs: number
  startedAtMs: number
  /** Greater for later transactions, over all ids. */
  serial: number
  partitions: Set<Partition>
  /** The identity before the last EndTxn of V2 raised it: a repeated EndTxn carries it. */
  previous: { readonly producerId: number; readonly epoch: number } | undefined
}

/** The last epoch but one is not given to clients: fencing needs one more. */
const lastEpoch = 32_766
const expiryCheckMs = 1_000
const markerMs = 12

/** A coordinator that knows nobody. */
export function createTransactionCoordinator(state: ClusterState): TransactionCoordinator {
  return new Coordinator(state)
}

class Coordinator implements TransactionCoordinator {
  readonly #state: ClusterState
  readonly #transactions = new Map<string, Transaction>()
  #nextProducerId = 1000

  constructor(state: ClusterState) {
    this.#state = state
    this.#checkExpiry()
  }

  get ongoing(): readonly string[] {
    return [...this.#transactions.values()].filter(({ phase }) => phase === 'Ongoing').map(({ id }) => id)
  }

  initProducerId(id: string | null, timeoutMs: number): ProducerAnswer {
    if (id === null) return { errorCode: 0, producerId: this.#nextProducerId++, producerEpoch: 0 }
    const known = this.#transactions.get(id)
    if (known === undefined) return this.#first(id, timeoutMs)
    if (known.phase === 'Ongoing') {
      this.#fence(known)
      return refused(codes.CONCURRENT_TRANSACTIONS)
    }
    if (known.phase === 'PrepareCommit' || known.phase === 'PrepareAbort') {
      return refused(codes.CONCURRENT_TRANSACTIONS)
    }
    this.#raise(known)
    known.phase = 'Empty'
    known.previous = undefined
    known.timeoutMs = timeoutMs
    return { errorCode: 0, producerId: known.producerId, producerEpoch: known.epoch }
  }

  addPartitions(claim: ProducerClaim, partitions: readonly Partition[], mode: 'add' | 'verify'): number {
    const known = this.#transactions.get(claim.id)
    if (known === undefined || known.producerId !== claim.producerId) return codes.INVALID_PRODUCER_ID_MAPPING
    if (known.epoch !== claim.producerEpoch) return codes.PRODUCER_FENCED
    if (mode === 'verify') {
      const isIn = known.phase === 'Ongoing' && partitions.every((partition) => known.partitions.has(partition))
      return isIn ? codes.NONE : codes.TRANSACTION_ABORTABLE
    }
    if (known.phase === 'PrepareCommit' || known.phase === 'PrepareAbort') return codes.CONCURRENT_TRANSACTIONS
    if (known.phase !== 'Ongoing') {
      known.phase = 'Ongoing'
      known.serial = ++this.#state.serial
      known.startedAtMs = this.#state.time.elapsedMs
      known.partitions = new Set()
    }
    for (const partition of partitions) known.partitions.add(partition)
    return codes.NONE
  }

  endTransaction(claim: ProducerClaim, outcome: 'commit' | 'abort', version: 1 | 2): ProducerAnswer {
    const known = this.#transactions.get(claim.id)
    if (known === undefined) return refused(codes.INVALID_PRODUCER_ID_MAPPING)
    const isRepeated =
      version === 2 &&
      known.previous?.producerId === claim.producerId &&
      known.previous.epoch === claim.producerEpoch &&
      known.phase !== 'Ongoing'
    if (!isRepeated && known.producerId !== claim.producerId) return refused(codes.INVALID_PRODUCER_ID_MAPPING)
    if (!isRepeated && known.epoch !== claim.producerEpoch) return refused(codes.PRODUCER_FENCED)
    const { phase } = known
    if (phase === 'Ongoing') return this.#end(known, outcome, version)
    const wanted = outcome === 'commit' ? 'Commit' : 'Abort'
    if (phase === `Prepare${wanted}`) return refused(codes.CONCURRENT_TRANSACTIONS)
    if (phase === `Complete${wanted}` && (version === 1 || isRepeated)) return identityOf(known)
    // V2 lets a producer abort a transaction that the broker never saw.
    if (version === 2 && outcome === 'abort' && !isRepeated && !phase.startsWith('Prepare')) {
      return this.#end(known, outcome, version)
    }
    return refused(codes.INVALID_TXN_STATE)
  }

  describe(
    id: string,
  ): { readonly phase: TransactionPhase; readonly producerId: number; readonly epoch: number } | undefined {
    return this.#transactions.get(id)
  }

  nameOf(id: string): string | undefined {
    const known = this.#transactions.get(id)
    return known?.phase === 'Ongoing' ? `${id}#${known.serial}` : undefined
  }

  expire(id: string): void {
    const known = this.#transactions.get(id)
    if (known !== undefined && known.phase !== 'Ongoing' && !known.phase.startsWith('Prepare')) {
      this.#transactions.delete(id)
    }
  }

  setEpoch(id: string, epoch: number): void {
    const known = this.#transactions.get(id)
    if (known !== undefined) known.epoch = epoch
  }

  #first(id: string, timeoutMs: number): ProducerAnswer {
    const producerId = this.#nextProducerId++
    const fresh = { id, producerId, epoch: 0, phase: 'Empty', timeoutMs, startedAtMs: 0, serial: 0 } as const
    this.#transactions.set(id, { ...fresh, partitions: new Set(), previous: undefined })
    return { errorCode: 0, producerId, producerEpoch: 0 }
  }

  /** The holder is out: its transaction is aborted under an epoch that it does not have. */
  #fence(known: Transaction): void {
    known.epoch = Math.min(known.epoch + 1, lastEpoch + 1)
    known.previous = undefined
    this.#settle(known, 'abort', known.producerId, known.epoch)
  }

  #end(known: Transaction, outcome: 'commit' | 'abort', version: 1 | 2): ProducerAnswer {
    const { producerId, epoch } = known
    if (version === 1) {
      this.#settle(known, outcome, producerId, epoch)
      return identityOf(known)
    }
    known.previous = { producerId, epoch }
    this.#raise(known)
    // Markers carry the raised epoch of the old id, so that nothing of this transaction can follow them.
    const markerEpoch = known.producerId === producerId ? known.epoch : epoch + 1
    this.#settle(known, outcome, producerId, markerEpoch)
    return identityOf(known)
  }

  #raise(known: Transaction): void {
    if (known.epoch < lastEpoch) {
      known.epoch++
      return
    }
    known.producerId = this.#nextProducerId++
    known.epoch = 0
  }

  /** Prepared now; complete when the last partition has its marker. */
  #settle(known: Transaction, outcome: 'commit' | 'abort', producerId: number, producerEpoch: number): void {
    const word = outcome === 'commit' ? 'Commit' : 'Abort'
    known.phase = `Prepare${word}`
    let left = known.partitions.size
    const partitions = [...known.partitions]
    known.partitions = new Set()
    const complete = (): void => {
      known.phase = `Complete${word}`
    }
    if (left === 0) {
      complete()
      return
    }
    for (const partition of partitions) {
      this.#writeMarker(partition, { producerId, producerEpoch, outcome }, () => {
        if (--left === 0) complete()
      })
    }
  }

  /** Asked for until a leader has written it and its followers have it. */
  #writeMarker(
    partition: Partition,
    marker: { readonly producerId: number; readonly producerEpoch: number; readonly outcome: 'commit' | 'abort' },
    onWritten: () => void,
  ): void {
    const { time, rng, originMs } = this.#state
    time.after(1 + rng.next() * markerMs, () => {
      const leader = this.#state.brokers.find((broker) => broker.nodeId === partition.leader)
      if (leader?.isUp !== true || partition.offlineUntilMs > time.elapsedMs) {
        this.#writeMarker(partition, marker, onWritten)
        return
      }
      const end = partition.log.appendMarker({ ...marker, timestamp: originMs + Math.floor(time.elapsedMs) })
      replicateSoon(this.#state, partition)
      this.#awaitReplication(partition, end, (isWritten) => {
        if (isWritten) onWritten()
        else this.#writeMarker(partition, marker, onWritten)
      })
    })
  }

  #awaitReplication(partition: Partition, end: number, then: (isWritten: boolean) => void): void {
    const { leaderEpoch } = partition
    const look = (): void => {
      const isSame = partition.leaderEpoch === leaderEpoch
      const isThere = isSame && partition.log.highWatermark >= end
      if (!isThere && isSame) return
      partition.waiting.delete(waiter)
      then(isThere)
    }
    const waiter = { look }
    partition.waiting.add(waiter)
    look()
  }

  #checkExpiry(): void {
    const { time } = this.#state
    time.after(expiryCheckMs, () => {
      for (const known of this.#transactions.values()) {
        const isLate = known.phase === 'Ongoing' && time.elapsedMs - known.startedAtMs > known.timeoutMs
        if (isLate) this.#fence(known)
      }
      this.#checkExpiry()
    })
  }
}

function refused(errorCode: number): ProducerAnswer {
  return { errorCode, producerId: -1, producerEpoch: -1 }
}

function identityOf(known: Transaction): ProducerAnswer {
  return { errorCode: 0, producerId: known.producerId, producerEpoch: known.epoch }
}
