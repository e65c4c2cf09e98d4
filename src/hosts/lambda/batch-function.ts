import type { PipelineConfig } from '../../config/pipeline-config.ts'
import { TailraceError } from '../../errors.ts'
import { createTransactionSessions } from '../../kafka/transaction-sessions.ts'
import { createLaneTaker, takePartition } from '../../lanes/lane-session.ts'
import type { LaneTakerOptions } from '../../lanes/lane-session.ts'
import type { IdentityEntry } from '../../lanes/ledger-entry.ts'
import { createShardTaker, shardTransactionalIdOf } from '../../lanes/shard-taker.ts'
import type { ShardTaker } from '../../lanes/shard-taker.ts'
import { admitToLedger } from '../../pipeline/admission.ts'
import type { PipelineEventSink } from '../../pipeline/pipeline-event.ts'
import { createFirstStart } from '../../pipeline/pushed/first-start.ts'
import type { FirstStart } from '../../pipeline/pushed/first-start.ts'
import { forgetOldShards } from '../../pipeline/pushed/forget-shards.ts'
import type { PushedBatch, PushedDelivery, PushedOutcome } from '../../pipeline/pushed/pushed-batch.ts'
import { createPushedDelivery } from '../../pipeline/pushed/pushed-delivery.ts'
import { createReadyLedger } from '../../pipeline/pushed/ready-ledger.ts'
import { createTurnWatch } from '../../pipeline/pushed/turn-watch.ts'
import type { TurnWatch } from '../../pipeline/pushed/turn-watch.ts'
import type { StartPosition } from '../../pipeline/start-position.ts'
import type { Source } from '../../sources/source.ts'
import { admissionOf, startOf } from '../first-start-of.ts'
import { openRecordWay } from '../record-way.ts'
import type { RecordWay, RecordWayPorts } from '../record-way.ts'
import { openCode } from '../stages/change-steps.ts'
import { createBatchReading } from './batch-reading.ts'
import type { BatchReading } from './batch-reading.ts'
import { fenceStream } from './fence-stream.ts'
import type { LambdaBatch } from './lambda-event.ts'

/** What a function stands on; a simulation gives its own. */
export interface FunctionPorts extends Omit<RecordWayPorts, 'code'> {
  /** Asked for tables and streams, never for changes. */
  readonly source: Pick<Source, 'describeTable' | 'listShards'>
  /** A function that is gone must not hold up the readers of its topics for longer than it could have lived. Milliseconds. */
  readonly transactionTimeoutMs: number
  /** Hears what the user's files print. Default: nobody does. */
  readonly onOutput?: (text: string) => void
}

/** Delivers batches of one pipeline. */
export interface BatchFunction extends AsyncDisposable {
  /** As {@link PushedDelivery}; also rejects for batches that are not the pipeline's. */
  run(batch: LambdaBatch, signal: AbortSignal): Promise<PushedOutcome>
  /** Why the present batch, or the last one, had to be tried again; undefined if it went well. */
  readonly lastDoubt: TailraceError | undefined
}

