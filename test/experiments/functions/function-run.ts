import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { seededRng } from '../../../src/async/rng.ts'
import { systemClock } from '../../../src/async/system-clock.ts'
import { untilAborted } from '../../../src/async/until-aborted.ts'
import { judgeDelivery } from '../../../src/oracle/judge-delivery.ts'
import type { Findings, LoggedTransaction } from '../../../src/oracle/oracle.ts'
import { createVersionedWriter } from '../../oracle/versioned-writer.ts'
import type { VersionedWriter } from '../../oracle/versioned-writer.ts'
import { connectKafka } from '../../servers/connected-kafka.ts'
import { createEventSourceMapping } from '../../servers/event-source-mapping/event-source-mapping.ts'
import { defaultMappingSettings } from '../../servers/event-source-mapping/mapping.ts'
import type { DeliveryFaults, EventSourceMapping } from '../../servers/event-source-mapping/mapping.ts'
import type { SimulatedTable } from '../../servers/stream-simulator/simulated-table.ts'
import { connectTo } from '../../servers/stream-simulator/simulator-client.ts'
import { startStreamSimulator } from '../../servers/stream-simulator/stream-simulator.ts'
import { temporaryFolder } from '../../servers/temporary-folder.ts'
import { startKafkaBehindDoors } from '../proxied/kafka-behind-doors.ts'
import type { KafkaBehindDoors } from '../proxied/kafka-behind-doors.ts'
import { createFaultLog } from '../real/fault-log.ts'
import type { FaultLog } from '../real/fault-log.ts'
import { startOutputWatch } from '../real/output-watch.ts'
import type { OutputWatch } from '../real/output-watch.ts'
import { readTransactions } from '../real/read-raw-log.ts'
import { readWithJava } from '../real/read-with-java.ts'
import { startTraffic } from '../real/table-traffic.ts'
import { strikeFunction } from './function-killer.ts'
import type { KillPlan } from './function-killer.ts'
import { openFunctionSlots } from './function-slots.ts'
import type { FunctionSlots } from './function-slots.ts'
import { packFunction } from './packed-function.ts'
import { functionPipelineText } from './shard-events.ts'

/** A run of the packed function in sandboxes, behind an event source mapping and in front of a real broker. */
export interface FunctionRunPlan extends KillPlan {
  readonly seed: number
  readonly changes: number
  readonly changesPerSecond: number
  readonly reshardsPerSecond: number
  readonly timeLimitSeconds: number
  /** Sandboxes at most; more than shards that are open at once. */
  readonly slots: number
  readonly batchSize: number
  readonly deliveryFaults: DeliveryFaults
}

/** What came of it. */
export interface FunctionRunOutcome {
  readonly findings: Findings
  readonly log: FaultLog
  readonly watch: Pick<OutputWatch, 'elapsedMs' | 'unseen' | 'unseenCount' | 'lag'>
  readonly mapping: EventSourceMapping['counters']
  readonly reshards: number
  /** Errors that the function threw, by name. */
  readonly errors: ReadonlyMap<string, number>
  /** Transactions of the log, by outcome, and records in those that were aborted. */
  readonly transactions: Readonly<Record<LoggedTransaction['outcome'] | 'abortedRecords', number>>
}

/** What goes wrong between mapping and function, besides what strikes the function itself. */
export const usualDeliveryFaults: DeliveryFaults = {
  lostAnswer: 0.03,
  twice: 0.04,
  abandoned: 0.03,
  cutAnew: 0.3,
  failOver: 0.03,
  repeatedFinal: 0.1,
}

const topic = 'shop.orders'
const ledgerTopic = 'tailrace.shop.ledger'
const maxOpenShards = 4
/** After the last fault everything must arrive within this time. */
const drainMs = 180_000

