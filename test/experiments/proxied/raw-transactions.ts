import type { FetchedBatch, FetchedRecord, KafkaApi } from '../../../src/kafka/kafka.ts'
import { decodeEntry } from '../../../src/lanes/ledger-codec.ts'
import type { ChangePosition, LoggedTransaction, RecordPlace } from '../../../src/oracle/oracle.ts'
import { readable } from '../../oracle/versioned-items.ts'

/** What is read, and how positions look in it. */
export interface RawLog {
  readonly kafka: KafkaApi
  readonly outputTopics: readonly string[]
  /** Where positions are written. */
  readonly positionsTopic: string
  readonly positionOf: (record: FetchedRecord) => ChangePosition | undefined
  /**
   * The name of the transaction that a record belongs to, where its producer's epoch does not tell (transactions V1 keep
   * it from one to the next).
   */
  readonly transactionOf?: (record: FetchedRecord) => string | undefined
}

/** The position in an entry of tailrace's ledger. */
export function positionInLedger({ key, value }: FetchedRecord): ChangePosition | undefined {
  const decoded = decodeEntry(key, value)
  if (decoded.kind !== 'entry' || decoded.entry.kind !== 'at' || decoded.entry.after === undefined) return undefined
  return { shardId: decoded.entry.shardId, sequenceNumber: decoded.entry.after }
}

interface Assembled {
  readonly name: string
  readonly outcome: LoggedTransaction['outcome']
  /** For the order of one producer's transactions. */
  readonly order: readonly [producerId: bigint, epoch: number, serial: number]
  readonly records: { readonly place: RecordPlace; readonly position: ChangePosition }[]
  readonly positions: ChangePosition[]
}

/**
 * Every transaction of the raw logs, put together over partitions; one that was committed on some and aborted on others
 * comes as two. Under transactions V1 those of one epoch and outcome come as one, unless `transactionOf` knows better.
 */
export async function readTransactions(log: RawLog, signal: AbortSignal): Promise<readonly LoggedTransaction[]> {
  const assembled = new Map<string, Assembled>()
  const open = (batch: FetchedBatch, outcome: LoggedTransaction['outcome'], record: FetchedRecord): Assembled => {
    const { producerId, producerEpoch } = batch
    const own = log.transactionOf?.(record)
    const name = `${producerId}:${producerEpoch}${own === undefined ? '' : `#${own}`} ${outcome}`
    const known = assembled.get(name)
    if (known !== undefined) return known
    const order = [producerId, producerEpoch, Number(own ?? 0)] as const
    const entry = { name, outcome, order, records: [], positions: [] }
    assembled.set(name, entry)
    return entry
  }
  const take = (
    batch: FetchedBatch,
    outcome: LoggedTransaction['outcome'],
    place: Omit<RecordPlace, 'offset'>,
  ): void => {
    for (const record of batch.records) {
      const transaction = open(batch, outcome, record)
      if (place.topic === log.positionsTopic) addPosition(transaction, log.positionOf(record))
      else addRecord(transaction, record, place)
    }
  }
  for (const topic of [...log.outputTopics, log.positionsTopic]) {
    const partitions = (await log.kafka.topics([topic], signal)).get(topic)?.partitions ?? 0
    for (let partition = 0; partition < partitions; partition++) {
      const batches = await readBatches(log.kafka, topic, partition, signal)
      for (const { batch, outcome } of withOutcomes(batches)) take(batch, outcome, { topic, partition })
    }
  }
  return [...assembled.values()].sort((a, b) => compare(a.order, b.order))
}

async function readBatches(
  kafka: KafkaApi,
  topic: string,
  partition: number,
  signal: AbortSignal,
): Promise<readonly FetchedBatch[]> {
  const batches: FetchedBatch[] = []
  const { logStart, highWatermark } = await kafka.offsets(topic, partition, signal)
  for (let offset = logStart; offset < highWatermark;) {
    const page = {
      topic,
      partition,
      offset,
      maxBytes: 4_194_304,
      maxWaitMs: 500,
      isolation: 'read_uncommitted',
    } as const
    const fetched = await kafka.fetch(page, signal)
    const fresh = fetched.batches.filter(({ nextOffset }) => nextOffset > offset)
    batches.push(...fresh)
    offset = fresh.at(-1)?.nextOffset ?? offset
  }
  return batches
}

// Each transactional batch ends as the next marker of its producer in its partition says.
function* withOutcomes(
  batches: readonly FetchedBatch[],
): Generator<{ readonly batch: FetchedBatch; readonly outcome: LoggedTransaction['outcome'] }> {
  const open = new Map<bigint, FetchedBatch[]>()
  for (const batch of batches) {
    const { producerId, marker, isTransactional } = batch
    if (marker === undefined) {
      if (isTransactional) open.set(producerId, [...(open.get(producerId) ?? []), batch])
      continue
    }
    for (const ended of open.get(producerId) ?? []) yield { batch: ended, outcome: marker }
    open.delete(producerId)
  }
  for (const left of open.values()) for (const batch of left) yield { batch, outcome: 'open' }
}

function addPosition({ positions }: Assembled, position: ChangePosition | undefined): void {
  if (position !== undefined) positions.push(position)
}

function addRecord({ records }: Assembled, record: FetchedRecord, place: Omit<RecordPlace, 'offset'>): void {
  const { shardId, sequenceNumber, offset } = readable(record, place.topic, place.partition)
  if (shardId === undefined || sequenceNumber === undefined) return
  records.push({ place: { ...place, offset }, position: { shardId, sequenceNumber } })
}

function compare(a: Assembled['order'], b: Assembled['order']): number {
  if (a[0] !== b[0]) return a[0] < b[0] ? -1 : 1
  return a[1] - b[1] || a[2] - b[2]
}
