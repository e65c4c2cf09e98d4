import { withDeadline } from '../../async/clock.ts'
import type { Clock } from '../../async/clock.ts'
import type { Rng } from '../../async/rng.ts'
import { TailraceError } from '../../errors.ts'
import { createWireKafka } from '../../kafka/wire-kafka.ts'
import type { KafkaApi } from '../../kafka/kafka.ts'
import type { Redactor } from '../../observe/redactor.ts'
import { createDeliveryCheck } from './delivery-check.ts'
import type { DeliveryResult, ItemWrite } from './delivery-check.ts'
import { createDemoFolder } from './demo-folder.ts'
import { repairDelayMs, shopStream } from './demo-pipeline.ts'
import { startDemoServers } from './demo-servers.ts'
import type { DemoServers, DemoSource } from './demo-servers.ts'
import { streamShop } from './demo-streaming.ts'
import type { DemoSummary } from './demo-summary.ts'
import { startDemoWorker } from './demo-worker.ts'
import type { DemoWorker } from './demo-worker.ts'
import { createLiveView } from './live-view.ts'
import type { LiveView } from './live-view.ts'
import type { Screen } from './screen.ts'
import { rankOfVersion, shopKey } from './shop-change.ts'
import { digestOfImage, imageOfItem } from './image.ts'
import { largeOrder, stock, stockItem } from './shop-items.ts'
import { bridgeFaults, openShopStream } from './shop-stream.ts'
import type { ShopStream } from './shop-stream.ts'
import { openShopTable, shopTable } from './shop-table.ts'
import type { ShopTable } from './shop-table.ts'
import { createStepList } from './step-list.ts'
import type { StepList } from './step-list.ts'
import { readWholeTopic } from './topic-watch.ts'
import { createWriteLedger } from './write-ledger.ts'
import type { WriteLedger } from './write-ledger.ts'

/** What the demo is run with. */
export interface DemoOptions {
  /** How long the shop is open; undefined: until `signal` aborts. */
  readonly forMs: number | undefined
  /** Writes a second, if the machine can make so many. */
  readonly perSecond: number
  readonly source: DemoSource
  readonly version: string
  /** Gets the steps before and after streaming. */
  readonly progress: Screen
  /** Gets what happens while streaming. */
  readonly live: Screen
  /** False: status lines only. */
  readonly hasChanges: boolean
  readonly clock: Clock
  readonly rng: Rng
  readonly redactor: Redactor
}

/** Where lines of the worker go; changes while the demo goes on. */
interface WorkerLog {
  show: (line: string) => void
  snapshot: (line: string) => void
}

const readBackLimitMs = 120_000
const snapshotLimitMs = 120_000
const stockSize = 2_000

const tooLateForSnapshot = (): Error =>
  new TailraceError('INTERNAL', `the table's items were not in the topic within ${snapshotLimitMs / 1000} s`)

/**
 * Starts the servers, streams the shop's changes with a real worker until the time is over or `signal` aborts, stops the
 * worker and compares what is in Kafka with what was written. An abort before the shop opens rejects with the signal's
 * reason. However it ends: no process and no file is left, except downloads in the cache.
 */
export async function runDemo(options: DemoOptions, signal: AbortSignal): Promise<DemoSummary> {
  const { clock, rng, progress, source } = options
  await using folder = await createDemoFolder()
  await using steps = createStepList(progress, clock)
  await using servers = await startDemoServers({ folder, steps, source }, signal)
  await using table = openShopTable(servers.dynamodbEndpoint, clock)
  // While a view draws on the terminal, lines from elsewhere go through it.
  const log: WorkerLog = { show: (line) => progress.print([line]), snapshot: () => {} }
  const existing = await openShop({ options, table, steps }, signal)
  await using stream = await openStream({ options, servers, steps }, signal)
  await using worker = await startWorker({ options, servers, steps, log }, signal)
  if (existing.size > 0) await untilSnapshot(existing.size, { options, steps, log, worker })
  await using kafka = connect(servers, options)
  const ledger = createWriteLedger()
  const view = viewOf(options, worker, ledger)
  introduce(options, servers, worker)

  log.show = view.note
  const { perSecond, forMs } = options
  const failed = stream?.failed ?? neverFails
  await streamShop({ table, worker, failed, kafka, ledger, view, perSecond, forMs, clock, rng }, signal)
  log.show = (line) => progress.print([line])

  await steps.run('tailrace has handed over and stopped', (onProgress) => {
    onProgress('stopping tailrace')
    return worker.stop()
  })
  const result = await steps.run('a fresh read_committed reader has read the topic back', (onProgress) => {
    onProgress('reading the topic back')
    return readBack({ options, servers, worker, ledger, existing })
  })
  const [p50Ms = null, p99Ms = null] = ledger.quantilesMs([0.5, 0.99]).map((ms) => (ms === null ? ms : Math.round(ms)))
  return { ...result, p50Ms, p99Ms, kinesis: stream === undefined ? undefined : inKinesis(stream) }
}

/** What is not there cannot fail. */
const neverFails = new AbortController().signal

function inKinesis({ counts: { records, changes } }: ShopStream): NonNullable<DemoSummary['kinesis']> {
  return { records, repeats: records - changes }
}

async function untilSnapshot(
  items: number,
  parts: {
    readonly options: DemoOptions
    readonly steps: StepList
    readonly log: WorkerLog
    readonly worker: DemoWorker
  },
): Promise<void> {
  const { options, steps, log, worker } = parts
  await steps.run(`the ${items.toLocaleString('en-US')} items that were there are in the topic`, (onProgress) => {
    onProgress('taking the items that are there')
    log.snapshot = onProgress
    return withDeadline(options.clock, snapshotLimitMs, worker.snapshot, tooLateForSnapshot)
  })
}

