import { systemClock } from '../src/async/system-clock.ts'
import { systemRng } from '../src/async/system-rng.ts'
import { whileBusy } from '../src/kafka/batch-writer.ts'
import { createClusterMetadata } from '../src/kafka/cluster-metadata.ts'
import type { KafkaApi } from '../src/kafka/kafka.ts'
import { createWire } from '../src/kafka/wire.ts'
import { createKafkaOver } from '../src/kafka/wire-kafka.ts'
import { encodeEntry } from '../src/lanes/ledger-codec.ts'
import { registrarOf } from '../src/lanes/registrar.ts'
import { newLedger } from '../src/lanes/ledger-topic.ts'
import { createGroupPositions } from './group-positions.ts'
import { atEntry, groupOf, idOf, sequenceNumberAt, shardName } from './lambda-positions-places.ts'
import type { Filling } from './lambda-positions-places.ts'
import { table } from './wire-orders.ts'

/** What is to be written. */
export interface FillPlan {
  readonly name: string
  /** Of the whole pipeline; only those whose entries stand in the measured shard's partition are written. */
  readonly shards: number
  readonly commits: number
  /** Topics that get the same, in the same transactions, with what differs from a ledger as it is made. */
  readonly topics: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** The measured shard makes its commits first; then the others go on without it. */
  readonly idle: boolean
}

/** Partitions of a ledger, as by default. */
export const lanes = 16

/**
 * Fills ledgers as functions do: of each shard one transaction after the other, under its own id, eight shards at a time.
 * The measured shard's position is written as a group's offset, too.
 */
export async function fill(plan: FillPlan, brokers: readonly string[], signal: AbortSignal): Promise<Filling[]> {
  const wire = createWire({ connection: { brokers }, clock: systemClock, rng: systemRng })
  await using kafka = createKafkaOver(wire, { brokers })
  const topics = Object.keys(plan.topics)
  for (const [topic, config] of Object.entries(plan.topics)) {
    const ledger = newLedger({ ledgerTopic: topic, lanes, replicationFactor: 1 })
    await kafka.createTopic({ ...ledger, config: { ...ledger.config, ...config } }, signal)
  }
  const all = Array.from({ length: plan.shards }, (_, index) => shardName(plan.name, index))
  const partition = registrarOf(table.streamArn, all[0] ?? '', lanes)
  const together = all.filter((shard) => registrarOf(table.streamArn, shard, lanes) === partition)
  const [measured = '', ...others] = together
  const write = (shard: string): Promise<void> =>
    commitAll(kafka, { shard, topics, partition, commits: plan.commits }, signal)
  if (plan.idle) await write(measured)
  const waiting = plan.idle ? others : together
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let shard = waiting.shift(); shard !== undefined; shard = waiting.shift()) await write(shard)
    }),
  )
  const groups = createGroupPositions(wire, createClusterMetadata(wire, brokers))
  for (const topic of topics) {
    const transactionalId = `tailrace.fill.${topic}`
    const identity = await kafka.initProducerId({ transactionalId, timeoutMs: 20_000 }, signal)
    const place = { ...identity, transactionalId, group: groupOf(measured), topic }
    await groups.write(place, sequenceNumberAt(plan.commits), signal)
    const end = { ...identity, transactionalId, transactionVersion: 2, outcome: 'commit' } as const
    await kafka.endTransaction(end, signal)
  }
  return topics.map((topic) => ({ name: topic, topic, partition, shard: measured }))
}

interface ShardWork {
  readonly shard: string
  readonly topics: readonly string[]
  readonly partition: number
  readonly commits: number
}

async function commitAll(
  kafka: KafkaApi,
  { shard, topics, partition, commits }: ShardWork,
  signal: AbortSignal,
): Promise<void> {
  const transaction = { transactionalId: idOf(shard), transactionVersion: 2 } as const
  let identity = await kafka.initProducerId({ ...transaction, timeoutMs: 60_000 }, signal)
  for (let commit = 1; commit <= commits; commit++) {
    const entry = encodeEntry(atEntry(shard, sequenceNumberAt(commit)))
    const timestamp = systemClock.now()
    const batches = topics.map((topic) => {
      return { topic, partition, baseSequence: 0, records: [{ ...entry, topic, partition, headers: [], timestamp }] }
    })
    const request = { ...transaction, ...identity, batches }
    await whileBusy({ clock: systemClock, rng: systemRng }, signal, () => kafka.produce(request, signal))
    identity = await kafka.endTransaction({ ...transaction, ...identity, outcome: 'commit' }, signal)
  }
}
