import type { Rng } from '../../../src/async/rng.ts'
import { seededRng } from '../../../src/async/rng.ts'
import type { AwsApi } from '../../../src/aws/aws.ts'
import type { PipelineConfig } from '../../../src/config/pipeline-config.ts'
import { runPipeline } from '../../../src/hosts/assemble.ts'
import { kinesisSourceOf } from '../../../src/hosts/kinesis-source-of.ts'
import { createMembershipOver, joinTimeoutMs } from '../../../src/kafka/wire-group-membership.ts'
import { createKafkaOver } from '../../../src/kafka/wire-kafka.ts'
import type { Wire } from '../../../src/kafka/wire.ts'
import type { PipelineEvent } from '../../../src/pipeline/pipeline-event.ts'
import type { Source } from '../../../src/sources/source.ts'
import { createDynamoDbStreamsSource } from '../../../src/sources/dynamodb-streams/dynamodb-streams-source.ts'
import { createTableExports } from '../../../src/sources/table-export/dynamodb-table-exports.ts'
import type { TableExports } from '../../../src/sources/table-export/table-exports.ts'
import type { ReachCrashPoint } from '../../crash/crash-point.ts'
import { withCrashPoints } from '../../crash/crashing-kafka.ts'
import { membershipWithCrashPoints, sourceWithCrashPoints } from '../../crash/crashing-ports.ts'
import { createSimulatedAws } from '../aws/simulated-aws.ts'
import { createSimulatedObjects } from '../aws/simulated-objects.ts'
import { createSimulatedWire } from '../kafka/simulated-wire.ts'
import { createSimulatedProcess } from '../time/simulated-process.ts'
import type { SimulatedProcess } from '../time/simulated-process.ts'
import type { Surroundings } from './surroundings.ts'

/** One worker of the product as a simulated process: everything of it is real but time, sockets and the process. */
export interface SimulatedWorker {
  readonly process: SimulatedProcess
  /** Undefined while it runs; then how it ended. A killed worker never ends, it is only gone. */
  readonly ended: { readonly error: unknown } | undefined
  /** SIGTERM. */
  terminate(): void
  /**
   * After the run: lets go of what a killed worker still waits for. Nothing that it does then reaches anybody. Without it,
   * signals that somebody listens to keep every dead worker in memory.
   */
  bury(): void
}

/** Starts a worker; `onEvent` hears what it reports while it is alive. */
export function startSimulatedWorker(
  name: string,
  parts: {
    readonly surroundings: Surroundings
    readonly config: PipelineConfig
    readonly reach: ReachCrashPoint
    readonly onEvent: (event: PipelineEvent) => void
    readonly seed: number
  },
): SimulatedWorker {
  const { surroundings, config } = parts
  const { time, trace } = surroundings
  const process = createSimulatedProcess(name, time, surroundings.originMs)
  const rng = seededRng(parts.seed)
  const stop = new AbortController()
  let ended: { readonly error: unknown } | undefined
  const onEvent = (event: PipelineEvent): void => {
    if (process.state !== 'running') return
    trace.note(`${name} ${describeEvent(event)}`)
    parts.onEvent(event)
  }
  const ports = openPorts(process, rng, parts)
  const running = runPipeline(config, { ...ports, clock: process.clock, rng, onEvent }, '0.0.0-sim', stop.signal)
  running.then(
    () => void (ended = { error: undefined }),
    (error: unknown) => {
      if (process.state !== 'killed') trace.note(`${name} ended with ${String(error)}`)
      ended = { error }
    },
  )
  return {
    process,
    get ended() {
      return ended
    },
    terminate: () => process.deliver(() => stop.abort(new Error('told to stop'))),
    bury: () => stop.abort(new Error('the run is over')),
  }
}

function openPorts(
  process: SimulatedProcess,
  rng: Rng,
  parts: Parameters<typeof startSimulatedWorker>[1],
): Pick<
  Parameters<typeof runPipeline>[1],
  'kafka' | 'membership' | 'source' | 'exports' | 'coordinatorTuning' | 'tuning' | 'signalFile'
> {
  const { surroundings, config, reach } = parts
  const { time, kafka, link, streams, trace, brokers, scanLatencyMs } = surroundings
  const onTrace = (line: string): void => trace.note(line)
  const wireOf = (requestTimeoutMs: number): Wire =>
    createSimulatedWire({ process, time, rng: surroundings.rng, kafka, link, requestTimeoutMs, onTrace })
  const member = {
    clock: process.clock,
    rng,
    group: config.groupId,
    topic: config.ledger.topic,
    sessionTimeoutMs: surroundings.sessionTimeoutMs,
    heartbeatMs: surroundings.sessionTimeoutMs / 8,
  }
  const api = createSimulatedAws({
    process,
    time,
    rng: surroundings.rng,
    streams,
    kinesis: surroundings.kinesis,
    latencyMs: 20,
    scanLatencyMs,
    onTrace,
  })
  const source = openSource(process, rng, api, parts)
  const port = createKafkaOver(wireOf(surroundings.requestTimeoutMs), { brokers })
  const membership = createMembershipOver(wireOf(joinTimeoutMs(member)), brokers, member)
  return {
    kafka: withCrashPoints(port, config.ledger.topic, reach),
    membership: membershipWithCrashPoints(membership, reach),
    source: sourceWithCrashPoints(source, reach),
    exports: openExports(process, rng, api, surroundings),
    coordinatorTuning: surroundings.coordinatorTuning,
    tuning: surroundings.tuning,
    signalFile: surroundings.signalDisk,
  }
}

function openSource(
  { clock }: SimulatedProcess,
  rng: Rng,
  api: AwsApi,
  { config: { source }, surroundings: { polling, onSourceEvent } }: Parameters<typeof startSimulatedWorker>[1],
): Source {
  if (source.type !== 'kinesis') {
    const { tables, region } = source
    return createDynamoDbStreamsSource({ api, clock, rng, region, tables, polling })
  }
  // Nothing answers with a stream of events here: shards are polled.
  const streams = { open: () => Promise.reject(new Error('there is no fan-out')) }
  const parts = {
    clock,
    rng,
    env: {},
    pollIdleMaxMs: polling.idleCapMs ?? 1_000,
    ...(onSourceEvent === undefined ? {} : { onEvent: onSourceEvent }),
  }
  return kinesisSourceOf(source, { api, streams }, parts)
}

function openExports(process: SimulatedProcess, rng: Rng, api: AwsApi, surroundings: Surroundings): TableExports {
  const { time, objects } = surroundings
  return createTableExports({
    context: {
      api,
      clock: process.clock,
      rng,
      retry: { baseMs: 100, capMs: 20_000 },
      giveUpOn: [],
      describeStreamBudget: { take: () => Promise.resolve() },
      emit: () => {},
    },
    objects: createSimulatedObjects({ process, time, rng: surroundings.rng, objects, latencyMs: 200 }),
  })
}

function describeEvent(event: PipelineEvent): string {
  return JSON.stringify(event, (_, value: unknown) => (value instanceof Error ? value.message : value))
}
