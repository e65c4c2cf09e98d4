import { isDeepStrictEqual } from 'node:util'
import type { PipelineConfig } from '../../../src/config/pipeline-config.ts'
import { seededRng } from '../../../src/async/rng.ts'
import { judgeDelivery } from '../../../src/oracle/judge-delivery.ts'
import type { ChangePosition, DeliveredRecord, Findings, WrittenChange } from '../../../src/oracle/oracle.ts'
import { createVersionedWriter } from '../../oracle/versioned-writer.ts'
import type { VersionedWriter } from '../../oracle/versioned-writer.ts'
import { readConfig } from '../../servers/pipeline-under-test.ts'
import type { SimulatedTable } from '../../servers/stream-simulator/simulated-table.ts'
import type { Topic } from '../kafka/cluster-state.ts'
import { deadLetterTopic } from '../world/dead-letter-topic.ts'
import { keepPoisoning } from '../world/dead-letter-traffic.ts'
import type { DeadLetterTraffic } from '../world/dead-letter-traffic.ts'
import { keepWriting } from '../world/keep-writing.ts'
import { startNemesis } from '../world/nemesis.ts'
import type { Nemesis } from '../world/nemesis.ts'
import { createOutputScan, loggedTransactions } from '../world/output-scan.ts'
import { createSurroundings } from '../world/surroundings.ts'
import type { Surroundings } from '../world/surroundings.ts'
import type { Trace } from '../world/trace.ts'
import type { FaultKind } from '../world/world-plan.ts'
import { productCode } from './function-code.ts'
import { createFunctionMappings } from './function-mappings.ts'
import type { FunctionMappings } from './function-mappings.ts'
import type { FunctionWorldPlan } from './function-plan.ts'
import { judgeInvocations } from './judge-function.ts'
import { kinesisStreamName, openMappedSources } from './mapped-sources.ts'
import { createSimulatedFunction, nameOfRecord } from './simulated-function.ts'
import type { SimulatedFunction } from './simulated-function.ts'
import type { SandboxCode } from './simulated-sandbox.ts'

/** What a run of a function showed. */
export interface FunctionOutcome {
  readonly plan: FunctionWorldPlan
  readonly findings: Findings
  readonly faults: ReadonlyMap<FaultKind, number>
  readonly lambda: SimulatedFunction
  readonly mappings: FunctionMappings
  readonly poisoned: number
  readonly trace: Trace
  readonly traceDigest: string
}

/** How a run may differ from the usual one. */
export interface FunctionWorldOptions {
  /** Trace lines to keep; default none. */
  readonly keepTrace?: number
  /** After healing, everything must be done within this time. Virtual; default three minutes. */
  readonly drainMs?: number
  /** What runs in the sandboxes. Default: the product. */
  readonly code?: SandboxCode
}

/**
 * One whole run: mappings, function, faults and writes for the planned time; then everything is healed, poisoned records are mended
 * and the mappings enabled anew where something waits for that; then the log is held against the writes.
 */
export async function runFunctionWorld(
  plan: FunctionWorldPlan,
  options: FunctionWorldOptions = {},
): Promise<FunctionOutcome> {
  const world = startFunctionWorld(plan, options)
  const { surroundings, nemesis, mappings, lambda } = world
  const { time, kafka, trace } = surroundings
  await time.run(() => false, plan.activeMs)
  world.stopWriting()
  nemesis.heal()
  mappings.heal()
  trace.note('healed')
  const hangs: string[] = []
  if (!plan.lambda.isTolerant) await mendPoison(world)
  // What was written a moment ago is looked at before it is asked for.
  await time.run(() => false, time.elapsedMs + 1_000)
  const drainMs = options.drainMs ?? 180_000
  if (!(await time.run(() => world.waiting() === 0 && mappings.isAllDone(), time.elapsedMs + drainMs)))
    hangs.push(`not delivered ${drainMs / 1000} s after the last fault ended`)
  // What would come twice comes now.
  await time.run(() => false, time.elapsedMs + 35_000)
  mappings.disable()
  if (!(await time.run(() => !mappings.isRunning && lambda.running === 0, time.elapsedMs + 70_000)))
    hangs.push('the function or a mapping did not come to an end')
  await time.run(() => kafka.transactions.ongoing.length === 0, time.elapsedMs + 60_000)
  const outcome: FunctionOutcome = {
    plan,
    findings: judge(world, hangs),
    faults: nemesis.struck,
    lambda,
    mappings,
    poisoned: world.poison?.poisoned.length ?? 0,
    trace,
    traceDigest: trace.digest(),
  }
  lambda.bury()
  return outcome
}

interface FunctionWorld {
  readonly plan: FunctionWorldPlan
  readonly config: PipelineConfig
  readonly surroundings: Surroundings
  readonly tables: readonly SimulatedTable[]
  readonly writers: readonly VersionedWriter[]
  readonly lambda: SimulatedFunction
  readonly mappings: FunctionMappings
  readonly nemesis: Nemesis
  readonly poison: DeadLetterTraffic | undefined
  readonly stopWriting: () => void
  readonly streamArnOf: (table: string) => string
  readonly waiting: () => number
  readonly isProduct: boolean
  /** When records were mended. */
  mendedAtMs: number
  /** Records that were delivered although one in front of them could not pass. */
  passed: readonly string[]
}

