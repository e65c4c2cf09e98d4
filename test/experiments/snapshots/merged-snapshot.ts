import { seededRng } from '../../../src/async/rng.ts'
import { systemClock as clock } from '../../../src/async/system-clock.ts'
import { readPipelineLedger } from '../../../src/hosts/ledger/pipeline-ledger.ts'
import { snapshotStatusOf } from '../../../src/hosts/cli/snapshot-status.ts'
import type { SnapshotStatusRow } from '../../../src/hosts/cli/snapshot-status.ts'
import { startLocalDynamoDb } from '../../../src/hosts/demo/local-dynamodb.ts'
import { startLocalKafka } from '../../../src/hosts/demo/local-kafka.ts'
import { createCommittedReader } from '../../../src/kafka/committed-reader.ts'
import type { KafkaApi } from '../../../src/kafka/kafka.ts'
import { judgeDelivery } from '../../../src/oracle/judge-delivery.ts'
import type { DeliveredRecord, Findings } from '../../../src/oracle/oracle.ts'
import { connectKafka } from '../../servers/connected-kafka.ts'
import { kafkaToKill } from '../../servers/kafka-to-kill.ts'
import { createLocalTable } from '../../servers/local-table.ts'
import { readConfig } from '../../servers/pipeline-under-test.ts'
import { temporaryFolder } from '../../servers/temporary-folder.ts'
import { startWorkerFleet } from '../../servers/worker-fleet.ts'
import type { WorkerFleet } from '../../servers/worker-fleet.ts'
import { addCounts } from '../counts.ts'
import type { Experiment, RunOutcome } from '../experiment.ts'
import { readWithJava } from '../real/read-with-java.ts'
import { createLocalWriter } from './local-writer.ts'
import type { LocalWriter } from './local-writer.ts'

const items = 200_000
const itemsPerSecond = 1_500
const kills = 10
const workers = 2
const partitions = 4
const longestMs = 20 * 60_000
const quietMs = 60_000

/**
 * E35 and E36 on real servers: a table in DynamoDB Local is scanned while most of its items change and the workers are
 * killed. Java's consumer then says what the topic holds.
 */
export const mergedSnapshot: Experiment = {
  id: 'E35',
  title: 'A table of 200,000 items is scanned while they are written, deleted and put back, and the workers are killed',
  tier: 'K',
  arm: 'tailrace',
  minimum: { records: 50_000, faults: { 'worker-kill': kills, 'item-updated': 40_000, 'row-written': 50_000 } },
  target: { faults: { 'worker-kill': 30, 'item-updated': 300_000 } },
  run: async (seed, signal) => {
    const rng = seededRng(seed)
    const segments = [1, 4, 16][(seed - 1) % 3] ?? 4
    await using folder = await temporaryFolder()
    await using kafka = await startLocalKafka({
      directory: folder.path,
      artifacts: kafkaToKill,
      extraProperties: { 'group.min.session.timeout.ms': '1000' },
      signal,
    })
    await using dynamodb = await startLocalDynamoDb({ directory: folder.path, heapMegabytes: 1024, signal })
    await using table = await createLocalTable(dynamodb.endpoint, { hasStream: false })
    const writer = createLocalWriter(table, rng)
    await writer.fill(items)
    await table.enableStream()
    const config = configText({
      table: table.name,
      endpoint: dynamodb.endpoint,
      servers: kafka.bootstrapServers,
      segments,
    })
    await using fleet = await startWorkerFleet({ directory: folder.path, workers, config })
    await using api = connectKafka(kafka.bootstrapServers)
    const run: Run = { config: readConfig(config), kafka: api, fleet, writer, topic: `snapshot.${table.name}`, signal }
    const { status, killed, hangs } = await scanUnderFire(run, rng)
    hangs.push(...(await untilDelivered(run)))
    await fleet.stopAll()
    const delivered = await readWithJava(kafka.bootstrapServers, new Map([[table.name, run.topic]]))
    const findings = judge(run, { table: table.name, delivered, hangs })
    return outcomeOf(run, { findings, killed, status, segments })
  },
}

interface Run {
  readonly config: ReturnType<typeof readConfig>
  readonly kafka: KafkaApi
  readonly fleet: WorkerFleet
  readonly writer: LocalWriter
  readonly topic: string
  readonly signal: AbortSignal
}

function configText(parts: {
  readonly table: string
  readonly endpoint: string
  readonly servers: string
  readonly segments: number
}): string {
  return `
pipeline: snapshot
lanes: 4
source:
  region: eu-central-1
  endpoint: ${parts.endpoint}
  tables: [${parts.table}]
kafka:
  bootstrap.servers: ${parts.servers}
topic.partitions: ${partitions}
snapshot.segments: ${parts.segments}
snapshot.items.per.second: ${itemsPerSecond}
`
}

