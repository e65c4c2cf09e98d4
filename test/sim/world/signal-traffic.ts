import type { Rng } from '../../../src/async/rng.ts'
import { seededRng } from '../../../src/async/rng.ts'
import { encodeRecordBatch } from '../../../src/kafka/record-batch-encoder.ts'
import { replicateSoon } from '../kafka/cluster-state.ts'
import { makeTopic } from '../kafka/topic-requests.ts'
import type { World } from './run-world.ts'
import { signalKey, signalTopic } from './signal-topics.ts'

/** Makes the topic as somebody would before the pipeline begins, so that its partitions are not only one. */
export function makeSignalTopic({ surroundings }: World, partitions: number): void {
  makeTopic(surroundings.kafka.state, signalTopic, partitions, new Map())
}

/** Appends a signal, as a producer without transactions; false if the partition has no leader now. */
export function sendSignal(world: World, value: string, rng: Rng, key: string = signalKey): boolean {
  const { kafka, time } = world.surroundings
  const partitions = kafka.state.topics.get(signalTopic)?.partitions ?? []
  const index = Math.floor(rng.next() * partitions.length)
  const partition = partitions[index]
  if (partition === undefined || partition.leader < 0 || partition.offlineUntilMs > time.elapsedMs) return false
  const record = {
    topic: signalTopic,
    partition: index,
    key: Buffer.from(key),
    value: Buffer.from(value),
    headers: [],
    timestamp: 0,
  }
  const producerId = BigInt(1_000_000 + ++kafka.state.serial)
  const identity = { producerId, producerEpoch: 0, isTransactional: false, compression: 'none' } as const
  partition.log.append(encodeRecordBatch({ ...record, baseSequence: 0, records: [record] }, identity))
  replicateSoon(kafka.state, partition)
  return true
}

/** Sends signals at random moments, some of them by file, until `untilMs`; about one a second. Returns how many were sent, asked afterwards. */
export function keepSignalling(
  world: World,
  { untilMs, tables }: { readonly untilMs: number; readonly tables: readonly string[] },
): () => number {
  const { time } = world.surroundings
  const rng = seededRng(world.plan.seed ^ 0x516)
  let sent = 0
  const next = (): void => {
    time.after(-Math.log(1 - rng.next()) * 1_000, () => {
      if (time.elapsedMs > untilMs) return
      const table = tables[Math.floor(rng.next() * tables.length)] ?? ''
      const key = rng.next() < 0.1 ? 'somebody else' : signalKey
      const { signalDisk } = world.surroundings
      if (rng.next() < 0.3 && signalDisk !== undefined) signalDisk.append(drawSignal(rng, `s-${++sent}`, table))
      else if (sendSignal(world, drawSignal(rng, `s-${sent + 1}`, table), rng, key)) sent++
      next()
    })
  }
  next()
  return () => sent
}

/** Each about one table, so that its effect can be counted; some of them wrong, and some without a name of their own. */
function drawSignal(rng: Rng, id: string, table: string): string {
  const data = { 'data-collections': [table] }
  const pick = rng.next()
  if (pick < 0.1) return '{"type":"execute-snapshot","data":'
  if (pick < 0.15) return JSON.stringify({ id, type: 'execute-snapshot', data: { 'data-collections': ['nothing'] } })
  if (pick < 0.2) return JSON.stringify({ id, type: 'log', data: { message: 'here' } })
  const named = rng.next() < 0.5 ? { id } : {}
  if (pick < 0.5) {
    const type = rng.next() < 0.5 ? 'INCREMENTAL' : 'BLOCKING'
    return JSON.stringify({ ...named, type: 'execute-snapshot', data: { type, ...data } })
  }
  const type = pick < 0.65 ? 'pause-snapshot' : pick < 0.9 ? 'resume-snapshot' : 'stop-snapshot'
  return JSON.stringify({ ...named, type, data })
}