function startFunctionWorld(plan: FunctionWorldPlan, options: FunctionWorldOptions): FunctionWorld {
  const bare = createSurroundings(plan, options.keepTrace ?? 0)
  const { streams } = bare
  const config = configOf(plan)
  const tables = Array.from({ length: plan.tables }, (_, index) =>
    streams.createTable({
      name: `orders-${index}`,
      keySchema: [{ name: 'id', type: 'S' }],
      viewType: 'NEW_AND_OLD_IMAGES',
      openShards: plan.openShards,
      growSequenceEvery: plan.growSequenceEvery,
    }),
  )
  const serial = { next: 1 }
  const writers = tables.map((table, index) =>
    createVersionedWriter(table, plan.workload, seededRng(plan.seed * 31 + index), serial),
  )
  const { surroundings, ...mapped } = openMappedSources(plan, bare, tables)
  const code = options.code ?? productCode
  const lambda = createSimulatedFunction({ surroundings, config, code, plan: plan.lambda, seed: plan.seed })
  const mappings = createFunctionMappings(plan, surroundings, { sources: mapped.sources, lambda })
  mappings.enable()
  const nemesis = startNemesis({ plan, surroundings, fleet: lambda, tables, ledgerTopic: config.ledger.topic })
  const { stopWriting } = keepWriting(plan, surroundings, { tables, writers })
  const { poisonPerSecond: perSecond } = plan.lambda
  const poison =
    perSecond === 0
      ? undefined
      : keepPoisoning({ plan, surroundings, tables, writers }, { untilMs: plan.activeMs - 500, perSecond })
  const parts = { plan, config, surroundings, tables, writers, lambda, mappings, nemesis, poison, stopWriting }
  return {
    ...parts,
    ...mapped,
    isProduct: code === productCode,
    mendedAtMs: Number.POSITIVE_INFINITY,
    passed: [],
  }
}

/** Somebody mends what could not pass, and has it read again. */
async function mendPoison(world: FunctionWorld): Promise<void> {
  const { mappings, surroundings, poison } = world
  mappings.disable()
  await surroundings.time.run(() => !mappings.isRunning, surroundings.time.elapsedMs + 10_000)
  world.passed = passedBy(world)
  for (const { mend } of poison?.poisoned ?? []) mend()
  world.mendedAtMs = surroundings.time.elapsedMs
  mappings.enable()
}

/** Behind a record that cannot pass nothing of its shard is delivered, unless the mapping gave it up. */
function passedBy(world: FunctionWorld): readonly string[] {
  const { poison, mappings, plan } = world
  if (plan.lambda.settings.parallelizationFactor > 1) return []
  const nameOf = namesIn(world)
  const delivered = new Set(outputOf(world).delivered.map(nameOf))
  return (poison?.poisoned ?? []).flatMap((poisoned) => {
    if (mappings.discarded.has(nameOf(poisoned))) return []
    const { table, position } = poisoned
    const stream = world.tables.find(({ name }) => name === table)?.stream
    const records = stream?.shard(position.shardId).records ?? []
    const behind = records.slice(records.findIndex(({ sequenceNumber }) => sequenceNumber === position.sequenceNumber))
    const passed = behind.find(({ sequenceNumber }) => delivered.has(nameOf({ table, position: { sequenceNumber } })))
    return passed === undefined ? [] : [`${passed.sequenceNumber} was delivered behind ${position.sequenceNumber}`]
  })
}

/** As {@link nameOfRecord} has it, of anything that has a place in a stream. */
function namesIn({
  streamArnOf,
}: FunctionWorld): (of: { readonly table: string; readonly position?: Numbered | undefined }) => string {
  return ({ table, position }) => nameOfRecord(streamArnOf(table), position?.sequenceNumber ?? '')
}

type Numbered = Pick<ChangePosition, 'sequenceNumber'>

function configOf(plan: FunctionWorldPlan): PipelineConfig {
  return readConfig(`
pipeline: sim
lanes: ${plan.lanes}
delivery: ${plan.delivery}
source:
  region: eu-central-1
  tables: ['orders-*']
${plan.lambda.stream === 'kinesis' ? `  type: kinesis\n  kinesis.stream: ${kinesisStreamName}\n  kinesis.repair: off` : ''}
kafka:
  bootstrap.servers: broker:1
topic.partitions: ${plan.topicPartitions}
snapshot.mode: never
lambda.partial.batch.responses: ${plan.lambda.hasPartialResponses}
${plan.lambda.isTolerant ? 'errors.tolerance: all' : ''}
`)
}

function outputOf({ surroundings: { kafka }, config }: FunctionWorld): ReturnType<typeof createOutputScan> {
  const outputs = (): readonly Topic[] =>
    [...kafka.state.topics.values()].filter(({ name }) => name !== config.ledger.topic && name !== deadLetterTopic)
  const scan = createOutputScan(outputs, (topic) => topic.slice(topic.indexOf('.') + 1))
  scan.advance()
  return scan
}

