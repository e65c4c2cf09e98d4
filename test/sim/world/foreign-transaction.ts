import type { Rng } from '../../../src/async/rng.ts'
import { encodeRecordBatch } from '../../../src/kafka/record-batch-encoder.ts'
import { encodeEntry } from '../../../src/lanes/ledger-codec.ts'
import { replicateSoon } from '../kafka/cluster-state.ts'
import type { Surroundings } from './surroundings.ts'

/**
 * Somebody else opens a transaction on the ledger's partitions, hangs for a while and then goes away without ending it,
 * so that the last stable offset stands still until the transaction's time-out. What it wrote must never count.
 * False if nobody can write at the moment.
 */
export function openForeignTransaction(parts: {
  readonly surroundings: Surroundings
  readonly ledgerTopic: string
  readonly rng: Rng
}): boolean {
  const { kafka } = parts.surroundings
  const partitions = kafka.state.topics.get(parts.ledgerTopic)?.partitions ?? []
  const partition = partitions[Math.floor(parts.rng.next() * partitions.length)]
  // Without a leader nobody can write, whoever it is.
  if (partition === undefined || partition.leader === -1) return false
  const id = `foreign-${++kafka.state.serial}`
  const { producerId, producerEpoch } = kafka.transactions.initProducerId(id, 4_000 + parts.rng.next() * 10_000)
  kafka.transactions.addPartitions({ id, producerId, producerEpoch }, [partition], 'add')
  const { key, value } = encodeEntry(foreignEntry)
  const record = { topic: parts.ledgerTopic, partition: 0, key, value, headers: [], timestamp: 0 }
  const identity = {
    producerId: BigInt(producerId),
    producerEpoch,
    isTransactional: true,
    compression: 'none',
  } as const
  partition.log.append(encodeRecordBatch({ ...record, baseSequence: 0, records: [record] }, identity))
  replicateSoon(kafka.state, partition)
  return true
}

/** A position that would make every change before it vanish, if anybody believed it. */
const foreignEntry = {
  kind: 'at',
  tableArn: 'arn:aws:dynamodb:eu-central-1:123456789012:table/orders-0',
  streamArn: 'foreign',
  shardId: 'foreign',
  generation: 99,
  status: 'end',
  after: '9'.repeat(40),
  createdAtMs: 0,
  committedAtMs: 0,
  movedTo: undefined,
  children: [],
} as const
