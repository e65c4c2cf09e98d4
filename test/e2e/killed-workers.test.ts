import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seededRng } from '../../src/async/rng.ts'
import type { Rng } from '../../src/async/rng.ts'
import { systemClock } from '../../src/async/system-clock.ts'
import { startLocalKafka } from '../../src/hosts/demo/local-kafka.ts'
import type { LocalKafka } from '../../src/hosts/demo/local-kafka.ts'
import { noAnomalies } from '../../src/oracle/anomalies.ts'
import { judgeDelivery } from '../../src/oracle/judge-delivery.ts'
import type { DeliveredRecord } from '../../src/oracle/oracle.ts'
import { deliveredRecords, writtenChanges } from '../oracle/simulated-delivery.ts'
import { kafkaToKill } from '../servers/kafka-to-kill.ts'
import { createJavaReader } from '../servers/java-reader.ts'
import type { JavaReader } from '../servers/java-reader.ts'
import { readOutput } from '../servers/pipeline-under-test.ts'
import type { LedgerWrite } from '../servers/stream-simulator/write-ledger.ts'
import { startStreamSimulator } from '../servers/stream-simulator/stream-simulator.ts'
import { temporaryFolder } from '../servers/temporary-folder.ts'
import type { TemporaryFolder } from '../servers/temporary-folder.ts'
import { startWorkerFleet } from '../servers/worker-fleet.ts'
import { keepBusy } from './shop-writer.ts'

const runs = 10
const killsPerRun = 10
const workers = 3

/**
 * Three processes share one table whose stream splits and rotates all the while. They are killed at random, ten times a
 * run; in every other run the broker is killed, too. What Java's consumer reads afterwards is held against every write.
 */
describe('workers that are killed at random', () => {
  let folder: TemporaryFolder
  let kafka: LocalKafka
  let reader: JavaReader

  beforeAll(async () => {
    folder = await temporaryFolder()
    kafka = await startLocalKafka({
      directory: folder.path,
      artifacts: kafkaToKill,
      extraProperties: { 'group.min.session.timeout.ms': '1000' },
    })
    reader = await createJavaReader(kafka.bootstrapServers)
  })
  afterAll(async () => {
    await kafka.stop()
    await folder[Symbol.asyncDispose]()
  })

  it.each(Array.from({ length: runs }, (_, run) => run))('lose, repeat and reorder nothing (run %i)', async (run) => {
    const rng = seededRng(1000 + run)
    const pipeline = `killed-${run}`
    await using simulator = await startStreamSimulator()
    await using home = await temporaryFolder()
    const table = simulator.createTable({
      name: 'orders',
      keySchema: [{ name: 'id', type: 'S' }],
      viewType: 'NEW_AND_OLD_IMAGES',
      openShards: 3,
    })
    const config = configOf(pipeline, simulator.endpoint, kafka.bootstrapServers)
    await using fleet = await startWorkerFleet({ directory: home.path, workers, config })

    const busy = keepBusy(table, rng)
    await systemClock.sleep(1_500)
    for (let kill = 0; kill < killsPerRun; kill++) {
      await systemClock.sleep(200 + rng.next() * 1_000)
      if (run % 2 === 1 && kill === 2) await killBroker(kafka, rng)
      await fleet.killAndReplace(Math.floor(rng.next() * workers), rng.next() * 400)
    }
    await systemClock.sleep(500)
    busy.stop()
    await busy.running

    const delivered = await readUntilQuiet(reader, kafka.bootstrapServers, `${pipeline}.orders`, simulator.ledger)
    expect(await fleet.stopAll()).toEqual([0, 0, 0])
    const parents = new Map(table.stream.shards.map((shard) => [shard.shardId, shard.parentShardId]))
    const written = writtenChanges(simulator.ledger)
    const findings = judgeDelivery({ written, delivered, guarantee: 'exactly_once', parents })
    expect(findings).toEqual({
      written: simulator.ledger.length,
      delivered: simulator.ledger.length,
      anomalies: noAnomalies(),
      replayed: 0,
      examples: [],
    })
    // Zero of nothing would prove nothing.
    expect(findings.written).toBeGreaterThan(1_500)
    expect(busy.reshards).toBeGreaterThan(3)
  })
})

function configOf(pipeline: string, endpoint: string, bootstrapServers: string): string {
  return `
pipeline: ${pipeline}
lanes: 8
source:
  region: eu-central-1
  endpoint: ${endpoint}
  tables: [orders]
kafka:
  bootstrap.servers: ${bootstrapServers}
topic:
  partitions: 4
snapshot.mode: never
`
}

async function killBroker(kafka: LocalKafka, rng: Rng): Promise<void> {
  await kafka.kill()
  await systemClock.sleep(rng.next() * 1_000)
  await kafka.restart()
}

/**
 * Our own reader, which is quick, waits until everything is there, or nothing has come for a while (what is missing then is
 * missing). Java's reader, which is independent, says what is there.
 */
async function readUntilQuiet(
  reader: JavaReader,
  bootstrapServers: string,
  topic: string,
  ledger: readonly LedgerWrite[],
): Promise<readonly DeliveredRecord[]> {
  let most = 0
  let grownAt = systemClock.monotonic()
  while (most < ledger.length && systemClock.monotonic() - grownAt < 15_000) {
    const found = (await readOutput(bootstrapServers, topic)).filter(({ value }) => value !== null).length
    if (found > most) grownAt = systemClock.monotonic()
    most = Math.max(most, found)
    await systemClock.sleep(200)
  }
  // A repetition would come late: look once more.
  await systemClock.sleep(1_000)
  const records = await reader.readAll(topic)
  return deliveredRecords(
    'orders',
    records.map(({ partition, offset, key, value, headers }) => {
      const header = (name: string): string =>
        Buffer.from(headers.find(([found]) => found === name)?.[1] ?? '', 'base64').toString()
      const place = { topic, partition, offset }
      const position = { shardId: header('tailrace.shard'), sequenceNumber: header('tailrace.seq') }
      return { ...place, key: jsonOf(key), value: jsonOf(value), ...position }
    }),
  )
}

function jsonOf(base64: string | null): unknown {
  return base64 === null ? null : JSON.parse(Buffer.from(base64, 'base64').toString())
}