/** Everything that outlives a batch; asks nobody anything before the first one, but for the user's code. */
export async function openBatchFunction(
  config: PipelineConfig,
  ports: FunctionPorts,
  version: string,
): Promise<BatchFunction> {
  await using stack = new AsyncDisposableStack()
  const code = stack.use(await openCode(config, ports))
  const reading = createBatchReading(config, ports)
  let delivery: Promise<PushedDelivery> | undefined
  let lastDoubt: TailraceError | undefined
  const onEvent: PipelineEventSink = (event) => {
    if (event.kind === 'batch-in-doubt' || event.kind === 'worker-waits') lastDoubt = event.error
    ports.onEvent(event)
  }
  const open = async (batch: PushedBatch, signal: AbortSignal): Promise<PushedDelivery> => {
    // Long after a first start only the shards' own ids show that there was one.
    const witnesses = [shardTransactionalIdOf(config.pipeline, batch.streamArn, batch.shardId)]
    const identity = await admitToLedger({ ...admissionOf(config, { ...ports, onEvent }), witnesses }, signal)
    const way = resources.use(openRecordWay(config, { ...ports, code }, { version, ledgerId: identity.topicId }))
    return resources.use(deliveryOf(config, { ...ports, onEvent }, { identity, way, reading }))
  }
  const opened = async (batch: PushedBatch, signal: AbortSignal): Promise<PushedDelivery> => {
    for (;;) {
      const isOwn = delivery === undefined
      const opening = (delivery ??= open(batch, signal))
      try {
        return await opening
      } catch (error) {
        // What could not be opened is opened anew: by the next batch, or by this one if another one's time was over.
        if (delivery === opening) delivery = undefined
        if (isOwn || signal.aborted) throw error
      }
    }
  }
  const resources = stack.move()
  return {
    get lastDoubt() {
      return lastDoubt
    },
    run: async (batch, signal) => {
      lastDoubt = undefined
      const pushed = await reading.read(batch, signal)
      if (pushed === undefined) return nothingToDo
      const present = await opened(pushed, signal)
      try {
        return await present.deliver(pushed, signal)
      } catch (error) {
        // The ledger is another one, or says something else of the pipeline, than when it was opened.
        if (isAboutLedger(error)) {
          delivery = undefined
          await present[Symbol.asyncDispose]()
        }
        throw error
      }
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

function isAboutLedger(error: unknown): boolean {
  return error instanceof TailraceError && /^(LEDGER|CONFIG)_/.test(error.code)
}

const nothingToDo: PushedOutcome = {
  records: 0,
  repeated: 0,
  changes: 0,
  left: { dropped: 0, rejected: [] },
  failure: undefined,
}

/** What is known once the ledger is there. */
interface DeliveryParts {
  readonly identity: IdentityEntry
  readonly way: RecordWay
  readonly reading: BatchReading
}

function deliveryOf(config: PipelineConfig, ports: FunctionPorts, parts: DeliveryParts): PushedDelivery {
  const { kafka, clock, rng, onEvent } = ports
  const { identity, way, reading } = parts
  const { stages, limits, topics } = way
  const sessions = createTransactionSessions({
    kafka,
    clock,
    rng,
    delivery: config.delivery,
    transactionTimeoutMs: ports.transactionTimeoutMs,
    topicBytes: (topic) => limits.known(topic),
  })
  const ledger = { kafka, sessions, pipeline: config.pipeline, ledgerTopic: config.ledger.topic, clock }
  const keepsPositions = config.delivery === 'exactly_once'
  const taker = keepsPositions ? createShardTaker({ ...ledger, lanes: identity.lanes }) : looker(ledger)
  return createPushedDelivery({
    forgetOld: keepsPositions
      ? (session, signal) => forgetOldShards(session, { taker, nowMs: clock.now(), pipeline: config.pipeline }, signal)
      : undefined,
    ledger: createReadyLedger({
      identity,
      taker,
      firstStart: firstStartOf(config, ports, { ...parts, ledger }),
      topics,
      turn: keepsPositions ? createTurnWatch({ kafka, pipeline: config.pipeline, clock, rng }) : noTurns,
      clock,
    }),
    stages,
    topicLimits: limits,
    clock,
    rng,
    keepsPositions,
    onDoubt: (error) => {
      way.learn(error)
      reading.lookAgain()
      onEvent({ kind: 'batch-in-doubt', error })
    },
  })
}

function firstStartOf(
  config: PipelineConfig,
  ports: FunctionPorts,
  { identity, way, reading, ledger }: DeliveryParts & { readonly ledger: Omit<LaneTakerOptions, 'membership'> },
): FirstStart {
  // Nobody is in a group here: whoever fences last is the one.
  const membership = { owns: () => true }
  return createFirstStart({
    taker: createLaneTaker({ ...ledger, membership }),
    topics: way.topics,
    describe: (batch, signal) => reading.describe(batch, signal),
    start: startOfFunction(config),
    ledgerTopic: config.ledger.topic,
    fenceStream: (streamArn, signal) =>
      config.delivery === 'exactly_once'
        ? fenceStream({ ...ports, ...ledger, lanes: identity.lanes }, streamArn, signal)
        : Promise.resolve(),
    clock: ports.clock,
    onEvent: ports.onEvent,
  })
}

/** Without transactions nobody fences anybody, and services that lack them cannot be asked about them. */
const noTurns: TurnWatch = { isTaken: () => Promise.resolve(false), untilTurn: () => Promise.resolve(false) }

/**
 * When a function is invoked for the first time, its first batch is older than that moment: where the latest changes are wanted,
 * the mapping has left out what was written before it was made.
 */
function startOfFunction(config: PipelineConfig): StartPosition {
  const start = startOf(config)
  return start.kind === 'LATEST' ? { kind: 'TRIM_HORIZON' } : start
}

/** Where no positions are kept, the ledger is read for what it says of the pipeline and its tables: lane 0 has it first. */
function looker(ledger: Parameters<typeof takePartition>[0] & { readonly pipeline: string }): ShardTaker {
  const holder = { lane: 0, transactionalId: `tailrace.${ledger.pipeline}.function` }
  return { take: (_streamArn, _shardId, signal) => takePartition(ledger, holder, signal) }
}