/** Writes and strikes until both are done, then lets everything arrive, and holds the log against what was written. */
export async function runFunction(plan: FunctionRunPlan, signal: AbortSignal): Promise<FunctionRunOutcome> {
  await using world = await openWorld(plan)
  const { slots, table, writer, watch, log, kafka } = world
  const clock = systemClock
  const traffic = startTraffic(
    [world],
    { ...plan, maxOpenShards },
    { clock, rng: seededRng(plan.seed ^ 0xface) },
    (change) => watch.wrote(change),
  )
  const mapping = mappingOf(plan, world)
  const mapped = mapping.run(signal)
  mapped.catch(() => undefined)
  const rng = seededRng(plan.seed)
  const strikes = strikeFunction({ slots, log, clock, rng, timeLimitMs: plan.timeLimitSeconds * 1_000, signal }, plan)
  await Promise.race([Promise.all([strikes, enough(plan, writer, signal)]), mapped])
  await traffic.stop()
  table.disableStream()
  await untilAborted(mapped, AbortSignal.any([signal, AbortSignal.timeout(drainMs)])).catch((error: unknown) =>
    log.hung(`the stream was not delivered to its end: ${String(error)}`),
  )
  // Markers are written behind the answer of the last commit.
  for (let waits = 0; watch.unseenCount > 0 && waits < 200; waits++) await clock.sleep(100, signal)
  await clock.sleep(1_500, signal)
  const transactions = await readTransactions(world.direct, [topic, ledgerTopic], ledgerTopic, signal)
  const findings = judgeDelivery({
    written: writer.written,
    delivered: await readWithJava(kafka.directServers, new Map([[table.name, topic]])),
    guarantee: 'exactly_once',
    parents: new Map(table.stream.shards.map((shard) => [shard.shardId, shard.parentShardId])),
    tables: new Map([[table.name, writer.contents()]]),
    hangs: log.hangs,
    transactions,
  })
  const { errors } = slots
  const { counters } = mapping
  const { reshards } = traffic
  return { findings, log, watch, mapping: counters, reshards, errors, transactions: counted(transactions) }
}

interface World extends AsyncDisposable {
  readonly kafka: KafkaBehindDoors
  readonly direct: ReturnType<typeof connectKafka>
  readonly table: SimulatedTable
  readonly writer: VersionedWriter
  readonly slots: FunctionSlots
  readonly watch: OutputWatch
  readonly log: FaultLog
  readonly api: ReturnType<typeof connectTo>
}

async function openWorld(plan: FunctionRunPlan): Promise<World> {
  await using stack = new AsyncDisposableStack()
  const [clock, rng] = [systemClock, seededRng(plan.seed * 31)]
  const home = stack.use(await temporaryFolder())
  const directory = path.join(home.path, 'kafka')
  await mkdir(directory)
  const kafka = stack.use(await startKafkaBehindDoors({ directory, doors: plan.slots, clock, rng }))
  const simulator = stack.use(await startStreamSimulator())
  const direct = stack.use(connectKafka(kafka.directServers))
  const table = simulator.createTable({
    name: 'orders',
    keySchema: [{ name: 'id', type: 'S' }],
    viewType: 'NEW_AND_OLD_IMAGES',
    openShards: 2,
    growSequenceEvery: 2_500,
  })
  const writer = createVersionedWriter(table, { keys: 1_000, skew: 2, deleteShare: 0.1, paddingBytes: 200 }, rng)
  const { zip } = stack.use(await packFunction(functionPipelineText(simulator.endpoint)))
  const { doors } = kafka
  // Requests take their time, so that there is a moment between one that is made and its answer.
  for (const door of doors) door.add({ kind: 'latency', direction: 'downstream', ms: 2, jitterMs: 4 })
  const { timeLimitSeconds } = plan
  const slots = stack.use(await openFunctionSlots({ zip, doors, timeLimitSeconds, clock, rng }))
  const watch = stack.use(startOutputWatch(direct, [topic], clock))
  const api = stack.use(connectTo(simulator.endpoint))
  const log = createFaultLog(watch)
  const owned = stack.move()
  return {
    kafka,
    direct,
    table,
    writer,
    slots,
    watch,
    log,
    api,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

function mappingOf(plan: FunctionRunPlan, { api, table, slots }: World): EventSourceMapping {
  return createEventSourceMapping({
    kind: 'dynamodb',
    streamArn: table.stream.arn,
    api,
    clock: systemClock,
    rng: seededRng(plan.seed ^ 0xbeef),
    settings: { ...defaultMappingSettings, batchSize: plan.batchSize, tumblingWindowSeconds: 1 },
    pace: { pollMs: 100, listMs: 500, windowGraceMs: 500, retry: { baseMs: 50, capMs: 500 } },
    faults: plan.deliveryFaults,
    invoke: (event) => slots.invoke(event),
  })
}

async function enough({ changes }: FunctionRunPlan, { written }: VersionedWriter, signal: AbortSignal): Promise<void> {
  while (written.length < changes) await systemClock.sleep(100, signal)
}

function counted(transactions: readonly LoggedTransaction[]): FunctionRunOutcome['transactions'] {
  const counts = { commit: 0, abort: 0, open: 0, abortedRecords: 0 }
  for (const { outcome, records } of transactions) {
    counts[outcome]++
    if (outcome === 'abort') counts.abortedRecords += records.length
  }
  return counts
}