/**
 * A table with a stock of articles, whose stream begins behind them; by key, as the check knows them. With Kinesis there is no
 * stock: snapshots are not made in that way.
 */
async function openShop(
  { options, table, steps }: { readonly options: DemoOptions; readonly table: ShopTable; readonly steps: StepList },
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ItemWrite>> {
  const size = options.source === 'kinesis' ? 0 : stockSize
  const items = Array.from({ length: size }, (_, number) => stockItem(number, options.rng))
  await steps.run(`table ${shopTable} holds ${size.toLocaleString('en-US')} items`, async (onProgress) => {
    onProgress('filling the table')
    await table.create(signal)
    await table.fill(items, signal)
    await table.enableStream(signal)
  })
  return new Map(
    items.map((item) => {
      const order = item['order']
      const key = shopKey(stock, order !== undefined && 'S' in order ? order.S : '')
      return [key, { rank: rankOfVersion(1), after: digestOfImage(imageOfItem(item)) }]
    }),
  )
}

/** The Kinesis stream that the table's changes go to; undefined if the worker is to read the table's own. */
async function openStream(
  parts: { readonly options: DemoOptions; readonly servers: DemoServers; readonly steps: StepList },
  signal: AbortSignal,
): Promise<ShopStream | undefined> {
  const { servers, steps, options } = parts
  const { dynamodbEndpoint, kinesisEndpoint } = servers
  if (kinesisEndpoint === undefined) return undefined
  const { clock, rng } = options
  return steps.run(`changes of table ${shopTable} go to Kinesis stream ${shopStream}`, (onProgress) => {
    onProgress('making a Kinesis stream')
    return openShopStream({ dynamodbEndpoint, kinesisEndpoint, clock, rng }, signal)
  })
}

async function startWorker(
  parts: {
    readonly options: DemoOptions
    readonly servers: DemoServers
    readonly steps: StepList
    readonly log: WorkerLog
  },
  signal: AbortSignal,
): Promise<DemoWorker> {
  const { options, servers, steps, log } = parts
  return steps.run(
    `tailrace reads ${options.source === 'kinesis' ? `stream ${shopStream}` : `table ${shopTable}`}`,
    async (onProgress) => {
      onProgress('starting tailrace')
      const { version, redactor, live } = options
      const onLog = (line: string): void => log.show(line)
      const onSnapshot = (line: string): void => log.snapshot(line)
      return startDemoWorker({ servers, version, redactor, hasColor: live.hasColor, onLog, onSnapshot }, signal)
    },
  )
}

function viewOf({ live, clock, hasChanges }: DemoOptions, worker: DemoWorker, ledger: WriteLedger): LiveView {
  return createLiveView({
    screen: live,
    clock,
    topic: worker.topic,
    hasChanges,
    isRare: ({ key }) => key.endsWith(`/${largeOrder}`),
    latencyOf: ({ key, rank }) => ledger.latencyMs(key, rank),
    numbers: () => ({
      written: ledger.written,
      delivered: ledger.seen,
      transactions: worker.board.totals.transactions,
      headroomMs: smallest([...worker.board.headroomMs().values()]),
    }),
  })
}

function introduce({ progress, forMs }: DemoOptions, servers: DemoServers, worker: DemoWorker): void {
  const end = forMs === undefined ? 'Ctrl-C ends it' : `It ends after ${forMs / 1000} s, or with Ctrl-C`
  progress.print([
    '',
    `  DynamoDB  ${servers.dynamodbEndpoint}, table ${shopTable}`,
    ...(servers.kinesisEndpoint === undefined ? [] : kinesisLines(servers.kinesisEndpoint)),
    `  Kafka     ${servers.bootstrapServers}, topic ${worker.topic}`,
    ...(worker.monitoringUrl === undefined ? [] : [`  metrics   ${worker.monitoringUrl}/metrics`]),
    '',
    `Streaming. ${end}, and every change is checked.`,
    '',
  ])
}

function kinesisLines(endpoint: string): readonly string[] {
  const { duplicates, delays, windowMs } = bridgeFaults
  const bad = `${duplicates * 100} % of the changes twice, ${delays * 100} % up to ${windowMs / 1000} s late`
  return [
    `  Kinesis   ${endpoint}, stream ${shopStream}: ${bad}, on purpose; unproven changes wait ${repairDelayMs / 1000} s`,
  ]
}

/** Compares the whole topic with all writes. Rejects if the topic cannot be read in time. */
async function readBack(parts: {
  readonly options: DemoOptions
  readonly servers: DemoServers
  readonly worker: DemoWorker
  readonly ledger: WriteLedger
  readonly existing: ReadonlyMap<string, ItemWrite>
}): Promise<DeliveryResult> {
  const { options, servers, worker, ledger, existing } = parts
  const check = createDeliveryCheck(ledger.writes(), existing)
  await using kafka = connect(servers, options)
  const { topic, partitions } = worker
  const late = new AbortController()
  const reading = readWholeTopic({ kafka, topic, partitions, onChange: check.add }, late.signal)
  const tooLate = (): Error =>
    new TailraceError('KAFKA_TIMEOUT', `Topic ${topic} could not be read back within ${readBackLimitMs / 1000} s.`)
  try {
    await withDeadline(options.clock, readBackLimitMs, reading, tooLate)
  } finally {
    late.abort()
  }
  return check.result()
}

function connect({ bootstrapServers }: DemoServers, { clock, rng }: DemoOptions): KafkaApi {
  return createWireKafka({ connection: { brokers: [bootstrapServers], clientId: 'tailrace-demo-reader' }, clock, rng })
}

function smallest(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.min(...values)
}