function judge(world: FunctionWorld, hangs: readonly string[]): Findings {
  const { plan, surroundings, tables, writers, config, mappings, lambda, poison } = world
  const scan = outputOf(world)
  const written = writers.flatMap((writer) => writer.written)
  const nameOf = namesIn(world)
  const delivered = placed(scan.delivered, written, nameOf)
  const isExact = plan.delivery === 'exactly_once'
  // Positions in a Kinesis stream are no places of changes in tables.
  const isOfTables = plan.lambda.stream === 'dynamodb'
  const hasLedger = isExact && isOfTables && world.isProduct
  const parents = new Map(
    tables.flatMap((table) => table.stream.shards.map((shard) => [shard.shardId, shard.parentShardId] as const)),
  )
  const topics = [...surroundings.kafka.state.topics.values()].filter(({ name }) => name !== deadLetterTopic)
  const isDiscarded = (change: WrittenChange): boolean => mappings.discarded.has(nameOf(change))
  const isLetter = (change: WrittenChange): boolean => plan.lambda.isTolerant && poison?.isPoisoned(change) === true
  const findings = judgeDelivery({
    written: isOfTables ? written : written.map(unplaced),
    // What was given up may come even so, from an invocation that nobody waits for: then it has no place in the order.
    delivered: (isOfTables ? delivered : delivered.map(unplaced)).filter(
      (record) => !mappings.discarded.has(nameOf(record)),
    ),
    guarantee: plan.delivery,
    ...(hasLedger ? { transactions: loggedTransactions(topics, config.ledger.topic), parents } : {}),
    tables: new Map(writers.map((writer, index) => [tables[index]?.name ?? '', writer.contents()])),
    named: (change) => isLetter(change) || isDiscarded(change),
    hangs,
  })
  const poisoned = new Set(plan.lambda.isTolerant ? [] : poison?.poisoned.map(nameOf))
  const { mendedAtMs } = world
  const wrong = [
    ...judgeInvocations({ plan, lambda, mappings, poisoned, mendedAtMs, delivered: delivered.map(nameOf) }),
    ...judgeLetters(world),
    ...world.passed,
    ...(isExact && scan.strayTombstones > 0
      ? [`${scan.strayTombstones} tombstones are not right behind their deletes`]
      : []),
  ]
  return withWrong(isExact ? findings : forgiveRepeats(findings), wrong)
}

function unplaced<T extends { readonly position: ChangePosition | undefined }>(one: T): T {
  return { ...one, position: undefined }
}

/** Where nobody tells the function the shard, the number alone is the place. */
function placed(
  delivered: readonly DeliveredRecord[],
  written: readonly WrittenChange[],
  nameOf: ReturnType<typeof namesIn>,
): readonly DeliveredRecord[] {
  const shards = new Map(written.map((change) => [nameOf(change), change.position?.shardId ?? '']))
  return delivered.map((record) => {
    const { position } = record
    if (position === undefined || position.shardId !== '') return record
    return { ...record, position: { ...position, shardId: shards.get(nameOf(record)) ?? '' } }
  })
}

/** One that may be repeated has a letter or more. */
function judgeLetters(world: FunctionWorld): readonly string[] {
  const { plan, poison, mappings } = world
  if (poison === undefined) return []
  const letters = poison.letters()
  if (!plan.lambda.isTolerant) return letters.size === 0 ? [] : [`${letters.size} letters where there are none`]
  if (plan.delivery === 'exactly_once') return poison.verdicts(isAsInEvent)
  const nameOf = namesIn(world)
  return poison.poisoned.flatMap((poisoned) => {
    const { sequenceNumber } = poisoned.position
    const isThere = [...letters.keys()].some((name) => name.endsWith(` ${sequenceNumber}`))
    return isThere || mappings.discarded.has(nameOf(poisoned)) ? [] : [`${sequenceNumber} has no letter`]
  })
}

/** Lambda adds where the record comes from, and sets its members in another order. */
function isAsInEvent(letter: string, given: string): boolean {
  const { eventSourceARN: _, ...record } = JSON.parse(letter) as Readonly<Record<string, unknown>>
  return isDeepStrictEqual(record, JSON.parse(given))
}

/** An invocation that nobody waits for any more may write late, behind newer changes: first occurrences alone have an order. */
function forgiveRepeats(findings: Findings): Findings {
  const { anomalies, replayed } = findings
  const forgiven = { ...anomalies, 'bad-replay': 0, diverged: 0, miscount: 0 }
  return { ...findings, replayed: replayed + anomalies['bad-replay'], anomalies: forgiven }
}

function withWrong(findings: Findings, wrong: readonly string[]): Findings {
  if (wrong.length === 0) return findings
  const { anomalies, examples } = findings
  const miscount = anomalies.miscount + wrong.length
  return { ...findings, anomalies: { ...anomalies, miscount }, examples: [...wrong, ...examples] }
}
