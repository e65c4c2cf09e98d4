import { parseArgs } from 'node:util'
import { systemClock } from '../src/async/system-clock.ts'
import { systemRng } from '../src/async/system-rng.ts'
import { whileBusy } from '../src/kafka/batch-writer.ts'
import { createClusterMetadata } from '../src/kafka/cluster-metadata.ts'
import type { ProducerIdentity, ProducerRecord } from '../src/kafka/kafka.ts'
import { createMarkerReader } from '../src/kafka/marker-reader.ts'
import { createWire } from '../src/kafka/wire.ts'
import { createKafkaOver } from '../src/kafka/wire-kafka.ts'
import { createLaneFold, shardKey } from '../src/lanes/lane-state.ts'
import { decodeEntry, encodeEntry, ledgerKey } from '../src/lanes/ledger-codec.ts'
import { createGroupPositions } from './group-positions.ts'
import { atEntry, groupOf, idOf } from './lambda-positions-places.ts'
import { findFromTail } from './ledger-tail.ts'
import { table } from './wire-orders.ts'

/**
 * A sandbox that was just started: connects, fences a shard's id, finds its position, then writes `--writes` transactions
 * of 100 records with their position. Prints what it took as JSON; modules are loaded before the clock starts.
 */
const text = { type: 'string', default: '' } as const
const { values } = parseArgs({
  options: {
    kafka: text,
    way: text,
    topic: text,
    partition: text,
    shard: text,
    'group-topic': text,
    output: text,
    writes: { type: 'string', default: '0' },
  },
})
const { way, topic, shard, output, 'group-topic': groupTopic } = values
const partition = Number(values.partition)
const signal = AbortSignal.timeout(120_000)
const brokers = [values.kafka]
const wire = createWire({ connection: { brokers }, clock: systemClock, rng: systemRng })
await using kafka = createKafkaOver(wire, { brokers })
const groups = createGroupPositions(wire, createClusterMetadata(wire, brokers))
const transactionalId = idOf(shard)
const timeoutMs = 20_000

const cpu = process.cpuUsage()
const startedAt = performance.now()
await kafka.cluster(signal)
const connectedAt = performance.now()
let identity: ProducerIdentity = await kafka.initProducerId({ transactionalId, timeoutMs }, signal)
const fencedAt = performance.now()
const position = await findPosition()
const foundAt = performance.now()
const spent = process.cpuUsage(cpu)

const writes: number[] = []
const writeCpu = process.cpuUsage()
for (let index = 0; index < Number(values.writes); index++) {
  const before = performance.now()
  await writeHundred()
  writes.push(performance.now() - before)
}
const writeSpent = process.cpuUsage(writeCpu)
console.log(
  JSON.stringify({
    position,
    connectMs: connectedAt - startedAt,
    fenceMs: fencedAt - connectedAt,
    positionMs: foundAt - fencedAt,
    totalMs: foundAt - startedAt,
    cpuMs: (spent.user + spent.system) / 1000,
    writes,
    writeCpuMs: (writeSpent.user + writeSpent.system) / 1000,
  }),
)

function findPosition(): Promise<string | undefined> {
  if (way === 'ledger') return fromLedger(() => true)
  if (way === 'own') return fromLedger(isOwn)
  if (way === 'tail') return fromTail()
  return groups.read(groupOf(shard), groupTopic, signal)
}

/** What is said of the shard, or of the pipeline and its tables. */
function isOwn(key: string): boolean {
  return !/^(at|begin|stop)\//.test(key) || key.includes(`/${shard}`)
}

/** As a lane is taken: the whole partition, of which the `wanted` keys are folded. */
async function fromLedger(wanted: (key: string) => boolean): Promise<string | undefined> {
  const fold = createLaneFold()
  const reader = createMarkerReader({ kafka, topic, partition })
  const { highWatermark } = await kafka.offsets(topic, partition, signal)
  for (const record of await reader.readTo(highWatermark, signal)) {
    if (wanted(record.key?.toString() ?? '')) fold.apply(decodeEntry(record.key, record.value))
  }
  return fold.state.shards.get(shardKey(table.streamArn, shard))?.after
}

async function fromTail(): Promise<string | undefined> {
  const key = Buffer.from(ledgerKey(atEntry(shard, '0')))
  const { record } = await findFromTail({ kafka, topic, partition, key }, signal)
  if (record === undefined) return undefined
  const found = decodeEntry(record.key, record.value)
  return found.kind === 'entry' && found.entry.kind === 'at' ? found.entry.after : undefined
}

/** The same position again, so that later runs find what was there. */
async function writeHundred(): Promise<void> {
  const records = Array.from({ length: 100 }, (_, index) => outputRecord(index))
  const batches = [...Map.groupBy(records, (record) => record.partition)].map(([outputPartition, ofPartition]) => ({
    topic: output,
    partition: outputPartition,
    baseSequence: 0,
    records: ofPartition,
  }))
  const entry = {
    ...encodeEntry(atEntry(shard, position ?? '0')),
    topic,
    partition,
    headers: [],
    timestamp: systemClock.now(),
  }
  const ledger = way === 'offsets' ? [] : [{ topic, partition, baseSequence: 0, records: [entry] }]
  const transaction = { ...identity, transactionalId, transactionVersion: 2 } as const
  const request = { ...transaction, batches: [...batches, ...ledger] }
  await whileBusy({ clock: systemClock, rng: systemRng }, signal, () => kafka.produce(request, signal))
  if (way === 'offsets') {
    const place = { ...identity, transactionalId, group: groupOf(shard), topic: groupTopic }
    await groups.write(place, position ?? '0', signal)
  }
  identity = await kafka.endTransaction({ ...transaction, outcome: 'commit' }, signal)
}

function outputRecord(index: number): ProducerRecord {
  return {
    topic: output,
    partition: index % 4,
    key: Buffer.from(`{"pk":"USER#${index}"}`),
    value: Buffer.alloc(500, 'x'),
    headers: [],
    timestamp: systemClock.now(),
  }
}
