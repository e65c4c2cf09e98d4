import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { seededRng } from '../../../src/async/rng.ts'
import type { Rng } from '../../../src/async/rng.ts'
import { systemClock } from '../../../src/async/system-clock.ts'
import type { KafkaApi } from '../../../src/kafka/kafka.ts'
import { createVersionedWriter } from '../../oracle/versioned-writer.ts'
import type { VersionedWriter } from '../../oracle/versioned-writer.ts'
import { connectKafka } from '../../servers/connected-kafka.ts'
import type { SimulatedTable } from '../../servers/stream-simulator/simulated-table.ts'
import { startStreamSimulator } from '../../servers/stream-simulator/stream-simulator.ts'
import type { StreamSimulator } from '../../servers/stream-simulator/stream-simulator.ts'
import type { Brokers } from './brokers.ts'
import { createFaultLog } from './fault-log.ts'
import type { FaultLog } from './fault-log.ts'
import { startOutputWatch } from './output-watch.ts'
import type { OutputWatch } from './output-watch.ts'
import type { RealPlan } from './real-plan.ts'
import { startBrokers } from './start-brokers.ts'
import { startTraffic } from './table-traffic.ts'
import type { TableTraffic } from './table-traffic.ts'
import { createWorkerPlaces } from './worker-places.ts'
import type { WorkerPlaces } from './worker-places.ts'
import { writeWorkerCommand } from './worker-programs.ts'

/** Everything that a run consists of: broker, simulated source, workers as processes, and who watches. */
export interface RealWorld extends AsyncDisposable {
  readonly plan: RealPlan
  /** For the choices of faults. */
  readonly rng: Rng
  readonly signal: AbortSignal
  readonly brokers: Brokers
  /** The harness's own connection. */
  readonly api: KafkaApi
  readonly simulator: StreamSimulator
  readonly tables: readonly WrittenTable[]
  readonly traffic: TableTraffic
  readonly places: WorkerPlaces
  readonly watch: OutputWatch
  readonly log: FaultLog
  /** Logs of all processes, and the broker's data. */
  readonly directory: string
  /** The directory stays when the world is disposed. */
  keep(): void
  sleep(ms: number): Promise<void>
}

/** A table, its writer, and the topic that its changes go to. */
export interface WrittenTable {
  readonly table: SimulatedTable
  readonly writer: VersionedWriter
  readonly topic: string
}

/** The pipeline of each run; there is one broker for each. */
export const pipeline = 'shop'

/** Starts everything but the workers. What has been started ends when a later part does not start. */
export async function openRealWorld(plan: RealPlan, signal: AbortSignal): Promise<RealWorld> {
  await using stack = new AsyncDisposableStack()
  const directory = await mkdtemp(path.join(tmpdir(), `tailrace-experiment-${plan.seed}-`))
  let isKept = false
  stack.defer(async () => {
    if (!isKept) await rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  })
  const brokers = stack.use(await startBrokers(plan, path.join(directory, 'kafka'), signal))
  const { bootstrapServers } = brokers
  const simulator = stack.use(await startStreamSimulator())
  const api = stack.use(connectKafka(bootstrapServers, { requestTimeoutMs: 5_000 }))
  const serial = { next: 1 }
  const tables = plan.tables.map((name, index) => openTable(simulator, name, seededRng(plan.seed * 31 + index), serial))
  const topics = tables.map(({ topic }) => topic)
  const clock = systemClock
  const watch = stack.use(startOutputWatch(api, topics, clock))
  const command = await writeWorkerCommand(plan, {
    directory,
    endpoint: simulator.endpoint,
    bootstrapServers,
  })
  if (plan.program === 'naive-loop') await makeTopics(api, topics, plan.topicPartitions, signal)
  const places = stack.use(createWorkerPlaces(command, clock))
  const rate = { ...plan, maxOpenShards: 5 }
  const traffic = startTraffic(tables, rate, { clock, rng: seededRng(plan.seed ^ 0xface) }, (change) =>
    watch.wrote(change),
  )
  stack.defer(() => traffic.stop())
  await writeFile(path.join(directory, 'plan.json'), JSON.stringify(plan))
  const owned = stack.move()
  return {
    plan,
    rng: seededRng(plan.seed),
    signal,
    brokers,
    api,
    simulator,
    tables,
    traffic,
    places,
    watch,
    log: createFaultLog(watch),
    directory,
    keep: () => {
      isKept = true
    },
    sleep: (ms) => clock.sleep(ms, signal),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

function openTable(simulator: StreamSimulator, name: string, rng: Rng, serial: { next: number }): WrittenTable {
  const table = simulator.createTable({
    name,
    keySchema: [{ name: 'id', type: 'S' }],
    viewType: 'NEW_AND_OLD_IMAGES',
    openShards: 3,
    // All lengths of numbers within a run of a hundred thousand.
    growSequenceEvery: 2_500,
  })
  const workload = { keys: 2_000, skew: 2, deleteShare: 0.1, paddingBytes: 200 }
  return { table, writer: createVersionedWriter(table, workload, rng, serial), topic: `${pipeline}.${name}` }
}

async function makeTopics(
  api: KafkaApi,
  topics: readonly string[],
  partitions: number,
  signal: AbortSignal,
): Promise<void> {
  for (const name of topics) await api.createTopic({ name, partitions, replicationFactor: -1, config: {} }, signal)
}