/** Writes and kills for as long as the snapshot runs; the kills are spread over the time that it should take. */
async function scanUnderFire(
  run: Run,
  rng: ReturnType<typeof seededRng>,
): Promise<{ readonly status: SnapshotStatusRow | undefined; readonly killed: number; readonly hangs: string[] }> {
  const { fleet, writer, signal } = run
  const deadline = clock.monotonic() + longestMs
  let status: SnapshotStatusRow | undefined
  let killed = 0
  const isOver = (): boolean => status?.state === 'completed' || clock.monotonic() > deadline || signal.aborted
  const writing = writer.write(isOver)
  const watch = async (): Promise<void> => {
    while (!isOver()) {
      await clock.sleep(500, signal)
      status = await statusOf(run).catch(() => status)
    }
  }
  const kill = async (): Promise<void> => {
    const done = (): number => (status?.items ?? 0) / items
    while (!isOver() && killed < kills) {
      // Each kill when that share of the table is scanned, so that all of them meet the scan.
      if (done() >= (killed + 0.5) / (kills + 1)) {
        killed++
        await fleet.killAndReplace(Math.floor(rng.next() * workers), rng.next() * 500)
      } else await clock.sleep(100, signal)
    }
  }
  await Promise.all([writing, watch(), kill()])
  signal.throwIfAborted()
  const hangs =
    status?.state === 'completed' ? [] : [`the snapshot was not complete after ${longestMs / 60_000} minutes`]
  return { status, killed, hangs }
}

async function statusOf({ config, kafka, signal }: Run): Promise<SnapshotStatusRow | undefined> {
  const ledger = await readPipelineLedger(config, kafka, signal)
  const [table] = ledger.tables
  return table === undefined ? undefined : snapshotStatusOf(ledger, table, clock.now())
}

/** Until as many changes as were written can be read, or nothing more has come for a minute. */
async function untilDelivered({ kafka, topic, writer, signal }: Run): Promise<readonly string[]> {
  const wanted = writer.written.length - items
  const stop = new AbortController()
  const until = AbortSignal.any([signal, stop.signal])
  let changes = 0
  let grownAt = clock.monotonic()
  const follow = async (partition: number): Promise<void> => {
    const reader = createCommittedReader({ kafka, topic, partition, from: 0n })
    for await (const { records } of reader.read(until)) {
      const found = records.filter(({ value, headers }) => value !== null && headers.length > 1).length
      changes += found
      if (found > 0) grownAt = clock.monotonic()
    }
  }
  const following = Promise.allSettled(Array.from({ length: partitions }, (_, partition) => follow(partition)))
  while (changes < wanted && clock.monotonic() - grownAt < quietMs) await clock.sleep(200, signal)
  // What would come twice comes now.
  await clock.sleep(3_000, signal)
  stop.abort(new Error('everything is there'))
  await following
  return changes >= wanted ? [] : [`${changes} of ${wanted} changes were delivered`]
}

function judge(
  { writer }: Run,
  parts: { readonly table: string; readonly delivered: readonly DeliveredRecord[]; readonly hangs: readonly string[] },
): Findings {
  const stored = new Set(writer.written.slice(0, items))
  return judgeDelivery({
    written: writer.written,
    delivered: parts.delivered,
    guarantee: 'exactly_once',
    stored: (change) => stored.has(change),
    snapshots: new Map([[parts.table, 1]]),
    tables: new Map([[parts.table, writer.contents()]]),
    hangs: parts.hangs,
  })
}

function outcomeOf(
  { writer }: Run,
  parts: {
    readonly findings: Findings
    readonly killed: number
    readonly status: SnapshotStatusRow | undefined
    readonly segments: number
  },
): RunOutcome {
  const { findings, killed, status, segments } = parts
  const { updated, deleted, putBack } = writer.counts
  const { items: scanned, rows } = { items: status?.items ?? 0, rows: status?.rows ?? 0 }
  return {
    records: findings.delivered,
    faults: {
      'worker-kill': killed,
      'item-updated': updated,
      'item-deleted': deleted,
      'item-put-back': putBack,
      'row-written': rows,
      'row-displaced': scanned - rows,
      [`scan-in-${segments}`]: 1,
    },
    anomalies: addCounts(findings.anomalies),
    replayed: findings.replayed,
    statesAtFault: { scanning: killed },
    recoveryMs: [],
    unseen: [],
    lag: [],
    examples: findings.examples,
  }
}
